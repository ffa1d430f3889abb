/* Figures of a set of training runs: what was read of them, and the parts that make a figure each.
 * GLib's memory; for the files of pipeline/analyse/ and its command.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ANALYSE_ANALYSIS_H
#define COP_ANALYSE_ANALYSIS_H

#include <glib.h>
#include <stdbool.h>

#include "pipeline/analyse/plot.h"
#include "pipeline/analyse/tidy.h"
#include "pipeline/config/config.h"
#include "pipeline/eval/results.h"
#include "pipeline/report/figure_list.h"

typedef struct CopAnalyseOptions {
    const char *const *runs; /* folders of runs, or of folders of runs */
    int n_runs;
    const char *out;         /* folder of what is made */
    const char *db;          /* result file; NULL: results.db of the folders */
    int setup;               /* of it; 0: the newest */
    const char *const *only; /* names of figures, ended by NULL; NULL: all */
    const char *layer;       /* of the topology; NULL: the largest whose density is below 1 */
    const char *baseline;    /* a model's or series' name; NULL: the first dense one */
    const char *const *sets; /* "block.key=value" of the runs' configuration */
    int n_sets;
    int limit;           /* test clips at most, where models run; 0: as many as each figure does */
    double step;         /* of the radius, in cycles across the picture; 0: by size */
    int grid;            /* frequencies from 0 to Nyquist's in the map */
    double rho;          /* root mean square of the map's waves; 0: by size */
    const char *command; /* as it was typed */
} CopAnalyseOptions;

/* Which dense net a run is: 1 and the place in cop_sweep_controls. */
typedef enum CopControl {
    COP_CONTROL_NONE,       /* sparse, or the dense net itself */
    COP_CONTROL_PARAMETERS, /* as many weights as the sparse nets of its density */
    COP_CONTROL_FLOPS       /* as many multiply-adds */
} CopControl;

typedef struct CopAnalysisRun {
    char *folder, *model; /* paths */
    char *sha256, *label; /* "rigl 0.5 s1" */
    char *recipe;
    CopConfig config;
    char method[32]; /* "dense", "rigl", "mest_g" */
    double density;  /* as it was asked for; of a control, that of the nets it stands beside */
    CopControl control;
    uint64_t seed;
    int series; /* index */
    int result; /* index of its model in the results; -1: not there */
} CopAnalysisRun;

/* Runs that differ in their seed alone. */
typedef struct CopAnalysisSeries {
    char *label; /* "rigl 0.5" */
    const CopAnalysisRun *first;
    int n;
    int *run; /* [n] */
} CopAnalysisSeries;

typedef struct CopAnalysis {
    const CopAnalyseOptions *options;
    CopAnalysisRun *run;
    CopAnalysisSeries *series; /* dense first, then controls, then by method and density */
    int n_runs, n_series;
    CopResults *results;    /* NULL: there is no result file */
    char *db;               /* its path; NULL likewise */
    int baseline;           /* series; -1: none is dense */
    CopFigureList *figures; /* made so far; and why others, and runs, are left out */
    long answers;           /* of models, made now */
} CopAnalysis;

/* Reads the runs and their results. COP_ERR_DATA where no run can be used. cop_analysis_free()
 * it, also after a failure. */
CopStatus cop_analysis_read(CopAnalysis *a, const CopAnalyseOptions *options,
                            CopError *err) COP_MUST_CHECK;
void cop_analysis_free(CopAnalysis *a);

/* A series of sparse nets (static ones too). */
bool cop_series_is_sparse(const CopAnalysisSeries *series);
/* What all densities of it are called: "rigl", "dense, as many weights". */
const char *cop_series_kind(const CopAnalysisSeries *series);
/* Two series that differ in their density at most. */
bool cop_series_same_method(const CopAnalysis *a, int x, int y);
/* The cells series, method, density, control that tables begin with. */
#define COP_SERIES_COLUMNS "series", "method", "density", "control"
void cop_tidy_series(CopTidy *tidy, const CopAnalysisSeries *series);
/* The same of a table of single runs. */
#define COP_RUN_COLUMNS COP_SERIES_COLUMNS, "seed"
void cop_tidy_run(CopTidy *tidy, const CopAnalysis *a, int run);
/* What sets series apart: colour and mark by method, dash by the rank of their density. */
CopStroke cop_series_stroke(const CopAnalysis *a, int series);
CopMark cop_series_mark(const CopAnalysisSeries *series);

/* COP_ERR_DATA where there is no result file. */
CopStatus cop_analysis_needs_results(const CopAnalysis *a, CopError *err) COP_MUST_CHECK;

/* Top-1 of a run in a scope of the results; NaN where it is not known. */
double cop_run_score(const CopAnalysis *a, int run, int scope);
/* The same in one column. */
double cop_run_top1(const CopAnalysis *a, int run, int column);

/* --- figures ------------------------------------------------------------------------- */

typedef struct CopFigure {
    const char *name, *summary;
    CopStatus (*make)(CopAnalysis *a, CopError *err);
} CopFigure;
extern const CopFigure cop_figures[]; /* ended by a row whose name is NULL */

/* Makes what options->only asks for, figures.json and figures.html. A figure that lacks its data
 * is left out with a note, unless it is asked for by name: then that is the error. */
CopStatus cop_analysis_make(CopAnalysis *a, CopError *err) COP_MUST_CHECK;

/* --- the page ------------------------------------------------------------------------ */

/* A figure: what follows are its pictures and tables. Texts are borrowed. */
void cop_page_figure(CopAnalysis *a, const char *name, const char *title, const char *caption);
/* Writes a plot (taken) to NAME.png and NAME.svg and shows it. NULL, which failed to be drawn, is
 * the error that *err holds. */
CopStatus cop_page_plot(CopAnalysis *a, CopPlot *plot, const char *name, const char *what,
                        CopError *err) COP_MUST_CHECK;
/* Writes a table (taken) to NAME.csv and NAME.json. */
CopStatus cop_page_table(CopAnalysis *a, CopTidy *tidy, const char *name, const char *what,
                         CopError *err) COP_MUST_CHECK;
/* figures.json and figures.html. */
CopStatus cop_page_write(CopAnalysis *a, CopError *err) COP_MUST_CHECK;

/* --- numbers ------------------------------------------------------------------------- */

/* Of the finite ones among values[n]. */
CopSpread cop_spread_of(const double *values, int n);

/* Area under (x, y) by trapezoids over the width of x: the mean height. NaN with fewer than
 * two points or where one is missing. */
double cop_mean_height(const double *x, const double *y, int n);

#endif

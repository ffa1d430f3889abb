/* The measures of a comparison: one row each, for tables, files and help.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_MEASURES_H
#define COP_EVAL_MEASURES_H

#include "pipeline/eval/results.h"

typedef enum CopMeasure {
    COP_MEASURE_TOP1,
    COP_MEASURE_TOP5,
    COP_MEASURE_RPC,
    COP_MEASURE_GAMMA_ABSOLUTE,
    COP_MEASURE_GAMMA_RELATIVE,
    COP_MEASURE_FLIPS,
    COP_MEASURE_ECE,
    COP_MEASURE_CE,
    COP_MEASURE_RELATIVE_CE,
    COP_MEASURES
} CopMeasure;

typedef struct CopMeasureRow {
    const char *key;        /* in JSON and CSV: "top1" */
    const char *title;      /* in tables: "top-1" */
    const char *definition; /* one sentence, with its source */
    bool share;             /* 0..1, percent in tables; else a ratio */
    bool interval;          /* has 95 % bounds */
} CopMeasureRow;
extern const CopMeasureRow cop_measure_rows[COP_MEASURES];

/* A measure of one model over one scope: shares and ratios, never percent; bounds are NaN
 * where the row has none. NaN while a cell of the scope, or the clean one where it takes
 * part, lacks an answer; where a quotient's denominator is not above 0; and for the
 * scope clean where the measure says nothing (rpc, gamma, flips, ce). */
CopInterval cop_results_measure(const CopResults *results, int model, int scope, int baseline,
                                CopMeasure measure);

/* Expected calibration error of one cell's labelled answers: 15 bins of equal width,
 * (m / 15, (m + 1) / 15], over the score of the top-1 class; sum over bins of their share
 * of the answers times |share right - mean score| (Guo et al., ICML 2017, equation 3).
 * NaN without answers or where a score is missing. */
double cop_results_ece(const CopResults *results, int model, int column);

/* Over the models of one recipe. NaN unless all of them have the measure. */
CopSpread cop_results_spread(const CopResults *results, int recipe, int scope, int baseline,
                             CopMeasure measure);

/* Of top-1 in one column. */
CopSpread cop_results_cell_spread(const CopResults *results, int recipe, int column);

/* How many models a recipe has, and the first of them. */
int cop_results_recipe_size(const CopResults *results, int recipe);
int cop_results_recipe_first(const CopResults *results, int recipe);

/* All keys and definitions, one a paragraph; g_malloc'ed and returned. */
char *cop_measures_text(void);

#endif

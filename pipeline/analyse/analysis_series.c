/* What figures ask of runs and series: scores, colours, means.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "pipeline/analyse/analysis.h"

bool cop_series_is_sparse(const CopAnalysisSeries *series)
{
    return strcmp(series->first->method, "dense") != 0;
}

const char *cop_series_kind(const CopAnalysisSeries *series)
{
    return series->first->control == COP_CONTROL_PARAMETERS ? "dense, as many weights"
           : series->first->control == COP_CONTROL_FLOPS    ? "dense, as many FLOPs"
                                                            : series->first->method;
}

bool cop_series_same_method(const CopAnalysis *a, int x, int y)
{
    const CopAnalysisRun *first = a->series[x].first, *other = a->series[y].first;
    return strcmp(first->method, other->method) == 0 && first->control == other->control;
}

void cop_tidy_series(CopTidy *tidy, const CopAnalysisSeries *series)
{
    cop_tidy_text(tidy, series->label);
    cop_tidy_text(tidy, series->first->method);
    cop_tidy_number(tidy, series->first->density);
    const CopControl control = series->first->control;
    cop_tidy_text(tidy, control == COP_CONTROL_NONE ? NULL : cop_sweep_controls[control - 1]);
}

void cop_tidy_run(CopTidy *tidy, const CopAnalysis *a, int run)
{
    cop_tidy_series(tidy, &a->series[a->run[run].series]);
    cop_tidy_count(tidy, (int64_t)a->run[run].seed);
}

/* Rank of its density among those of its method, the densest first. */
static int rank_of(const CopAnalysis *a, int series)
{
    const CopAnalysisRun *own = a->series[series].first;
    int rank = 0;
    for (int i = 0; i < a->n_series; i++) {
        const CopAnalysisRun *other = a->series[i].first;
        rank += cop_series_same_method(a, i, series) &&
                (other->density > own->density || (other->density == own->density && i < series));
    }
    return rank;
}

CopStroke cop_series_stroke(const CopAnalysis *a, int series)
{
    const CopAnalysisRun *first = a->series[series].first;
    CopStroke stroke = {.colour = cop_colour_method(first->method), .dash = rank_of(a, series)};
    if (first->control == COP_CONTROL_PARAMETERS)
        stroke.colour = (CopInk){0.42, 0.27, 0.16};
    else if (first->control != COP_CONTROL_NONE)
        stroke.colour = (CopInk){0.76, 0.57, 0.38};
    return stroke;
}

CopMark cop_series_mark(const CopAnalysisSeries *series)
{
    static const struct {
        const char *method;
        CopMark mark;
    } marks[] = {{"static", COP_MARK_RING},     {"set", COP_MARK_DISC},
                 {"rigl", COP_MARK_DISC},       {"mest_r", COP_MARK_TRIANGLE},
                 {"mest_g", COP_MARK_TRIANGLE}, {"granet_r", COP_MARK_SQUARE},
                 {"granet_g", COP_MARK_SQUARE}};
    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
        if (strcmp(marks[i].method, series->first->method) == 0)
            return marks[i].mark;
    return series->first->control == COP_CONTROL_PARAMETERS ? COP_MARK_CROSS : COP_MARK_DIAMOND;
}

CopStatus cop_analysis_needs_results(const CopAnalysis *a, CopError *err)
{
    if (!a->results)
        return cop_error_set(err, COP_ERR_DATA,
                             "there is no results.db beside the runs; --db names one");
    for (int i = 0; i < a->n_runs; i++)
        if (a->run[i].result >= 0)
            return COP_OK;
    return cop_error_set(err, COP_ERR_DATA, "%s: holds none of the runs' models", a->db);
}

double cop_run_score(const CopAnalysis *a, int run, int scope)
{
    const int model = a->run[run].result;
    return model < 0 ? NAN : cop_results_score(a->results, model, scope).value;
}

double cop_run_top1(const CopAnalysis *a, int run, int column)
{
    const int model = a->run[run].result;
    if (model < 0 || a->results->models[model].cells[column].answers < (int64_t)a->results->n_clips)
        return NAN;
    return cop_results_top1(a->results, model, column).value;
}

CopSpread cop_spread_of(const double *values, int n)
{
    CopMoments moments = {0};
    for (int i = 0; i < n; i++)
        if (isfinite(values[i]))
            cop_moments_add(&moments, values[i]);
    return cop_spread(&moments);
}

double cop_mean_height(const double *x, const double *y, int n)
{
    double area = 0;
    for (int i = 0; i + 1 < n; i++)
        area += (x[i + 1] - x[i]) * (y[i] + y[i + 1]) / 2;
    return n > 1 ? area / (x[n - 1] - x[0]) : NAN;
}

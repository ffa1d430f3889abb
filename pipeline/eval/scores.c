/* What a setup's models score: intervals, robust accuracy, paired differences.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/results.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const CopInterval nothing = {NAN, NAN, NAN, 0};

static const CopResultCell *cell_at(const CopResults *results, int model, int column)
{
    return &results->models[model].cells[column];
}

int cop_results_column(const CopResults *results, int corruption, double severity)
{
    if (corruption < 0)
        return severity == 0 ? 0 : -1;
    if (corruption >= results->n_corruptions)
        return -1;
    const CopResultCorruption *row = &results->corruptions[corruption];
    for (int i = row->first; i < row->first + row->n; i++)
        if (results->columns[i].severity == severity)
            return i;
    return -1;
}

CopInterval cop_results_top1(const CopResults *results, int model, int column)
{
    const CopResultCell *cell = cell_at(results, model, column);
    return cop_wilson(cell->top1, cell->n);
}

CopInterval cop_results_top5(const CopResults *results, int model, int column)
{
    const CopResultCell *cell = cell_at(results, model, column);
    return cop_wilson(cell->top5, cell->n);
}

/* Columns of a scope are consecutive: clean, one corruption, or all corruptions. */
static void span(const CopResults *results, int scope, int *first, int *end)
{
    *first = scope == COP_SCOPE_CLEAN ? 0 : 1;
    *end = scope == COP_SCOPE_CLEAN ? 1 : results->n_columns;
    if (scope >= 0) {
        *first = results->corruptions[scope].first;
        *end = *first + results->corruptions[scope].n;
    }
}

bool cop_results_complete(const CopResults *results, int model, int scope)
{
    int first, end;
    span(results, scope, &first, &end);
    for (int column = first; column < end; column++)
        if (cell_at(results, model, column)->answers < results->n_clips)
            return false;
    return end > first && results->n_labelled > 0;
}

static double corruption_mean(const CopResults *results, int model, int corruption, int clip)
{
    const CopResultCorruption *row = &results->corruptions[corruption];
    int right = 0;
    for (int column = row->first; column < row->first + row->n; column++)
        right += (cell_at(results, model, column)->hit[clip] & COP_HIT_TOP1) != 0;
    return (double)right / row->n;
}

/* One clip's own score over a complete scope, 0..1. */
static double clip_score(const CopResults *results, int model, int scope, int clip)
{
    if (scope == COP_SCOPE_CLEAN)
        return (cell_at(results, model, 0)->hit[clip] & COP_HIT_TOP1) != 0;
    if (scope >= 0)
        return corruption_mean(results, model, scope, clip);
    double sum = 0;
    for (int corruption = 0; corruption < results->n_corruptions; corruption++)
        sum += corruption_mean(results, model, corruption, clip);
    return sum / results->n_corruptions;
}

/* The score itself, from counts: the cells of a complete scope share one n. */
static double scope_value(const CopResults *results, int model, int scope)
{
    if (scope == COP_SCOPE_CLEAN)
        return (double)cell_at(results, model, 0)->top1 / results->n_labelled;
    if (scope == COP_SCOPE_ROBUST) {
        double sum = 0;
        for (int i = 0; i < results->n_corruptions; i++)
            sum += scope_value(results, model, i);
        return sum / results->n_corruptions;
    }
    const CopResultCorruption *row = &results->corruptions[scope];
    int64_t right = 0;
    for (int column = row->first; column < row->first + row->n; column++)
        right += cell_at(results, model, column)->top1;
    return (double)right / ((double)results->n_labelled * row->n);
}

static CopInterval bounded(CopInterval interval, double value, double least)
{
    interval.value = value;
    if (interval.n > 1) {
        interval.low = fmax(interval.low, least);
        interval.high = fmin(interval.high, 1);
    }
    return interval;
}

CopInterval cop_results_score(const CopResults *results, int model, int scope)
{
    if (!cop_results_complete(results, model, scope))
        return nothing;
    if (scope == COP_SCOPE_CLEAN)
        return cop_results_top1(results, model, 0);
    CopMoments moments = {0};
    for (int clip = 0; clip < results->n_clips; clip++)
        if (results->clips[clip].label >= 0)
            cop_moments_add(&moments, clip_score(results, model, scope, clip));
    /* Every clip always right, or always wrong: the spread says nothing, the count does. */
    const double value = scope_value(results, model, scope);
    if (value == 0 || value == 1)
        return cop_wilson(value == 1 ? moments.n : 0, moments.n);
    return bounded(cop_mean_interval(&moments), value, 0);
}

double cop_results_rpc(const CopResults *results, int model)
{
    const double clean = cop_results_score(results, model, COP_SCOPE_CLEAN).value;
    const double robust = cop_results_score(results, model, COP_SCOPE_ROBUST).value;
    return clean > 0 ? robust / clean : NAN;
}

CopInterval cop_results_flips(const CopResults *results, int model, int column)
{
    const CopResultCell *clean = cell_at(results, model, 0),
                        *cell = cell_at(results, model, column);
    int64_t n = 0, flips = 0;
    if (!clean->hit || !cell->hit)
        return nothing;
    for (int clip = 0; clip < results->n_clips; clip++) {
        if (!clean->hit[clip] || !cell->hit[clip])
            continue;
        n++;
        flips += clean->answer[clip] != cell->answer[clip];
    }
    return cop_wilson(flips, n);
}

CopInterval cop_results_difference(const CopResults *results, int a, int b, int scope, double *p)
{
    CopMoments moments = {0};
    if (p)
        *p = NAN;
    if (!cop_results_complete(results, a, scope) || !cop_results_complete(results, b, scope))
        return nothing;
    for (int clip = 0; clip < results->n_clips; clip++)
        if (results->clips[clip].label >= 0)
            cop_moments_add(&moments, clip_score(results, a, scope, clip) -
                                          clip_score(results, b, scope, clip));
    if (p)
        *p = cop_mean_p(&moments);
    return bounded(cop_mean_interval(&moments),
                   scope_value(results, a, scope) - scope_value(results, b, scope), -1);
}

CopMcNemar cop_results_mcnemar(const CopResults *results, int a, int b, int column)
{
    const CopResultCell *x = cell_at(results, a, column), *y = cell_at(results, b, column);
    int64_t only_a = 0, only_b = 0, n = 0;
    for (int clip = 0; x->hit && y->hit && clip < results->n_clips; clip++) {
        if (results->clips[clip].label < 0 || !x->hit[clip] || !y->hit[clip])
            continue;
        const bool right_a = x->hit[clip] & COP_HIT_TOP1, right_b = y->hit[clip] & COP_HIT_TOP1;
        n++;
        only_a += right_a && !right_b;
        only_b += right_b && !right_a;
    }
    return cop_mcnemar(only_a, only_b, n);
}

int cop_results_baseline(const CopResults *results, const char *name, CopError *err)
{
    for (int i = 0; !name && i < results->n_models; i++)
        if (strcmp(results->models[i].about.method, "dense") == 0 ||
            results->models[i].about.density >= 1)
            return i;
    if (!name && results->n_models > 0)
        return 0;
    for (int i = 0; name && i < results->n_models; i++)
        if (strcmp(results->models[i].label, name) == 0 ||
            strcmp(results->models[i].about.name, name) == 0)
            return i;
    for (int i = 0; name && strlen(name) >= 4 && i < results->n_models; i++)
        if (strncmp(results->models[i].about.sha256, name, strlen(name)) == 0)
            return i;
    char known[300] = "";
    for (int i = 0; i < results->n_models; i++) {
        const size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                 results->models[i].label);
    }
    cop_error_set(err, COP_ERR_CONFIG, "there is no model \"%s\" in %s; there are: %s",
                  name ? name : "", results->path, known);
    return -1;
}

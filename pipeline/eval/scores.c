/* What a setup's models score: intervals, robust accuracy, paired differences.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/eval/results_private.h"

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

bool cop_results_in_scope(const CopResults *results, int scope, int column)
{
    const int corruption = results->columns[column].corruption;
    if (scope == COP_SCOPE_CLEAN || corruption < 0)
        return scope == COP_SCOPE_CLEAN && corruption < 0;
    if (scope == COP_SCOPE_ROBUST)
        return true;
    const CopResultSlice *slice = &results->slices[scope];
    switch (slice->kind) {
    case COP_SLICE_CORRUPTION:
        return corruption == scope;
    case COP_SLICE_FAMILY:
        return strcmp(results->corruptions[corruption].family, slice->name) == 0;
    default:
        return results->columns[column].severity == slice->severity;
    }
}

double cop_results_mean(const CopResults *results, int scope,
                        double (*value)(const void *ctx, int column), const void *ctx)
{
    double total = 0;
    int rows = 0;
    if (scope == COP_SCOPE_CLEAN)
        return value(ctx, 0);
    for (int i = 0; i < results->n_corruptions; i++) {
        const CopResultCorruption *row = &results->corruptions[i];
        double sum = 0;
        int n = 0;
        for (int column = row->first; column < row->first + row->n; column++)
            if (cop_results_in_scope(results, scope, column)) {
                sum += value(ctx, column);
                n++;
            }
        total += n ? sum / n : 0;
        rows += n > 0;
    }
    return rows ? total / rows : NAN;
}

bool cop_results_complete(const CopResults *results, int model, int scope)
{
    int cells = 0;
    for (int column = 0; column < results->n_columns; column++) {
        if (!cop_results_in_scope(results, scope, column))
            continue;
        if (cell_at(results, model, column)->answers < results->n_clips)
            return false;
        cells++;
    }
    return cells > 0 && results->n_labelled > 0;
}

/* What a mean is taken of: hits of one kind, of all labelled clips or of one. */
typedef struct Hits {
    const CopResultCell *cells;
    int clip;
    uint8_t kind;
} Hits;

static double hits_of_all(const void *ctx, int column)
{
    const Hits *hits = ctx;
    const CopResultCell *cell = &hits->cells[column];
    return (double)(hits->kind == COP_HIT_TOP1 ? cell->top1 : cell->top5);
}

static double hit_of_clip(const void *ctx, int column)
{
    const Hits *hits = ctx;
    return (hits->cells[column].hit[hits->clip] & hits->kind) != 0;
}

/* One clip's own score over a complete scope, 0..1. */
static double clip_score(const CopResults *results, int model, int scope, int clip, uint8_t kind)
{
    const Hits hits = {results->models[model].cells, clip, kind};
    return cop_results_mean(results, scope, hit_of_clip, &hits);
}

/* The score itself, from counts: the cells of a complete scope share one n. */
static double scope_value(const CopResults *results, int model, int scope, uint8_t kind)
{
    const Hits hits = {results->models[model].cells, -1, kind};
    return cop_results_mean(results, scope, hits_of_all, &hits) / results->n_labelled;
}

static CopInterval score(const CopResults *results, int model, int scope, uint8_t kind)
{
    if (!cop_results_complete(results, model, scope))
        return nothing;
    if (scope == COP_SCOPE_CLEAN)
        return kind == COP_HIT_TOP1 ? cop_results_top1(results, model, 0)
                                    : cop_results_top5(results, model, 0);
    CopMoments moments = {0};
    for (int clip = 0; clip < results->n_clips; clip++)
        if (results->clips[clip].label >= 0)
            cop_moments_add(&moments, clip_score(results, model, scope, clip, kind));
    return cop_share_interval(&moments, scope_value(results, model, scope, kind));
}

CopInterval cop_results_score(const CopResults *results, int model, int scope)
{
    return score(results, model, scope, COP_HIT_TOP1);
}

double cop_results_value(const CopResults *results, int model, int scope)
{
    return cop_results_complete(results, model, scope)
               ? scope_value(results, model, scope, COP_HIT_TOP1)
               : NAN;
}

CopInterval cop_results_score5(const CopResults *results, int model, int scope)
{
    return score(results, model, scope, COP_HIT_TOP5);
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
            cop_moments_add(&moments, clip_score(results, a, scope, clip, COP_HIT_TOP1) -
                                          clip_score(results, b, scope, clip, COP_HIT_TOP1));
    if (p)
        *p = cop_mean_p(&moments);
    CopInterval interval = cop_mean_interval(&moments);
    interval.value =
        scope_value(results, a, scope, COP_HIT_TOP1) - scope_value(results, b, scope, COP_HIT_TOP1);
    if (interval.n > 1) {
        interval.low = fmax(interval.low, -1);
        interval.high = fmin(interval.high, 1);
    }
    return interval;
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

static bool is_called(const CopResultModel *model, const char *name, int way)
{
    enum { HASH_MIN = 4 };
    if (way == 0)
        return strcmp(model->label, name) == 0;
    if (way == 1)
        return strcmp(model->about.name, name) == 0;
    return strlen(name) >= HASH_MIN && strncmp(model->about.sha256, name, strlen(name)) == 0;
}

static int first_dense(const CopResults *results)
{
    for (int i = 0; i < results->n_models; i++)
        if (strcmp(results->models[i].about.method, "dense") == 0 ||
            results->models[i].about.density >= 1)
            return i;
    return 0;
}

int cop_results_baseline(const CopResults *results, const char *name, CopError *err)
{
    enum { WAYS = 3 };
    char known[300] = "";
    int found = -1, n = 0;
    if (!name && results->n_models > 0)
        return first_dense(results);
    for (int way = 0; way < WAYS && name && n == 0; way++)
        for (int i = 0; i < results->n_models; i++)
            if (is_called(&results->models[i], name, way)) {
                found = i;
                n++;
            }
    if (n == 1)
        return found;
    for (int i = 0; i < results->n_models; i++) {
        const size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                 results->models[i].label);
    }
    if (n > 1)
        cop_error_set(err, COP_ERR_CONFIG, "%d models in %s are called \"%s\"; there are: %s", n,
                      results->path, name, known);
    else
        cop_error_set(err, COP_ERR_CONFIG, "there is no model \"%s\" in %s; there are: %s",
                      name ? name : "", results->path, known);
    return -1;
}

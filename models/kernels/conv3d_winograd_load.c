/* Weights of Winograd's filtering, transformed; formulas in winograd.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "models/core/mask.h"
#include "models/kernels/conv3d_plan.h"

enum {
    CHUNK_SPREAD = 1024, /* words of a mask, and slots of a list, that an item loads */
    CHUNK_LIST = 1024,
    CHUNK_RUNS = 8, /* runs and slots that are loaded at a time */
    CHUNK_SLOTS = 64
};

typedef struct LoadJob {
    const CopConv3d *conv;
    const CopGather *gather;
    const float *value; /* row-major, with zeros */
    int pieces;
} LoadJob;

/* Spreads some words of the mask's active weights, with zeros between. */
static void spread_item(void *ctx, int item, int worker)
{
    (void)worker;
    const LoadJob *job = ctx;
    const CopConv3d *conv = job->conv;
    const CopParam *param = conv->param;
    const size_t words = cop_mask_words(param->numel), first = (size_t)item * CHUNK_SPREAD;
    const size_t n = words - first < CHUNK_SPREAD ? words - first : CHUNK_SPREAD;
    conv->kernels->mask->spread(param->mask + first, n, param->value + conv->rank[first],
                                conv->dense + first * 64);
}

/* The three taps of slots of a run, backwards if `transposed`; a slot that a last channel lacks
 * has none. */
static void take_taps(const LoadJob *job, const CopRun *run, size_t from, size_t n,
                      float taps[3][CHUNK_SLOTS])
{
    const float *value = job->value + run->first * 3;
    const uint32_t *index = run->index + from;
    const int first = job->gather->transposed ? 2 : 0;
    float *const tap[3] = {taps[first], taps[1], taps[2 - first]};
    if (!run->alone) {
        job->conv->kernels->mask->taps(value, index, n, tap);
        return;
    }
    for (size_t j = 0; j < n; j++)
        for (int k = 0; k < 3; k++)
            tap[k][j] = j % 2 ? 0 : value[(size_t)index[j] * 3 + (size_t)k];
}

/* Slots of a run, the middle parts'. */
static void load_middle(const LoadJob *job, const CopRun *run, size_t from, size_t n, size_t part,
                        float *out)
{
    const float a = COP_WINOGRAD_A, b = COP_WINOGRAD_B;
    const float scale_a = 1 / (2 * a * a * (a * a - b * b));
    const float scale_b = 1 / (2 * b * b * (b * b - a * a));
    float taps[3][CHUNK_SLOTS];
    take_taps(job, run, from, n, taps);
    float *restrict const plus_a = out + from, *restrict const minus_a = plus_a + part;
    float *restrict const plus_b = minus_a + part, *restrict const minus_b = plus_b + part;
    for (size_t j = 0; j < n; j++) {
        const float even_a = scale_a * (taps[0][j] + a * a * taps[2][j]);
        const float even_b = scale_b * (taps[0][j] + b * b * taps[2][j]);
        const float odd_a = scale_a * a * taps[1][j], odd_b = scale_b * b * taps[1][j];
        plus_a[j] = even_a + odd_a;
        minus_a[j] = even_a - odd_a;
        plus_b[j] = even_b + odd_b;
        minus_b[j] = even_b - odd_b;
    }
}

static void load_outer(const LoadJob *job, const CopRun *run, int list, size_t from, size_t n,
                       float *out)
{
    const float a = COP_WINOGRAD_A, b = COP_WINOGRAD_B;
    const float scale = list == 0 ? 1 / (a * a * b * b) : 1;
    const float *value = job->value + run->first * 3;
    const uint32_t *index = run->index + from;
    if ((list == 0) == job->gather->transposed)
        value += 2;
    out += from;
    for (size_t j = 0; j < n; j += 1 + run->alone)
        out[j] = scale * value[(size_t)index[j] * 3];
    for (size_t j = 1; run->alone && j < n; j += 2)
        out[j] = 0;
}

/* All parts of seven taps. */
static void load_seven(const LoadJob *job, const CopRun *run, size_t from, size_t n, size_t part,
                       float *out)
{
    const float points[] = {COP_WINOGRAD_P, COP_WINOGRAD_Q, COP_WINOGRAD_R};
    const float a = COP_WINOGRAD_A, b = COP_WINOGRAD_B;
    static const float zeros[7];
    for (size_t j = from; j < from + n; j++) {
        const bool lacks = run->alone && j % 2;
        const float *g = lacks ? zeros : job->value + (run->first + run->index[j]) * 7;
        for (size_t i = 0; i < 3; i++) {
            const float p = points[i], pp = p * p;
            const float qq = points[(i + 1) % 3] * points[(i + 1) % 3];
            const float rr = points[(i + 2) % 3] * points[(i + 2) % 3];
            const float scale = 1 / (2 * (pp - qq) * (pp - rr));
            const float odd = scale * (g[2] + pp * g[6]), even = scale / p * (g[0] + pp * g[4]);
            out[2 * i * part + j] = odd + even;
            out[(2 * i + 1) * part + j] = odd - even;
        }
        out[6 * part + j] = g[6];
        out[7 * part + j] = 1 / (a * a * b * b) * g[1];
        for (size_t i = 0; i < 2; i++) {
            const float p = i ? b : a, pp = p * p, qq = i ? a * a : b * b;
            const float scale = 1 / (2 * pp * (pp - qq));
            out[(8 + 2 * i) * part + j] = scale * (g[1] + p * g[3] + pp * g[5]);
            out[(9 + 2 * i) * part + j] = scale * (g[1] - p * g[3] + pp * g[5]);
        }
        out[12 * part + j] = g[5];
    }
}

/* Runs of a list, all as long, some slots of each at a time. */
static void load_runs(const LoadJob *job, int list, const CopRun *run, int runs)
{
    const CopWinograd *winograd = job->gather->winograd;
    const size_t part = cop_gather_listed(&winograd->list[list]);
    float *weight = job->conv->weight + winograd->first[cop_filters[winograd->filter].part[list]];
    for (size_t from = 0; from < run->n; from += CHUNK_SLOTS)
        for (int i = 0; i < runs; i++) {
            const size_t n = run[i].n - from < CHUNK_SLOTS ? run[i].n - from : CHUNK_SLOTS;
            float *out = weight + run[i].listed;
            if (winograd->filter == COP_FILTER_7)
                load_seven(job, &run[i], from, n, part, out);
            else if (list == 1)
                load_middle(job, &run[i], from, n, part, out);
            else
                load_outer(job, &run[i], list, from, n, out);
        }
}

/* How much of a list there is to load: slots, or groups of runs. A few runs of a shared list are
 * loaded side by side: backwards, what they read is. */
static size_t load_size(const CopGather *list)
{
    return list->shared ? (size_t)cop_ceil_div(cop_gather_runs(list), CHUNK_RUNS) : list->slots;
}

/* One piece of each list, the same of all: they read the same values. */
static void load_item(void *ctx, int item, int worker)
{
    (void)worker;
    const LoadJob *job = ctx;
    const CopWinograd *winograd = job->gather->winograd;
    for (int i = 0; i < cop_filters[winograd->filter].lists; i++) {
        const CopGather *list = &winograd->list[i];
        const size_t size = load_size(list), pieces = (size_t)job->pieces;
        const size_t begin = size * (size_t)item / pieces, end = size * (size_t)(item + 1) / pieces;
        CopRun run[CHUNK_RUNS];
        if (!list->shared) {
            run[0] = (CopRun){.index = list->index + begin, .n = end - begin, .listed = begin};
            load_runs(job, i, run, 1);
            continue;
        }
        for (int first = (int)begin * CHUNK_RUNS; first < (int)end * CHUNK_RUNS;
             first += CHUNK_RUNS) {
            const int runs = cop_min(CHUNK_RUNS, cop_gather_runs(list) - first);
            for (int k = 0; k < runs; k++)
                run[k] = cop_gather_run(list, first + k);
            load_runs(job, i, run, runs);
        }
    }
}

void cop_winograd_load(CopConv3d *conv, const CopGather *gather, CopPool *pool)
{
    const CopParam *param = conv->param;
    const CopWinograd *winograd = gather->winograd;
    LoadJob job = {.conv = conv, .gather = gather, .value = param->value};
    if (param->mask) {
        const int words = (int)cop_mask_words(param->numel);
        cop_parallel_for(pool, cop_ceil_div(words, CHUNK_SPREAD), spread_item, &job);
        job.value = conv->dense;
    }
    for (int i = 0; i < cop_filters[winograd->filter].lists; i++) {
        const CopGather *list = &winograd->list[i];
        const size_t size = load_size(list), most = list->shared ? 1 : CHUNK_LIST;
        job.pieces = cop_max(job.pieces, (int)((size + most - 1) / most));
    }
    cop_parallel_for(pool, job.pieces, load_item, &job);
}

void cop_winograd_scale(const CopGather *gather, const float *scale, float *listed)
{
    const CopWinograd *winograd = gather->winograd;
    const CopFilterKind *filter = &cop_filters[winograd->filter];
    for (int i = 0; i < filter->lists; i++)
        for (int part = filter->part[i]; part < filter->part[i + 1]; part++)
            cop_gather_scale(&winograd->list[i], scale, listed + winograd->first[part]);
}

/* Weights of Winograd's filtering, transformed; formulas in winograd.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "models/core/mask.h"
#include "models/kernels/conv3d_plan.h"

enum {
    CHUNK_SPREAD = 1024, /* words of a mask, runs and slots that are loaded at a time */
    CHUNK_RUNS = 8,
    CHUNK_SLOTS = 64
};

typedef struct LoadJob {
    const CopConv3d *conv;
    const CopGather *gather;
    const float *value; /* row-major, with zeros */
    int list;
} LoadJob;

/* Spreads some words of the mask's active weights, with zeros between. */
static void spread_item(void *ctx, int item, int worker)
{
    (void)worker;
    const LoadJob *job = ctx;
    const CopParam *param = job->conv->param;
    const size_t words = cop_mask_words(param->numel), first = (size_t)item * CHUNK_SPREAD;
    const size_t end = first + CHUNK_SPREAD < words ? first + CHUNK_SPREAD : words;
    for (size_t word = first; word < end; word++) {
        const float *value = param->value + job->gather->rank[word];
        float *dense = job->conv->dense + word * 64;
        uint64_t active = param->mask[word];
        if (active == 0) {
            memset(dense, 0, 64 * sizeof *dense);
            continue;
        }
        /* Reads one too many where the last ones are missing, but never behind the last. */
        const float *const last = param->value + param->nnz - 1;
        for (int i = 0; i < 64; i++, active >>= 1) {
            dense[i] = active & 1 ? *value : 0;
            value += value < last ? active & 1 : 0;
        }
    }
}

/* Slots of a run, the middle parts': two steps, so that the second one is done in vectors. */
static void load_middle(const LoadJob *job, const CopRun *run, size_t from, size_t n, size_t part,
                        float *out)
{
    const float a = COP_WINOGRAD_A, b = COP_WINOGRAD_B;
    const float scale_a = 1 / (2 * a * a * (a * a - b * b));
    const float scale_b = 1 / (2 * b * b * (b * b - a * a));
    const bool transposed = job->gather->transposed;
    float outer[2][CHUNK_SLOTS], inner[CHUNK_SLOTS], made[4][CHUNK_SLOTS];
    for (size_t j = 0; j < n; j++) {
        const bool lacks = run->alone && (from + j) % 2;
        const float *g = job->value + (run->first + run->index[lacks ? from : from + j]) * 3;
        outer[0][j] = lacks ? 0 : g[transposed ? 2 : 0];
        inner[j] = lacks ? 0 : g[1];
        outer[1][j] = lacks ? 0 : g[transposed ? 0 : 2];
    }
    for (size_t j = n; j < CHUNK_SLOTS; j++)
        outer[0][j] = inner[j] = outer[1][j] = 0;
    for (int j = 0; j < CHUNK_SLOTS; j++) {
        const float even_a = scale_a * (outer[0][j] + a * a * outer[1][j]);
        const float even_b = scale_b * (outer[0][j] + b * b * outer[1][j]);
        const float odd_a = scale_a * a * inner[j], odd_b = scale_b * b * inner[j];
        made[0][j] = even_a + odd_a;
        made[1][j] = even_a - odd_a;
        made[2][j] = even_b + odd_b;
        made[3][j] = even_b - odd_b;
    }
    for (size_t i = 0; i < 4; i++)
        memcpy(out + i * part + from, made[i], n * sizeof **made);
}

static void load_outer(const LoadJob *job, const CopRun *run, size_t from, size_t n, float *out)
{
    const float a = COP_WINOGRAD_A, b = COP_WINOGRAD_B;
    const float scale = job->list == 0 ? 1 / (a * a * b * b) : 1;
    const float *value = job->value + run->first * 3;
    if ((job->list == 0) == job->gather->transposed)
        value += 2;
    for (size_t j = from; j < from + n; j++)
        out[j] = run->alone && j % 2 ? 0 : scale * value[(size_t)run->index[j] * 3];
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

/* A few runs side by side: backwards, what they read is. */
static void load_item(void *ctx, int item, int worker)
{
    (void)worker;
    const LoadJob *job = ctx;
    const CopWinograd *winograd = job->gather->winograd;
    const CopGather *list = &winograd->list[job->list];
    const size_t part = cop_gather_listed(list);
    const int first = item * CHUNK_RUNS;
    const int runs = cop_min(CHUNK_RUNS, cop_gather_runs(list) - first);
    const size_t most = cop_gather_run(list, first).n; /* none has more */
    for (size_t from = 0; from < most; from += CHUNK_SLOTS)
        for (int i = 0; i < runs; i++) {
            const CopRun run = cop_gather_run(list, first + i);
            if (from >= run.n)
                continue;
            const size_t n = run.n - from < CHUNK_SLOTS ? run.n - from : CHUNK_SLOTS;
            float *out = job->conv->weight +
                         winograd->first[cop_filters[winograd->filter].part[job->list]] +
                         run.listed;
            if (winograd->filter == COP_FILTER_7)
                load_seven(job, &run, from, n, part, out);
            else if (job->list == 1)
                load_middle(job, &run, from, n, part, out);
            else
                load_outer(job, &run, from, n, out);
        }
}

void cop_winograd_load(CopConv3d *conv, const CopGather *gather, CopPool *pool)
{
    const CopParam *param = conv->param;
    LoadJob job = {.conv = conv, .gather = gather, .value = param->value};
    if (param->mask) {
        const int words = (int)cop_mask_words(param->numel);
        cop_parallel_for(pool, cop_ceil_div(words, CHUNK_SPREAD), spread_item, &job);
        job.value = conv->dense;
    }
    for (job.list = 0; job.list < cop_filters[gather->winograd->filter].lists; job.list++) {
        const int runs = cop_gather_runs(&gather->winograd->list[job.list]);
        cop_parallel_for(pool, cop_ceil_div(runs, CHUNK_RUNS), load_item, &job);
    }
}

void cop_winograd_scale(const CopGather *gather, const float *scale, float *listed)
{
    const CopWinograd *winograd = gather->winograd;
    const CopFilterKind *filter = &cop_filters[winograd->filter];
    for (int i = 0; i < filter->lists; i++)
        for (int part = filter->part[i]; part < filter->part[i + 1]; part++)
            cop_gather_scale(&winograd->list[i], scale, listed + winograd->first[part]);
}

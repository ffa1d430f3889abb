/* The parameters that training moves, in pieces for a pool.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/train/param_chunks.h"

/* Weights a work item holds: large enough to hide its cost, small enough that
 * one big layer keeps all threads busy. */
enum { CHUNK = 1 << 14 };

typedef struct Job {
    CopParam *const *params;
    CopParamChunkFn *fn;
    const void *ctx;
} Job;

bool cop_param_trains(const CopParam *param)
{
    return param->grad && !param->frozen && param->role != COP_PARAM_STATISTIC;
}

static int chunks_of(const CopParam *param)
{
    return cop_param_trains(param) ? (int)((param->nnz + CHUNK - 1) / CHUNK) : 0;
}

static void run_chunk(void *ctx, int item, int worker)
{
    (void)worker;
    const Job *job = ctx;
    CopParam *const *param = job->params;
    for (; item >= chunks_of(*param); param++)
        item -= chunks_of(*param);
    const size_t begin = (size_t)item * CHUNK, rest = (*param)->nnz - begin;
    job->fn(job->ctx, *param, begin, begin + (rest < CHUNK ? rest : CHUNK));
}

void cop_param_chunks(CopParam *const *params, int n, CopParamChunkFn *fn, const void *ctx,
                      CopPool *pool)
{
    Job job = {.params = params, .fn = fn, .ctx = ctx};
    int chunks = 0;
    for (int i = 0; i < n; i++)
        chunks += chunks_of(params[i]);
    cop_parallel_for(pool, chunks, run_chunk, &job);
}

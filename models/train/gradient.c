/* What happens to gradients between backward and the optimiser.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/train/gradient.h"

#include <math.h>
#include <stddef.h>

#include "models/train/param_chunks.h"

enum { PIECES = 64 }; /* of a parameter, for its norm */

typedef struct Add {
    float weight;
    bool first;
} Add;

static void add(const void *ctx, const CopParam *param, size_t begin, size_t end)
{
    const Add *job = ctx;
    for (size_t i = begin; i < end; i++) {
        const float term = job->weight * param->grad[i];
        param->sum[i] = job->first ? term : param->sum[i] + term;
    }
}

void cop_grad_add(CopParam *const *params, int n, float weight, bool first, CopPool *pool)
{
    const Add job = {weight, first};
    cop_param_chunks(params, n, add, &job, pool);
}

static void take(const void *ctx, const CopParam *param, size_t begin, size_t end)
{
    const float scale = *(const float *)ctx;
    for (size_t i = begin; i < end; i++)
        param->grad[i] = scale * param->sum[i];
}

void cop_grad_take(CopParam *const *params, int n, float scale, CopPool *pool)
{
    cop_param_chunks(params, n, take, &scale, pool);
}

static void multiply(const void *ctx, const CopParam *param, size_t begin, size_t end)
{
    const float scale = *(const float *)ctx;
    for (size_t i = begin; i < end; i++)
        param->grad[i] *= scale;
}

float cop_grad_clip(CopParam *const *params, int n, double norm, double most, CopPool *pool)
{
    const float scale = (float)(most / (norm + 1e-6));
    if (!(scale < 1))
        return 1;
    cop_param_chunks(params, n, multiply, &scale, pool);
    return scale;
}

typedef struct Norm {
    const CopParam *param;
    double part[PIECES];
} Norm;

static void square(void *ctx, int item, int worker)
{
    (void)worker;
    Norm *norm = ctx;
    const CopParam *param = norm->param;
    const size_t begin = param->nnz * (size_t)item / PIECES;
    const size_t end = param->nnz * ((size_t)item + 1) / PIECES;
    double sum = 0;
    for (size_t i = begin; i < end; i++)
        sum += (double)param->grad[i] * (double)param->grad[i];
    norm->part[item] = sum;
}

double cop_grad_norm(CopParam *const *params, int n, CopPool *pool)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        if (!cop_param_trains(params[i]))
            continue;
        Norm norm = {.param = params[i]};
        cop_parallel_for(params[i]->nnz < PIECES * PIECES ? NULL : pool, PIECES, square, &norm);
        for (int k = 0; k < PIECES; k++)
            sum += norm.part[k];
    }
    return sqrt(sum);
}

/* Stochastic gradient descent with momentum, as PyTorch defines it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>

#include "models/train/optimizer.h"

/* Weights a work item holds: large enough to hide its cost, small enough that
 * one big layer keeps all threads busy. */
enum { CHUNK = 1 << 14 };

typedef struct Step {
    CopParam *const *params;
    float lr, momentum, weight_decay;
    bool nesterov, decay_all;
} Step;

static int chunks_of(const CopParam *param)
{
    if (param->role == COP_PARAM_STATISTIC || !param->grad)
        return 0;
    return (int)((param->nnz + CHUNK - 1) / CHUNK);
}

static void update(const Step *step, const CopParam *param, size_t begin, size_t end)
{
    float *restrict value = param->value, *restrict velocity = param->state[0];
    const float *restrict grad = param->grad;
    const bool decays = step->decay_all || param->role == COP_PARAM_WEIGHT;
    const float lr = step->lr, momentum = step->momentum, decay = decays ? step->weight_decay : 0;
    if (momentum == 0) {
        for (size_t i = begin; i < end; i++)
            value[i] -= lr * (grad[i] + decay * value[i]);
        return;
    }
    assert(velocity);
    for (size_t i = begin; i < end; i++) {
        const float g = grad[i] + decay * value[i];
        velocity[i] = momentum * velocity[i] + g;
        value[i] -= lr * (step->nesterov ? g + momentum * velocity[i] : velocity[i]);
    }
}

static void run_chunk(void *ctx, int item, int worker)
{
    (void)worker;
    const Step *step = ctx;
    CopParam *const *param = step->params;
    for (; item >= chunks_of(*param); param++)
        item -= chunks_of(*param);
    const size_t begin = (size_t)item * CHUNK, rest = (*param)->nnz - begin;
    update(step, *param, begin, begin + (rest < CHUNK ? rest : CHUNK));
}

void cop_sgd_step(const CopSgd *sgd, double lr, CopParam *const *params, int n, CopPool *pool)
{
    Step step = {
        .params = params,
        .lr = (float)lr,
        .momentum = (float)sgd->momentum,
        .weight_decay = (float)sgd->weight_decay,
        .nesterov = sgd->nesterov,
        .decay_all = sgd->decay_all,
    };
    int chunks = 0;
    for (int i = 0; i < n; i++)
        chunks += chunks_of(params[i]);
    cop_parallel_for(pool, chunks, run_chunk, &step);
}

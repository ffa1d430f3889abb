/* Stochastic gradient descent with momentum, as PyTorch defines it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>

#include "models/train/optimizer.h"
#include "models/train/param_chunks.h"

typedef struct Step {
    float lr, momentum, weight_decay;
    bool nesterov, decay_all;
} Step;

static void update(const void *ctx, const CopParam *param, size_t begin, size_t end)
{
    const Step *step = ctx;
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

void cop_sgd_step(const CopSgd *sgd, double lr, CopParam *const *params, int n, CopPool *pool)
{
    const Step step = {
        .lr = (float)lr,
        .momentum = (float)sgd->momentum,
        .weight_decay = (float)sgd->weight_decay,
        .nesterov = sgd->nesterov,
        .decay_all = sgd->decay_all,
    };
    cop_param_chunks(params, n, update, &step, pool);
}

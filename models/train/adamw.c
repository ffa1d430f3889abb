/* Adam with decoupled weight decay, as PyTorch defines it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "models/train/optimizer.h"
#include "models/train/param_chunks.h"

const char *const cop_optimizer_names[] = {
    [COP_OPTIMIZER_SGD] = "sgd", [COP_OPTIMIZER_ADAMW] = "adamw", NULL};

/* What all weights share is worked out once, in double: 1 - beta2 has few digits in float. */
typedef struct Step {
    float rate, keep, beta1, new1, beta2, new2, root, eps;
    bool decay_all;
} Step;

static void update(const void *ctx, const CopParam *param, size_t begin, size_t end)
{
    const Step *step = ctx;
    float *restrict value = param->value, *restrict first = param->state[0];
    float *restrict second = param->state[1];
    const float *restrict grad = param->grad;
    const bool decays = step->decay_all || param->role == COP_PARAM_WEIGHT;
    const float keep = decays ? step->keep : 1;
    assert(first && second);
    for (size_t i = begin; i < end; i++) {
        const float g = grad[i];
        first[i] = step->beta1 * first[i] + step->new1 * g;
        second[i] = step->beta2 * second[i] + step->new2 * g * g;
        value[i] =
            keep * value[i] - step->rate * first[i] / (sqrtf(second[i]) * step->root + step->eps);
    }
}

void cop_adamw_step(const CopAdamW *adamw, double lr, uint64_t step, CopParam *const *params, int n,
                    CopPool *pool)
{
    const double t = (double)step;
    const Step job = {
        .rate = (float)(lr / (1 - pow(adamw->beta1, t))),
        .keep = (float)(1 - lr * adamw->weight_decay),
        .beta1 = (float)adamw->beta1,
        .new1 = (float)(1 - adamw->beta1),
        .beta2 = (float)adamw->beta2,
        .new2 = (float)(1 - adamw->beta2),
        .root = (float)(1 / sqrt(1 - pow(adamw->beta2, t))),
        .eps = (float)adamw->eps,
        .decay_all = adamw->decay_all,
    };
    cop_param_chunks(params, n, update, &job, pool);
}

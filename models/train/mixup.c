/* Mixup: pairs of clips and of their labels, blended (Zhang et al., ICLR 2018).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/train/mixup.h"

#include <assert.h>
#include <math.h>

#include "models/core/rng.h"

/* Log of a Gamma(shape, 1) deviate (Marsaglia and Tsang, ACM TOMS 2000; shapes below 1 by the
 * boost of their section 6). Each try has draws of its own. */
static double log_gamma_deviate(double shape, CopRngKey key, CopRngAddress at)
{
    const double boosted = shape < 1 ? shape + 1 : shape;
    const double d = boosted - 1.0 / 3, c = 1 / sqrt(9 * d);
    double boost = 0;
    if (shape < 1)
        boost = log(1 - cop_rng_uniform(key, 0, at)) / shape;
    for (uint32_t position = 1;; position += 2) {
        const double x = cop_rng_normal(key, position, at), v = pow(1 + c * x, 3);
        const double u = 1 - cop_rng_uniform(key, position + 1, at);
        if (1 + c * x > 0 && log(u) < 0.5 * x * x + d - d * v + d * log(v))
            return log(d * v) + boost;
    }
}

double cop_mixup_share(double alpha, uint64_t seed, uint64_t batch)
{
    const CopRngKey key = cop_rng_key(seed, "mixup");
    const uint32_t low = (uint32_t)batch, high = (uint32_t)(batch >> 32);
    const double a = log_gamma_deviate(alpha, key, (CopRngAddress){0, low, high});
    const double b = log_gamma_deviate(alpha, key, (CopRngAddress){1, low, high});
    return 1 / (1 + exp(b - a)); /* small alphas give deviates that only their logs can hold */
}

typedef struct Job {
    const CopTensor *x;
    float share;
} Job;

/* One position of one channel: each lane is read, in its old value, by the next one. */
static void blend(const Job *job, int c, int t, int h, int w)
{
    const CopTensor *x = job->x;
    const int n = x->n;
    float before = cop_tensor_at(x, (n - 1) / COP_LANES, c, t, h, w)[(n - 1) % COP_LANES];
    for (int g = 0; g < x->g; g++) {
        float *lane = cop_tensor_at(x, g, c, t, h, w);
        for (int i = 0; i < cop_tensor_lanes(x, g); i++) {
            const float own = lane[i];
            lane[i] = job->share * own + (1 - job->share) * before;
            before = own;
        }
    }
}

static void blend_plane(void *ctx, int item, int worker)
{
    (void)worker;
    const Job *job = ctx;
    for (int h = 0; h < job->x->h; h++)
        for (int w = 0; w < job->x->w; w++)
            blend(job, item / job->x->t, item % job->x->t, h, w);
}

void cop_mixup(const CopTensor *x, float share, CopPool *pool)
{
    Job job = {x, share};
    cop_parallel_for(pool, x->c * x->t, blend_plane, &job);
}

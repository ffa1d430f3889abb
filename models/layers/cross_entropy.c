/* Softmax cross-entropy with label smoothing.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/layers/cross_entropy.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

static float *logit(const CopTensor *x, int lane, int k)
{
    return cop_tensor_at(x, lane / COP_LANES, k, 0, 0, 0) + lane % COP_LANES;
}

/* Largest logit and log of the sum of exponentials above it. */
static double log_sum(const CopTensor *x, int lane, float *largest, int *where)
{
    *where = 0;
    *largest = *logit(x, lane, 0);
    for (int k = 1; k < x->c; k++)
        if (*logit(x, lane, k) > *largest) {
            *largest = *logit(x, lane, k);
            *where = k;
        }
    double sum = 0;
    for (int k = 0; k < x->c; k++)
        sum += exp((double)*logit(x, lane, k) - (double)*largest);
    return log(sum);
}

void cop_softmax(const CopTensor *logits, int lane, float *p)
{
    float largest;
    int where;
    const double norm = log_sum(logits, lane, &largest, &where);
    for (int k = 0; k < logits->c; k++)
        p[k] = (float)exp((double)*logit(logits, lane, k) - (double)largest - norm);
}

/* Probability that the targets give class k. */
static double wanted(const CopTargets *targets, int lane, int k, int classes)
{
    double q = 0;
    if (k == targets->label[lane])
        q += targets->share;
    if (targets->other && k == targets->other[lane])
        q += 1 - targets->share;
    return targets->smoothing / classes + q * (1 - targets->smoothing);
}

static double one_lane(const CopTensor *logits, int lane, const CopTargets *targets,
                       const CopTensor *grad, int *hit)
{
    float largest;
    int where;
    const double norm = log_sum(logits, lane, &largest, &where);
    double loss = 0;
    for (int k = 0; k < logits->c; k++) {
        const double log_p = (double)*logit(logits, lane, k) - (double)largest - norm;
        const double q = wanted(targets, lane, k, logits->c);
        loss -= q * log_p;
        if (grad)
            *logit(grad, lane, k) = (float)((exp(log_p) - q) / logits->n);
    }
    *hit += where == targets->label[lane];
    return loss;
}

double cop_cross_entropy_of(const CopTensor *logits, const CopTargets *targets,
                            const CopTensor *grad, int *correct)
{
    assert(logits->t == 1 && logits->h == 1 && logits->w == 1);
    double loss = 0;
    int hits = 0;
    for (int lane = 0; lane < logits->n; lane++)
        loss += one_lane(logits, lane, targets, grad, &hits);
    if (grad)
        cop_tensor_zero_idle(grad);
    if (correct)
        *correct = hits;
    return loss / logits->n;
}

double cop_cross_entropy(const CopTensor *logits, const int *labels, double smoothing,
                         const CopTensor *grad, int *correct)
{
    const CopTargets targets = {.label = labels, .share = 1, .smoothing = smoothing};
    return cop_cross_entropy_of(logits, &targets, grad, correct);
}

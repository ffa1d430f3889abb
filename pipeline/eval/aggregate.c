/* How the answers to a video's views become one.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/aggregate.h"

#include <math.h>
#include <stddef.h>

const char *const cop_aggregate_names[] = {"prob", "score", "max", NULL};

void cop_aggregate_add(CopAggregate how, int views, const CopTensor *logits, int lane,
                       const float *p, double *sum)
{
    for (int k = 0; k < logits->c; k++) {
        const double logit =
            (double)cop_tensor_at(logits, lane / COP_LANES, k, 0, 0, 0)[lane % COP_LANES];
        switch (how) {
        case COP_AGGREGATE_PROB:
            sum[k] += (double)p[k] / views;
            break;
        case COP_AGGREGATE_SCORE:
            sum[k] += logit / views;
            break;
        case COP_AGGREGATE_MAX:
            sum[k] = (double)p[k] > sum[k] ? (double)p[k] : sum[k];
            break;
        }
    }
}

void cop_aggregate_end(CopAggregate how, const double *sum, int classes, float *p)
{
    double norm = how == COP_AGGREGATE_PROB ? 1 : 0, largest = -INFINITY;
    for (int k = 0; k < classes; k++)
        largest = sum[k] > largest ? sum[k] : largest;
    for (int k = 0; k < classes; k++) {
        if (how == COP_AGGREGATE_SCORE)
            norm += exp(sum[k] - largest);
        else if (how == COP_AGGREGATE_MAX)
            norm += sum[k];
    }
    for (int k = 0; k < classes; k++)
        p[k] = (float)((how == COP_AGGREGATE_SCORE ? exp(sum[k] - largest) : sum[k]) / norm);
}

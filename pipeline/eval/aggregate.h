/* How the answers to a video's views become one.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_AGGREGATE_H
#define COP_EVAL_AGGREGATE_H

#include "models/core/tensor.h"

typedef enum CopAggregate {
    COP_AGGREGATE_PROB,  /* mean of the views' probabilities */
    COP_AGGREGATE_SCORE, /* probabilities of the mean logits */
    COP_AGGREGATE_MAX    /* largest probability a class, scaled to sum to one */
} CopAggregate;
extern const char *const cop_aggregate_names[]; /* "prob", ..., NULL */

/* Adds one of `views` views to sum[classes], which begins as zeros: lane `lane` of the logits
 * [c = classes], and its probabilities p[classes]. */
void cop_aggregate_add(CopAggregate how, int views, const CopTensor *logits, int lane,
                       const float *p, double *sum);

/* Probabilities of all views into p[classes]. */
void cop_aggregate_end(CopAggregate how, const double *sum, int classes, float *p);

#endif

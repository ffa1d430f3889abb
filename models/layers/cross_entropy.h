/* Softmax cross-entropy with label smoothing.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LAYERS_CROSS_ENTROPY_H
#define COP_LAYERS_CROSS_ENTROPY_H

#include "models/core/tensor.h"

/* Mean over the n valid lanes of -sum_k q_k log softmax(logits)_k, with
 * q = (1 - smoothing) onehot(label) + smoothing / classes (Szegedy et al., CVPR 2016;
 * torch.nn.CrossEntropyLoss). labels[n] in 0..classes-1. Where `grad` is not NULL it
 * is filled with the gradient of the mean, zero in idle lanes. *correct counts lanes
 * whose largest logit is the label's (first of equals); may be NULL. */
double cop_cross_entropy(const CopTensor *logits, const int *labels, double smoothing,
                         const CopTensor *grad, int *correct);

/* The same with targets that two labels share: (1 - smoothing) (share onehot(label) +
 * (1 - share) onehot(other)) + smoothing / classes, as mixup makes them (Zhang et al., ICLR
 * 2018). *correct goes by `label`. */
typedef struct CopTargets {
    const int *label, *other; /* [n]; other may be NULL where share is 1 */
    double share, smoothing;
} CopTargets;
double cop_cross_entropy_of(const CopTensor *logits, const CopTargets *targets,
                            const CopTensor *grad, int *correct);

/* Softmax of one lane's logits into p[classes]. */
void cop_softmax(const CopTensor *logits, int lane, float *p);

#endif

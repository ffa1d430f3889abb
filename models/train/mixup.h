/* Mixup: pairs of clips and of their labels, blended (Zhang et al., ICLR 2018).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TRAIN_MIXUP_H
#define COP_TRAIN_MIXUP_H

#include <stdint.h>

#include "models/core/pool.h"
#include "models/core/tensor.h"

/* Share of a clip itself in its blend: Beta(alpha, alpha) (alpha > 0), a function of the seed
 * and the batch's number. */
double cop_mixup_share(double alpha, uint64_t seed, uint64_t batch);

/* The clip that lane `lane` of n is blended with: the one before it, the last for the first
 * (as torchvision's reference RandomMixup rolls its batch). */
static inline int cop_mixup_partner(int lane, int n)
{
    return (lane + n - 1) % n;
}

/* x[lane] = share x[lane] + (1 - share) x[partner], for the n valid lanes of all groups. */
void cop_mixup(const CopTensor *x, float share, CopPool *pool);

#endif

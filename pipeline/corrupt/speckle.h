/* Noise in proportion to the level.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_SPECKLE_H
#define COP_CORRUPT_SPECKLE_H

#include "pipeline/corrupt/level_noise.h"

/* y = clip(floor(x + x N)), N of N(0, sigma^2). */
typedef struct CopSpeckle {
    float sigma;
    int reach; /* of the error of what floats say of y (cop_level_reach()) */
    CopLevelNoise levels;
} CopSpeckle;

void cop_speckle_init(CopSpeckle *speckle, double sigma);

/* Changes n elements, a word each (a CopNoiseRow), as cop_level_noise_row() would. */
void cop_speckle_row(const void *speckle, const uint32_t *word, uint8_t *x, int n);

#endif

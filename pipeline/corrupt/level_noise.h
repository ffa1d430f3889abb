/* Noise whose distribution hangs on the level: 256 inverse distribution functions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_LEVEL_NOISE_H
#define COP_CORRUPT_LEVEL_NOISE_H

#include <stdint.h>

enum { COP_LEVELS = 256, COP_LEVEL_GUIDE_BITS = 8 };

/* Of each level, the levels that it may become, in rising order, each with the last
 * word that stands for it; and where to start looking for a word with these upper bits. */
typedef struct CopLevelNoise {
    uint32_t last[COP_LEVELS][COP_LEVELS];
    uint8_t level[COP_LEVELS][COP_LEVELS];
    uint8_t guide[COP_LEVELS][1 << COP_LEVEL_GUIDE_BITS];
} CopLevelNoise;

/* What becomes of `level`: below[y] is the probability of a level below y. Words, as
 * shares of 2^32, are rounded to nearest; a greater word never gives a lesser level. */
void cop_level_noise_set(CopLevelNoise *noise, int level, const double below[COP_LEVELS]);

/* Changes n elements whose levels are set, a word each (a CopNoiseRow). */
void cop_level_noise_row(const void *noise, const uint32_t *word, uint8_t *x, int n);

#endif

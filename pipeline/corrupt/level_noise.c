/* Noise whose distribution hangs on the level: 256 inverse distribution functions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/level_noise.h"

void cop_level_noise_set(CopLevelNoise *noise, int level, const double below[COP_LEVELS])
{
    const double word_range = 4294967296.0;
    uint32_t *last = noise->last[level];
    uint8_t *to = noise->level[level], *guide = noise->guide[level];
    uint64_t begin = 0;
    int n = 0;
    for (int y = 0; y < COP_LEVELS; y++) {
        const double above = y + 1 < COP_LEVELS ? below[y + 1] : 1;
        uint64_t end = (uint64_t)(above * word_range + 0.5);
        if (end <= begin) /* no word, or a step down by rounding */
            continue;
        to[n] = (uint8_t)y;
        last[n++] = (uint32_t)(end - 1);
        begin = end;
    }
    int k = 0;
    for (uint32_t slot = 0; slot < 1u << COP_LEVEL_GUIDE_BITS; slot++) {
        while (last[k] < slot << (32 - COP_LEVEL_GUIDE_BITS))
            k++;
        guide[slot] = (uint8_t)k;
    }
}

void cop_level_noise_row(const void *noise, const uint32_t *word, uint8_t *x, int n)
{
    const CopLevelNoise *table = noise;
    for (int i = 0; i < n; i++) {
        const uint32_t *last = table->last[x[i]];
        unsigned k = table->guide[x[i]][word[i] >> (32 - COP_LEVEL_GUIDE_BITS)];
        k += word[i] > last[k]; /* mostly enough, and no branch to guess */
        while (word[i] > last[k])
            k++;
        x[i] = table->level[x[i]][k];
    }
}

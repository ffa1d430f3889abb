/* Values in floats cut to whole levels, and which of them a float cannot decide.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/whole_levels.h"

#include "pipeline/corrupt/tiers.h"

/* Conversion to int cuts towards zero, so everything is moved up by a whole number. */
enum { UP = 1024 };

COP_TIERS bool cop_whole_levels(uint8_t *restrict y, uint8_t *restrict near,
                                const float *restrict level, float bound, int n)
{
    for (int i = 0; i < n; i++) {
        const float from = level[i] < 0 ? 0 : level[i] > 255 ? 255 : level[i];
        y[i] = (uint8_t)(int)from;
    }
    uint8_t any = 0;
    for (int i = 0; i < n; i++) {
        const int nearest = (int)(level[i] + (UP + 0.5f)) - UP;
        const float off = level[i] - (float)nearest;
        near[i] = (uint8_t)((off < bound) & (off > -bound) & (nearest >= 0) & (nearest <= 255));
        any |= near[i];
    }
    return any;
}

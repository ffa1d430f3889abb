/* Smooth walks of the frame index: the shake of a hand.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/sway.h"

#include <math.h>

#include "models/core/portable_math.h"

double cop_sway(CopRngKey key, uint32_t draw, uint32_t clip, double period, int64_t frame)
{
    static const struct {
        double size, period;
    } wave[] = {{0.6, 1}, {0.3, 0.4142}, {0.1, 0.1732}};
    const CopRngAddress at = {.draw = draw, .clip = clip};
    double sum = 0;
    for (uint32_t i = 0; i < 3; i++) {
        double turns = (double)frame / (period * wave[i].period) + cop_rng_uniform(key, i, at);
        turns -= floor(turns);
        double sine, cosine;
        cop_sin_cos(2 * COP_PI * turns, &sine, &cosine);
        sum += wave[i].size * sine;
    }
    return sum;
}

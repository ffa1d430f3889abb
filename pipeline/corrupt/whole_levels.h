/* Values in floats cut to whole levels, and which of them a float cannot decide.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_WHOLE_LEVELS_H
#define COP_CORRUPT_WHOLE_LEVELS_H

#include <stdbool.h>
#include <stdint.h>

/* y[i] = floor(level[i]), clipped to 0 .. 255; near[i] is 1 where level[i] lies within
 * `bound` of a whole number from 0 to 255, so that an error of that size may move the
 * result, else 0. Levels lie within -1000 .. 1000. Returns whether any is near. */
bool cop_whole_levels(uint8_t *y, uint8_t *near, const float *level, float bound, int n);

#endif

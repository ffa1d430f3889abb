/* Drops of water or mud on a lens, from a field of normal noise.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_SPATTER_MASK_H
#define COP_CORRUPT_SPATTER_MASK_H

#include <stdint.h>

#include "models/core/status.h"

/* Shared by both: field [height][width] is smoothed in place by a Gaussian of `sigma`
 * (replicated border), and what is below `threshold` becomes 0. */
CopStatus cop_spatter_liquid(double *field, int width, int height, double sigma,
                             double threshold) COP_MUST_CHECK;

/* Opacity of water, mask [height][width] of maximum 1: 8-bit liquid times a relief that
 * comes from distances to its edges, up to `reach` pixels, seen `step` pixels apart (1 in
 * the original). All 0 where there is none. */
CopStatus cop_spatter_water(const double *liquid, int width, int height, double reach, int step,
                            float *mask) COP_MUST_CHECK;

/* Opacity of mud: where liquid is above `threshold`, smoothed by `sigma`, 0 below 0.8. */
CopStatus cop_spatter_mud(const double *liquid, int width, int height, double threshold,
                          double sigma, float *mask) COP_MUST_CHECK;

/* distance [height][width] = from the nearest pixel of `edge` that is not 0, by steps of 1
 * (straight), 1.4 (diagonal) and 2.1969 (knight's), at most `reach` (Borgefors, CVGIP 34,
 * 1986, 5x5). */
CopStatus cop_spatter_distance(const uint8_t *edge, int width, int height, double reach,
                               float *distance) COP_MUST_CHECK;

/* Lays n pixels of a mask over the RGB pixels at x, in place, in single precision as the
 * original does; scratch [6 n]. Water adds *amount of the colour (175, 238, 238), mud
 * (amount NULL) takes the place of the picture with (63, 42, 20). */
void cop_spatter_row(uint8_t *x, const float *mask, float *scratch, int n, const float *amount);

#endif

/* Layers of falling flakes, and a picture seen through them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_SNOW_LAYER_H
#define COP_CORRUPT_SNOW_LAYER_H

#include <stdint.h>

#include "models/core/rng.h"
#include "models/core/status.h"

/* How flakes look. */
typedef struct CopSnowFlakes {
    double mean, std;            /* of the normal noise they are cut from */
    double zoom;                 /* pixels from one of its numbers to the next, >= 1 */
    double threshold;            /* what is below is no flake */
    double radius, sigma, angle; /* of the motion blur (motion_line.h) */
} CopSnowFlakes;

/* The crop of a field [height][width] that `zoom` spreads over the whole of it. */
typedef struct CopSnowCrop {
    int left, top, width, height;
} CopSnowCrop;
CopSnowCrop cop_snow_crop(int width, int height, double zoom);

/* layer [height][width] = flakes from crop [crop.height][crop.width]: spread bilinearly, cut at
 * the threshold, of 8 bits (truncated), blurred. */
CopStatus cop_snow_still(const double *field, int width, int height, const CopSnowFlakes *flakes,
                         uint8_t *layer) COP_MUST_CHECK;

/* layer [height][width], of a range of 65535: flakes that wrap around. */
CopStatus cop_snow_torus(CopRngKey key, CopRngAddress at, int width, int height,
                         const CopSnowFlakes *flakes, uint16_t *layer) COP_MUST_CHECK;

/* y = trunc(255 clip(w x + (1 - w) max(x, 1.5 grey + 0.5) + front + back)) of the n RGB
 * pixels at x, in place; front and back [n] are of a range of `range`; scratch [3 n]. The
 * picture's part is in single precision, as in the original. */
void cop_snow_row(uint8_t *x, const float *front, const float *back, double range, double *scratch,
                  int n, double weight);

#endif

/* A picture of frost on a window, made of random numbers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_FROST_TEXTURE_H
#define COP_CORRUPT_FROST_TEXTURE_H

#include <stdint.h>

#include "models/core/rng.h"
#include "models/core/status.h"

/* rgb [height][width][3] = frost: crystals (frost_crystals.h), their scattered light,
 * clouds of thicker and thinner ice, grain, from dark blue to white. Structures have the
 * size `scale`, 1 in a picture of 224 pixels, but no less than 1/2000 of its longer side.
 * Draws from at.draw on. Statistics are those of the photographs that ImageNet-C uses:
 * grey deviation 18 to 43, autocorrelation about 0.84, 0.6, 0.45 and 0.33 at 1, 4, 16 and
 * 64 pixels (of `scale`). */
CopStatus cop_frost_texture(CopRngKey key, CopRngAddress at, int width, int height, double scale,
                            uint8_t *rgb) COP_MUST_CHECK;

#endif

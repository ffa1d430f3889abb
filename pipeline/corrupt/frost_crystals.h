/* Ice that grows over a pane: ferns from the borders, small shoots in between.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_FROST_CRYSTALS_H
#define COP_CORRUPT_FROST_CRYSTALS_H

#include "models/core/rng.h"
#include "models/core/status.h"

/* ice [height][width] = how much ice lies on each pixel, 0..1. `scale` is the size of
 * everything, 1 in a picture of 224 pixels: twigs are then about a pixel wide. Crystals
 * stop where they meet others. */
CopStatus cop_frost_crystals(CopRngKey key, CopRngAddress at, int width, int height, double scale,
                             float *ice) COP_MUST_CHECK;

#endif

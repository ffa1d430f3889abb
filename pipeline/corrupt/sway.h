/* Smooth walks of the frame index: the shake of a hand.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_SWAY_H
#define COP_CORRUPT_SWAY_H

#include "models/core/rng.h"

/* A walk within -1..1 as a closed form: three sines of incommensurable periods, the
 * slowest of `period` frames (at least 1), whose phases clip and `draw` decide. */
double cop_sway(CopRngKey key, uint32_t draw, uint32_t clip, double period, int64_t frame);

#endif

/* Motion blur along a line, as ImageMagick computes it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_MOTION_LINE_H
#define COP_CORRUPT_MOTION_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "models/core/status.h"

enum { COP_MOTION_RADIUS_MAX = 1024 }; /* larger ones count as this */

/* Blurs x [height][width][channels], 8 bits, rows `stride` bytes apart, in place: taps
 * i = 0 .. 2 ceil(radius), of weight exp(-i^2 / 2 sigma^2) divided by their sum, read the
 * pixel (ceil(i cos a - 1/2), ceil(i sin a - 1/2)) columns and rows away, the border being
 * repeated outwards; `angle` is in degrees. So the tail lies on one side, and the picture
 * moves. The sum of 257 x is rounded to 16 bits and then cut to 8, floor(q / 257), as
 * ImageMagick 6.9.11-60 and its PNG writer do. Sigma 0 changes nothing. COP_ERR_NOMEM. */
CopStatus cop_motion_line(uint8_t *x, int channels, int width, int height, ptrdiff_t stride,
                          double radius, double sigma, double angle) COP_MUST_CHECK;

#endif

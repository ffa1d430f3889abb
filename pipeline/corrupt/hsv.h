/* Saturation and value of RGB pictures changed, hue kept.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_HSV_H
#define COP_CORRUPT_HSV_H

#include "pipeline/media/frame.h"

/* S becomes clip(S gain + offset) and V clip(V + lift), both of a range of 1. */
typedef struct CopHsvChange {
    double gain, offset, lift;
} CopHsvChange;

/* Changes an RGB frame in place, as rgb2hsv() and hsv2rgb() of scikit-image do in
 * doubles (A. R. Smith, SIGGRAPH 1978), the result clipped and truncated to 8 bits. */
void cop_hsv_change(const CopFrame *frame, const CopHsvChange *change);

#endif

/* Mixing a row of pixels with fog.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_FOG_VEIL_H
#define COP_CORRUPT_FOG_VEIL_H

#include <stdint.h>

#include "pipeline/media/frame.h"

/* Largest byte of an RGB frame, of a range of 1. */
double cop_fog_maximum(const CopFrame *frame);

/* y = trunc(255 clip((x + weight map) M / (M + weight))) of the n RGB pixels at x, in
 * place; map [n] in 0..1. Where M + weight is 0 nothing happens. */
void cop_fog_row(uint8_t *x, const double *map, int n, double weight, double maximum);

#endif

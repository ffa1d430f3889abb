/* The shuffle of frosted glass: pixels become copies of neighbours.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_GLASS_H
#define COP_CORRUPT_GLASS_H

#include <stddef.h>
#include <stdint.h>

/* Visits columns width - delta down to delta + 1 of one row of packed RGB: each pixel, in
 * place, becomes a copy of the one dx[column] columns and dy[column] rows away, both in
 * -delta .. delta - 1. Rows go from height - delta down to delta + 1. */
void cop_glass_row(uint8_t *row, ptrdiff_t stride, int width, int delta, const int *dx,
                   const int *dy);

#endif

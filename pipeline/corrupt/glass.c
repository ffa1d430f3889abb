/* The shuffle of frosted glass: pixels become copies of neighbours.
 *
 * The original means to swap two pixels, but swaps views of one array: what it copies
 * first is lost. What it makes is a chain of copies, and order matters.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/glass.h"

void cop_glass_row(uint8_t *row, ptrdiff_t stride, int width, int delta, const int *dx,
                   const int *dy)
{
    for (int column = width - delta; column > delta; column--) {
        uint8_t *to = row + 3 * column;
        const uint8_t *from = to + dy[column] * stride + 3 * dx[column];
        const uint8_t r = from[0], g = from[1], b = from[2];
        to[0] = r;
        to[1] = g;
        to[2] = b;
    }
}

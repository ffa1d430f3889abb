/* Layers that wrap around, seen through a window that slides by parts of a pixel.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_TORUS_H
#define COP_CORRUPT_TORUS_H

#include <stdint.h>

/* Where a window's row starts in a layer: between two rows and two columns. */
typedef struct CopTorusRow {
    int row[2], column; /* upper, lower; left one of the window's first pixel */
    float upper, left;  /* weights of these; the others complete 1 */
} CopTorusRow;

/* Of row `y` of a window whose upper left corner lies at (left, top) of a layer
 * [height][width]. */
CopTorusRow cop_torus_row(int width, int height, double left, double top, int y);

/* out[n] = the layer's row there, by bilinear weights, of a range of 65535; `line` is
 * scratch [n + 1]. */
void cop_torus_read(const uint16_t *layer, int width, const CopTorusRow *at, float *line,
                    float *out, int n);

#endif

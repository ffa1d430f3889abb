/* Pictures zoomed about their middle, the factors of zoom blur.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_ZOOM_H
#define COP_CORRUPT_ZOOM_H

#include "models/core/status.h"

/* Where one output row or column comes from: `first` and first + 1, by their weights. */
typedef struct CopZoomPoint {
    int first;
    double weight[2];
} CopZoomPoint;

/* One axis of `size` pixels zoomed by `factor` >= 1 about its middle: the middle
 * ceil(size / factor) pixels, stretched end to end over round(that * factor) by
 * linear interpolation, of which the middle is kept (scipy.ndimage.zoom(order=1); where its
 * last coordinate is rounded past the end it paints black, and this the last pixel).
 * Writes point[size]. */
void cop_zoom_axis(CopZoomPoint *point, int size, double factor);

/* Points of a row of packed RGB as shifts of the whole row, which vectorise: for each
 * block of COP_ZOOM_BLOCK elements, element e is the sum over t of weight[t] times
 * the element at e + 3 (shift + t). */
enum { COP_ZOOM_BLOCK = 16, COP_ZOOM_TAPS = 4 };

typedef struct CopZoomRow {
    int blocks, groups; /* groups of COP_ZOOM_TAPS taps */
    int *shift;         /* [blocks] */
    float *weight;      /* [groups][blocks][COP_ZOOM_TAPS][COP_ZOOM_BLOCK] */
} CopZoomRow;

/* From the points of `width` columns. COP_ERR_NOMEM; free after that, too. */
CopStatus cop_zoom_row(CopZoomRow *row, const CopZoomPoint *point, int width) COP_MUST_CHECK;
void cop_zoom_row_free(CopZoomRow *row);

/* y = blocks first .. end - 1 of the zoomed row, COP_ZOOM_BLOCK elements each. x is element 0 of
 * the source; blocks may read up to cop_zoom_reach() elements outside of the
 * row's own, which count nothing but must be numbers. */
void cop_zoom_blocks(float *y, const float *x, const CopZoomRow *row, int first, int end);
int cop_zoom_reach(const CopZoomRow *row);

#endif

/* Which rectangles of an RGB picture are of one colour.
 *
 * A filter whose weights add up to one gives whole levels there, and how its rounding
 * errors fall out is the same wherever that colour lies: worth knowing before they are
 * summed up once more.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_FLAT_MAP_H
#define COP_CORRUPT_FLAT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Start from zeros; one may serve picture after picture. */
typedef struct CopFlatMap {
    const uint8_t *x; /* [height][width][3], rows `stride` bytes apart */
    ptrdiff_t stride;
    int width, height;
    uint32_t *sum;    /* [height + 1][width + 1]: changes above and left of here */
    uint8_t *changed; /* [width][3] of one row */
    size_t room;      /* elements that `sum` has room for */
    bool read;
    uint16_t known[256]; /* for whoever asks: what flat areas of a level become, and 1; else 0 */
    int asked[4];        /* the last question, which often comes for each colour */
    bool answer;
} CopFlatMap;

/* Borrows x until the last question about it. */
void cop_flat_map_start(CopFlatMap *map, const uint8_t *x, ptrdiff_t stride, int width, int height);

/* True where all pixels of columns left .. right and rows top .. bottom, as far as they lie
 * in the picture, are equal, and the ones before those, too. The picture is only read where
 * the corners are equal. False, too, when memory is out. */
bool cop_flat_map_holds(CopFlatMap *map, int left, int right, int top, int bottom);

void cop_flat_map_free(CopFlatMap *map);

#endif

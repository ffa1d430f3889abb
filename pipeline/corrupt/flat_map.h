/* Where an RGB picture is of one colour, or stays the same one way.
 *
 * A filter whose weights add up to one gives whole levels where it is of one colour, and how its
 * rounding errors fall out is the same wherever that colour lies. Where rows are alike, a row's
 * levels are those of the row above. Worth knowing before they are summed up once more.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_FLAT_MAP_H
#define COP_CORRUPT_FLAT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a rectangle is flat; COP_FLAT: both, one colour */
enum { COP_FLAT_DOWN = 1 /* rows are alike */, COP_FLAT_ALONG = 2 /* columns are */, COP_FLAT = 3 };

/* Changes of each channel */
typedef struct CopFlatSum {
    uint64_t down, along;
} CopFlatSum;

/* Start from zeros; one may serve picture after picture. */
typedef struct CopFlatMap {
    const uint8_t *x; /* [height][width][3], rows `stride` bytes apart */
    ptrdiff_t stride;
    int width, height;
    CopFlatSum *sum;  /* [height + 1][width + 1]: of all above and left of here */
    uint8_t *changed; /* [width][3] of one row */
    size_t room;      /* elements that `sum` has room for */
    bool read;
    int allowed;         /* questions for which it should have been */
    uint16_t known[256]; /* for whoever asks: what flat areas of a level become, and 1; else 0 */
} CopFlatMap;

/* Borrows x until the last question about it. */
void cop_flat_map_start(CopFlatMap *map, const uint8_t *x, ptrdiff_t stride, int width, int height);

/* How columns left .. right and rows top .. bottom, as far as they lie in the picture, with the
 * row and the column before those, are flat in a channel, or in all (-1): 0 or COP_FLAT_*. 0,
 * too, for the first few hundred that are flat, as the picture is not read for less; for more than
 * 2 million pixels; and when memory is out. */
unsigned cop_flat_map_ask(CopFlatMap *map, int channel, int left, int right, int top, int bottom);

void cop_flat_map_free(CopFlatMap *map);

#endif

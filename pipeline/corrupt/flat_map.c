/* Which rectangles of an RGB picture are of one colour.
 *
 * A pixel counts as a change where it differs from its left or its upper neighbour; sums
 * of changes over all that lies above and to the left answer for any rectangle.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/flat_map.h"

#include <stdlib.h>

void cop_flat_map_free(CopFlatMap *map)
{
    free(map->sum);
    *map = (CopFlatMap){.sum = NULL};
}

static bool same(const uint8_t *a, const uint8_t *b)
{
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
}

CopStatus cop_flat_map_read(CopFlatMap *map, const uint8_t *x, ptrdiff_t stride, int width,
                            int height)
{
    const size_t row = (size_t)width + 1;
    if (map->width != width || map->height != height) {
        cop_flat_map_free(map);
        map->sum = calloc(row * ((size_t)height + 1), sizeof *map->sum);
        if (!map->sum)
            return COP_ERR_NOMEM;
        map->width = width;
        map->height = height;
    }
    for (int v = 0; v < height; v++) {
        const uint8_t *here = x + v * stride, *above = v ? here - stride : here;
        const uint32_t *before = map->sum + (size_t)v * row;
        uint32_t *sum = map->sum + ((size_t)v + 1) * row, changes = 0;
        for (int u = 0; u < width; u++) {
            const uint8_t *left = u ? here + 3 * (u - 1) : here;
            changes += !same(here + 3 * u, left) || !same(here + 3 * u, above + 3 * u);
            sum[u + 1] = before[u + 1] + changes;
        }
    }
    return COP_OK;
}

bool cop_flat_map_holds(const CopFlatMap *map, int left, int right, int top, int bottom)
{
    left = left < 0 ? 0 : left;
    top = top < 0 ? 0 : top;
    right = right < map->width ? right : map->width - 1;
    bottom = bottom < map->height ? bottom : map->height - 1;
    const size_t row = (size_t)map->width + 1;
    const uint32_t *upper = map->sum + (size_t)top * row;
    const uint32_t *lower = map->sum + ((size_t)bottom + 1) * row;
    return lower[right + 1] - lower[left] - upper[right + 1] + upper[left] == 0;
}

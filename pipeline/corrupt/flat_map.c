/* Which rectangles of an RGB picture are of one colour.
 *
 * An element counts as a change where it differs from its left or its upper neighbour;
 * sums of changes over all that lies above and to the left answer for any rectangle.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/flat_map.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/tiers.h"

void cop_flat_map_free(CopFlatMap *map)
{
    free(map->sum);
    free(map->changed);
    *map = (CopFlatMap){.sum = NULL};
}

static bool same(const uint8_t *a, const uint8_t *b)
{
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
}

void cop_flat_map_start(CopFlatMap *map, const uint8_t *x, ptrdiff_t stride, int width, int height)
{
    map->x = x;
    map->stride = stride;
    map->width = width;
    map->height = height;
    map->read = false;
    map->asked[0] = INT_MIN; /* no one's */
}

COP_TIERS_WHOLE static void find_changes(uint8_t *restrict changed, const uint8_t *x,
                                         const uint8_t *above, int n)
{
    for (int i = 0; i < 3; i++)
        changed[i] = x[i] != above[i];
    for (int i = 3; i < n; i++)
        changed[i] = (uint8_t)((x[i] != x[i - 3]) | (x[i] != above[i]));
}

static bool make_room(CopFlatMap *map)
{
    const size_t size = ((size_t)map->width + 1) * ((size_t)map->height + 1);
    if (map->room >= size)
        return true;
    free(map->sum);
    free(map->changed);
    map->sum = malloc(size * sizeof *map->sum);
    map->changed = malloc(3 * size); /* a row of any picture that fits */
    map->room = map->sum && map->changed ? size : 0;
    return map->room > 0;
}

static bool read_picture(CopFlatMap *map)
{
    if (!make_room(map))
        return false;
    const size_t row = (size_t)map->width + 1;
    memset(map->sum, 0, row * sizeof *map->sum);
    for (int v = 0; v < map->height; v++) {
        const uint8_t *here = map->x + v * map->stride, *changed = map->changed;
        const uint32_t *before = map->sum + (size_t)v * row;
        uint32_t *sum = map->sum + ((size_t)v + 1) * row, changes = 0;
        find_changes(map->changed, here, v ? here - map->stride : here, 3 * map->width);
        sum[0] = 0;
        for (int u = 0; u < map->width; u++, changed += 3) {
            changes += (uint32_t)changed[0] + changed[1] + changed[2];
            sum[u + 1] = before[u + 1] + changes;
        }
    }
    return true;
}

static bool answer(CopFlatMap *map, int left, int right, int top, int bottom)
{
    left = left < 0 ? 0 : left;
    top = top < 0 ? 0 : top;
    right = right < map->width ? right : map->width - 1;
    bottom = bottom < map->height ? bottom : map->height - 1;
    const uint8_t *upper_row = map->x + top * map->stride, *corner = upper_row + 3 * left;
    const uint8_t *lower_row = map->x + bottom * map->stride;
    if (!same(corner, upper_row + 3 * right) || !same(corner, lower_row + 3 * left) ||
        !same(corner, lower_row + 3 * right))
        return false;
    if (!map->read)
        map->read = read_picture(map);
    if (!map->read)
        return false;
    const size_t row = (size_t)map->width + 1;
    const uint32_t *upper = map->sum + (size_t)top * row;
    const uint32_t *lower = map->sum + ((size_t)bottom + 1) * row;
    return lower[right + 1] - lower[left] - upper[right + 1] + upper[left] == 0;
}

bool cop_flat_map_holds(CopFlatMap *map, int left, int right, int top, int bottom)
{
    const int asked[4] = {left, right, top, bottom};
    if (memcmp(asked, map->asked, sizeof asked) != 0) {
        memcpy(map->asked, asked, sizeof asked);
        map->answer = answer(map, left, right, top, bottom);
    }
    return map->answer;
}

/* Where an RGB picture is of one colour, or stays the same one way.
 *
 * An element counts as a change along where it differs from its left neighbour, down where it
 * differs from its upper one; sums of both over all that lies above and to the left answer for
 * any rectangle. The channels' sums lie side by side in one number: what they carry over goes
 * away with the differences.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/flat_map.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/tiers.h"

/* The answers that reading a picture takes as long as to find out otherwise */
enum { CHANNEL_BITS = 21, WORTH = 500 };

void cop_flat_map_free(CopFlatMap *map)
{
    free(map->sum);
    free(map->changed);
    *map = (CopFlatMap){.sum = NULL};
}

void cop_flat_map_start(CopFlatMap *map, const uint8_t *x, ptrdiff_t stride, int width, int height)
{
    map->x = x;
    map->stride = stride;
    map->width = width;
    map->height = height;
    map->read = false;
    map->allowed = 0;
}

COP_TIERS_WHOLE static void find_changes(uint8_t *restrict changed, const uint8_t *x,
                                         const uint8_t *above, int n)
{
    for (int i = 0; i < 3; i++)
        changed[i] = x[i] != above[i] ? COP_FLAT_DOWN : 0;
    for (int i = 3; i < n; i++)
        changed[i] = (uint8_t)((x[i] != x[i - 3] ? COP_FLAT_ALONG : 0) |
                               (x[i] != above[i] ? COP_FLAT_DOWN : 0));
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

static uint64_t side_by_side(const uint8_t *changed, unsigned way)
{
    const uint64_t r = (changed[0] & way) != 0, g = (changed[1] & way) != 0,
                   b = (changed[2] & way) != 0;
    return r | g << CHANNEL_BITS | b << 2 * CHANNEL_BITS;
}

static bool read_picture(CopFlatMap *map)
{
    if (!make_room(map))
        return false;
    const size_t row = (size_t)map->width + 1;
    memset(map->sum, 0, row * sizeof *map->sum);
    for (int v = 0; v < map->height; v++) {
        const uint8_t *here = map->x + v * map->stride, *changed = map->changed;
        const CopFlatSum *before = map->sum + (size_t)v * row;
        CopFlatSum *sum = map->sum + ((size_t)v + 1) * row, changes = {0, 0};
        find_changes(map->changed, here, v ? here - map->stride : here, 3 * map->width);
        sum[0] = changes;
        for (int u = 0; u < map->width; u++, changed += 3) {
            changes.down += side_by_side(changed, COP_FLAT_DOWN);
            changes.along += side_by_side(changed, COP_FLAT_ALONG);
            sum[u + 1] = (CopFlatSum){before[u + 1].down + changes.down,
                                      before[u + 1].along + changes.along};
        }
    }
    return true;
}

static bool same(const uint8_t *a, const uint8_t *b, int channel)
{
    return channel < 0 ? memcmp(a, b, 3) == 0 : a[channel] == b[channel];
}

/* What nine pixels of a rectangle allow: mostly nothing */
static unsigned guess(const CopFlatMap *map, int channel, const int u[3], const int v[3])
{
    unsigned flat = COP_FLAT;
    for (int i = 0; i < 3; i++) {
        const uint8_t *row = map->x + v[i] * map->stride, *first = map->x + v[0] * map->stride;
        for (int j = 0; j < 3; j++) {
            if (!same(row + 3 * u[j], row + 3 * u[0], channel))
                flat &= COP_FLAT_DOWN;
            if (!same(row + 3 * u[j], first + 3 * u[j], channel))
                flat &= COP_FLAT_ALONG;
        }
    }
    return flat;
}

unsigned cop_flat_map_ask(CopFlatMap *map, int channel, int left, int right, int top, int bottom)
{
    left = left < 0 ? 0 : left;
    top = top < 0 ? 0 : top;
    right = right < map->width ? right : map->width - 1;
    bottom = bottom < map->height ? bottom : map->height - 1;
    if ((int64_t)(right - left + 1) * (bottom - top + 1) >= 1 << CHANNEL_BITS)
        return 0;
    if (!guess(map, channel, (const int[]){left, (left + right) / 2, right},
               (const int[]){top, (top + bottom) / 2, bottom}))
        return 0;
    if (!map->read && ++map->allowed > WORTH)
        map->read = read_picture(map);
    if (!map->read)
        return 0;
    const size_t row = (size_t)map->width + 1;
    const CopFlatSum *upper = map->sum + (size_t)top * row;
    const CopFlatSum *lower = map->sum + ((size_t)bottom + 1) * row;
    const uint64_t down =
        lower[right + 1].down - lower[left].down - upper[right + 1].down + upper[left].down;
    const uint64_t along =
        lower[right + 1].along - lower[left].along - upper[right + 1].along + upper[left].along;
    const uint64_t one = ((uint64_t)1 << CHANNEL_BITS) - 1;
    const uint64_t counts = channel < 0 ? UINT64_MAX : one << channel * CHANNEL_BITS;
    return (down & counts ? 0 : COP_FLAT_DOWN) | (along & counts ? 0 : COP_FLAT_ALONG);
}

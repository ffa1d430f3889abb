/* Values in floats cut to whole levels, and which of them a float cannot decide.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/whole_levels.h"

#include "pipeline/corrupt/marks.h"
#include "pipeline/corrupt/tiers.h"

enum { SPAN = 64 };

/* Nothing to fuse: the only product is with a power of two. Mostly no level is near, which the
 * least distance shows. */
COP_TIERS_WHOLE bool cop_whole_levels(uint8_t *restrict y, uint8_t *restrict near,
                                      const float *restrict level, float bound, int n)
{
    const int reach = cop_level_reach(bound);
    int least = COP_LEVEL_UNIT;
    for (int i = 0; i < n; i++) {
        const int fixed = cop_level_fixed(level[i]), above = cop_level_above(fixed, reach);
        y[i] = (uint8_t)(fixed / COP_LEVEL_UNIT);
        least = above < least ? above : least;
    }
    if (least >= 2 * reach)
        return false;
    for (int i = 0; i < n; i++)
        near[i] = cop_level_above(cop_level_fixed(level[i]), reach) < 2 * reach;
    return true;
}

static unsigned ask(const CopCut *cut, int channel, int v, int first, int last)
{
    return cut->flat ? cut->flat(cut->filter, channel, v, first, last) : 0;
}

/* What flat areas of the level at element i of row v become */
static uint8_t known(const CopCut *cut, int v, int i)
{
    uint16_t *level = &cut->map->known[cut->map->x[v * cut->map->stride + i]];
    if (*level == 0)
        *level = (uint16_t)(cut->exact(cut->filter, v, i) + 1);
    return (uint8_t)(*level - 1);
}

/* Element i of row v, which belongs at *y */
static uint8_t decide(const CopCut *cut, const uint8_t *y, int v, int i, unsigned flat)
{
    if (flat == COP_FLAT)
        return known(cut, v, i);
    if (cut->stride && flat & COP_FLAT_DOWN && v > 0)
        return y[-cut->stride];
    if (cut->stride && flat & COP_FLAT_ALONG && i >= 3)
        return y[-3];
    return cut->exact(cut->filter, v, i);
}

void cop_cut_row(const CopCut *cut, uint8_t *y, const float *level, int v, int from, int n)
{
    uint8_t near[SPAN];
    for (int span; n > 0; y += span, level += span, from += span, n -= span) {
        span = n < SPAN ? n : SPAN;
        if (!cop_whole_levels(y, near, level, cut->bound, span))
            continue;
        /* In flat areas many are near: ask once. */
        const unsigned all = ask(cut, -1, v, from, from + span - 1);
        for (int k = -1; (k = cop_next_mark(near, k + 1, span)) < span;) {
            const int i = from + k;
            y[k] = decide(cut, y + k, v, i, all ? all : ask(cut, i % 3, v, i, i));
        }
    }
}

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

static bool is_flat(const CopCut *cut, int v, int first, int last)
{
    return cut->flat && cut->flat(cut->filter, v, first, last);
}

/* What flat areas of the level at element i of row v become */
static uint8_t known(const CopCut *cut, int v, int i)
{
    uint16_t *level = &cut->map->known[cut->map->x[v * cut->map->stride + i]];
    if (*level == 0)
        *level = (uint16_t)(cut->exact(cut->filter, v, i) + 1);
    return (uint8_t)(*level - 1);
}

void cop_cut_row(const CopCut *cut, uint8_t *y, const float *level, int v, int from, int n)
{
    uint8_t near[SPAN];
    for (int span; n > 0; y += span, level += span, from += span, n -= span) {
        span = n < SPAN ? n : SPAN;
        if (!cop_whole_levels(y, near, level, cut->bound, span))
            continue;
        /* Of a flat area all are near: ask once. */
        if (near[0] && near[span / 2] && near[span - 1] && is_flat(cut, v, from, from + span - 1)) {
            for (int i = 0; i < span; i++)
                y[i] = known(cut, v, from + i);
            continue;
        }
        for (int i = -1; (i = cop_next_mark(near, i + 1, span)) < span;)
            y[i] = is_flat(cut, v, from + i, from + i) ? known(cut, v, from + i)
                                                       : cut->exact(cut->filter, v, from + i);
    }
}

/* Values in floats cut to whole levels, and which of them a float cannot decide.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/whole_levels.h"

#include <math.h>

#include "pipeline/corrupt/marks.h"
#include "pipeline/corrupt/tiers.h"

/* Conversion to int cuts towards zero, so everything is moved up by a whole number. */
enum { UP = 1024, SPAN = 64 };

static inline int nearest_to(float level)
{
    return (int)(level + (UP + 0.5f)) - UP;
}

/* Nothing to fuse: there are no products. Mostly no level is near, which is cheap to see. */
COP_TIERS_WHOLE bool cop_whole_levels(uint8_t *restrict y, uint8_t *restrict near,
                                      const float *restrict level, float bound, int n)
{
    int any = 0;
    for (int i = 0; i < n; i++) {
        const float from = level[i] < 0 ? 0 : level[i] > 255 ? 255 : level[i];
        y[i] = (uint8_t)(int)from;
    }
    for (int i = 0; i < n; i++)
        any |= fabsf(level[i] - (float)nearest_to(level[i])) < bound ? 1 : 0;
    if (!any)
        return false;
    uint8_t inside = 0;
    for (int i = 0; i < n; i++) {
        const int nearest = nearest_to(level[i]);
        const float off = level[i] - (float)nearest;
        near[i] = (uint8_t)((off < bound) & (off > -bound) & (nearest >= 1) & (nearest <= 255));
        inside |= near[i];
    }
    return inside;
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

/* Values in floats cut to whole levels, and which of them a float cannot decide.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_WHOLE_LEVELS_H
#define COP_CORRUPT_WHOLE_LEVELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/corrupt/flat_map.h"

/* Levels as whole numbers of units, which vectorise where comparisons of floats do not. */
enum { COP_LEVEL_UNIT = 1 << 18 };

/* `level`, within -8000 .. 8000, cut to units and moved to where its own level is 0 or 255 and
 * no other is near if it lies outside. */
static inline int cop_level_fixed(float level)
{
    const int low = COP_LEVEL_UNIT / 2, high = 255 * COP_LEVEL_UNIT + COP_LEVEL_UNIT / 2;
    const int fixed = (int)(level * COP_LEVEL_UNIT);
    return fixed < low ? low : fixed > high ? high : fixed;
}

/* What an error of `bound` levels and that of cut units come to, in units */
static inline int cop_level_reach(float bound)
{
    return (int)(bound * COP_LEVEL_UNIT) + 2;
}

/* How far a level lies above the beginning of what is near a whole one: if that is less than
 * 2 reach, an error may move it there. */
static inline int cop_level_above(int fixed, int reach)
{
    return (fixed + reach) & (COP_LEVEL_UNIT - 1);
}

/* y[i] = floor(level[i]), clipped to 0 .. 255; near[i] is 1 where level[i] lies within
 * `bound` of a whole number from 1 to 255, so that an error of that size may move the
 * result (about 0 it is 0 on either side), else 0. Levels lie within -8000 .. 8000. Returns
 * whether any is near; if none is, near[] may be left as it was. */
bool cop_whole_levels(uint8_t *y, uint8_t *near, const float *level, float bound, int n);

/* Who decides then. Element i of a row is channel i % 3 of column i / 3. */
typedef struct CopCut {
    void *filter;                                 /* what the callbacks get */
    float bound;                                  /* of the error of floats, in levels */
    uint8_t (*exact)(void *filter, int v, int i); /* of element i of row v */
    /* Where areas of one level have one answer: their map, and how all that elements first .. last
     * of row v hang on is flat, in a channel or in all (cop_flat_map_ask()). Else NULL. */
    CopFlatMap *map;
    unsigned (*flat)(void *filter, int channel, int v, int first, int last);
    /* Between rows of y, where the filter is the same everywhere, so that where rows or columns are
     * alike what comes before holds; else 0 */
    ptrdiff_t stride;
} CopCut;

/* Cuts level[n], elements from `from` on of row v, into y[n]. Rows come in order. */
void cop_cut_row(const CopCut *cut, uint8_t *y, const float *level, int v, int from, int n);

#endif

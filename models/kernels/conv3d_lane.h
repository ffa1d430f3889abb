/* What the innermost loops of conv3d share: positions of a tile, and shapes of tiles.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_KERNELS_CONV3D_LANE_H
#define COP_KERNELS_CONV3D_LANE_H

#include "models/core/tensor.h"
#include "models/kernels/conv3d_kernels.h"
#include "models/kernels/lane_vector.h"

/* Sixteen registers hold six positions of two channels, or seven positions, four sums
 * and room to add them up; thirty-two hold fourteen. */
#if COP_VEC_BYTES == 64 || defined(__aarch64__)
enum { PAIRS_MAX = COP_TILE_MAX, CORRELATE_MAX = COP_TILE_MAX, EIGHT_SUMS = 1 };
#else
enum { PAIRS_MAX = 6, CORRELATE_MAX = 7, EIGHT_SUMS = 0 };
#endif

/* One variable a position and conditions that fold away, rather than arrays
 * and loops: an array of vectors is only in registers if the optimiser feels
 * like it. */
#define EACH_POSITION(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12) M(13)

#define OUT_AT(r) (out + (r) / cols * tile->out_h + (r) % cols * tile->out_w)
/* Volatile, or gcc makes it an operand of each product and loads it twice. */
#define LOAD_ONCE(p) (*(const volatile Vec *)(p))

/* A pointer for each row of a tile whose first position is at p. By the distances of positions
 * alone, gcc would keep each in a register of its own, and fetch these from where there is room
 * before every list. */
#define ROWS(p)                                                                                    \
    const float *row0 = (p), *row1 = row0 + in_h, *row2 = row1 + in_h, *row3 = row2 + in_h;
#define IN_ROW(r)                                                                                  \
    (((r) / cols == 0   ? row0                                                                     \
      : (r) / cols == 1 ? row1                                                                     \
      : (r) / cols == 2 ? row2                                                                     \
                        : row3) +                                                                  \
     (r) % cols * step)

/* clang-format off */
#define EACH_SHAPE(M, step)                                                                        \
    M(step, 1, 1) M(step, 1, 2) M(step, 1, 3) M(step, 1, 4) M(step, 1, 5)                          \
    M(step, 1, 6) M(step, 1, 7) M(step, 1, 8) M(step, 1, 9) M(step, 1, 10)                         \
    M(step, 1, 11) M(step, 1, 12) M(step, 1, 13) M(step, 1, 14)                                    \
    M(step, 2, 1) M(step, 2, 2) M(step, 2, 3) M(step, 2, 4)                                        \
    M(step, 2, 5) M(step, 2, 6) M(step, 2, 7)                                                      \
    M(step, 3, 1) M(step, 3, 2) M(step, 3, 3) M(step, 3, 4)                                        \
    M(step, 4, 1) M(step, 4, 2) M(step, 4, 3)
/* clang-format on */

/* Out of line, so that registers are left to the loops. */
static __attribute__((noinline)) void ask_rows(CopAhead *ahead)
{
    for (int n = 0; n < ahead->each && ahead->left > 0; n++) {
        for (int line = 0; line < ahead->lines; line++)
            __builtin_prefetch(ahead->at + (ptrdiff_t)line * COP_LANES);
        ahead->at += ahead->row_step;
        if (--ahead->left % ahead->rows == 0)
            ahead->at += ahead->channel_gap;
    }
}

/* A row at a time: many at once would be in the way of sums that come from the second-level
 * cache, and a few lines before every list cost more to count. */
INLINE void ask_ahead(CopAhead *ahead)
{
    if (--ahead->wait != 0)
        return;
    ahead->wait = ahead->period;
    ask_rows(ahead);
}

/* Units from the one that is walked to the one whose results, or dy, are asked for: lines of one
 * tile, but of another channel each time, which the hardware does not foresee. */
enum { AHEAD = 2 };

#define STEP_1   COP_LANES
#define STEP_2   (2 * COP_LANES)
#define STEP_any tile->in_w

#endif

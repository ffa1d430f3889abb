/* The innermost loops of conv3d's forward pass and of the gradient of its input, compiled
 * once a CPU tier with COP_TIER and COP_VEC_BYTES: out[r] += w * in[r + offset] over a list
 * of weights.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>

#include "models/kernels/conv3d_lane.h"

enum { ASK_AHEAD = 1024 }; /* weights */

#define ADD_AT(r) (add + (r) / cols * tile->add_h + (r) % cols * tile->add_w)

/* Adds what slots begin..end contribute to one position, and, where two channels share
 * them, to the second channel's. A single sum would wait for itself. For one position memory cannot
 * hand weights over as fast as they are used, unless they are asked for, where lists are long. */
INLINE void walk_one(const CopConv3dTile *tile, const float *weight, size_t begin, size_t end,
                     const bool both, const bool ask, Vec *a, Vec *b)
{
    const size_t stride = both ? 2 : 1;
    Vec a0 = {0}, a1 = {0}, a2 = {0}, a3 = {0}, b0 = {0}, b1 = {0}, b2 = {0}, b3 = {0};
#define ADD_ONE(k)                                                                                 \
    if (j + k * stride < end) {                                                                    \
        const Vec x = LOAD_ONCE(tile->in + tile->offset[j + k * stride]);                          \
        a##k += weight[j + k * stride] * x;                                                        \
        if (both)                                                                                  \
            b##k += weight[j + k * stride + 1] * x;                                                \
    }
    size_t j = begin;
    for (; j + 4 * stride <= end; j += 4 * stride) {
        if (ask)
            __builtin_prefetch(weight + j + ASK_AHEAD);
        ADD_ONE(0)
        ADD_ONE(1)
        ADD_ONE(2)
        ADD_ONE(3)
    }
    ADD_ONE(0)
    ADD_ONE(1)
    ADD_ONE(2)
    *a += (a0 + a1) + (a2 + a3);
    *b += (b0 + b1) + (b2 + b3);
}

#define MEMBERS(r) Vec a##r, b##r;
/* What a tile's positions have of one channel or of two. */
typedef struct Sums {
    EACH_POSITION(MEMBERS)
} Sums;

#define RESUME(r)                                                                                  \
    if (r < positions) {                                                                           \
        sums.a##r = LOAD(left + r * WIDTH);                                                        \
        if (pairs)                                                                                 \
            sums.b##r = LOAD(left + (positions + r) * WIDTH);                                      \
    }
#define SUSPEND(r)                                                                                 \
    if (r < positions) {                                                                           \
        STORE(left + r * WIDTH) = sums.a##r;                                                       \
        if (pairs)                                                                                 \
            STORE(left + (positions + r) * WIDTH) = sums.b##r;                                     \
    }
#define BIAS_A(r) sums.a##r = value;
#define BIAS_B(r) sums.b##r = value;

/* Sums as a block before left them, or, without one, biases of one or both channels. */
INLINE Sums start_sums(const float *left, const float *bias, const int positions, const bool pairs,
                       const bool both)
{
    Sums sums = {0};
    if (left) {
        EACH_POSITION(RESUME)
    } else if (bias) {
        Vec value = bias[0] - (Vec){0};
        EACH_POSITION(BIAS_A)
        if (both) {
            value = bias[1] - (Vec){0};
            EACH_POSITION(BIAS_B)
        }
    }
    return sums;
}

/* For the next block. */
INLINE void leave_sums(float *left, const int positions, const bool pairs, const Sums sums)
{
    EACH_POSITION(SUSPEND)
}

#define ADD_BOTH(r)                                                                                \
    if (r < positions) {                                                                           \
        const Vec x = LOAD_ONCE(IN_ROW(r));                                                        \
        sums.a##r += w * x;                                                                        \
        sums.b##r += v * x;                                                                        \
    }
#define ADD_A(r)                                                                                   \
    if (r < positions)                                                                             \
        sums.a##r += w * LOAD(IN_ROW(r));
#define ADD_B(r)                                                                                   \
    if (r < positions)                                                                             \
        sums.b##r += w * LOAD(IN_ROW(r));

/* Visits slots j..end, of which both channels have one (BOTH), the first (A) or the second (B)
 * alone. The next slot's offset is there before the products of this one are under way; behind the
 * last slot of all there is one more offset. */
#define WALK_BOTH                                                                                  \
    for (; j < end; j += 2) {                                                                      \
        const Vec w = weight[j] - (Vec){0}, v = weight[j + 1] - (Vec){0};                          \
        ROWS(next)                                                                                 \
        next = in + offset[j + 2];                                                                 \
        EACH_POSITION(ADD_BOTH)                                                                    \
    }
#define WALK(ADD)                                                                                  \
    for (; j < end; j++) {                                                                         \
        const Vec w = weight[j] - (Vec){0};                                                        \
        ROWS(next)                                                                                 \
        next = in + offset[j + 1];                                                                 \
        EACH_POSITION(ADD)                                                                         \
    }
#define WALK_FROM(kind) j = start[(kind) + first], end = start[(kind) + last], next = in + offset[j]

/* Lists that lie one behind the other, of a block that is not the last: nothing but sums, and next
 * to nothing to do between lists, which are short where weights are few. */
INLINE void walk_sums(const CopConv3dTile *tile, const int rows, const int cols,
                      const ptrdiff_t step, const bool pairs)
{
    const int positions = rows * cols, kinds = pairs ? 3 : 1, channels = pairs ? 2 : 1;
    const float *const in = tile->in, *const weight = tile->weight;
    const ptrdiff_t in_h = tile->in_h;
    const uint32_t *start = tile->start + (ptrdiff_t)kinds * tile->from;
    const uint32_t *const behind = tile->start + (ptrdiff_t)kinds * tile->to;
    const uint32_t *const offset = tile->offset;
    const float *bias = tile->bias ? tile->bias + channels * tile->from : NULL;
    const bool resume = !tile->first, odd = 2 * tile->to > tile->channels;
    float *left = tile->scratch;
    int wait = tile->ahead ? tile->ahead->wait : INT_MAX;
    size_t j = *start, end;
    const float *next = in + offset[j];
    while (start != behind) {
        if (__builtin_expect(--wait == 0, 0)) {
            ask_rows(tile->ahead);
            wait = tile->ahead->period;
        }
        Sums sums = start_sums(resume ? left : NULL, bias, positions, pairs,
                               pairs && (start + kinds != behind || !odd));
        end = *++start;
        if (pairs) {
            WALK_BOTH
            end = *++start;
        }
        WALK(ADD_A)
        if (pairs) {
            end = *++start;
            WALK(ADD_B)
        }
        leave_sums(left, positions, pairs, sums);
        left += channels * positions * WIDTH;
        bias = bias ? bias + channels : NULL;
    }
    if (tile->ahead)
        tile->ahead->wait = wait;
}

#define PLUS_A(r)                                                                                  \
    if (r < positions)                                                                             \
        sums.a##r += LOAD(ADD_AT(r));
#define PLUS_B(r)                                                                                  \
    if (r < positions)                                                                             \
        sums.b##r += LOAD(ADD_AT(r));
#define RELU(r)                                                                                    \
    sums.a##r = (Vec)((VecI)sums.a##r & (sums.a##r > 0));                                          \
    sums.b##r = (Vec)((VecI)sums.b##r & (sums.b##r > 0));
#define WRITE_A(r)                                                                                 \
    if (r < positions)                                                                             \
        STORE(OUT_AT(r)) = sums.a##r;
#define WRITE_B(r)                                                                                 \
    if (r < positions)                                                                             \
        STORE(OUT_AT(r)) = sums.b##r;
#define STREAM_A(r)                                                                                \
    if (r < positions)                                                                             \
        STREAM(OUT_AT(r), sums.a##r);
#define STREAM_B(r)                                                                                \
    if (r < positions)                                                                             \
        STREAM(OUT_AT(r), sums.b##r);

/* Writes sums that are complete, of channel c and perhaps of a second one: with what is added to
 * them, rectified. */
INLINE void finish(const CopConv3dTile *tile, const int rows, const int cols, const int c,
                   const bool second, Sums sums)
{
    const int positions = rows * cols;
    if (tile->add) {
        const float *add = tile->add + c * tile->add_c;
        EACH_POSITION(PLUS_A)
        add += tile->add_c;
        if (second) {
            EACH_POSITION(PLUS_B)
        }
    }
    if (tile->relu) {
        EACH_POSITION(RELU)
    }
    float *out = tile->out + c * tile->out_c;
    if (STREAMS && tile->stream) {
        EACH_POSITION(STREAM_A)
        out += tile->out_c;
        if (second) {
            EACH_POSITION(STREAM_B)
        }
        return;
    }
    EACH_POSITION(WRITE_A)
    out += tile->out_c;
    if (second) {
        EACH_POSITION(WRITE_B)
    }
}

#define ASK_ADD(r)                                                                                 \
    if (r < positions)                                                                             \
        __builtin_prefetch(ADD_AT(r));
#define ASK_OUT(r)                                                                                 \
    if (r < positions)                                                                             \
        __builtin_prefetch(OUT_AT(r), 1);
#define ASK_ROW(r)                                                                                 \
    if (r < positions && (r) % cols == 0)                                                          \
        __builtin_prefetch(OUT_AT(r), 1);

/* Asks for what finish() of channel c will add, as a rule where it writes, or else write over. What
 * goes past the caches waits for its page to be found: a line of each row brings that about. */
INLINE void ask_for_finish(const CopConv3dTile *tile, const int rows, const int cols, int c)
{
    const int positions = rows * cols;
    if (tile->add) {
        const float *add = tile->add + c * tile->add_c;
        EACH_POSITION(ASK_ADD)
        return;
    }
    const float *out = tile->out + c * tile->out_c;
    if (STREAMS && tile->stream) {
        EACH_POSITION(ASK_ROW)
        return;
    }
    EACH_POSITION(ASK_OUT)
}

INLINE void gather(const CopConv3dTile *restrict tile, const int rows, const int cols,
                   const ptrdiff_t step, const bool pairs)
{
    const int positions = rows * cols;
    if (pairs && positions > PAIRS_MAX)
        return;
    /* Other steps need too many registers. */
    if (__builtin_constant_p(step) && positions > 1 && !tile->last &&
        tile->start_step == (pairs ? 3 : 1) && tile->end_tap > tile->first_tap) {
        walk_sums(tile, rows, cols, step, pairs);
        return;
    }
    const uint32_t *const offset = tile->offset;
    const float *const in = tile->in;
    const ptrdiff_t in_h = tile->in_h;
    const size_t first = (size_t)tile->first_tap, last = (size_t)tile->end_tap;
    const size_t taps = (size_t)tile->taps;
    for (int unit = tile->from; unit < tile->to; unit++) {
        const uint32_t *start = tile->start + (size_t)unit * tile->start_step;
        const float *weight = tile->weight + (size_t)unit * tile->weight_step;
        const int c = pairs ? 2 * unit : unit;
        const bool second = pairs && c + 1 < tile->channels;
        float *left =
            tile->scratch + (ptrdiff_t)(unit - tile->from) * (pairs ? 2 : 1) * positions * WIDTH;

        if (tile->ahead)
            ask_ahead(tile->ahead);
        if (tile->last && unit + AHEAD < tile->to) {
            const int later = pairs ? c + 2 * AHEAD : c + AHEAD;
            ask_for_finish(tile, rows, cols, later);
            if (pairs && later + 1 < tile->channels)
                ask_for_finish(tile, rows, cols, later + 1);
        }
        const float *bias = tile->bias ? tile->bias + c : NULL;
        Sums sums = start_sums(tile->first ? NULL : left, bias, positions, pairs, second);
        size_t j, end;
        const float *next;
        if (positions == 1 && !tile->start_step) {
            walk_one(tile, weight, start[first], start[last], pairs, true, &sums.a0, &sums.b0);
        } else if (positions == 1) {
            walk_one(tile, weight, start[first], start[last], pairs, false, &sums.a0, &sums.b0);
            if (pairs) {
                walk_one(tile, weight, start[taps + first], start[taps + last], false, false,
                         &sums.a0, &sums.b0);
                walk_one(tile, weight, start[2 * taps + first], start[2 * taps + last], false,
                         false, &sums.b0, &sums.a0);
            }
        } else if (pairs) {
            WALK_FROM(0);
            WALK_BOTH
            if (tile->start_step) {
                WALK_FROM(taps);
                WALK(ADD_A)
                WALK_FROM(2 * taps);
                WALK(ADD_B)
            }
        } else {
            WALK_FROM(0);
            WALK(ADD_A)
        }
        if (!tile->last)
            leave_sums(left, positions, pairs, sums);
        else
            finish(tile, rows, cols, c, second, sums);
    }
}

#define DEFINE(step, rows, cols)                                                                   \
    static void gather_##step##_##rows##x##cols(const CopConv3dTile *tile)                         \
    {                                                                                              \
        gather(tile, rows, cols, STEP_##step, false);                                              \
    }                                                                                              \
    static void pairs_##step##_##rows##x##cols(const CopConv3dTile *tile)                          \
    {                                                                                              \
        gather(tile, rows, cols, STEP_##step, true);                                               \
    }
EACH_SHAPE(DEFINE, 1)
EACH_SHAPE(DEFINE, 2)
EACH_SHAPE(DEFINE, any)

#define PAIRS(step, rows, cols)  [rows - 1][cols - 1] = pairs_##step##_##rows##x##cols,
#define GATHER(step, rows, cols) [rows - 1][cols - 1] = gather_##step##_##rows##x##cols,

const CopConv3dKernels TIER_NAME(cop_conv3d_kernels_) = {
    .width = WIDTH,
    .pairs_max = PAIRS_MAX,
    .correlate = &TIER_NAME(cop_correlate_kernels_),
    .winograd = &TIER_NAME(cop_winograd_kernels_),
    .mask = &TIER_NAME(cop_conv3d_mask_kernels_),
    .place = TIER_NAME(cop_conv3d_place_),
    .pairs = {{EACH_SHAPE(PAIRS, 1)}, {EACH_SHAPE(PAIRS, 2)}, {EACH_SHAPE(PAIRS, any)}},
    .gather = {{EACH_SHAPE(GATHER, 1)}, {EACH_SHAPE(GATHER, 2)}, {EACH_SHAPE(GATHER, any)}},
};

/* The innermost loops of conv3d's forward pass and of the gradient of its input, compiled
 * once a CPU tier with COP_TIER and COP_VEC_BYTES: out[r] += w * in[r + offset] over a list
 * of weights.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/conv3d_lane.h"

#define ADD_AT(r) (add + (r) / cols * tile->add_h + (r) % cols * tile->add_w)

/* Adds what slots begin..end contribute to one position, and, where two channels share
 * them, to the second channel's. A single sum would wait for itself. */
INLINE void walk_one(const CopConv3dTile *tile, const float *weight, size_t begin, size_t end,
                     const bool both, Vec *a, Vec *b)
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

/* Visits slots of one kind; STRIDE of them belong to one offset. */
#define WALK(KIND, STRIDE, BODY)                                                                   \
    for (size_t j = start[(KIND) + first], end = start[(KIND) + last]; j < end; j += (STRIDE)) {   \
        const float *in = tile->in + offset[j];                                                    \
        BODY                                                                                       \
    }

INLINE void gather(const CopConv3dTile *tile, const int rows, const int cols, const ptrdiff_t step,
                   const bool pairs)
{
    const int positions = rows * cols;
    if (pairs && positions > PAIRS_MAX)
        return;
    const uint32_t *offset = tile->offset;
    for (int unit = tile->from; unit < tile->to; unit++) {
        const uint32_t *start = tile->start + (size_t)unit * tile->start_step;
        const float *weight = tile->weight + (size_t)unit * tile->weight_step;
        const int c = pairs ? 2 * unit : unit;
        const bool second = pairs && c + 1 < tile->channels;
        float *scratch =
            tile->scratch + (ptrdiff_t)(unit - tile->from) * (pairs ? 2 : 1) * positions * WIDTH;

#define DECLARE(r) Vec a##r = {0}, b##r = {0};
#define BIAS_A(r)  a##r = bias;
#define BIAS_B(r)  b##r = bias;
#define RESUME(r)                                                                                  \
    if (r < positions) {                                                                           \
        a##r = LOAD(scratch + r * WIDTH);                                                          \
        if (pairs)                                                                                 \
            b##r = LOAD(scratch + (positions + r) * WIDTH);                                        \
    }
#define SUSPEND(r)                                                                                 \
    if (r < positions) {                                                                           \
        STORE(scratch + r * WIDTH) = a##r;                                                         \
        if (pairs)                                                                                 \
            STORE(scratch + (positions + r) * WIDTH) = b##r;                                       \
    }
#define ADD_BOTH(r)                                                                                \
    if (r < positions) {                                                                           \
        const Vec x = LOAD_ONCE(IN_PLACE(in, r));                                                  \
        a##r += w * x;                                                                             \
        b##r += v * x;                                                                             \
    }
#define ADD_A(r)                                                                                   \
    if (r < positions)                                                                             \
        a##r += w * IN_AT(in, r);
#define ADD_B(r)                                                                                   \
    if (r < positions)                                                                             \
        b##r += w * IN_AT(in, r);

        if (tile->ahead)
            ask_ahead(tile->ahead);
        EACH_POSITION(DECLARE)
        if (!tile->first) {
            EACH_POSITION(RESUME)
        } else if (tile->bias) {
            Vec bias = tile->bias[c] - (Vec){0};
            EACH_POSITION(BIAS_A)
            if (second) {
                bias = tile->bias[c + 1] - (Vec){0};
                EACH_POSITION(BIAS_B)
            }
        }
        const size_t first = (size_t)tile->first_tap, last = (size_t)tile->end_tap;
        const size_t taps = (size_t)tile->taps;
        if (positions == 1) {
            walk_one(tile, weight, start[first], start[last], pairs, &a0, &b0);
            if (pairs && tile->start_step) {
                walk_one(tile, weight, start[taps + first], start[taps + last], false, &a0, &b0);
                walk_one(tile, weight, start[2 * taps + first], start[2 * taps + last], false, &b0,
                         &a0);
            }
        } else if (pairs) {
            WALK(0, 2, const Vec w = weight[j] - (Vec){0}; const Vec v = weight[j + 1] - (Vec){0};
                 EACH_POSITION(ADD_BOTH))
            if (tile->start_step) {
                WALK(taps, 1, const Vec w = weight[j] - (Vec){0}; EACH_POSITION(ADD_A))
                WALK(2 * taps, 1, const Vec w = weight[j] - (Vec){0}; EACH_POSITION(ADD_B))
            }
        } else {
            /* The next offset is there before the products of this one are under way. */
            const float *next = tile->in + offset[start[first]];
            for (size_t j = start[first], end = start[last]; j < end; j++) {
                const float *in = next;
                const Vec w = weight[j] - (Vec){0};
                next = tile->in + offset[j + 1];
                EACH_POSITION(ADD_A)
            }
        }
        if (!tile->last) {
            EACH_POSITION(SUSPEND)
            continue;
        }

#define PLUS_A(r)                                                                                  \
    if (r < positions)                                                                             \
        a##r += LOAD(ADD_AT(r));
#define PLUS_B(r)                                                                                  \
    if (r < positions)                                                                             \
        b##r += LOAD(ADD_AT(r));
#define RELU(r)                                                                                    \
    a##r = (Vec)((VecI)a##r & (a##r > 0));                                                         \
    b##r = (Vec)((VecI)b##r & (b##r > 0));
#define WRITE_A(r)                                                                                 \
    if (r < positions)                                                                             \
        STORE(OUT_AT(r)) = a##r;
#define WRITE_B(r)                                                                                 \
    if (r < positions)                                                                             \
        STORE(OUT_AT(r)) = b##r;
#define STREAM_A(r)                                                                                \
    if (r < positions)                                                                             \
        STREAM(OUT_AT(r), a##r);
#define STREAM_B(r)                                                                                \
    if (r < positions)                                                                             \
        STREAM(OUT_AT(r), b##r);

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
            continue;
        }
        EACH_POSITION(WRITE_A)
        out += tile->out_c;
        if (second) {
            EACH_POSITION(WRITE_B)
        }
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

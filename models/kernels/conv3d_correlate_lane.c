/* The innermost loops of the gradient of conv3d's weights, compiled once a CPU tier:
 * sum[j] += out[r] * in[r + offset[j]] over a list of weights.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/conv3d_lane.h"

typedef float Quad __attribute__((vector_size(16), may_alias));
typedef float UnalignedQuad __attribute__((vector_size(16), may_alias, aligned(4)));

/* Picks four floats of each 16-byte part of a and b; b's count from WIDTH. */
#if COP_VEC_BYTES == 64
#define PICK(a, b, i, j, k, l)                                                                     \
    __builtin_shufflevector(a, b, i, j, k, l, i + 4, j + 4, k + 4, l + 4, i + 8, j + 8, k + 8,     \
                            l + 8, i + 12, j + 12, k + 12, l + 12)
#elif COP_VEC_BYTES == 32
#define PICK(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l, i + 4, j + 4, k + 4, l + 4)
#else
#define PICK(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#endif

/* The sum of the 16-byte parts. */
INLINE Quad fold(Vec v)
{
#if COP_VEC_BYTES == 64
    typedef float Half __attribute__((vector_size(32)));
    const Half half = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                      __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    return __builtin_shufflevector(half, half, 0, 1, 2, 3) +
           __builtin_shufflevector(half, half, 4, 5, 6, 7);
#elif COP_VEC_BYTES == 32
    return __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
#else
    return v;
#endif
}

/* The sums over the lanes of four vectors. */
INLINE Quad sum_lanes(Vec a, Vec b, Vec c, Vec d)
{
    const Vec ab = PICK(a, b, 0, WIDTH, 1, WIDTH + 1) + PICK(a, b, 2, WIDTH + 2, 3, WIDTH + 3);
    const Vec cd = PICK(c, d, 0, WIDTH, 1, WIDTH + 1) + PICK(c, d, 2, WIDTH + 2, 3, WIDTH + 3);
    return fold(PICK(ab, cd, 0, 1, WIDTH, WIDTH + 1) + PICK(ab, cd, 2, 3, WIDTH + 2, WIDTH + 3));
}

/* The distance of rows, read anew for every few slots: with one that stays, gcc would keep the
 * distance of each position in a register of its own. */
#define ROW_STEP(tile) (*(const volatile ptrdiff_t *)&(tile)->in_h)

/* Of four weights, each `stride` behind the one before. */
INLINE void add_four(float *weight, size_t stride, Quad sums)
{
    if (stride == 1) {
        *(UnalignedQuad *)weight += sums;
        return;
    }
    for (size_t k = 0; k < 4; k++)
        weight[k * stride] += sums[k];
}

#define MEMBER(r) Vec y##r;
/* What a channel of dy has at the positions of a tile. */
typedef struct Held {
    EACH_POSITION(MEMBER)
} Held;

#define HOLD(r) held.y##r = r < positions ? LOAD(OUT_AT(r)) : (Vec){0};
#define REQUEST(r)                                                                                 \
    if (r < positions)                                                                             \
        __builtin_prefetch(OUT_AT(r));
#define AT(p, r) LOAD((p) + (r) / cols * in_h + (r) % cols * step)
#define ONE(r)                                                                                     \
    if (r < positions)                                                                             \
        sum0 += held.y##r * AT(in0, r);
#define THREE(r)                                                                                   \
    if (r < positions) {                                                                           \
        sum0 += held.y##r * AT(in0, r);                                                            \
        sum1 += held.y##r * AT(in1, r);                                                            \
        sum2 += held.y##r * AT(in2, r);                                                            \
    }
#define FOUR(r)                                                                                    \
    if (r < positions) {                                                                           \
        THREE(r)                                                                                   \
        sum3 += held.y##r * AT(in3, r);                                                            \
    }
#define EIGHT(r)                                                                                   \
    if (r < positions) {                                                                           \
        FOUR(r)                                                                                    \
        sum4 += held.y##r * AT(in4, r);                                                            \
        sum5 += held.y##r * AT(in5, r);                                                            \
        sum6 += held.y##r * AT(in6, r);                                                            \
        sum7 += held.y##r * AT(in7, r);                                                            \
    }
#define INPUT(k, slot) const float *in##k = in + offset[slot]

/* The sums of eight slots, which lie `stride` apart; add_four_slots those of four. `in` is the
 * tile's: read from there, it would be read anew behind every store. */
INLINE void add_eight_slots(const CopConv3dTile *tile, const float *in, const int rows,
                            const int cols, const ptrdiff_t step, const Held held,
                            const uint32_t *offset, float *weight, const size_t stride)
{
    const int positions = rows * cols;
    Vec sum0 = {0}, sum1 = {0}, sum2 = {0}, sum3 = {0};
    Vec sum4 = {0}, sum5 = {0}, sum6 = {0}, sum7 = {0};
    INPUT(0, 0);
    INPUT(1, stride);
    INPUT(2, 2 * stride);
    INPUT(3, 3 * stride);
    INPUT(4, 4 * stride);
    INPUT(5, 5 * stride);
    INPUT(6, 6 * stride);
    INPUT(7, 7 * stride);
    const ptrdiff_t in_h = ROW_STEP(tile);
    EACH_POSITION(EIGHT)
    add_four(weight, stride, sum_lanes(sum0, sum1, sum2, sum3));
    add_four(weight + 4 * stride, stride, sum_lanes(sum4, sum5, sum6, sum7));
}

INLINE void add_four_slots(const CopConv3dTile *tile, const float *in, const int rows,
                           const int cols, const ptrdiff_t step, const Held held,
                           const uint32_t *offset, float *weight, const size_t stride)
{
    const int positions = rows * cols;
    Vec sum0 = {0}, sum1 = {0}, sum2 = {0}, sum3 = {0};
    INPUT(0, 0);
    INPUT(1, stride);
    INPUT(2, 2 * stride);
    INPUT(3, 3 * stride);
    const ptrdiff_t in_h = ROW_STEP(tile);
    EACH_POSITION(FOUR)
    add_four(weight, stride, sum_lanes(sum0, sum1, sum2, sum3));
}

/* Of two or three slots: the last one stands in for what is missing. */
INLINE void add_few_slots(const CopConv3dTile *tile, const float *in, const int rows,
                          const int cols, const ptrdiff_t step, const Held held, const size_t n,
                          const uint32_t *offset, float *weight, const size_t stride)
{
    const int positions = rows * cols;
    const ptrdiff_t in_h = tile->in_h;
    Vec sum0 = {0}, sum1 = {0}, sum2 = {0};
    INPUT(0, 0);
    INPUT(1, stride);
    INPUT(2, (n - 1) * stride);
    EACH_POSITION(THREE)
    const Quad sums = sum_lanes(sum0, sum1, sum2, sum2);
    weight[0] += sums[0];
    weight[stride] += sums[1];
    if (n == 3)
        weight[2 * stride] += sums[2];
}

INLINE void add_one_slot(const CopConv3dTile *tile, const float *in, const int rows, const int cols,
                         const ptrdiff_t step, const Held held, const uint32_t *offset,
                         float *weight)
{
    const int positions = rows * cols;
    const ptrdiff_t in_h = tile->in_h;
    Vec sum0 = {0};
    INPUT(0, 0);
    EACH_POSITION(ONE)
    *weight += sum_lanes(sum0, sum0, sum0, sum0)[0]; /* in the order of the others */
}

/* The n slots of a list, which lie `stride` apart. */
INLINE void correlate_list(const CopConv3dTile *tile, const float *in, const int rows,
                           const int cols, const ptrdiff_t step, const Held held, size_t n,
                           const uint32_t *offset, float *weight, const size_t stride)
{
    for (; EIGHT_SUMS && n >= 8; n -= 8, offset += 8 * stride, weight += 8 * stride)
        add_eight_slots(tile, in, rows, cols, step, held, offset, weight, stride);
    for (; n >= 4; n -= 4, offset += 4 * stride, weight += 4 * stride)
        add_four_slots(tile, in, rows, cols, step, held, offset, weight, stride);
    if (n == 1)
        add_one_slot(tile, in, rows, cols, step, held, offset, weight);
    else if (n > 1)
        add_few_slots(tile, in, rows, cols, step, held, n, offset, weight, stride);
}

INLINE void correlate(const CopConv3dTile *restrict tile, const int rows, const int cols,
                      const ptrdiff_t step)
{
    const int positions = rows * cols;
    if (positions > CORRELATE_MAX)
        return;
    const float *const in = tile->in;
    const int first = tile->first_tap, end = tile->end_tap;
    for (int c = tile->from; c < tile->to; c++) {
        const size_t unit = (size_t)(tile->pairs ? c / 2 : c);
        const uint32_t *start = tile->start + unit * tile->start_step;
        float *const weights = tile->weight + unit * tile->weight_step;
        const float *out = tile->out + c * tile->out_c;
        if (tile->ahead)
            ask_ahead(tile->ahead);
        Held held;
        EACH_POSITION(HOLD)
        if (tile->first && c + AHEAD < tile->to) {
            out += AHEAD * tile->out_c;
            EACH_POSITION(REQUEST)
        }
        if (tile->pairs) {
            /* The slots that both channels share; then those of this one. */
            correlate_list(tile, in, rows, cols, step, held, (start[end] - start[first]) / 2,
                           tile->offset + start[first], weights + start[first] + c % 2, 2);
            start += (1 + c % 2) * tile->taps;
        }
        correlate_list(tile, in, rows, cols, step, held, start[end] - start[first],
                       tile->offset + start[first], weights + start[first], 1);
    }
}

/* Channels whose sums with four offsets of a shared list registers hold at a time. */
#if COP_VEC_BYTES == 64 || defined(__aarch64__)
enum { SHARED_CHANNELS = 4 };
#else
enum { SHARED_CHANNELS = 2 };
#endif

#define EACH_CHANNEL(M) M(0) M(1) M(2) M(3)

static float *weights_of(const CopConv3dTile *tile, int c)
{
    return tile->pairs ? tile->weight + (size_t)(c / 2) * tile->weight_step + c % 2
                       : tile->weight + (size_t)c * tile->weight_step;
}

/* Sums of SHARED_CHANNELS channels from c on, with all offsets of the list. */
INLINE void correlate_channels(const CopConv3dTile *tile, int c, const int channels)
{
    const size_t stride = tile->pairs ? 2 : 1, begin = tile->start[tile->first_tap];
    const size_t n = tile->start[tile->end_tap] - begin;
    const uint32_t *offset = tile->offset + begin;
    for (size_t j = 0; j < n; j += 4 * stride) {
        /* Fewer than four are left: the last one stands in, and its sums are dropped. */
        const size_t left = (n - j) / stride, last = j + (left < 4 ? left - 1 : 3) * stride;
        const float *in0 = tile->in + offset[j];
        const float *in1 = tile->in + offset[j + stride < last ? j + stride : last];
        const float *in2 = tile->in + offset[j + 2 * stride < last ? j + 2 * stride : last];
        const float *in3 = tile->in + offset[last];
        const float *out = tile->out + c * tile->out_c;
#define SUMS(q) Vec s##q##0 = {0}, s##q##1 = {0}, s##q##2 = {0}, s##q##3 = {0};
#define MULTIPLY(q)                                                                                \
    if (q < channels) {                                                                            \
        const Vec y = LOAD_ONCE(out + q * tile->out_c);                                            \
        s##q##0 += x0 * y;                                                                         \
        s##q##1 += x1 * y;                                                                         \
        s##q##2 += x2 * y;                                                                         \
        s##q##3 += x3 * y;                                                                         \
    }
#define COLLECT(q)                                                                                 \
    if (q < channels) {                                                                            \
        const Quad sums = sum_lanes(s##q##0, s##q##1, s##q##2, s##q##3);                           \
        float *weight = weights_of(tile, c + q) + begin + j;                                       \
        for (size_t k = 0; k < left && k < 4; k++)                                                 \
            weight[k * stride] += sums[k];                                                         \
    }
        EACH_CHANNEL(SUMS)
        for (int row = 0; row < tile->rows; row++) {
            for (int col = 0; col < tile->cols; col++) {
                const Vec x0 = LOAD_ONCE(in0), x1 = LOAD_ONCE(in1);
                const Vec x2 = LOAD_ONCE(in2), x3 = LOAD_ONCE(in3);
                EACH_CHANNEL(MULTIPLY)
                in0 += tile->in_w;
                in1 += tile->in_w;
                in2 += tile->in_w;
                in3 += tile->in_w;
                out += COP_LANES;
            }
            const ptrdiff_t next = tile->in_h - tile->cols * tile->in_w;
            in0 += next;
            in1 += next;
            in2 += next;
            in3 += next;
            out += tile->out_h - tile->cols * COP_LANES;
        }
        EACH_CHANNEL(COLLECT)
    }
}

static void correlate_shared(const CopConv3dTile *tile)
{
    int c = tile->from;
    for (; c + SHARED_CHANNELS <= tile->to; c += SHARED_CHANNELS)
        correlate_channels(tile, c, SHARED_CHANNELS);
    for (; c < tile->to; c++)
        correlate_channels(tile, c, 1);
}

#define DEFINE(step, rows, cols)                                                                   \
    static void correlate_##step##_##rows##x##cols(const CopConv3dTile *tile)                      \
    {                                                                                              \
        correlate(tile, rows, cols, STEP_##step);                                                  \
    }
EACH_SHAPE(DEFINE, 1)
EACH_SHAPE(DEFINE, 2)
EACH_SHAPE(DEFINE, any)

#define CORRELATE(step, rows, cols) [rows - 1][cols - 1] = correlate_##step##_##rows##x##cols,

const CopCorrelateKernels TIER_NAME(cop_correlate_kernels_) = {
    .most = CORRELATE_MAX,
    .shared = correlate_shared,
    .tile = {{EACH_SHAPE(CORRELATE, 1)}, {EACH_SHAPE(CORRELATE, 2)}, {EACH_SHAPE(CORRELATE, any)}},
};

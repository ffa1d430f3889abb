/* The innermost loops of conv3d, compiled once a CPU tier with COP_TIER and
 * COP_VEC_BYTES. `gather` is the forward pass and the gradient of the input:
 * out[r] += w * in[r + offset] over a list of weights. `correlate` is the
 * gradient of the weights: sum[j] += out[r] * in[r + offset[j]].
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/conv3d_kernels.h"

#include "models/core/tensor.h"
#include "models/kernels/lane_vector.h"

typedef float Quad __attribute__((vector_size(16), may_alias));
typedef float UnalignedQuad __attribute__((vector_size(16), may_alias, aligned(4)));

/* Sixteen registers hold six positions of two channels, or seven positions, four sums
 * and room to add them up; thirty-two hold fourteen. */
#if COP_VEC_BYTES == 64 || defined(__aarch64__)
enum { PAIRS_MAX = COP_TILE_MAX, CORRELATE_MAX = COP_TILE_MAX };
#else
enum { PAIRS_MAX = 6, CORRELATE_MAX = 7 };
#endif

/* One variable a position and conditions that fold away, rather than arrays
 * and loops: an array of vectors is only in registers if the optimiser feels
 * like it. */
#define EACH_POSITION(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12) M(13)

#define IN_PLACE(p, r) ((p) + (r) / cols * tile->in_h + (r) % cols * step)
#define IN_AT(p, r)    LOAD(IN_PLACE(p, r))
/* Volatile, or gcc makes it an operand of each product and loads it twice. */
#define LOAD_ONCE(p) (*(const volatile Vec *)(p))
/* One weight, by way of a general register: loads into vectors are what bounds a single
 * channel's list, one for each product. */
#define SPREAD(p) ((Vec)(*(const volatile Bits *)(const void *)(p) - (VecI){0}))
#define OUT_AT(r) (out + (r) / cols * tile->out_h + (r) % cols * tile->out_w)
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
            WALK(0, 1, const Vec w = SPREAD(weight + j); EACH_POSITION(ADD_A))
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

INLINE void correlate(const CopConv3dTile *tile, const int rows, const int cols,
                      const ptrdiff_t step)
{
    const int positions = rows * cols;
    if (positions > CORRELATE_MAX)
        return;
    for (int c = tile->from; c < tile->to; c++) {
        const size_t unit = (size_t)(tile->pairs ? c / 2 : c);
        const uint32_t *start = tile->start + unit * tile->start_step;
        const float *out = tile->out + c * tile->out_c;

#define HOLD(r) const Vec held##r = r < positions ? LOAD(OUT_AT(r)) : (Vec){0};
#define FOUR(r)                                                                                    \
    if (r < positions) {                                                                           \
        sum0 += held##r * IN_AT(in0, r);                                                           \
        sum1 += held##r * IN_AT(in1, r);                                                           \
        sum2 += held##r * IN_AT(in2, r);                                                           \
        sum3 += held##r * IN_AT(in3, r);                                                           \
    }
#define ONE(r)                                                                                     \
    if (r < positions)                                                                             \
        sum += held##r * IN_AT(in, r);

        EACH_POSITION(HOLD)
        /* The slots that a pair's channels share, and then those of this one. */
        const int lists = tile->pairs ? 2 : 1;
        for (int list = 0; list < lists; list++) {
            const int kind = list ? (1 + c % 2) * tile->taps : 0;
            const size_t stride = tile->pairs && !list ? 2 : 1;
            const size_t begin = start[kind + tile->first_tap];
            const size_t n = (start[kind + tile->end_tap] - begin) / stride;
            const uint32_t *offset = tile->offset + begin;
            float *weight = tile->weight + unit * tile->weight_step + begin;
            if (stride == 2)
                weight += c % 2;
            size_t j = 0;
            for (; j + 4 <= n; j += 4, offset += 4 * stride, weight += 4 * stride) {
                const float *in0 = tile->in + offset[0], *in1 = tile->in + offset[stride];
                const float *in2 = tile->in + offset[2 * stride];
                const float *in3 = tile->in + offset[3 * stride];
                Vec sum0 = {0}, sum1 = {0}, sum2 = {0}, sum3 = {0};
                EACH_POSITION(FOUR)
                const Quad quad = sum_lanes(sum0, sum1, sum2, sum3);
                if (stride == 1) {
                    *(UnalignedQuad *)weight += quad;
                    continue;
                }
                for (int k = 0; k < 4; k++)
                    weight[2 * k] += quad[k];
            }
            for (; j < n; j++, offset += stride, weight += stride) {
                const float *in = tile->in + *offset;
                Vec sum = {0};
                EACH_POSITION(ONE)
                const Quad quad = fold(sum);
                *weight += (quad[0] + quad[2]) + (quad[1] + quad[3]);
            }
        }
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

#define STEP_1   COP_LANES
#define STEP_2   (2 * COP_LANES)
#define STEP_any tile->in_w

#define DEFINE(step, rows, cols)                                                                   \
    static void gather_##step##_##rows##x##cols(const CopConv3dTile *tile)                         \
    {                                                                                              \
        gather(tile, rows, cols, STEP_##step, false);                                              \
    }                                                                                              \
    static void pairs_##step##_##rows##x##cols(const CopConv3dTile *tile)                          \
    {                                                                                              \
        gather(tile, rows, cols, STEP_##step, true);                                               \
    }                                                                                              \
    static void correlate_##step##_##rows##x##cols(const CopConv3dTile *tile)                      \
    {                                                                                              \
        correlate(tile, rows, cols, STEP_##step);                                                  \
    }
EACH_SHAPE(DEFINE, 1)
EACH_SHAPE(DEFINE, 2)
EACH_SHAPE(DEFINE, any)

#define PAIRS(step, rows, cols)     [rows - 1][cols - 1] = pairs_##step##_##rows##x##cols,
#define GATHER(step, rows, cols)    [rows - 1][cols - 1] = gather_##step##_##rows##x##cols,
#define CORRELATE(step, rows, cols) [rows - 1][cols - 1] = correlate_##step##_##rows##x##cols,

const CopConv3dKernels TIER_NAME(cop_conv3d_kernels_) = {
    .width = WIDTH,
    .pairs_max = PAIRS_MAX,
    .correlate_max = CORRELATE_MAX,
    .correlate_shared = correlate_shared,
    .winograd = &TIER_NAME(cop_winograd_kernels_),
    .mask = &TIER_NAME(cop_conv3d_mask_kernels_),
    .place = TIER_NAME(cop_conv3d_place_),
    .pairs = {{EACH_SHAPE(PAIRS, 1)}, {EACH_SHAPE(PAIRS, 2)}, {EACH_SHAPE(PAIRS, any)}},
    .gather = {{EACH_SHAPE(GATHER, 1)}, {EACH_SHAPE(GATHER, 2)}, {EACH_SHAPE(GATHER, any)}},
    .correlate = {{EACH_SHAPE(CORRELATE, 1)},
                  {EACH_SHAPE(CORRELATE, 2)},
                  {EACH_SHAPE(CORRELATE, any)}},
};

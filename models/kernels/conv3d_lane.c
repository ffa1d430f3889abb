/* The innermost loops of conv3d, compiled once a CPU tier with COP_TIER and
 * COP_VEC_BYTES. `gather` is the forward pass and the gradient of the input:
 * out[r] += w * in[r + offset] over a list of weights. `correlate` is the
 * gradient of the weights: sum[j] += out[r] * in[r + offset[j]].
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/conv3d_kernels.h"

#include "models/core/tensor.h"

#define INLINE static inline __attribute__((always_inline))

typedef float Vec __attribute__((vector_size(COP_VEC_BYTES), may_alias));
typedef int VecI __attribute__((vector_size(COP_VEC_BYTES)));
typedef float Quad __attribute__((vector_size(16), may_alias));
typedef float UnalignedQuad __attribute__((vector_size(16), may_alias, aligned(4)));

enum { WIDTH = COP_VEC_BYTES / sizeof(float) };

/* Sixteen registers hold seven positions, four sums and room to add them up. */
#if COP_VEC_BYTES == 64 || defined(__aarch64__)
enum { CORRELATE_MAX = COP_TILE_MAX };
#else
enum { CORRELATE_MAX = COP_TILE_MAX / 2 };
#endif

/* One variable a position and conditions that fold away, rather than arrays
 * and loops: an array of vectors is only in registers if the optimiser feels
 * like it. */
#define EACH_POSITION(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12) M(13)

#define LOAD(p)     (*(const Vec *)(p))
#define STORE(p)    (*(Vec *)(p))
#define IN_AT(p, r) LOAD((p) + (r) / cols * tile->in_h + (r) % cols * step)
#define OUT_AT(r)   (out + (r) / cols * tile->out_h + (r) % cols * tile->out_w)

INLINE void gather(const CopConv3dTile *tile, const int rows, const int cols, const ptrdiff_t step)
{
    const int positions = rows * cols;
    float *scratch = tile->scratch + (size_t)tile->from * (size_t)positions * WIDTH;
    for (int c = tile->from; c < tile->to; c++) {
        const uint32_t *start = tile->start + (size_t)c * tile->start_step;
        const size_t begin = start[tile->first_tap], n = start[tile->end_tap] - begin;
        const uint32_t *offset = tile->offset + begin;
        const float *weight = tile->weight + (size_t)c * tile->weight_step + begin;
        float *out = tile->out + c * tile->out_c;

#define DECLARE(r) Vec sum##r = {0};
#define BIAS(r)    sum##r = bias;
#define RESUME(r)                                                                                  \
    if (r < positions)                                                                             \
        sum##r = LOAD(scratch + r * WIDTH);
#define ADD(r)                                                                                     \
    if (r < positions)                                                                             \
        sum##r += w * IN_AT(in, r);
#define PLUS_ADD(r)                                                                                \
    if (r < positions)                                                                             \
        sum##r += LOAD(add + (r) / cols * tile->add_h + (r) % cols * tile->add_w);
#define RELU(r) sum##r = (Vec)((VecI)sum##r & (sum##r > 0));
#define WRITE(r)                                                                                   \
    if (r < positions)                                                                             \
        STORE(OUT_AT(r)) = sum##r;
#define SUSPEND(r)                                                                                 \
    if (r < positions)                                                                             \
        STORE(scratch + r * WIDTH) = sum##r;

        EACH_POSITION(DECLARE)
        if (!tile->first) {
            EACH_POSITION(RESUME)
        } else if (tile->bias) {
            const Vec bias = tile->bias[c] - (Vec){0};
            EACH_POSITION(BIAS)
        }
        for (size_t j = 0; j < n; j++) {
            const float *in = tile->in + offset[j];
            const Vec w = weight[j] - (Vec){0};
            EACH_POSITION(ADD)
        }
        if (tile->last) {
            if (tile->add) {
                const float *add = tile->add + c * tile->add_c;
                EACH_POSITION(PLUS_ADD)
            }
            if (tile->relu) {
                EACH_POSITION(RELU)
            }
            EACH_POSITION(WRITE)
        } else {
            EACH_POSITION(SUSPEND)
        }
        scratch += positions * WIDTH;
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
        const uint32_t *start = tile->start + (size_t)c * tile->start_step;
        const size_t begin = start[tile->first_tap], n = start[tile->end_tap] - begin;
        const uint32_t *offset = tile->offset + begin;
        float *weight = tile->weight + (size_t)c * tile->weight_step + begin;
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
        size_t j = 0;
        for (; j + 4 <= n; j += 4) {
            const float *in0 = tile->in + offset[j], *in1 = tile->in + offset[j + 1];
            const float *in2 = tile->in + offset[j + 2], *in3 = tile->in + offset[j + 3];
            Vec sum0 = {0}, sum1 = {0}, sum2 = {0}, sum3 = {0};
            EACH_POSITION(FOUR)
            *(UnalignedQuad *)(weight + j) += sum_lanes(sum0, sum1, sum2, sum3);
        }
        for (; j < n; j++) {
            const float *in = tile->in + offset[j];
            Vec sum = {0};
            EACH_POSITION(ONE)
            const Quad quad = fold(sum);
            weight[j] += (quad[0] + quad[2]) + (quad[1] + quad[3]);
        }
    }
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
        gather(tile, rows, cols, STEP_##step);                                                     \
    }                                                                                              \
    static void correlate_##step##_##rows##x##cols(const CopConv3dTile *tile)                      \
    {                                                                                              \
        correlate(tile, rows, cols, STEP_##step);                                                  \
    }
EACH_SHAPE(DEFINE, 1)
EACH_SHAPE(DEFINE, 2)
EACH_SHAPE(DEFINE, any)

#define GATHER(step, rows, cols)    [rows - 1][cols - 1] = gather_##step##_##rows##x##cols,
#define CORRELATE(step, rows, cols) [rows - 1][cols - 1] = correlate_##step##_##rows##x##cols,

#define JOIN(a, b)  a##b
#define TABLE(tier) JOIN(cop_conv3d_kernels_, tier)

const CopConv3dKernels TABLE(COP_TIER) = {
    .width = WIDTH,
    .correlate_max = CORRELATE_MAX,
    .gather = {{EACH_SHAPE(GATHER, 1)}, {EACH_SHAPE(GATHER, 2)}, {EACH_SHAPE(GATHER, any)}},
    .correlate = {{EACH_SHAPE(CORRELATE, 1)},
                  {EACH_SHAPE(CORRELATE, 2)},
                  {EACH_SHAPE(CORRELATE, any)}},
};

/* Batch normalisation, activations and pooling over lane tensors, compiled once
 * a tier. A row of w positions is 16 w contiguous floats.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "models/kernels/lane_kernels.h"

#define PASTE2(a, b) a##b
#define PASTE(a, b)  PASTE2(a, b)

enum { VW = COP_VEC_BYTES / 4, PARTS = COP_LANES / VW };

typedef float Vec __attribute__((vector_size(COP_VEC_BYTES), aligned(COP_VEC_BYTES), may_alias));
typedef int VecI __attribute__((vector_size(COP_VEC_BYTES), aligned(COP_VEC_BYTES), may_alias));

/* The lanes of one position, in tier-sized parts. */
typedef struct Lanes {
    Vec part[PARTS];
} Lanes;

#define EACH_ROW(x, g, t, h)                                                                       \
    for (int g = 0; g < (x)->g; g++)                                                               \
        for (int t = 0; t < (x)->t; t++)                                                           \
            for (int h = 0; h < (x)->h; h++)

static inline const Vec *vec(const float *p)
{
    return (const Vec *)(const void *)p;
}

static inline Vec *vec_out(float *p)
{
    return (Vec *)(void *)p;
}

static inline Vec splat(float x)
{
    return x - (Vec){0};
}

/* mask ? a : b, lane by lane; mask is all ones or all zeros a lane */
static inline Vec select(VecI mask, Vec a, Vec b)
{
    return (Vec)(((VecI)a & mask) | ((VecI)b & ~mask));
}

/* all ones in the first `lanes` of the sixteen, for part p */
static inline VecI valid(int lanes, int p)
{
    VecI index;
    for (int i = 0; i < VW; i++)
        index[i] = p * VW + i;
    return index < lanes;
}

static void collect(double sum[COP_LANES], const Lanes *row)
{
    for (int p = 0; p < PARTS; p++)
        for (int i = 0; i < VW; i++)
            sum[p * VW + i] += (double)row->part[p][i];
}

/* Adds up lanes: all sixteen in full groups, the valid ones in the last. */
static double total(const double *sum, int lanes)
{
    double all = 0;
    for (int lane = 0; lane < lanes; lane++)
        all += sum[lane];
    return all;
}

static double sum(const CopTensor *x, int c)
{
    double all = 0;
    for (int g = 0; g < x->g; g++) {
        double lane[COP_LANES] = {0};
        for (int t = 0; t < x->t; t++)
            for (int h = 0; h < x->h; h++) {
                const Vec *in = vec(cop_tensor_at(x, g, c, t, h, 0));
                Lanes acc = {0};
                for (int w = 0; w < x->w; w++)
                    for (int p = 0; p < PARTS; p++)
                        acc.part[p] += in[w * PARTS + p];
                collect(lane, &acc);
            }
        all += total(lane, cop_tensor_lanes(x, g));
    }
    return all;
}

static double square_sum(const CopTensor *x, int c, float mean)
{
    double all = 0;
    for (int g = 0; g < x->g; g++) {
        double lane[COP_LANES] = {0};
        for (int t = 0; t < x->t; t++)
            for (int h = 0; h < x->h; h++) {
                const Vec *in = vec(cop_tensor_at(x, g, c, t, h, 0));
                Lanes acc = {0};
                for (int w = 0; w < x->w; w++)
                    for (int p = 0; p < PARTS; p++) {
                        const Vec d = in[w * PARTS + p] - mean;
                        acc.part[p] += d * d;
                    }
                collect(lane, &acc);
            }
        all += total(lane, cop_tensor_lanes(x, g));
    }
    return all;
}

static void norm_sums(const CopTensor *x, const CopTensor *dy, int c, float mean, double *dy_sum,
                      double *dyx_sum)
{
    *dy_sum = *dyx_sum = 0;
    for (int g = 0; g < x->g; g++) {
        double lane_dy[COP_LANES] = {0}, lane_dyx[COP_LANES] = {0};
        for (int t = 0; t < x->t; t++)
            for (int h = 0; h < x->h; h++) {
                const Vec *in = vec(cop_tensor_at(x, g, c, t, h, 0));
                const Vec *grad = vec(cop_tensor_at(dy, g, c, t, h, 0));
                Lanes acc_dy = {0}, acc_dyx = {0};
                for (int w = 0; w < x->w; w++)
                    for (int p = 0; p < PARTS; p++) {
                        const Vec d = grad[w * PARTS + p];
                        acc_dy.part[p] += d;
                        acc_dyx.part[p] += d * (in[w * PARTS + p] - mean);
                    }
                collect(lane_dy, &acc_dy);
                collect(lane_dyx, &acc_dyx);
            }
        *dy_sum += total(lane_dy, cop_tensor_lanes(x, g));
        *dyx_sum += total(lane_dyx, cop_tensor_lanes(x, g));
    }
}

static void norm(const CopTensor *x, const CopTensor *y, int c, float mean, float scale,
                 float shift)
{
    EACH_ROW(x, g, t, h) {
        const Vec *in = vec(cop_tensor_at(x, g, c, t, h, 0));
        Vec *out = vec_out(cop_tensor_at(y, g, c, t, h, 0));
        for (int i = 0; i < x->w * PARTS; i++)
            out[i] = (in[i] - mean) * scale + shift;
    }
}

static void norm_backward(const CopTensor *x, const CopTensor *dy, const CopTensor *dx, int c,
                          float mean, float a, float b, float k, bool accumulate)
{
    EACH_ROW(x, g, t, h) {
        const int lanes = cop_tensor_lanes(x, g);
        const Vec *in = vec(cop_tensor_at(x, g, c, t, h, 0));
        const Vec *grad = vec(cop_tensor_at(dy, g, c, t, h, 0));
        Vec *out = vec_out(cop_tensor_at(dx, g, c, t, h, 0));
        for (int w = 0; w < x->w; w++)
            for (int p = 0; p < PARTS; p++) {
                const int i = w * PARTS + p;
                Vec d = a * grad[i] + (b * (in[i] - mean) + k);
                if (accumulate)
                    d += out[i];
                out[i] = select(valid(lanes, p), d, splat(0));
            }
    }
}

static void relu(const CopTensor *x, const CopTensor *y, int c)
{
    EACH_ROW(x, g, t, h) {
        const Vec *in = vec(cop_tensor_at(x, g, c, t, h, 0));
        Vec *out = vec_out(cop_tensor_at(y, g, c, t, h, 0));
        for (int i = 0; i < x->w * PARTS; i++)
            out[i] = select(in[i] < splat(0), splat(0), in[i]); /* keeps NaN */
    }
}

static void relu_backward(const CopTensor *y, const CopTensor *dy, const CopTensor *dx, int c,
                          bool accumulate)
{
    EACH_ROW(y, g, t, h) {
        const Vec *out = vec(cop_tensor_at(y, g, c, t, h, 0));
        const Vec *grad = vec(cop_tensor_at(dy, g, c, t, h, 0));
        Vec *in = vec_out(cop_tensor_at(dx, g, c, t, h, 0));
        for (int i = 0; i < y->w * PARTS; i++) {
            Vec d = select(out[i] > splat(0), grad[i], splat(0));
            if (accumulate)
                d += in[i];
            in[i] = d;
        }
    }
}

static void add(const CopTensor *a, const CopTensor *b, const CopTensor *y, int c)
{
    EACH_ROW(y, g, t, h) {
        const Vec *in0 = vec(cop_tensor_at(a, g, c, t, h, 0));
        const Vec *in1 = vec(cop_tensor_at(b, g, c, t, h, 0));
        Vec *out = vec_out(cop_tensor_at(y, g, c, t, h, 0));
        for (int i = 0; i < y->w * PARTS; i++)
            out[i] = in0[i] + in1[i];
    }
}

static void copy(const CopTensor *x, const CopTensor *y, int c, bool accumulate)
{
    EACH_ROW(x, g, t, h) {
        const Vec *in = vec(cop_tensor_at(x, g, c, t, h, 0));
        Vec *out = vec_out(cop_tensor_at(y, g, c, t, h, 0));
        for (int i = 0; i < x->w * PARTS; i++) {
            Vec value = in[i];
            if (accumulate)
                value += out[i];
            out[i] = value;
        }
    }
}

/* Part of a window that lies inside 0..size-1: first..last, last exclusive. */
static void clip_window(int out, int stride, int pad, int k, int size, int *first, int *last)
{
    *first = out * stride - pad;
    *last = *first + k;
    if (*first < 0)
        *first = 0;
    if (*last > size)
        *last = size;
}

typedef struct Window {
    int t0, t1, h0, h1, w0, w1;
} Window;

static Window window_at(const CopTensor *x, const CopPoolShape *s, int t, int h, int w)
{
    Window win;
    clip_window(t, s->st, s->pt, s->kt, x->t, &win.t0, &win.t1);
    clip_window(h, s->sh, s->ph, s->kh, x->h, &win.h0, &win.h1);
    clip_window(w, s->sw, s->pw, s->kw, x->w, &win.w0, &win.w1);
    return win;
}

#define EACH_TAP(win, t, h, w)                                                                     \
    for (int t = (win).t0; t < (win).t1; t++)                                                      \
        for (int h = (win).h0; h < (win).h1; h++)                                                  \
            for (int w = (win).w0; w < (win).w1; w++)

static void max_pool(const CopTensor *x, const CopTensor *y, int c, const CopPoolShape *shape)
{
    EACH_ROW(y, g, t, h)
        for (int w = 0; w < y->w; w++) {
            const Window win = window_at(x, shape, t, h, w);
            Lanes best;
            for (int p = 0; p < PARTS; p++)
                best.part[p] = splat(-INFINITY);
            EACH_TAP(win, it, ih, iw) {
                const Vec *in = vec(cop_tensor_at(x, g, c, it, ih, iw));
                for (int p = 0; p < PARTS; p++)
                    best.part[p] = select((in[p] > best.part[p]) | (in[p] != in[p]), in[p],
                                          best.part[p]); /* NaN stays, as PyTorch has it */
            }
            memcpy(cop_tensor_at(y, g, c, t, h, w), &best, sizeof best);
        }
}

static void zero_channel(const CopTensor *x, int c)
{
    EACH_ROW(x, g, t, h)
        memset(cop_tensor_at(x, g, c, t, h, 0), 0, (size_t)x->w * COP_LANES * sizeof(float));
}

static void max_pool_backward(const CopTensor *x, const CopTensor *dy, const CopTensor *dx, int c,
                              const CopPoolShape *shape, bool accumulate)
{
    if (!accumulate)
        zero_channel(dx, c);
    EACH_ROW(dy, g, t, h)
        for (int w = 0; w < dy->w; w++) {
            const Window win = window_at(x, shape, t, h, w);
            const Vec *grad = vec(cop_tensor_at(dy, g, c, t, h, w));
            for (int p = 0; p < PARTS; p++) {
                Vec best = splat(-INFINITY);
                EACH_TAP(win, it, ih, iw) {
                    const Vec in = vec(cop_tensor_at(x, g, c, it, ih, iw))[p];
                    best = select(in > best, in, best);
                }
                VecI open = best == best;
                EACH_TAP(win, it, ih, iw) {
                    const Vec in = vec(cop_tensor_at(x, g, c, it, ih, iw))[p];
                    const VecI hit = (in == best) & open;
                    vec_out(cop_tensor_at(dx, g, c, it, ih, iw))[p] +=
                        select(hit, grad[p], splat(0));
                    open &= ~hit;
                }
            }
        }
}

static void avg_pool(const CopTensor *x, const CopTensor *y, int c, const CopPoolShape *shape)
{
    const float scale = 1.0f / (float)(shape->kt * shape->kh * shape->kw);
    EACH_ROW(y, g, t, h)
        for (int w = 0; w < y->w; w++) {
            const Window win = window_at(x, shape, t, h, w);
            Lanes acc = {0};
            EACH_TAP(win, it, ih, iw) {
                const Vec *in = vec(cop_tensor_at(x, g, c, it, ih, iw));
                for (int p = 0; p < PARTS; p++)
                    acc.part[p] += in[p];
            }
            for (int p = 0; p < PARTS; p++)
                acc.part[p] *= scale;
            memcpy(cop_tensor_at(y, g, c, t, h, w), &acc, sizeof acc);
        }
}

static void avg_pool_backward(const CopTensor *dy, const CopTensor *dx, int c,
                              const CopPoolShape *shape, bool accumulate)
{
    const float scale = 1.0f / (float)(shape->kt * shape->kh * shape->kw);
    if (!accumulate)
        zero_channel(dx, c);
    EACH_ROW(dy, g, t, h)
        for (int w = 0; w < dy->w; w++) {
            const Window win = window_at(dx, shape, t, h, w);
            const Vec *grad = vec(cop_tensor_at(dy, g, c, t, h, w));
            EACH_TAP(win, it, ih, iw) {
                Vec *out = vec_out(cop_tensor_at(dx, g, c, it, ih, iw));
                for (int p = 0; p < PARTS; p++)
                    out[p] += grad[p] * scale;
            }
        }
}

const CopLaneKernels PASTE(cop_lane_kernels_, COP_TIER) = {
    .sum = sum,
    .square_sum = square_sum,
    .norm_sums = norm_sums,
    .norm = norm,
    .norm_backward = norm_backward,
    .relu = relu,
    .relu_backward = relu_backward,
    .add = add,
    .copy = copy,
    .max_pool = max_pool,
    .max_pool_backward = max_pool_backward,
    .avg_pool = avg_pool,
    .avg_pool_backward = avg_pool_backward,
};

/* Batch normalisation, activations and pooling over lane tensors, compiled once
 * a tier. A row of w positions is 16 w contiguous floats.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "models/kernels/lane_kernels.h"
#include "models/kernels/lane_vector.h"

enum { PARTS = COP_LANES / WIDTH };

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

static inline Vec rectify(Vec x)
{
    return select(x < splat(0), splat(0), x); /* keeps NaN */
}

/* all ones in the first `lanes` of the sixteen, for part p */
static inline VecI valid(int lanes, int p)
{
    VecI index;
    for (int i = 0; i < WIDTH; i++)
        index[i] = p * WIDTH + i;
    return index < lanes;
}

static void collect(double sum[COP_LANES], const Lanes *row)
{
    for (int p = 0; p < PARTS; p++)
        for (int i = 0; i < WIDTH; i++)
            sum[p * WIDTH + i] += (double)row->part[p][i];
}

/* Adds up lanes: all sixteen in full groups, the valid ones in the last. */
static double total(const double *sum, int lanes)
{
    double all = 0;
    for (int lane = 0; lane < lanes; lane++)
        all += sum[lane];
    return all;
}

/* Each row is summed about its own middle, in float, and moved to the common origin in double:
 * no digits are lost where values lie far from zero. */
static void moments(const CopTensor *x, CopPlane at, float origin, double sums[2])
{
    double lane_sum[COP_LANES] = {0}, lane_square[COP_LANES] = {0};
    for (int h = 0; h < x->h; h++) {
        const Vec *in = vec(cop_tensor_at(x, at.g, at.c, at.t, h, 0));
        Lanes middle, sum = {0}, square = {0};
        for (int p = 0; p < PARTS; p++)
            middle.part[p] = in[x->w / 2 * PARTS + p];
        for (int w = 0; w < x->w; w++)
            for (int p = 0; p < PARTS; p++) {
                const Vec d = in[w * PARTS + p] - middle.part[p];
                sum.part[p] += d;
                square.part[p] += d * d;
            }
        float m[COP_LANES], s[COP_LANES], q[COP_LANES];
        memcpy(m, &middle, sizeof m);
        memcpy(s, &sum, sizeof s);
        memcpy(q, &square, sizeof q);
        for (int i = 0; i < COP_LANES; i++) {
            const double far = (double)m[i] - (double)origin;
            lane_sum[i] += (double)s[i] + x->w * far;
            lane_square[i] += (double)q[i] + far * (2 * (double)s[i] + x->w * far);
        }
    }
    sums[0] = total(lane_sum, cop_tensor_lanes(x, at.g));
    sums[1] = total(lane_square, cop_tensor_lanes(x, at.g));
}

static inline Vec affine(const CopLaneNorm *norm, Vec x)
{
    return (x - norm->mean) * norm->scale + norm->shift;
}

static inline const Vec *row(const CopTensor *x, CopPlane at, int h)
{
    return x ? vec(cop_tensor_at(x, at.g, at.c, at.t, h, 0)) : NULL;
}

static inline Vec *row_out(const CopTensor *x, CopPlane at, int h)
{
    return x ? vec_out(cop_tensor_at(x, at.g, at.c, at.t, h, 0)) : NULL;
}

static void norm(const CopLaneNorm *norm, CopPlane at)
{
    const CopLaneNorm n = *norm;
    const int width = n.x->w * PARTS;
    for (int h = 0; h < n.x->h; h++) {
        const Vec *in = row(n.x, at, h), *add = row(n.add, at, h);
        Vec *out = row_out(n.y, at, h);
        for (int i = 0; i < width; i++) {
            Vec y = affine(&n, in[i]);
            if (add)
                y += add[i];
            if (n.relu)
                y = rectify(y);
            out[i] = y;
        }
    }
}

/* dy where the rectifier let y through. */
static inline Vec passed(const CopLaneNorm *norm, Vec x, const Vec *y, int i, Vec dy)
{
    return norm->relu ? select((y ? y[i] : affine(norm, x)) > splat(0), dy, splat(0)) : dy;
}

static void norm_sums(const CopLaneNorm *norm, const CopTensor *dy, CopPlane at, double sums[2])
{
    const CopLaneNorm n = *norm;
    double lane_d[COP_LANES] = {0}, lane_dx[COP_LANES] = {0};
    for (int h = 0; h < n.x->h; h++) {
        const Vec *in = row(n.x, at, h), *y = row(n.add ? n.y : NULL, at, h);
        const Vec *grad = row(dy, at, h);
        Lanes sum_d = {0}, sum_dx = {0};
        for (int w = 0; w < n.x->w; w++)
            for (int p = 0; p < PARTS; p++) {
                const int i = w * PARTS + p;
                const Vec d = passed(&n, in[i], y, i, grad[i]);
                sum_d.part[p] += d;
                sum_dx.part[p] += d * (in[i] - n.mean);
            }
        collect(lane_d, &sum_d);
        collect(lane_dx, &sum_dx);
    }
    sums[0] = total(lane_d, cop_tensor_lanes(n.x, at.g));
    sums[1] = total(lane_dx, cop_tensor_lanes(n.x, at.g));
}

static void norm_backward(const CopLaneNorm *norm, const CopLaneNormGrad *grads, CopPlane at)
{
    const CopLaneNorm n = *norm;
    const CopLaneNormGrad g = *grads;
    const int lanes = cop_tensor_lanes(n.x, at.g);
    for (int h = 0; h < n.x->h; h++) {
        const Vec *in = row(n.x, at, h), *y = row(n.add ? n.y : NULL, at, h);
        const Vec *grad = row(g.dy, at, h);
        Vec *dx = row_out(g.dx, at, h), *dadd = row_out(g.dadd, at, h);
        for (int w = 0; w < n.x->w; w++)
            for (int p = 0; p < PARTS; p++) {
                const int i = w * PARTS + p;
                const Vec d = passed(&n, in[i], y, i, grad[i]);
                if (dx) {
                    Vec sum = g.a * d + (g.b * (in[i] - n.mean) + g.k);
                    if (g.accumulate)
                        sum += dx[i];
                    dx[i] = select(valid(lanes, p), sum, splat(0));
                }
                if (dadd && g.accumulate_add) /* perhaps to dx */
                    dadd[i] += d;
                else if (dadd)
                    dadd[i] = d;
            }
    }
}

static void relu(const CopTensor *x, const CopTensor *y, int c)
{
    EACH_ROW(x, g, t, h) {
        const Vec *in = vec(cop_tensor_at(x, g, c, t, h, 0));
        Vec *out = vec_out(cop_tensor_at(y, g, c, t, h, 0));
        for (int i = 0; i < x->w * PARTS; i++)
            out[i] = rectify(in[i]);
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

const CopLaneKernels TIER_NAME(cop_lane_kernels_) = {
    .moments = moments,
    .norm = norm,
    .norm_sums = norm_sums,
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

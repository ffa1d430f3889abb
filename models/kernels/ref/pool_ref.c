/* Pooling of one channel of one clip in double.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/ref/pool_ref.h"

#include <math.h>

#include "models/kernels/conv3d.h"

/* Calls fn(ctx, y index, x index) for every position of every window that does not fall on
 * padding; windows in order, and the positions of each in order of t, h, w. */
typedef void Tap(void *ctx, size_t y, size_t x);

static void each_tap(const CopPoolShape *s, int t, int h, int w, Tap *fn, void *ctx)
{
    const int ot = cop_conv_out(t, s->kt, s->st, s->pt);
    const int oh = cop_conv_out(h, s->kh, s->sh, s->ph);
    const int ow = cop_conv_out(w, s->kw, s->sw, s->pw);
    size_t y = 0;
    for (int a = 0; a < ot; a++)
        for (int b = 0; b < oh; b++)
            for (int c = 0; c < ow; c++, y++)
                for (int kt = 0; kt < s->kt; kt++)
                    for (int kh = 0; kh < s->kh; kh++)
                        for (int kw = 0; kw < s->kw; kw++) {
                            const int xt = a * s->st - s->pt + kt;
                            const int xh = b * s->sh - s->ph + kh;
                            const int xw = c * s->sw - s->pw + kw;
                            if (xt < 0 || xt >= t || xh < 0 || xh >= h || xw < 0 || xw >= w)
                                continue;
                            fn(ctx, y, (size_t)((xt * h + xh) * w + xw));
                        }
}

static size_t volume(const CopPoolShape *s, int t, int h, int w)
{
    return (size_t)cop_conv_out(t, s->kt, s->st, s->pt) *
           (size_t)cop_conv_out(h, s->kh, s->sh, s->ph) *
           (size_t)cop_conv_out(w, s->kw, s->sw, s->pw);
}

typedef struct Arrays {
    const double *x, *dy;
    double *out, share;
    size_t window, where; /* position of the largest so far of this window */
} Arrays;

static void larger(void *ctx, size_t y, size_t x)
{
    Arrays *arrays = ctx;
    if (arrays->x[x] > arrays->out[y] || isnan(arrays->x[x]))
        arrays->out[y] = arrays->x[x];
}

static void add_share(void *ctx, size_t y, size_t x)
{
    Arrays *arrays = ctx;
    arrays->out[y] += arrays->x[x] * arrays->share;
}

static void give_share(void *ctx, size_t y, size_t x)
{
    Arrays *arrays = ctx;
    arrays->out[x] += arrays->dy[y] * arrays->share;
}

static const size_t none = (size_t)-1;

static void give_to_largest(Arrays *arrays)
{
    if (arrays->window != none)
        arrays->out[arrays->where] += arrays->dy[arrays->window];
}

static void first_largest(void *ctx, size_t y, size_t x)
{
    Arrays *arrays = ctx;
    if (y != arrays->window) {
        give_to_largest(arrays);
        arrays->window = y;
        arrays->where = x;
    } else if (arrays->x[x] > arrays->x[arrays->where]) {
        arrays->where = x;
    }
}

static double share(const CopPoolShape *s)
{
    return 1.0 / (s->kt * s->kh * s->kw);
}

void cop_pool_ref_max(const CopPoolShape *shape, int t, int h, int w, const double *x, double *y)
{
    for (size_t i = 0; i < volume(shape, t, h, w); i++)
        y[i] = -INFINITY;
    Arrays arrays = {.x = x, .out = y};
    each_tap(shape, t, h, w, larger, &arrays);
}

void cop_pool_ref_avg(const CopPoolShape *shape, int t, int h, int w, const double *x, double *y)
{
    for (size_t i = 0; i < volume(shape, t, h, w); i++)
        y[i] = 0;
    Arrays arrays = {.x = x, .out = y, .share = share(shape)};
    each_tap(shape, t, h, w, add_share, &arrays);
}

void cop_pool_ref_max_backward(const CopPoolShape *shape, int t, int h, int w, const double *x,
                               const double *dy, double *dx)
{
    Arrays arrays = {.x = x, .dy = dy, .out = dx, .window = none};
    each_tap(shape, t, h, w, first_largest, &arrays);
    give_to_largest(&arrays);
}

void cop_pool_ref_avg_backward(const CopPoolShape *shape, int t, int h, int w, const double *dy,
                               double *dx)
{
    Arrays arrays = {.dy = dy, .out = dx, .share = share(shape)};
    each_tap(shape, t, h, w, give_share, &arrays);
}

/* Three-dimensional convolution of one clip in double.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/ref/conv3d_ref.h"

#include <stddef.h>

/* Calls fn(ctx, y index, x index, weight index) for every product of the
 * convolution that does not fall on padding. */
typedef void Product(void *ctx, size_t y, size_t x, size_t weight);

static void each_product(const CopConvShape *s, int t, int h, int w, Product *fn, void *ctx)
{
    const int ot = cop_conv_out(t, s->kt, s->st, s->pt);
    const int oh = cop_conv_out(h, s->kh, s->sh, s->ph);
    const int ow = cop_conv_out(w, s->kw, s->sw, s->pw);
    size_t y = 0;
    for (int o = 0; o < s->oc; o++)
        for (int a = 0; a < ot; a++)
            for (int b = 0; b < oh; b++)
                for (int c = 0; c < ow; c++, y++) {
                    const int ic = s->ic / s->groups, first = o / (s->oc / s->groups) * ic;
                    size_t weight = (size_t)o * (size_t)ic * (size_t)(s->kt * s->kh * s->kw);
                    for (int i = first; i < first + ic; i++)
                        for (int kt = 0; kt < s->kt; kt++)
                            for (int kh = 0; kh < s->kh; kh++)
                                for (int kw = 0; kw < s->kw; kw++, weight++) {
                                    const int xt = a * s->st - s->pt + kt;
                                    const int xh = b * s->sh - s->ph + kh;
                                    const int xw = c * s->sw - s->pw + kw;
                                    if (xt < 0 || xt >= t || xh < 0 || xh >= h || xw < 0 || xw >= w)
                                        continue;
                                    fn(ctx, y, (size_t)(((i * t + xt) * h + xh) * w + xw), weight);
                                }
                }
}

typedef struct Arrays {
    const double *a, *b;
    double *out;
} Arrays;

static void forward_product(void *ctx, size_t y, size_t x, size_t weight)
{
    Arrays *arrays = ctx;
    arrays->out[y] += arrays->a[x] * arrays->b[weight];
}

static void data_product(void *ctx, size_t y, size_t x, size_t weight)
{
    Arrays *arrays = ctx;
    arrays->out[x] += arrays->a[y] * arrays->b[weight];
}

static void weight_product(void *ctx, size_t y, size_t x, size_t weight)
{
    Arrays *arrays = ctx;
    arrays->out[weight] += arrays->a[x] * arrays->b[y];
}

static size_t volume(const CopConvShape *s, int t, int h, int w)
{
    return (size_t)cop_conv_out(t, s->kt, s->st, s->pt) *
           (size_t)cop_conv_out(h, s->kh, s->sh, s->ph) *
           (size_t)cop_conv_out(w, s->kw, s->sw, s->pw);
}

void cop_conv3d_ref_forward(const CopConvShape *shape, int t, int h, int w, const double *x,
                            const double *weight, const double *bias, double *y)
{
    const size_t size = volume(shape, t, h, w);
    for (size_t i = 0; i < (size_t)shape->oc * size; i++)
        y[i] = bias ? bias[i / size] : 0;
    Arrays arrays = {x, weight, y};
    each_product(shape, t, h, w, forward_product, &arrays);
}

void cop_conv3d_ref_backward_data(const CopConvShape *shape, int t, int h, int w, const double *dy,
                                  const double *weight, double *dx)
{
    Arrays arrays = {dy, weight, dx};
    each_product(shape, t, h, w, data_product, &arrays);
}

void cop_conv3d_ref_backward_weight(const CopConvShape *shape, int t, int h, int w, const double *x,
                                    const double *dy, double *dweight)
{
    Arrays arrays = {x, dy, dweight};
    each_product(shape, t, h, w, weight_product, &arrays);
}

void cop_conv3d_ref_backward_bias(const CopConvShape *shape, int t, int h, int w, const double *dy,
                                  double *dbias)
{
    const size_t size = volume(shape, t, h, w);
    for (size_t i = 0; i < (size_t)shape->oc * size; i++)
        dbias[i / size] += dy[i];
}

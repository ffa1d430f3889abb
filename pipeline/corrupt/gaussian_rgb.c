/* Gaussian filter of 8-bit RGB pictures, the result cut to whole levels.
 *
 * Where a sum is a whole level but for rounding errors, as in every flat area, the cut
 * makes those errors visible; so doubles are summed as SciPy does: the centre, then pairs
 * from the far end inwards. Columns are filtered in doubles, a block of rows at a time,
 * in strips that stay in the second-level cache. Along rows floats come first, and
 * doubles only for what lies within their error bound of a whole level.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/gaussian_rgb.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/portable_math.h"
#include "pipeline/corrupt/tiers.h"
#include "pipeline/corrupt/whole_levels.h"

/* FEW: more near values in a span are summed together, others one by one. */
enum { STRIP = 64, ROWS = 48, BLOCK = 1024, SPAN = 64, PAIRS = 4, FEW = 6 };

void cop_gaussian_rgb_free(CopGaussianRgb *gaussian)
{
    free(gaussian->weight);
    free(gaussian->fast);
    free(gaussian->source);
    free(gaussian->strip);
    free(gaussian->mixed);
    free(gaussian->row);
    *gaussian = (CopGaussianRgb){.weight = NULL};
}

/* NumPy's order: eight sums side by side, halves of at most 128. */
static double sum_of(const double *x, int n)
{
    if (n > 128) {
        const int half = n / 2 - n / 2 % 8;
        return sum_of(x, half) + sum_of(x + half, n - half);
    }
    double sum = 0;
    int i = 0;
    if (n >= 8) {
        double s[8];
        for (int k = 0; k < 8; k++)
            s[k] = x[k];
        for (i = 8; i + 8 <= n; i += 8)
            for (int k = 0; k < 8; k++)
                s[k] += x[i + k];
        sum = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
    }
    for (; i < n; i++)
        sum += x[i];
    return sum;
}

static CopStatus weigh(CopGaussianRgb *gaussian, double sigma, int radius)
{
    const int taps = 2 * radius + 1;
    double *all = malloc((size_t)taps * sizeof *all);
    gaussian->weight = malloc((size_t)taps * sizeof *gaussian->weight);
    gaussian->fast = malloc((size_t)taps * sizeof *gaussian->fast);
    if (!all || !gaussian->weight || !gaussian->fast) {
        free(all);
        return COP_ERR_NOMEM;
    }
    for (int i = 0; i < taps; i++)
        all[i] = cop_exp(-0.5 / (sigma * sigma) * ((double)(i - radius) * (i - radius)));
    const double sum = sum_of(all, taps);
    double partial = 0, partials = 0;
    for (int i = 0; i <= radius; i++) {
        gaussian->weight[i] = all[i] / sum;
        gaussian->fast[i] = (float)gaussian->weight[i];
        partial += 2 * gaussian->weight[i];
        if (i % PAIRS == PAIRS - 1 || i >= radius - radius % PAIRS)
            partials += partial;
    }
    free(all);
    /* A value, a pair, a weight, a product, two sums in a group, each partial sum. */
    gaussian->bound = (float)(255 * ldexp(1, -24) * (8 + partials));
    return COP_OK;
}

static CopStatus prepare(CopGaussianRgb *gaussian, const CopFrame *frame, double sigma)
{
    const size_t size = (size_t)frame->width * 3 * (size_t)frame->height;
    if (gaussian->sigma == sigma && gaussian->width == frame->width &&
        gaussian->source_size >= size)
        return COP_OK;
    cop_gaussian_rgb_free(gaussian);
    const int radius = (int)(4 * sigma + 0.5);
    COP_TRY(weigh(gaussian, sigma, radius));
    const size_t row = 3 * ((size_t)frame->width + 2 * (size_t)radius);
    gaussian->source = malloc(size);
    gaussian->strip = malloc((ROWS + 2 * (size_t)radius) * STRIP * sizeof *gaussian->strip);
    gaussian->mixed = malloc(ROWS * row * sizeof *gaussian->mixed);
    gaussian->row = malloc(row * sizeof *gaussian->row);
    if (!gaussian->source || !gaussian->strip || !gaussian->mixed || !gaussian->row)
        return COP_ERR_NOMEM;
    gaussian->sigma = sigma;
    gaussian->radius = radius;
    gaussian->width = frame->width;
    gaussian->source_size = size;
    return COP_OK;
}

COP_TIERS static void to_unit(double *restrict y, const uint8_t *restrict x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = x[i] / 255.0;
}

COP_TIERS static void to_levels(float *restrict y, const double *restrict x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = (float)(x[i] * 255);
}

COP_TIERS static void scale(double *restrict y, const double *restrict x, double w, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = x[i] * w;
}

/* One pair; then four, from the outermost inwards. */
COP_TIERS static void add_pair(double *restrict sum, const double *low, const double *high,
                               double w, int n)
{
    for (int i = 0; i < n; i++)
        sum[i] += (low[i] + high[i]) * w;
}

COP_TIERS static void add_pairs(double *restrict sum, const double *low, const double *high,
                                ptrdiff_t step, const double *weight, int n)
{
    const double *a = low, *b = a + step, *c = b + step, *d = c + step;
    const double *e = high, *f = e - step, *g = f - step, *h = g - step;
    const double wa = weight[0], wb = weight[1], wc = weight[2], wd = weight[3];
    for (int i = 0; i < n; i++) {
        double s = sum[i];
        s += (a[i] + e[i]) * wa;
        s += (b[i] + f[i]) * wb;
        s += (c[i] + g[i]) * wc;
        s += (d[i] + h[i]) * wd;
        sum[i] = s;
    }
}

/* sum[n] = the filter around x[n], of taps `step` apart, in SciPy's order */
static void filter(double *sum, const double *x, ptrdiff_t step, const double *weight, int radius,
                   int n)
{
    scale(sum, x, weight[radius], n);
    int i = 0;
    for (; i + PAIRS <= radius; i += PAIRS)
        add_pairs(sum, x - (radius - i) * step, x + (radius - i) * step, step, weight + i, n);
    for (; i < radius; i++)
        add_pair(sum, x - (radius - i) * step, x + (radius - i) * step, weight[i], n);
}

COP_TIERS static void add_pairs_fast(float *restrict sum, const float *low, const float *high,
                                     const float *weight, int n)
{
    const float wa = weight[0], wb = weight[1], wc = weight[2], wd = weight[3];
    for (int i = 0; i < n; i++)
        sum[i] += ((low[i] + high[i]) * wa + (low[i + 3] + high[i - 3]) * wb) +
                  ((low[i + 6] + high[i - 6]) * wc + (low[i + 9] + high[i - 9]) * wd);
}

COP_TIERS static void add_scaled_fast(float *restrict sum, const float *low, const float *high,
                                      float w, int n)
{
    for (int i = 0; i < n; i++)
        sum[i] += (low[i] + high[i]) * w;
}

/* filter() along a row in floats */
static void filter_fast(float *sum, const float *x, const float *weight, int radius, int n)
{
    for (int i = 0; i < n; i++)
        sum[i] = 0;
    int i = 0;
    for (; i + PAIRS <= radius; i += PAIRS)
        add_pairs_fast(sum, x - 3 * (radius - i), x + 3 * (radius - i), weight + i, n);
    for (; i < radius; i++)
        add_scaled_fast(sum, x - 3 * (radius - i), x + 3 * (radius - i), weight[i], n);
    add_scaled_fast(sum, x, x, weight[radius] / 2, n);
}

static uint8_t cut(double sum)
{
    return (uint8_t)((sum < 0 ? 0 : sum > 1 ? 1 : sum) * 255);
}

/* The near ones of a span's values once more, in doubles. */
static void decide(const CopGaussianRgb *gaussian, uint8_t *y, const uint8_t *near, const double *x,
                   int n)
{
    const int radius = gaussian->radius;
    const double *weight = gaussian->weight;
    int count = 0;
    for (int i = 0; i < n; i++)
        count += near[i];
    if (count > FEW) {
        double sum[SPAN];
        filter(sum, x, 3, weight, radius, n);
        for (int i = 0; i < n; i++)
            y[i] = cut(sum[i]);
        return;
    }
    for (int i = 0; i < n; i++) {
        if (!near[i])
            continue;
        double sum = x[i] * weight[radius];
        for (int k = 0; k < radius; k++)
            sum += (x[i - 3 * (radius - k)] + x[i + 3 * (radius - k)]) * weight[k];
        y[i] = cut(sum);
    }
}

/* `x` is a row of sums over columns, its first element of column 0; borders are filled here. */
static void filter_row(const CopGaussianRgb *gaussian, uint8_t *y, double *x)
{
    const int radius = gaussian->radius, n = 3 * gaussian->width;
    for (int i = 0; i < 3 * radius; i++) {
        x[-1 - i] = x[2 - i % 3];
        x[n + i] = x[n - 3 + i % 3];
    }
    to_levels(gaussian->row, x - 3 * radius, n + 6 * radius);
    for (int from = 0; from < n; from += BLOCK) {
        float sum[BLOCK];
        uint8_t near[BLOCK];
        const int part = n - from < BLOCK ? n - from : BLOCK;
        filter_fast(sum, gaussian->row + 3 * radius + from, gaussian->fast, radius, part);
        for (int at = 0; at < part; at += SPAN) {
            const int span = part - at < SPAN ? part - at : SPAN;
            if (cop_whole_levels(y + from + at, near + at, sum + at, gaussian->bound, span))
                decide(gaussian, y + from + at, near + at, x + from + at, span);
        }
    }
}

/* Sums over columns of `rows` rows from `first` on, into gaussian->mixed. */
static void filter_columns(const CopGaussianRgb *gaussian, int height, int first, int rows)
{
    const int radius = gaussian->radius, n = 3 * gaussian->width;
    const size_t length = (size_t)n + 6 * (size_t)radius;
    for (int from = 0; from < n; from += STRIP) {
        const int part = n - from < STRIP ? n - from : STRIP;
        for (int v = 0; v < rows + 2 * radius; v++) {
            const int wanted = first + v - radius, last = height - 1;
            const int at = wanted < 0 ? 0 : wanted > last ? last : wanted;
            to_unit(gaussian->strip + (ptrdiff_t)v * STRIP,
                    gaussian->source + (ptrdiff_t)at * n + from, part);
        }
        for (int v = 0; v < rows; v++)
            filter(gaussian->mixed + (size_t)v * length + 3 * radius + from,
                   gaussian->strip + (ptrdiff_t)(v + radius) * STRIP, STRIP, gaussian->weight,
                   radius, part);
    }
}

CopStatus cop_gaussian_rgb(CopGaussianRgb *gaussian, const CopFrame *frame, double sigma)
{
    if (sigma > COP_GAUSSIAN_RGB_SIGMA_MAX)
        sigma = COP_GAUSSIAN_RGB_SIGMA_MAX;
    if (!(sigma >= 0.125))
        return COP_OK;
    COP_TRY(prepare(gaussian, frame, sigma));
    const int n = 3 * frame->width, height = frame->height, radius = gaussian->radius;
    for (int v = 0; v < height; v++)
        memcpy(gaussian->source + (size_t)v * (size_t)n,
               frame->plane[0] + (ptrdiff_t)v * frame->stride[0], (size_t)n);
    const size_t length = (size_t)n + 6 * (size_t)radius;
    for (int first = 0; first < height; first += ROWS) {
        const int rows = height - first < ROWS ? height - first : ROWS;
        filter_columns(gaussian, height, first, rows);
        for (int v = 0; v < rows; v++)
            filter_row(gaussian, frame->plane[0] + (ptrdiff_t)(first + v) * frame->stride[0],
                       gaussian->mixed + (size_t)v * length + 3 * radius);
    }
    return COP_OK;
}

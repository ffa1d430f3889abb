/* Gaussian filter of 8-bit RGB pictures, the result cut to whole levels.
 *
 * Columns are filtered a block of rows at a time, in strips that stay in the caches, then
 * rows. Both go in floats, pairs of taps four at a time from the far end inwards. A value
 * that lies within their error bound of a whole level is a flat area's own, or summed up
 * once more in doubles.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/gaussian_rgb.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/portable_math.h"
#include "pipeline/corrupt/tiers.h"
#include "pipeline/corrupt/whole_levels.h"

enum { WIDE = 64, ROWS = 48, GROUP = 4 };

void cop_gaussian_rgb_free(CopGaussianRgb *gaussian)
{
    free(gaussian->weight);
    free(gaussian->fast);
    free(gaussian->source);
    free(gaussian->strip);
    free(gaussian->rows);
    free(gaussian->column);
    cop_flat_map_free(&gaussian->flat);
    *gaussian = (CopGaussianRgb){.weight = NULL};
}

/* Taps on either side, filled up to whole groups */
static int reach_of(const CopGaussianRgb *gaussian)
{
    return gaussian->groups * GROUP;
}

/* Floats between rows of sums over columns: borders, and a strip more than there may be */
static size_t row_length(const CopGaussianRgb *gaussian)
{
    return 3 * ((size_t)gaussian->width + 2 * (size_t)reach_of(gaussian)) + WIDE;
}

static CopStatus weigh(CopGaussianRgb *gaussian, double sigma)
{
    const int radius = gaussian->radius, reach = reach_of(gaussian);
    gaussian->weight = malloc(((size_t)radius + 1) * sizeof *gaussian->weight);
    gaussian->fast = calloc((size_t)reach + 1, sizeof *gaussian->fast);
    if (!gaussian->weight || !gaussian->fast)
        return COP_ERR_NOMEM;
    double sum = 0;
    for (int i = 0; i <= radius; i++) {
        const double x = radius - i;
        gaussian->weight[i] = cop_exp(-0.5 * x * x / (sigma * sigma));
        sum += (i < radius ? 2 : 1) * gaussian->weight[i];
    }
    double partial = 0, partials = 0;
    for (int i = 0; i <= reach; i++) {
        const int at = i - (reach - radius);
        if (at >= 0) {
            gaussian->weight[at] /= sum;
            gaussian->fast[i] = (float)gaussian->weight[at];
        }
        partial += 2 * (double)gaussian->fast[i];
        if (i % GROUP == GROUP - 1)
            partials += partial;
    }
    /* Twice: a pair, a weight, a product, two sums in a group, each partial sum, the last */
    gaussian->bound = (float)(2 * 255 * ldexp(1, -24) * (6 + partials));
    return COP_OK;
}

static CopStatus prepare(CopGaussianRgb *gaussian, const CopFrame *frame, double sigma)
{
    if (gaussian->sigma == sigma && gaussian->width == frame->width &&
        gaussian->height == frame->height)
        return COP_OK;
    cop_gaussian_rgb_free(gaussian);
    gaussian->radius = (int)(4 * sigma + 0.5);
    gaussian->groups = (gaussian->radius + GROUP - 1) / GROUP;
    COP_TRY(weigh(gaussian, sigma));
    gaussian->width = frame->width;
    gaussian->height = frame->height;
    const size_t reach = (size_t)reach_of(gaussian);
    gaussian->source = malloc(3 * (size_t)frame->width * (size_t)frame->height);
    gaussian->strip = calloc((ROWS + 2 * reach) * WIDE, sizeof *gaussian->strip);
    gaussian->rows = calloc(ROWS * row_length(gaussian), sizeof *gaussian->rows);
    gaussian->column = malloc(3 * (2 * reach + 1) * sizeof *gaussian->column);
    if (!gaussian->source || !gaussian->strip || !gaussian->rows || !gaussian->column)
        return COP_ERR_NOMEM;
    gaussian->sigma = sigma;
    return COP_OK;
}

static int inside(int i, int n)
{
    return i < 0 ? 0 : i < n ? i : n - 1;
}

COP_TIERS static void to_floats(float *restrict y, const uint8_t *restrict x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = x[i];
}

/* sum[WIDE] = the filter around x, of taps `step` elements apart */
static inline void filter(float *restrict sum, const float *restrict x, int step,
                          const float *weight, int groups)
{
    const int reach = groups * GROUP;
    for (int i = 0; i < WIDE; i++)
        sum[i] = 0;
    for (int g = 0; g < groups; g++, weight += GROUP) {
        const float *low = x - (reach - g * GROUP) * step;
        const float *high = x + (reach - g * GROUP) * step;
        for (int i = 0; i < WIDE; i++)
            sum[i] +=
                ((low[i] + high[i]) * weight[0] + (low[i + step] + high[i - step]) * weight[1]) +
                ((low[i + 2 * step] + high[i - 2 * step]) * weight[2] +
                 (low[i + 3 * step] + high[i - 3 * step]) * weight[3]);
    }
    for (int i = 0; i < WIDE; i++)
        sum[i] += x[i] * weight[0];
}

COP_TIERS static void filter_columns(float *restrict sum, const float *restrict x,
                                     const float *restrict weight, int groups)
{
    filter(sum, x, WIDE, weight, groups);
}

COP_TIERS static void filter_row(float *restrict sum, const float *restrict x,
                                 const float *restrict weight, int groups)
{
    filter(sum, x, 3, weight, groups);
}

/* Sums over columns of `rows` rows from `first` on, into gaussian->rows */
static void sum_columns(const CopGaussianRgb *gaussian, int first, int rows)
{
    const int reach = reach_of(gaussian), n = 3 * gaussian->width;
    for (int from = 0; from < n; from += WIDE) {
        const int part = n - from < WIDE ? n - from : WIDE;
        for (int v = 0; v < rows + 2 * reach; v++)
            to_floats(gaussian->strip + (ptrdiff_t)v * WIDE,
                      gaussian->source +
                          (ptrdiff_t)inside(first + v - reach, gaussian->height) * n + from,
                      part);
        for (int v = 0; v < rows; v++)
            filter_columns(gaussian->rows + (size_t)v * row_length(gaussian) + 3 * reach + from,
                           gaussian->strip + (ptrdiff_t)(v + reach) * WIDE, gaussian->fast,
                           gaussian->groups);
    }
}

COP_TIERS static void add_pair(double *restrict sum, const uint8_t *a, const uint8_t *b, double w,
                               int n)
{
    for (int i = 0; i < n; i++)
        sum[i] += w * (a[i] + b[i]);
}

static uint8_t exact(const CopGaussianRgb *gaussian, int v, int i)
{
    const int radius = gaussian->radius, width = gaussian->width, u = i / 3;
    const int left = inside(u - radius, width), right = inside(u + radius, width);
    const int n = 3 * (right - left + 1);
    for (int k = 0; k < n; k++)
        gaussian->column[k] = 0;
    for (int k = 0; k <= radius; k++) {
        const int above = inside(v - radius + k, gaussian->height);
        const int below = inside(v + radius - k, gaussian->height);
        add_pair(gaussian->column, gaussian->source + ((ptrdiff_t)above * width + left) * 3,
                 gaussian->source + ((ptrdiff_t)below * width + left) * 3,
                 k < radius ? gaussian->weight[k] : gaussian->weight[k] / 2, n);
    }
    const double *column = gaussian->column + i % 3;
    double level = gaussian->weight[radius] * column[3 * (u - left)];
    for (int k = 0; k < radius; k++)
        level += gaussian->weight[k] * (column[3 * (inside(u - radius + k, width) - left)] +
                                        column[3 * (inside(u + radius - k, width) - left)]);
    return (uint8_t)(level + 1e-9);
}

static uint8_t decide(CopGaussianRgb *gaussian, int v, int i)
{
    const int radius = gaussian->radius, u = i / 3;
    if (cop_flat_map_holds(&gaussian->flat, u - radius, u + radius, v - radius, v + radius))
        return gaussian->source[(ptrdiff_t)v * 3 * gaussian->width + i];
    return exact(gaussian, v, i);
}

/* One row of the result; `x` are its sums over columns, whose borders are filled here. */
static void finish_row(CopGaussianRgb *gaussian, uint8_t *y, float *x, int v)
{
    const int reach = reach_of(gaussian), n = 3 * gaussian->width;
    for (int i = 0; i < 3 * reach; i++) {
        x[-1 - i] = x[2 - i % 3];
        x[n + i] = x[n - 3 + i % 3];
    }
    for (int from = 0; from < n; from += WIDE) {
        float sum[WIDE];
        uint8_t near[WIDE];
        const int part = n - from < WIDE ? n - from : WIDE;
        filter_row(sum, x + from, gaussian->fast, gaussian->groups);
        if (!cop_whole_levels(y + from, near, sum, gaussian->bound, part))
            continue;
        for (int i = 0; i < part; i++)
            if (near[i])
                y[from + i] = decide(gaussian, v, from + i);
    }
}

CopStatus cop_gaussian_rgb(CopGaussianRgb *gaussian, const CopFrame *frame, double sigma)
{
    if (sigma > COP_GAUSSIAN_RGB_SIGMA_MAX)
        sigma = COP_GAUSSIAN_RGB_SIGMA_MAX;
    if (!(sigma >= 0.125))
        return COP_OK;
    COP_TRY(prepare(gaussian, frame, sigma));
    const int n = 3 * frame->width, height = frame->height;
    for (int v = 0; v < height; v++)
        memcpy(gaussian->source + (ptrdiff_t)v * n,
               frame->plane[0] + (ptrdiff_t)v * frame->stride[0], (size_t)n);
    cop_flat_map_start(&gaussian->flat, gaussian->source, n, frame->width, height);
    float *first_row = gaussian->rows + 3 * reach_of(gaussian);
    for (int first = 0; first < height; first += ROWS) {
        const int rows = height - first < ROWS ? height - first : ROWS;
        sum_columns(gaussian, first, rows);
        for (int v = 0; v < rows; v++)
            finish_row(gaussian, frame->plane[0] + (ptrdiff_t)(first + v) * frame->stride[0],
                       first_row + (size_t)v * row_length(gaussian), first + v);
    }
    return COP_OK;
}

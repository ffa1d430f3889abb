/* Gaussian filter of 8-bit RGB pictures, the result cut to whole levels.
 *
 * Columns are filtered a block of rows at a time, in strips that stay in the caches, then
 * rows. Both go in floats. Products are cheap, loads are not: so what is loaded is used for
 * several sums at once, of rows that follow each other, or of pixels eight columns apart,
 * whose taps are the same vectors. Levels are taken from their middle, which halves errors,
 * and sums are made of parts. A value that lies within their error bound of a whole level
 * is a flat area's own, or summed up once more in doubles.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/gaussian_rgb.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/portable_math.h"
#include "pipeline/corrupt/gaussian.h"
#include "pipeline/corrupt/tiers.h"
#include "pipeline/corrupt/whole_levels.h"

typedef float Wide __attribute__((vector_size(64)));
typedef float Eight __attribute__((vector_size(32)));

enum { MIDDLE = 128 };
/* Of columns: what a strip holds, how many rows are summed at once, and taps of a part */
enum { STRIP = 64, ROWS = 48, TALL = 4, PART = 8 };
/* Of rows: eight elements of each eighth pixel are summed at once. A block of taps are eight. */
enum { STEP = 24, PLACES = 8, TILE = STEP * PLACES, BLOCKS_MAX = 4 };

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

/* Taps on either side, so that both sides have whole blocks */
static int reach_of(const CopGaussianRgb *gaussian)
{
    return gaussian->blocks * 4;
}

/* Floats between rows of sums over columns: borders, and what tiles and strips read beyond */
static size_t row_length(const CopGaussianRgb *gaussian)
{
    return 3 * ((size_t)gaussian->width + 2 * (size_t)reach_of(gaussian)) + TILE + STRIP;
}

/* Blocks of the next part of a row's sum, of `left` */
static int next_blocks(int left)
{
    return left > BLOCKS_MAX ? BLOCKS_MAX - 1 : left;
}

/* What additions give, all of it added up, of weights alone: they round by that share. */
static double added_down(const float *weight, int taps, int lead)
{
    double part = 0, sum = 0, added = 0;
    for (int i = 0; i < taps; i++) {
        added += part += (double)weight[i];
        if ((i + lead) % PART == PART - 1 || i == taps - 1) {
            added += sum += part;
            part = 0;
        }
    }
    return added;
}

static double added_along(const float *weight, int blocks)
{
    double sum = (double)weight[8 * blocks], added = 0;
    for (int left = blocks, n; left > 0; left -= n, weight += 8 * n) {
        double part = 0;
        n = next_blocks(left);
        for (int i = 0; i < 8; i++)
            for (int j = 0; j < n; j++)
                added += part += (double)weight[8 * j + i];
        added += sum += part;
    }
    return added;
}

static CopStatus weigh(CopGaussianRgb *gaussian, double sigma)
{
    const int radius = gaussian->radius, reach = reach_of(gaussian);
    gaussian->weight = malloc(((size_t)radius + 1) * sizeof *gaussian->weight);
    gaussian->fast = calloc(2 * ((size_t)reach + TALL) + 1, sizeof *gaussian->fast);
    if (!gaussian->weight || !gaussian->fast)
        return COP_ERR_NOMEM;
    double sum = 0;
    for (int i = 0; i <= radius; i++) {
        const double x = radius - i;
        gaussian->weight[i] = cop_exp(-0.5 * x * x / (sigma * sigma));
        sum += (i < radius ? 2 : 1) * gaussian->weight[i];
    }
    float *middle = gaussian->fast + TALL + reach;
    for (int i = 0; i <= radius; i++) {
        gaussian->weight[i] /= sum;
        middle[radius - i] = middle[i - radius] = (float)gaussian->weight[i];
    }
    double down = 0;
    for (int lead = 0; lead < TALL; lead++)
        down = fmax(down, added_down(middle - radius, 2 * radius + 1, lead));
    /* Besides, twice a weight and a product, and the middle at the end, of levels up to 256 */
    const double unit = MIDDLE * ldexp(1, -24);
    gaussian->bound = (float)(unit * (7 + down + added_along(middle - reach, gaussian->blocks)));
    return COP_OK;
}

static CopStatus prepare(CopGaussianRgb *gaussian, const CopFrame *frame, double sigma)
{
    if (gaussian->sigma == sigma && gaussian->width == frame->width &&
        gaussian->height == frame->height)
        return COP_OK;
    cop_gaussian_rgb_free(gaussian);
    gaussian->radius = (int)(4 * sigma + 0.5);
    gaussian->blocks = (gaussian->radius + 3) / 4;
    COP_TRY(weigh(gaussian, sigma));
    gaussian->width = frame->width;
    gaussian->height = frame->height;
    const size_t radius = (size_t)gaussian->radius;
    gaussian->source = malloc(3 * (size_t)frame->width * (size_t)frame->height);
    gaussian->strip = calloc((ROWS + 2 * radius) * STRIP, sizeof *gaussian->strip);
    gaussian->rows = calloc(ROWS * row_length(gaussian), sizeof *gaussian->rows);
    gaussian->column = malloc((2 * radius + 1) * sizeof *gaussian->column);
    if (!gaussian->source || !gaussian->strip || !gaussian->rows || !gaussian->column)
        return COP_ERR_NOMEM;
    gaussian->sigma = sigma;
    return COP_OK;
}

static int inside(int i, int n)
{
    return cop_border_index(i, n, COP_BORDER_REPLICATE);
}

COP_TIERS static void to_floats(float *restrict y, const uint8_t *restrict x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = (float)(x[i] - MIDDLE);
}

/* sum[k] += n taps of row k, from the rows of a strip at x on */
static inline __attribute__((always_inline)) void add_part(Wide sum[TALL], const float *x,
                                                           const float *weight, int n)
{
    Wide part[TALL];
    memset(part, 0, sizeof(Wide) * TALL);
    for (int i = 0; i < n; i++) {
        Wide row;
        memcpy(&row, x + (ptrdiff_t)i * STRIP, sizeof row);
#pragma GCC unroll 8
        for (int k = 0; k < TALL; k++)
            part[k] += row * weight[i - k];
    }
    for (int k = 0; k < TALL; k++)
        sum[k] += part[k];
}

/* Sums of TALL rows of a strip, `pitch` floats apart, over x [taps + TALL - 1][STRIP]; there
 * are TALL - 1 zeros on either side of weight[taps]. */
COP_TIERS_ROUGH static void filter_columns(float *restrict sums, size_t pitch,
                                           const float *restrict x, const float *restrict weight,
                                           int taps)
{
    const int read = taps + TALL - 1, lanes = sizeof(Wide) / sizeof *x;
    for (int u = 0; u < STRIP; u += lanes) {
        Wide sum[TALL];
        memset(sum, 0, sizeof sum);
        int from = 0;
        for (; from + PART <= read; from += PART)
            add_part(sum, x + (ptrdiff_t)from * STRIP + u, weight + from, PART);
        add_part(sum, x + (ptrdiff_t)from * STRIP + u, weight + from, read - from);
        for (int k = 0; k < TALL; k++)
            memcpy(sums + (size_t)k * pitch + u, &sum[k], sizeof sum[k]);
    }
}

/* sum[p] += `blocks` blocks of taps, a number known where this is compiled */
static inline __attribute__((always_inline)) void add_blocks(Eight sum[PLACES], const float *x,
                                                             const float *weight, int blocks)
{
    Eight part[PLACES];
    memset(part, 0, sizeof(Eight) * PLACES);
    for (int i = 0; i < 8; i++)
#pragma GCC unroll 16
        for (int k = 0; k < PLACES + blocks - 1; k++) {
            Eight row;
            memcpy(&row, x + STEP * k + 3 * i, sizeof row);
#pragma GCC unroll 4
            for (int j = 0; j < blocks; j++)
                if (k >= j && k - j < PLACES)
                    part[k - j] += row * weight[8 * j + i];
        }
    for (int p = 0; p < PLACES; p++)
        sum[p] += part[p];
}

/* level[TILE] of a row; x begins `reach` pixels before */
COP_TIERS_ROUGH static void filter_tile(float *restrict level, const float *restrict x,
                                        const float *restrict weight, int blocks)
{
    for (int from = 0; from < STEP; from += 8) {
        Eight sum[PLACES];
        const float *taps = x + from, *w = weight;
        for (int p = 0; p < PLACES; p++) {
            memcpy(&sum[p], taps + STEP * (p + blocks), sizeof sum[p]);
            sum[p] *= weight[8 * blocks];
        }
        for (int left = blocks, n; left > 0; left -= n, taps += STEP * n, w += 8 * n) {
            n = next_blocks(left);
            if (n == 4)
                add_blocks(sum, taps, w, 4);
            else if (n == 3)
                add_blocks(sum, taps, w, 3);
            else if (n == 2)
                add_blocks(sum, taps, w, 2);
            else
                add_blocks(sum, taps, w, 1);
        }
        for (int p = 0; p < PLACES; p++) {
            sum[p] += MIDDLE;
            memcpy(level + from + STEP * p, &sum[p], sizeof sum[p]);
        }
    }
}

/* Sums over columns of ROWS rows from `first` on, into gaussian->rows */
static void sum_columns(const CopGaussianRgb *gaussian, int first)
{
    const int radius = gaussian->radius, reach = reach_of(gaussian), n = 3 * gaussian->width;
    const float *weight = gaussian->fast + TALL + reach - radius;
    const size_t pitch = row_length(gaussian);
    for (int from = 0; from < n; from += STRIP) {
        const int part = n - from < STRIP ? n - from : STRIP;
        for (int v = 0; v < ROWS + 2 * radius; v++)
            to_floats(gaussian->strip + (ptrdiff_t)v * STRIP,
                      gaussian->source +
                          (ptrdiff_t)inside(first + v - radius, gaussian->height) * n + from,
                      part);
        for (int v = 0; v < ROWS; v += TALL)
            filter_columns(gaussian->rows + (size_t)v * pitch + 3 * reach + from, pitch,
                           gaussian->strip + (ptrdiff_t)v * STRIP, weight, 2 * radius + 1);
    }
}

/* gaussian->column[n] = sums over columns of row v, of every third element from `from` on */
COP_TIERS static void sum_exactly(const CopGaussianRgb *gaussian, int v, int from, int n)
{
    const int radius = gaussian->radius;
    const ptrdiff_t stride = 3 * (ptrdiff_t)gaussian->width;
    double *restrict sum = gaussian->column;
    for (int i = 0; i < n; i++)
        sum[i] = 0;
    for (int k = 0; k <= radius; k++) {
        const uint8_t *above =
            gaussian->source + inside(v - radius + k, gaussian->height) * stride + from;
        const uint8_t *below =
            gaussian->source + inside(v + radius - k, gaussian->height) * stride + from;
        const double weight = k < radius ? gaussian->weight[k] : gaussian->weight[k] / 2;
        for (int i = 0; i < n; i++)
            sum[i] += weight * (above[3 * i] + below[3 * i]);
    }
}

static uint8_t exact(void *filter, int v, int i)
{
    const CopGaussianRgb *gaussian = filter;
    const int radius = gaussian->radius, width = gaussian->width, u = i / 3;
    const int left = inside(u - radius, width), right = inside(u + radius, width);
    sum_exactly(gaussian, v, 3 * left + i % 3, right - left + 1);
    const double *column = gaussian->column;
    double level = gaussian->weight[radius] * column[u - left];
    for (int k = 0; k < radius; k++)
        level += gaussian->weight[k] * (column[inside(u - radius + k, width) - left] +
                                        column[inside(u + radius - k, width) - left]);
    return (uint8_t)(level + 1e-9);
}

static unsigned flat(void *filter, int channel, int v, int first, int last)
{
    CopGaussianRgb *gaussian = filter;
    const int radius = gaussian->radius;
    return cop_flat_map_ask(&gaussian->flat, channel, first / 3 - radius, last / 3 + radius,
                            v - radius, v + radius);
}

/* One row of the result; `x` are its sums over columns, whose borders are filled here. */
static void finish_row(CopGaussianRgb *gaussian, const CopFrame *frame, float *x, int v)
{
    const ptrdiff_t stride = frame->stride[0];
    const CopCut cut = {gaussian, gaussian->bound, exact, &gaussian->flat, flat, stride};
    uint8_t *y = frame->plane[0] + v * stride;
    const int reach = reach_of(gaussian), n = 3 * gaussian->width;
    for (int i = 0; i < 3 * reach; i++) {
        x[-1 - i] = x[2 - i % 3];
        x[n + i] = x[n - 3 + i % 3];
    }
    for (int from = 0; from < n; from += TILE) {
        float level[TILE];
        filter_tile(level, x + from - 3 * reach, gaussian->fast + TALL, gaussian->blocks);
        cop_cut_row(&cut, y + from, level, v, from, n - from < TILE ? n - from : TILE);
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
        sum_columns(gaussian, first);
        for (int v = 0; v < rows; v++)
            finish_row(gaussian, frame, first_row + (size_t)v * row_length(gaussian), first + v);
    }
    return COP_OK;
}

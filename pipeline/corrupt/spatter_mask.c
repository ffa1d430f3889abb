/* Drops of water or mud on a lens, from a field of normal noise.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/spatter_mask.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/canny.h"
#include "pipeline/corrupt/gaussian.h"
#include "pipeline/corrupt/tiers.h"

CopStatus cop_spatter_liquid(double *field, int width, int height, double sigma, double threshold)
{
    COP_TRY(cop_gaussian_plane(field, width, height, sigma, 4, COP_BORDER_REPLICATE));
    for (size_t i = 0; i < (size_t)width * (size_t)height; i++)
        if (field[i] < threshold)
            field[i] = 0;
    return COP_OK;
}

/* --- distance ----------------------------------------------------------------------- */

/* In 16 bits of fraction, as steps. */
enum { STRAIGHT = 65536, DIAGONAL = 91750, KNIGHT = 143976, FAR_AWAY = INT32_MAX / 4 };

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* The way to a pixel over those before it, `row` apart (negative on the way back). */
static int32_t shortest(const int32_t *at, ptrdiff_t row, ptrdiff_t step)
{
    int32_t d = least(at[-step], at[-row]) + STRAIGHT;
    d = least(d, least(at[-row - step], at[-row + step]) + DIAGONAL);
    d = least(d, least(at[-2 * row - step], at[-2 * row + step]) + KNIGHT);
    return least(d, least(at[-row - 2 * step], at[-row + 2 * step]) + KNIGHT);
}

CopStatus cop_spatter_distance(const uint8_t *edge, int width, int height, double reach,
                               float *distance)
{
    /* Two pixels of border that are far away from everything. */
    const ptrdiff_t row = width + 4;
    int32_t *padded = malloc((size_t)row * ((size_t)height + 4) * sizeof *padded);
    if (!padded)
        return COP_ERR_NOMEM;
    for (ptrdiff_t i = 0; i < row * (height + 4); i++)
        padded[i] = FAR_AWAY;
    int32_t *first = padded + 2 * row + 2;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int32_t *at = first + y * row + x;
            *at = edge[(ptrdiff_t)y * width + x] ? 0 : least(shortest(at, row, 1), FAR_AWAY);
        }
    for (int y = height - 1; y >= 0; y--)
        for (int x = width - 1; x >= 0; x--) {
            int32_t *at = first + y * row + x;
            *at = least(*at, shortest(at, -row, -1));
            const double d = *at / 65536.0;
            distance[(ptrdiff_t)y * width + x] = (float)(d < reach ? d : reach);
        }
    free(padded);
    return COP_OK;
}

/* --- filters of three by three steps, mirrored at the border without its pixel ---------- */

/* Means over 2 step + 1 pixels both ways, down columns, then along rows; those of distances are
 * cut to whole numbers, those of levels rounded. */
typedef struct Box {
    int width, height, step;
    double *column; /* [width] sums of 2 step + 1 rows */
} Box;

static CopStatus box_make(Box *box, int width, int height, int step)
{
    *box = (Box){.width = width, .height = height, .step = step};
    box->column = malloc((size_t)width * sizeof *box->column);
    return box->column ? COP_OK : COP_ERR_NOMEM;
}

static double box_along(const Box *box, int x)
{
    double sum = 0;
    for (int k = -box->step; k <= box->step; k++)
        sum += box->column[cop_border_index(x + k, box->width, COP_BORDER_REFLECT_101)];
    return sum;
}

static void smooth_distance(const Box *box, const float *in, uint8_t *out)
{
    const double share = 1.0 / ((2 * box->step + 1) * (2 * box->step + 1));
    for (int y = 0; y < box->height; y++) {
        memset(box->column, 0, (size_t)box->width * sizeof *box->column);
        for (int k = -box->step; k <= box->step; k++) {
            const int v = cop_border_index(y + k, box->height, COP_BORDER_REFLECT_101);
            for (int x = 0; x < box->width; x++)
                box->column[x] += (double)in[(ptrdiff_t)v * box->width + x];
        }
        for (int x = 0; x < box->width; x++) {
            const float mean = (float)(box_along(box, x) * share);
            out[(ptrdiff_t)y * box->width + x] = (uint8_t)(mean < 255 ? mean : 255);
        }
    }
}

static void smooth(const Box *box, const uint8_t *in, uint8_t *out)
{
    const int n = (2 * box->step + 1) * (2 * box->step + 1);
    for (int y = 0; y < box->height; y++) {
        memset(box->column, 0, (size_t)box->width * sizeof *box->column);
        for (int k = -box->step; k <= box->step; k++) {
            const int v = cop_border_index(y + k, box->height, COP_BORDER_REFLECT_101);
            for (int x = 0; x < box->width; x++)
                box->column[x] += in[(ptrdiff_t)v * box->width + x];
        }
        for (int x = 0; x < box->width; x++)
            out[(ptrdiff_t)y * box->width + x] =
                (uint8_t)((2 * (int)box_along(box, x) + n) / (2 * n));
    }
}

/* Light from the lower right. */
static void emboss(const Box *box, const uint8_t *in, uint8_t *out)
{
    for (int y = 0; y < box->height; y++) {
        const uint8_t *row[3];
        for (int k = 0; k < 3; k++)
            row[k] = in + (ptrdiff_t)cop_border_index(y + (k - 1) * box->step, box->height,
                                                      COP_BORDER_REFLECT_101) *
                              box->width;
        for (int x = 0; x < box->width; x++) {
            const int l = cop_border_index(x - box->step, box->width, COP_BORDER_REFLECT_101);
            const int r = cop_border_index(x + box->step, box->width, COP_BORDER_REFLECT_101);
            const int sum = row[1][x] + row[1][r] + row[2][x] + 2 * row[2][r] - row[0][x] -
                            row[1][l] - 2 * row[0][l];
            out[(ptrdiff_t)y * box->width + x] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
        }
    }
}

/* Levels become their rank among the picture's, the lowest one 0. */
static void equalise(uint8_t *x, int n)
{
    int count[256] = {0}, lowest = 0, sum = 0;
    for (int i = 0; i < n; i++)
        count[x[i]]++;
    while (!count[lowest])
        lowest++;
    if (count[lowest] == n)
        return;
    uint8_t level[256] = {0};
    const float scale = 255.0F / (float)(n - count[lowest]);
    for (int i = lowest + 1; i < 256; i++) {
        sum += count[i];
        level[i] = (uint8_t)rintf((float)sum * scale);
    }
    for (int i = 0; i < n; i++)
        x[i] = level[x[i]];
}

/* --- water and mud ------------------------------------------------------------------ */

/* relief = what light makes of the edges of liquid. */
static CopStatus make_relief(const uint8_t *liquid, int width, int height, double reach, int step,
                             uint8_t *relief, uint8_t *scratch, float *distance)
{
    COP_TRY(cop_canny(liquid, width, height, 50, 150, scratch));
    COP_TRY(cop_spatter_distance(scratch, width, height, reach, distance));
    Box box;
    COP_TRY(box_make(&box, width, height, step));
    smooth_distance(&box, distance, relief);
    equalise(relief, width * height);
    emboss(&box, relief, scratch);
    smooth(&box, scratch, relief);
    free(box.column);
    return COP_OK;
}

static void multiply(const uint8_t *liquid, const uint8_t *relief, size_t n, float *mask)
{
    float most = 0;
    for (size_t i = 0; i < n; i++) {
        mask[i] = (float)(liquid[i] * relief[i]);
        most = mask[i] > most ? mask[i] : most;
    }
    if (most > 0)
        for (size_t i = 0; i < n; i++)
            mask[i] /= most;
}

CopStatus cop_spatter_water(const double *liquid, int width, int height, double reach, int step,
                            float *mask)
{
    const size_t n = (size_t)width * (size_t)height;
    uint8_t *bytes = malloc(3 * n);
    if (!bytes)
        return COP_ERR_NOMEM;
    uint8_t *relief = bytes + n;
    /* As in the original, what is above 255 comes round to 0 again. */
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(int)(liquid[i] * 255);
    /* The mask's memory holds distances until they are used up. */
    const CopStatus status =
        make_relief(bytes, width, height, reach, step, relief, relief + n, mask);
    if (status == COP_OK)
        multiply(bytes, relief, n, mask);
    free(bytes);
    return status;
}

CopStatus cop_spatter_mud(const double *liquid, int width, int height, double threshold,
                          double sigma, float *mask)
{
    const size_t n = (size_t)width * (size_t)height;
    double *cover = malloc(n * sizeof *cover);
    if (!cover)
        return COP_ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        cover[i] = liquid[i] > threshold;
    const CopStatus status =
        cop_gaussian_plane(cover, width, height, sigma, 4, COP_BORDER_REPLICATE);
    for (size_t i = 0; i < n; i++)
        mask[i] = cover[i] < 0.8 ? 0 : (float)cover[i];
    free(cover);
    return status;
}

/* --- over the picture --------------------------------------------------------------- */

COP_TIERS static void lay_on(uint8_t *restrict x, const float *restrict keep,
                             const float *restrict add, int n)
{
    for (int i = 0; i < n; i++) {
        float y = (float)x[i] / 255 * keep[i] + add[i];
        y = y < 0 ? 0 : y;
        y = y > 1 ? 1 : y;
        x[i] = (uint8_t)(int)(y * 255);
    }
}

COP_TIERS static void spread(const float *restrict mask, float *restrict keep, float *restrict add,
                             int n, float amount, float covers, const float colour[3])
{
    const float red = colour[0], green = colour[1], blue = colour[2];
    for (int i = 0; i < n; i++) {
        const float m = mask[i] * amount, rest = 1 - covers * m;
        keep[3 * i] = keep[3 * i + 1] = keep[3 * i + 2] = rest;
        add[3 * i] = m * red;
        add[3 * i + 1] = m * green;
        add[3 * i + 2] = m * blue;
    }
}

void cop_spatter_row(uint8_t *x, const float *mask, float *scratch, int n, const float *amount)
{
    static const float water[3] = {175 / 255.0F, 238 / 255.0F, 238 / 255.0F};
    static const float mud[3] = {63 / 255.0F, 42 / 255.0F, 20 / 255.0F};
    if (amount)
        spread(mask, scratch, scratch + 3 * n, n, *amount, 0, water);
    else
        spread(mask, scratch, scratch + 3 * n, n, 1, 1, mud);
    lay_on(x, scratch, scratch + 3 * n, 3 * n);
}

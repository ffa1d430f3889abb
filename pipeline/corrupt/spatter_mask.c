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

/* --- 3x3 filters, mirrored at the border without its pixel ----------------------------- */

/* The nine values around (x, y), as [row][column]. */
static void around(const uint8_t *in, int width, int height, int x, int y, int nine[3][3])
{
    for (int k = 0; k < 3; k++) {
        const int v = cop_border_index(y + k - 1, height, COP_BORDER_REFLECT_101);
        for (int j = 0; j < 3; j++) {
            const int u = cop_border_index(x + j - 1, width, COP_BORDER_REFLECT_101);
            nine[k][j] = in[(ptrdiff_t)v * width + u];
        }
    }
}

/* Means of nine distances, cut to whole numbers. */
static void smooth_distance(const float *in, int width, int height, uint8_t *out)
{
    for (int y = 0; y < height; y++) {
        const float *rows[3];
        for (int k = 0; k < 3; k++)
            rows[k] =
                in + (ptrdiff_t)cop_border_index(y + k - 1, height, COP_BORDER_REFLECT_101) * width;
        for (int x = 0; x < width; x++) {
            const int left = cop_border_index(x - 1, width, COP_BORDER_REFLECT_101);
            const int right = cop_border_index(x + 1, width, COP_BORDER_REFLECT_101);
            double sum = 0;
            for (int k = 0; k < 3; k++)
                sum += (double)rows[k][left] + (double)rows[k][x] + (double)rows[k][right];
            const float mean = (float)(sum * (1.0 / 9));
            out[(ptrdiff_t)y * width + x] = (uint8_t)(mean < 255 ? mean : 255);
        }
    }
}

/* Light from the lower right. */
static void emboss(const uint8_t *in, int width, int height, uint8_t *out)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int n[3][3];
            around(in, width, height, x, y, n);
            const int sum =
                n[1][1] + n[1][2] + n[2][1] + 2 * n[2][2] - n[0][1] - n[1][0] - 2 * n[0][0];
            out[(ptrdiff_t)y * width + x] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
        }
}

static void smooth(const uint8_t *in, int width, int height, uint8_t *out)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int n[3][3], sum = 0;
            around(in, width, height, x, y, n);
            for (int k = 0; k < 3; k++)
                sum += n[k][0] + n[k][1] + n[k][2];
            out[(ptrdiff_t)y * width + x] = (uint8_t)((2 * sum + 9) / 18);
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

/* liquid becomes bytes; relief is what light makes of its edges. */
static CopStatus make_relief(const uint8_t *liquid, int width, int height, double reach,
                             uint8_t *relief, uint8_t *scratch, float *distance)
{
    COP_TRY(cop_canny(liquid, width, height, 50, 150, scratch));
    COP_TRY(cop_spatter_distance(scratch, width, height, reach, distance));
    smooth_distance(distance, width, height, scratch);
    equalise(scratch, width * height);
    emboss(scratch, width, height, relief);
    memcpy(scratch, relief, (size_t)width * (size_t)height);
    smooth(scratch, width, height, relief);
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

CopStatus cop_spatter_water(const double *liquid, int width, int height, double reach, float *mask)
{
    const size_t n = (size_t)width * (size_t)height;
    uint8_t *bytes = malloc(3 * n), *relief = bytes + n;
    if (!bytes)
        return COP_ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(liquid[i] <= 0 ? 0 : liquid[i] >= 1 ? 255 : liquid[i] * 255);
    /* The mask's memory holds distances until they are used up. */
    const CopStatus status = make_relief(bytes, width, height, reach, relief, relief + n, mask);
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

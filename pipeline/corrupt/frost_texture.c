/* A picture of frost on a window, made of random numbers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/frost_texture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/frost_crystals.h"
#include "pipeline/corrupt/gaussian.h"
#include "pipeline/corrupt/normal_field.h"
#include "pipeline/corrupt/plasma.h"
#include "pipeline/corrupt/tiers.h"

/* What adds up: shares were chosen so that autocorrelations come out as those of
 * photographs; grain has three sizes, in units of `scale`. */
static const float ice_share = 0.55F, light_share = 0.3F;
static const double clouds_share = 0.58, veins_share = 0.3;
static const double grain_size[] = {1, 2.5, 6}, grain_share[] = {0.03, 0.12, 0.08};

/* Structures are never so small that a side of the picture has more units. */
enum { UNITS_MAX = 2000 };

/* `draw` of addresses, from the one given on */
enum { DRAW_CRYSTALS, DRAW_CLOUDS, DRAW_VEINS, DRAW_GRAIN, DRAW_LOOK };

/* Means over 2 radius + 1 pixels of a row, by running sums; the border is repeated. */
static void box_row(const float *in, float *out, int n, int radius)
{
    double sum = 0;
    for (int k = -radius; k <= radius; k++)
        sum += (double)in[cop_border_index(k, n, COP_BORDER_REPLICATE)];
    const double share = 1.0 / (2 * radius + 1);
    for (int i = 0; i < n; i++) {
        out[i] = (float)(sum * share);
        const int enter = i + radius + 1 < n ? i + radius + 1 : n - 1;
        const int leave = i - radius > 0 ? i - radius : 0;
        sum += (double)in[enter] - (double)in[leave];
    }
}

COP_TIERS static void slide(double *restrict sum, const float *restrict enter,
                            const float *restrict leave, float *restrict out, double share, int n)
{
    for (int i = 0; i < n; i++) {
        out[i] = (float)(sum[i] * share);
        sum[i] += (double)enter[i] - (double)leave[i];
    }
}

static void box_columns(const float *in, float *out, int width, int height, int radius, double *sum)
{
    memset(sum, 0, (size_t)width * sizeof *sum);
    for (int k = -radius; k <= radius; k++) {
        const float *row =
            in + (ptrdiff_t)cop_border_index(k, height, COP_BORDER_REPLICATE) * width;
        for (int x = 0; x < width; x++)
            sum[x] += (double)row[x];
    }
    for (int y = 0; y < height; y++) {
        const int enter = cop_border_index(y + radius + 1, height, COP_BORDER_REPLICATE);
        const int leave = cop_border_index(y - radius, height, COP_BORDER_REPLICATE);
        slide(sum, in + (ptrdiff_t)enter * width, in + (ptrdiff_t)leave * width,
              out + (ptrdiff_t)y * width, 1.0 / (2 * radius + 1), width);
    }
}

/* Light scattered about `radius` pixels far: two boxes one after the other. */
static CopStatus scatter(const float *ice, float *light, int width, int height, int radius)
{
    const size_t n = (size_t)width * (size_t)height;
    float *half = malloc(n * sizeof *half);
    double *sum = malloc((size_t)width * sizeof *sum);
    if (half && sum) {
        memcpy(light, ice, n * sizeof *light);
        for (int pass = 0; pass < 2; pass++) {
            for (int y = 0; y < height; y++)
                box_row(light + (ptrdiff_t)y * width, half + (ptrdiff_t)y * width, width, radius);
            box_columns(half, light, width, height, radius, sum);
        }
    }
    const CopStatus status = half && sum ? COP_OK : COP_ERR_NOMEM;
    free(half);
    free(sum);
    return status;
}

/* What a column lies between, in a row of a field */
typedef struct Column {
    int left, right;
    double u;
} Column;

/* A row of a field at every column */
static void expand(const double *row, const Column *column, double *out, int width)
{
    for (int x = 0; x < width; x++) {
        const double left = row[column[x].left];
        out[x] = left + column[x].u * (row[column[x].right] - left);
    }
}

COP_TIERS static void add_between(float *restrict out, const double *restrict above,
                                  const double *restrict below, double v, double weight, int n)
{
    for (int x = 0; x < n; x++)
        out[x] += (float)(weight * (above[x] + v * (below[x] - above[x])));
}

/* Adds weight * field, whose numbers lie `scale` pixels apart, bilinearly; it wraps. `line` is
 * memory for two rows. */
static void add_field(float *grey, int width, int height, const double *field, int side,
                      double scale, double weight, Column *column, double *line[2])
{
    const double step = 1 / scale;
    for (int x = 0; x < width; x++) {
        const double at = x * step;
        const int left = (int)at % side;
        column[x] = (Column){left, (left + 1) % side, at - floor(at)};
    }
    int held[2] = {-1, -1}; /* row i of the field, as it would go on, in place i % 2 */
    for (int y = 0; y < height; y++) {
        const double at = y * step;
        const int top = (int)at;
        for (int row = top; row < top + 2; row++)
            if (held[row % 2] != row) {
                expand(field + (ptrdiff_t)(row % side) * side, column, line[row % 2], width);
                held[row % 2] = row;
            }
        add_between(grey + (ptrdiff_t)y * width, line[top % 2], line[(top + 1) % 2], at - floor(at),
                    weight, width);
    }
}

/* Where a rough map crosses its middle: veins at all sizes. */
static void to_veins(double *map, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double away = fabs(map[i] - 0.5) * 8;
        map[i] = 1 / (1 + away * away);
    }
}

/* Clouds of thick and thin ice, veins, grain, all of one number a unit. */
static CopStatus add_clouds(CopRngKey key, CopRngAddress at, int width, int height, double scale,
                            float *grey)
{
    const int longer = (int)((width > height ? width : height) / scale) + 2;
    const int side = cop_plasma_side(longer);
    const size_t n = (size_t)side * (size_t)side;
    double *map = malloc((n + 2 * (size_t)width) * sizeof *map);
    Column *column = malloc((size_t)width * sizeof *column);
    if (!map || !column) {
        free(map);
        free(column);
        return COP_ERR_NOMEM;
    }
    double *line[2] = {map + n, map + n + width};
    CopPlasmaWords words = {.key = key, .at = at};
    words.at.draw = at.draw + DRAW_CLOUDS;
    cop_plasma(map, side, 1.7, cop_plasma_words, &words);
    add_field(grey, width, height, map, side, scale, clouds_share, column, line);
    words.at.draw = at.draw + DRAW_VEINS;
    cop_plasma(map, side, 1.3, cop_plasma_words, &words);
    to_veins(map, n);
    add_field(grey, width, height, map, side, scale, veins_share, column, line);
    CopRngAddress grain = at;
    grain.draw += DRAW_GRAIN;
    cop_normal_field(key, grain, 0, 0, 1, map, (int)n);
    for (int i = 0; i < 3; i++)
        add_field(grey, width, height, map, side, grain_size[i] * scale, grain_share[i], column,
                  line);
    free(map);
    free(column);
    return COP_OK;
}

/* Thin ice is dark and blue, thick ice white. */
static void tint(const float *grey, size_t n, double mean, double gain, uint8_t *rgb)
{
    static const double dark[3] = {30, 58, 84}, light[3] = {226, 240, 250};
    uint8_t table[1024][3];
    for (int i = 0; i < 1024; i++)
        for (int c = 0; c < 3; c++) {
            const double share = i / 1023.0;
            table[i][c] = (uint8_t)(dark[c] + share * (light[c] - dark[c]) + 0.5);
        }
    for (size_t i = 0; i < n; i++) {
        double share = mean + gain * (double)grey[i];
        share = share < 0 ? 0 : share > 1 ? 1 : share;
        memcpy(rgb + 3 * i, table[(int)(share * 1023)], 3);
    }
}

CopStatus cop_frost_texture(CopRngKey key, CopRngAddress at, int width, int height, double scale,
                            uint8_t *rgb)
{
    const size_t n = (size_t)width * (size_t)height;
    const double least = (double)(width > height ? width : height) / UNITS_MAX;
    if (!(scale > least))
        scale = least;
    float *ice = malloc(2 * n * sizeof *ice);
    if (!ice)
        return COP_ERR_NOMEM;
    float *grey = ice + n;
    CopRngAddress crystals = at, look = at;
    crystals.draw += DRAW_CRYSTALS;
    look.draw += DRAW_LOOK;
    CopStatus status = cop_frost_crystals(key, crystals, width, height, scale, ice);
    if (status == COP_OK)
        status = scatter(ice, grey, width, height, 1 + (int)(3 * scale));
    if (status == COP_OK) {
        for (size_t i = 0; i < n; i++)
            grey[i] = ice_share * ice[i] + light_share * grey[i];
        status = add_clouds(key, at, width, height, scale, grey);
    }
    if (status == COP_OK) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < n; i++) {
            sum += (double)grey[i];
            squares += (double)grey[i] * (double)grey[i];
        }
        /* The deviation is chosen, not left to the number of crystals. */
        const double mean = sum / (double)n, variance = squares / (double)n - mean * mean;
        const double deviation = 0.13 + 0.07 * cop_rng_uniform(key, 0, look);
        const double level = 0.42 + 0.2 * cop_rng_uniform(key, 1, look);
        const double gain = variance > 1e-9 ? deviation / sqrt(variance) : 0;
        tint(grey, n, level - gain * mean, gain, rgb);
    }
    free(ice);
    return status;
}

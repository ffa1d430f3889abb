/* Clouds by midpoint displacement on a square that wraps around.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/plasma.h"

#include <stddef.h>

#include "pipeline/corrupt/noise_words.h"
#include "pipeline/corrupt/tiers.h"

enum { FIRST_WIBBLE = 100, SIDE_MIN = 32 };

int cop_plasma_side(int length)
{
    int side = SIDE_MIN; /* smaller maps would be a handful of numbers */
    while (side < length && side < COP_PLASMA_SIDE_MAX)
        side *= 2;
    return side;
}

COP_TIERS static void scale_words(const uint32_t *word, int n, double wibble, double *out)
{
    for (int i = 0; i < n; i++)
        out[i] = wibble * ((double)word[i] * 0x1p-31 - 1);
}

void cop_plasma_words(const void *words, uint32_t first, int n, double wibble, double *out)
{
    const CopPlasmaWords *source = words;
    CopNoiseChunk chunk;
    for (int done = 0, count; done < n; done += count) {
        const uint32_t *word = cop_noise_chunk(&chunk, source->key, first + (uint32_t)done,
                                               source->at, n - done, &count);
        scale_words(word, count, wibble, out + done);
    }
}

/* One level: `step` apart stand points that are known, whose midpoints follow. Sides are
 * powers of two, and columns wrap around by a mask. */
typedef struct Level {
    double *map;
    int side, step;
    double wibble;
    CopPlasmaDraw draw;
    const void *ctx;
    uint32_t used; /* numbers used so far */
} Level;

/* Points at (row, column), (row, column + step), ...: mean of the four, of which rows
 * `above` and `below` hold two each, `left` and `left` + step. The order of the sums
 * follows the shape: two by two down each of the columns, or the two of `above` last. */
static void centres(Level *level, int row, const double *noise)
{
    const int half = level->step / 2, side = level->side, step = level->step;
    const double *above = level->map + (size_t)(row - half) * (size_t)side;
    const double *below = level->map + (size_t)((row + half) % side) * (size_t)side;
    double *out = level->map + (size_t)row * (size_t)side;
    for (int column = half, i = 0; column < side; column += step, i++) {
        const int left = column - half, right = (column + half) & (side - 1);
        const double sum = (above[left] + below[left]) + (above[right] + below[right]);
        out[column] = sum / 4 + level->wibble * noise[i];
    }
}

/* Midpoints of edges that run along a row: centres above and below, corners beside. */
static void along_row(Level *level, int row, const double *noise)
{
    const int half = level->step / 2, side = level->side, step = level->step;
    const double *above = level->map + (size_t)((row - half + side) % side) * (size_t)side;
    double *out = level->map + (size_t)row * (size_t)side;
    const double *below = level->map + (size_t)(row + half) * (size_t)side;
    for (int column = half, i = 0; column < side; column += step, i++) {
        const double sum = (below[column] + above[column]) +
                           (out[column - half] + out[(column + half) & (side - 1)]);
        out[column] = sum / 4 + level->wibble * noise[i];
    }
}

/* Midpoints of edges that run down a column: centres beside, corners above and below. */
static void down_column(Level *level, int row, const double *noise)
{
    const int half = level->step / 2, side = level->side, step = level->step;
    const double *above = level->map + (size_t)(row - half) * (size_t)side;
    double *out = level->map + (size_t)row * (size_t)side;
    const double *below = level->map + (size_t)((row + half) % side) * (size_t)side;
    for (int column = 0, i = 0; column < side; column += step, i++) {
        const double sum = (out[column + half] + out[(column - half) & (side - 1)]) +
                           (above[column] + below[column]);
        out[column] = sum / 4 + level->wibble * noise[i];
    }
}

static void each_row(Level *level, int first, void (*fill)(Level *, int, const double *))
{
    double noise[COP_PLASMA_SIDE_MAX];
    const int n = level->side / level->step;
    for (int row = first; row < level->side; row += level->step) {
        level->draw(level->ctx, level->used, n, level->wibble, noise);
        fill(level, row, noise);
        level->used += (uint32_t)n;
    }
}

COP_TIERS static void extremes(const double *x, size_t n, double *least, double *most)
{
    double low[8], high[8]; /* side by side: comparisons need no order, so vectors do */
    for (size_t k = 0; k < 8; k++)
        low[k] = high[k] = x[0];
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++) {
            low[k] = x[i + k] < low[k] ? x[i + k] : low[k];
            high[k] = x[i + k] > high[k] ? x[i + k] : high[k];
        }
    for (; i < n; i++) {
        low[0] = x[i] < low[0] ? x[i] : low[0];
        high[0] = x[i] > high[0] ? x[i] : high[0];
    }
    for (int k = 1; k < 8; k++) {
        low[0] = low[k] < low[0] ? low[k] : low[0];
        high[0] = high[k] > high[0] ? high[k] : high[0];
    }
    *least = low[0];
    *most = high[0];
}

COP_TIERS static void to_unit(double *x, size_t n, double least, double range)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (x[i] - least) / range;
}

void cop_plasma(double *map, int side, double decay, CopPlasmaDraw draw, const void *ctx)
{
    const size_t n = (size_t)side * (size_t)side;
    map[0] = 0; /* the corner of all; every other point is made before it is read */
    Level level = {
        .map = map, .side = side, .wibble = FIRST_WIBBLE, .draw = draw, .ctx = ctx, .used = 0};
    for (level.step = side; level.step > 1; level.step /= 2) {
        each_row(&level, level.step / 2, centres);
        each_row(&level, 0, along_row);
        each_row(&level, level.step / 2, down_column);
        level.wibble /= decay;
    }
    double least, most;
    extremes(map, n, &least, &most);
    if (most > least)
        to_unit(map, n, least, most - least);
    else
        for (size_t i = 0; i < n; i++)
            map[i] = 0.5;
}

/* Layers that wrap around, seen through a window that slides by parts of a pixel.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/torus.h"

#include <math.h>
#include <stddef.h>

#include "pipeline/corrupt/tiers.h"

/* x modulo n, in 0 .. n, for any finite x */
static double wrap(double x, double n)
{
    const double r = fmod(x, n); /* exact */
    return r < 0 ? r + n : r;
}

CopTorusRow cop_torus_row(int width, int height, double left, double top, int y)
{
    const double x0 = wrap(left, width), y0 = wrap(top + y, height);
    const int column = (int)x0, row = (int)y0;
    return (CopTorusRow){.row = {row % height, (row + 1) % height},
                         .column = column % width,
                         .upper = (float)(1 - (y0 - row)),
                         .left = (float)(1 - (x0 - column))};
}

COP_TIERS static void mix_down(const uint16_t *restrict upper, const uint16_t *restrict lower,
                               float weight_upper, float weight_lower, float *restrict out, int n)
{
    for (int i = 0; i < n; i++)
        out[i] = weight_upper * upper[i] + weight_lower * lower[i];
}

COP_TIERS static void mix_along(const float *restrict line, float *restrict out, float weight_left,
                                float weight_right, int n)
{
    for (int i = 0; i < n; i++)
        out[i] = weight_left * line[i] + weight_right * line[i + 1];
}

void cop_torus_read(const uint16_t *layer, int width, const CopTorusRow *at, float *line,
                    float *out, int n)
{
    const uint16_t *upper = layer + (size_t)at->row[0] * (size_t)width;
    const uint16_t *lower = layer + (size_t)at->row[1] * (size_t)width;
    for (int done = 0, column = at->column, count; done < n + 1; done += count) {
        count = n + 1 - done < width - column ? n + 1 - done : width - column;
        mix_down(upper + column, lower + column, at->upper, 1 - at->upper, line + done, count);
        column = 0;
    }
    mix_along(line, out, at->left, 1 - at->left, n);
}

/* Gaussian filters of planes of doubles: fields, masks, layers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/gaussian.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/portable_math.h"
#include "pipeline/corrupt/tiers.h"

int cop_border_index(int i, int n, CopBorder border)
{
    if (i >= 0 && i < n)
        return i;
    if (border == COP_BORDER_REPLICATE || n == 1)
        return i < 0 ? 0 : n - 1;
    /* Both mirrors repeat: reflect every 2 n, reflect-101 every 2 n - 2. */
    const int period = border == COP_BORDER_REFLECT ? 2 * n : 2 * n - 2;
    const int last = border == COP_BORDER_REFLECT ? period - 1 : period;
    i %= period;
    if (i < 0)
        i += period;
    return i < n ? i : last - i;
}

CopStatus cop_gaussian_kernel(double sigma, double truncate, double **weight, int *radius)
{
    const int r = *radius = (int)(truncate * sigma + 0.5);
    double *w = *weight = malloc((2 * (size_t)r + 1) * sizeof *w);
    if (!w)
        return COP_ERR_NOMEM;
    double sum = 0;
    for (int i = -r; i <= r; i++)
        sum += w[i + r] = r ? cop_exp(-0.5 * i * i / (sigma * sigma)) : 1;
    for (int i = 0; i <= 2 * r; i++)
        w[i] /= sum;
    return COP_OK;
}

/* y += w x */
COP_TIERS static void add_scaled(double *restrict y, const double *restrict x, double w, int n)
{
    for (int i = 0; i < n; i++)
        y[i] += w * x[i];
}

/* y = sum of weight[k] x[.. + k], x with its border [n + 2 radius] */
COP_TIERS static void filter_row(double *restrict y, const double *restrict x,
                                 const double *restrict weight, int taps, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = 0;
    for (int k = 0; k < taps; k++)
        for (int i = 0; i < n; i++)
            y[i] += weight[k] * x[i + k];
}

static void filter(double *x, int width, int height, const double *weight, int radius,
                   CopBorder border, double *copy, double *line)
{
    const size_t row = (size_t)width;
    memcpy(copy, x, row * (size_t)height * sizeof *x);
    memset(x, 0, row * (size_t)height * sizeof *x);
    for (int v = 0; v < height; v++)
        for (int k = -radius; k <= radius; k++)
            add_scaled(x + (size_t)v * row,
                       copy + (size_t)cop_border_index(v + k, height, border) * row,
                       weight[k + radius], width);
    for (int v = 0; v < height; v++) {
        for (int u = -radius; u < width + radius; u++)
            line[u + radius] = x[(size_t)v * row + (size_t)cop_border_index(u, width, border)];
        filter_row(x + (size_t)v * row, line, weight, 2 * radius + 1, width);
    }
}

CopStatus cop_gaussian_plane(double *x, int width, int height, double sigma, double truncate,
                             CopBorder border)
{
    double *weight;
    int radius;
    COP_TRY(cop_gaussian_kernel(sigma, truncate, &weight, &radius));
    if (radius == 0) {
        free(weight);
        return COP_OK;
    }
    double *copy = malloc((size_t)width * (size_t)height * sizeof *copy);
    double *line = malloc(((size_t)width + 2 * (size_t)radius) * sizeof *line);
    if (copy && line)
        filter(x, width, height, weight, radius, border, copy, line);
    const CopStatus status = copy && line ? COP_OK : COP_ERR_NOMEM;
    free(copy);
    free(line);
    free(weight);
    return status;
}

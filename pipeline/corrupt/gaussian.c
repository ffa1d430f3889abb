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

/* Sums that registers hold */
enum { SPAN = 16 };

/* y[n] = sum over k of weight[k] tap[k]; each adds up its taps in their order */
COP_TIERS static void sum_taps(double *restrict y, const double *const *tap,
                               const double *restrict weight, int taps, int n)
{
    int u = 0;
    for (; u + SPAN <= n; u += SPAN) {
        double sum[SPAN] = {0};
        for (int k = 0; k < taps; k++)
            for (int i = 0; i < SPAN; i++)
                sum[i] += weight[k] * tap[k][u + i];
        for (int i = 0; i < SPAN; i++)
            y[u + i] = sum[i];
    }
    for (; u < n; u++) {
        double sum = 0;
        for (int k = 0; k < taps; k++)
            sum += weight[k] * tap[k][u];
        y[u] = sum;
    }
}

static void filter(double *x, int width, int height, const double *weight, int radius,
                   CopBorder border, double *copy, double *line, const double **tap)
{
    const size_t length = (size_t)width;
    memcpy(copy, x, length * (size_t)height * sizeof *x);
    for (int v = 0; v < height; v++) {
        for (int k = -radius; k <= radius; k++)
            tap[k + radius] = copy + (size_t)cop_border_index(v + k, height, border) * length;
        sum_taps(line + radius, tap, weight, 2 * radius + 1, width);
        for (int u = 1; u <= radius; u++) {
            line[radius - u] = line[radius + cop_border_index(-u, width, border)];
            line[radius + width - 1 + u] =
                line[radius + cop_border_index(width - 1 + u, width, border)];
        }
        for (int k = 0; k <= 2 * radius; k++)
            tap[k] = line + k;
        sum_taps(x + (size_t)v * length, tap, weight, 2 * radius + 1, width);
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
    const double **tap = malloc((2 * (size_t)radius + 1) * sizeof *tap);
    const CopStatus status = copy && line && tap ? COP_OK : COP_ERR_NOMEM;
    if (status == COP_OK)
        filter(x, width, height, weight, radius, border, copy, line, tap);
    free(tap);
    free(copy);
    free(line);
    free(weight);
    return status;
}

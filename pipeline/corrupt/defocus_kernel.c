/* The kernel of defocus blur: a disk with soft edges.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/defocus_kernel.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "models/core/portable_math.h"
#include "pipeline/corrupt/gaussian.h"

void cop_defocus_kernel_free(CopDefocusKernel *kernel)
{
    free(kernel->weight);
    free(kernel->rest);
    free(kernel->inside);
    free(kernel->edge);
    *kernel = (CopDefocusKernel){.reach = 0};
}

/* smooth[5] of sum 1; sigma 0 is one tap */
static void weigh(float *smooth, double sigma, int taps)
{
    double weight[5] = {0}, sum = 0;
    for (int i = -(taps / 2); i <= taps / 2; i++) {
        if (i == 0)
            weight[2] = 1;
        else if (sigma > 0)
            weight[2 + i] = cop_exp(-0.5 / (sigma * sigma) * i * i);
        sum += weight[2 + i];
    }
    for (int i = 0; i < 5; i++)
        smooth[i] = (float)(weight[i] / sum);
}

/* One pass of the Gaussian; lines of `n` weights, `step` apart, the ends mirrored. */
static void smooth_lines(float *y, const float *x, const float *smooth, int n, bool down)
{
    const int step = down ? n : 1, across = down ? 1 : n;
    for (int line = 0; line < n; line++)
        for (int i = 0; i < n; i++) {
            const float *from = x + (ptrdiff_t)line * across;
            float sum = smooth[2] * from[i * step];
            for (int k = 1; k <= 2; k++)
                sum += smooth[2 + k] *
                       (from[cop_border_index(i - k, n, COP_BORDER_REFLECT_101) * step] +
                        from[cop_border_index(i + k, n, COP_BORDER_REFLECT_101) * step]);
            y[line * across + i * step] = sum;
        }
}

static bool in_disk(double radius, int dx, int dy)
{
    return dx * dx + dy * dy <= radius * radius;
}

static CopStatus fill(CopDefocusKernel *kernel, double radius)
{
    const int side = 2 * kernel->reach + 1;
    const size_t n = (size_t)side * (size_t)side;
    kernel->weight = malloc(n * sizeof *kernel->weight);
    float *passed = malloc(n * sizeof *passed);
    if (!kernel->weight || !passed) {
        free(passed);
        return COP_ERR_NOMEM;
    }
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            kernel->weight[y * side + x] =
                in_disk(radius, x - kernel->reach, y - kernel->reach) ? kernel->per_pixel : 0;
    smooth_lines(passed, kernel->weight, kernel->smooth, side, false);
    smooth_lines(kernel->weight, passed, kernel->smooth, side, true);
    free(passed);
    return COP_OK;
}

static double weight_at(const CopDefocusKernel *kernel, int dx, int dy)
{
    const int r = kernel->reach;
    if (dx < -r || dx > r || dy < -r || dy > r)
        return 0;
    return (double)kernel->weight[(dy + r) * (2 * r + 1) + dx + r];
}

/* What the disk and the Gaussian give without the grid's ends. */
static double plain_at(const CopDefocusKernel *kernel, double radius, int dx, int dy)
{
    double sum = 0;
    for (int j = -2; j <= 2; j++)
        for (int i = -2; i <= 2; i++)
            if (in_disk(radius, dx + i, dy + j))
                sum += (double)kernel->smooth[2 + i] * (double)kernel->smooth[2 + j];
    return sum * (double)kernel->per_pixel;
}

static CopStatus list_rest(CopDefocusKernel *kernel, double radius)
{
    const int far = kernel->reach + 2, side = 2 * far + 1;
    kernel->rest = malloc((size_t)(side * side) * sizeof *kernel->rest);
    if (!kernel->rest)
        return COP_ERR_NOMEM;
    double mass = 0, ignored = 0;
    for (int dy = -far; dy <= far; dy++)
        for (int dx = -far; dx <= far; dx++) {
            const double off = weight_at(kernel, dx, dy) - plain_at(kernel, radius, dx, dy);
            if (fabs(off) < 1e-6 * (double)kernel->per_pixel) {
                ignored += fabs(off);
                continue;
            }
            kernel->rest[kernel->n_rest++] = (CopDefocusTap){dx, dy, off};
            mass += fabs(off);
        }
    /* Each filter rounds four times, weights included, and the middle twice when it comes back: by
     * shares of a level about 0. Those of the rest are of a whole one. */
    const double unit = ldexp(1, -24);
    kernel->bound = (float)(unit * COP_DEFOCUS_MIDDLE * 11 +
                            255 * (unit * (kernel->n_rest + 4) * mass + ignored) +
                            (kernel->n_rest ? 256 * unit : 0));
    return COP_OK;
}

static CopStatus list_edges(CopDefocusKernel *kernel)
{
    const int r = kernel->reach, side = 2 * r + 1;
    kernel->inside = malloc((size_t)side * sizeof *kernel->inside);
    kernel->edge = malloc((size_t)(side * side) * sizeof *kernel->edge);
    if (!kernel->inside || !kernel->edge)
        return COP_ERR_NOMEM;
    kernel->level = weight_at(kernel, 0, 0);
    for (int dy = -r; dy <= r; dy++) {
        int inside = -1;
        while (inside < r && weight_at(kernel, inside + 1, dy) == kernel->level &&
               weight_at(kernel, -inside - 1, dy) == kernel->level)
            inside++;
        kernel->inside[dy + r] = inside;
        for (int dx = -r; dx <= r; dx++)
            if (abs(dx) > inside && weight_at(kernel, dx, dy) != 0)
                kernel->edge[kernel->n_edge++] = (CopDefocusTap){dx, dy, weight_at(kernel, dx, dy)};
    }
    return COP_OK;
}

CopStatus cop_defocus_kernel(CopDefocusKernel *kernel, double radius, double soft)
{
    *kernel = (CopDefocusKernel){.disk = (int)radius};
    const bool large = radius > 8;
    kernel->reach = !large ? 8 : radius == floor(radius) ? (int)radius : (int)radius + 3;
    weigh(kernel->smooth, soft, large ? 5 : 3);
    int pixels = 0;
    for (int dy = 0; dy <= kernel->disk; dy++) {
        int half = 0;
        while (in_disk(radius, half + 1, dy))
            half++;
        kernel->half[dy] = half;
        pixels += (dy ? 2 : 1) * (2 * half + 1);
    }
    kernel->pixels = pixels;
    kernel->per_pixel = 1.0f / (float)pixels;
    double sum = 0;
    for (int i = 0; i < 5; i++)
        sum += (double)kernel->smooth[i];
    kernel->middle = (float)(COP_DEFOCUS_MIDDLE * sum * sum * pixels * (double)kernel->per_pixel);
    COP_TRY(fill(kernel, radius));
    COP_TRY(list_rest(kernel, radius));
    return list_edges(kernel);
}

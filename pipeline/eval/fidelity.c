/* How far a corrupted picture is from what it was: squared error and structural similarity.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/fidelity.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* Samples of one channel: `step` bytes apart in a row. */
typedef struct Channel {
    const uint8_t *x;
    ptrdiff_t stride;
    int step;
} Channel;

/* Sums over a window of two channels a and b. */
typedef struct Window {
    int64_t a, b, squares, product; /* squares: of both */
} Window;

static void add_window(Window *to, const Window *from)
{
    to->a += from->a;
    to->b += from->b;
    to->squares += from->squares;
    to->product += from->product;
}

static Window sum_block(Channel a, Channel b, int width, int height)
{
    Window w = {0};
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const int u = a.x[y * a.stride + x * a.step], v = b.x[y * b.stride + x * b.step];
            w.a += u;
            w.b += v;
            w.squares += u * u + v * v;
            w.product += u * v;
        }
    return w;
}

/* Of n samples, variances with n - 1. The constant beside the means is (0.01 255)^2 / 64, not the
 * paper's (0.01 255)^2: x264 and FFmpeg have it so, whose figures people compare with. */
static double window_ssim(const Window *w, int n)
{
    const double count = n, mean_a = (double)w->a / count, mean_b = (double)w->b / count;
    const double c1 = 0.01 * 0.01 * 255 * 255 / 64, c2 = 0.03 * 0.03 * 255 * 255;
    const double less = n > 1 ? count - 1 : 1;
    const double variances =
        ((double)w->squares - count * (mean_a * mean_a + mean_b * mean_b)) / less;
    const double covariance = ((double)w->product - count * mean_a * mean_b) / less;
    return (2 * mean_a * mean_b + c1) * (2 * covariance + c2) /
           ((mean_a * mean_a + mean_b * mean_b + c1) * (variances + c2));
}

static Channel at(Channel c, int x, int y)
{
    c.x += y * c.stride + (ptrdiff_t)x * c.step;
    return c;
}

/* Blocks of 4 x 4 are summed once; four of them make a window. */
static double windows_ssim(Channel a, Channel b, int width, int height, Window *line)
{
    const int across = width / 4, down = height / 4;
    Window *above = line, *below = line + across;
    double sum = 0;
    for (int y = 0; y < down; y++) {
        for (int x = 0; x < across; x++)
            below[x] = sum_block(at(a, 4 * x, 4 * y), at(b, 4 * x, 4 * y), 4, 4);
        for (int x = 0; y > 0 && x + 1 < across; x++) {
            Window w = above[x];
            add_window(&w, &above[x + 1]);
            add_window(&w, &below[x]);
            add_window(&w, &below[x + 1]);
            sum += window_ssim(&w, 64);
        }
        Window *swap = above;
        above = below;
        below = swap;
    }
    return sum / ((double)(across - 1) * (down - 1));
}

static double channel_ssim(Channel a, Channel b, int width, int height)
{
    Window *line =
        width >= 8 && height >= 8 ? malloc(2 * (size_t)(width / 4) * sizeof *line) : NULL;
    if (!line) { /* also where memory is out: coarser, but no failure of an evaluation */
        const Window w = sum_block(a, b, width, height);
        return window_ssim(&w, width * height);
    }
    const double ssim = windows_ssim(a, b, width, height, line);
    free(line);
    return ssim;
}

static double squared_error(Channel a, Channel b, int width, int height)
{
    double sum = 0;
    for (int y = 0; y < height; y++) {
        int64_t row = 0;
        for (int x = 0; x < width; x++) {
            const int d = a.x[y * a.stride + x * a.step] - b.x[y * b.stride + x * b.step];
            row += d * d;
        }
        sum += (double)row;
    }
    return sum;
}

/* Bytes from sample to sample of a plane, and how many of them are picture. */
static int plane_step(CopPixelFormat format, int plane, int *channels)
{
    const bool four = format == COP_PIXEL_RGBX || format == COP_PIXEL_BGRX;
    const bool three = format == COP_PIXEL_RGB || format == COP_PIXEL_BGR;
    const int step = four ? 4 : three ? 3 : format == COP_PIXEL_NV12 && plane == 1 ? 2 : 1;
    *channels = four ? 3 : step;
    return step;
}

void cop_fidelity_add(CopFidelity *sum, const CopFrame *a, const CopFrame *b)
{
    double squares = 0, samples = 0, ssim = 0;
    for (int p = 0; p < cop_pixel_format_planes(a->format); p++) {
        int row_bytes, rows, channels;
        cop_plane_size(a->format, a->width, a->height, p, &row_bytes, &rows);
        const int step = plane_step(a->format, p, &channels), width = row_bytes / step;
        for (int c = 0; c < channels; c++) {
            const Channel x = {a->plane[p] + c, a->stride[p], step};
            const Channel y = {b->plane[p] + c, b->stride[p], step};
            const double n = (double)width * rows;
            squares += squared_error(x, y, width, rows);
            ssim += n * channel_ssim(x, y, width, rows);
            samples += n;
        }
    }
    sum->squares += squares;
    sum->samples += samples;
    sum->ssim += ssim / samples;
    sum->frames++;
}

double cop_psnr(double mean_squared_error)
{
    return mean_squared_error > 0 ? 10 * log10(255.0 * 255.0 / mean_squared_error) : INFINITY;
}

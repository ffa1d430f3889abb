/* The elastic warp: an affine map, then a field of displacements (Simard et al., ICDAR
 * 2003; in this form Hendrycks and Dietterich, ICLR 2019).
 *
 * Flat regions stand on whole levels, where one rounding more or less decides what
 * truncation leaves; hence each operation is the original's: OpenCV's for the affine
 * map, SciPy's for the displacement. Pixels are four floats, the last one idle, so that
 * a tap is one load.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/elastic.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/gaussian.h"
#include "pipeline/corrupt/noise_words.h"
#include "pipeline/corrupt/tiers.h"
#include "pipeline/corrupt/warp.h"

enum { CHUNK = 256 };

/* The channels of a pixel side by side. */
typedef float Floats __attribute__((vector_size(16)));
typedef double Doubles __attribute__((vector_size(32)));
typedef int32_t Ints __attribute__((vector_size(16)));

void cop_elastic_affine(int width, int height, const float jitter[6], double inverse[6])
{
    const int third = (width < height ? width : height) / 3, s = third > 0 ? third : 1;
    const int cx = width / 2, cy = height / 2;
    const int from[3][2] = {{cx + s, cy + s}, {cx + s, cy - s}, {cx - s, cy - s}};
    double to[3][2], map[6];
    for (int i = 0; i < 3; i++)
        for (int axis = 0; axis < 2; axis++)
            to[i][axis] = (double)((float)from[i][axis] + jitter[2 * i + axis]);
    for (int axis = 0; axis < 2; axis++) {
        double *row = map + 3 * axis;
        row[0] = (to[1][axis] - to[2][axis]) / (2 * s);
        row[1] = (to[0][axis] - to[1][axis]) / (2 * s);
        row[2] = to[1][axis] - row[0] * from[1][0] - row[1] * from[1][1];
    }
    cop_warp_invert_affine(map, inverse);
}

CopStatus cop_elastic_field(double *x, int width, int height, double sigma, double alpha,
                            float *out)
{
    COP_TRY(cop_gaussian_plane(x, width, height, sigma, 3, COP_BORDER_REFLECT));
    const size_t n = (size_t)width * (size_t)height;
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(x[i] * alpha);
    return COP_OK;
}

static void draw_uniform(CopRngKey key, CopRngAddress at, double *x, size_t n)
{
    CopNoiseChunk chunk;
    int count;
    for (size_t done = 0; done < n; done += (size_t)count) {
        const uint32_t *word =
            cop_noise_chunk(&chunk, key, (uint32_t)done, at, (int64_t)(n - done), &count);
        for (int i = 0; i < count; i++)
            x[done + (size_t)i] = (word[i] + 0.5) / 2147483648.0 - 1;
    }
}

/* y[width] between numbers of x, `step` apart */
static void expand_row(const double *x, int step, int width, double *y)
{
    const double part = 1.0 / step; /* exact: a power of two */
    for (int u = 0, left = 0; u < width; left++)
        for (int k = 0; k < step && u < width; k++, u++)
            y[u] = x[left] + k * part * (x[left + 1] - x[left]);
}

COP_TIERS static void between(const double *restrict upper, const double *restrict lower,
                              double down, float *restrict out, int n)
{
    for (int i = 0; i < n; i++)
        out[i] = (float)(upper[i] + down * (lower[i] - upper[i]));
}

/* out [height][width] between x [rows][columns] at every step-th pixel; `line` [2][width] */
static void expand(const double *x, int columns, int step, int width, int height, double *line,
                   float *out)
{
    double *upper = line, *lower = line + width;
    for (int v = 0; v < height; v++) {
        if (v % step == 0) {
            const double *above = x + (size_t)(v / step) * (size_t)columns;
            expand_row(above, step, width, upper);
            expand_row(above + columns, step, width, lower);
        }
        between(upper, lower, (double)(v % step) / step, out + (size_t)v * (size_t)width, width);
    }
}

CopStatus cop_elastic_draw(CopRngKey key, CopRngAddress at, int width, int height, double sigma,
                           double alpha, float *out)
{
    int step = 1;
    while (sigma / (2 * step) >= 3)
        step *= 2;
    const int columns = step > 1 ? (width - 1) / step + 2 : width;
    const int rows = step > 1 ? (height - 1) / step + 2 : height;
    const size_t n = (size_t)columns * (size_t)rows;
    double *x = malloc(n * sizeof *x);
    float *coarse = step > 1 ? malloc(n * sizeof *coarse) : NULL;
    double *line = step > 1 ? malloc(2 * (size_t)width * sizeof *line) : NULL;
    CopStatus status = x && ((coarse && line) || step == 1) ? COP_OK : COP_ERR_NOMEM;
    if (status == COP_OK) {
        draw_uniform(key, at, x, n);
        /* One value in the place of step^2 is that much larger than their mean. */
        status = cop_elastic_field(x, columns, rows, sigma / step, alpha / step,
                                   step > 1 ? coarse : out);
        if (status == COP_OK && step > 1) {
            for (size_t i = 0; i < n; i++)
                x[i] = (double)coarse[i];
            expand(x, columns, step, width, height, line, out);
        }
    }
    free(coarse);
    free(line);
    free(x);
    return status;
}

/* [height][width][4], of a range of 1 */
static void unpack(const CopFrame *frame, float *out)
{
    float unit[256];
    for (int level = 0; level < 256; level++)
        unit[level] = (float)level / 255;
    for (int y = 0; y < frame->height; y++) {
        const uint8_t *rgb = frame->plane[0] + (ptrdiff_t)y * frame->stride[0];
        for (int x = 0; x < frame->width; x++, rgb += 3, out += 4) {
            out[0] = unit[rgb[0]];
            out[1] = unit[rgb[1]];
            out[2] = unit[rgb[2]];
            out[3] = 0;
        }
    }
}

static inline Floats load(const float *pixel)
{
    Floats x;
    memcpy(&x, pixel, sizeof x);
    return x;
}

#define widen(pixel) __builtin_convertvector(load(pixel), Doubles)

/* n pixels of the affine map; (x, y) are where its pixels come from, in 1/32 pixel. */
COP_TIERS static void affine_part(const float *restrict in, int width, int height, int n,
                                  const int *x, const int *y, float *restrict out)
{
    for (int i = 0; i < n; i++, out += 4) {
        int left = x[i] >> 5, top = y[i] >> 5, right = left + 1, bottom = top + 1;
        if (left < 0 || top < 0 || right >= width || bottom >= height) {
            left = cop_border_index(left, width, COP_BORDER_REFLECT_101);
            right = cop_border_index(right, width, COP_BORDER_REFLECT_101);
            top = cop_border_index(top, height, COP_BORDER_REFLECT_101);
            bottom = cop_border_index(bottom, height, COP_BORDER_REFLECT_101);
        }
        const float along = (float)(x[i] & 31) / 32, down = (float)(y[i] & 31) / 32;
        const float a = (1 - along) * (1 - down), b = along * (1 - down);
        const float c = (1 - along) * down, d = along * down;
        const float *p = in + 4 * ((ptrdiff_t)top * width + left);
        const float *q = in + 4 * ((ptrdiff_t)top * width + right);
        const float *r = in + 4 * ((ptrdiff_t)bottom * width + left);
        const float *s = in + 4 * ((ptrdiff_t)bottom * width + right);
        const Floats sum = load(p) * a + load(q) * b + load(r) * c + load(s) * d;
        memcpy(out, &sum, sizeof sum);
    }
}

/* Real coordinates mirrored about the borders of -1/2 and n - 1/2, into -1 .. n - 1. */
static double mirrored(double at, int n)
{
    if (n == 1)
        return 0;
    const double period = 2.0 * n;
    if (at < 0) {
        if (at < -period)
            at = period * floor(-at / period) + at;
        return at < -n ? at + period : -at - 1;
    }
    at -= period * floor(at / period);
    return at >= n ? period - at - 1 : at;
}

/* What places along one axis lie between, and how far beyond the first */
typedef struct Places {
    int first[CHUNK], second[CHUNK];
    double fraction[CHUNK];
} Places;

/* Returns 1 below 0 and from `size` on. Behind the last pixel, before that, nothing is mirrored. */
static inline int set_place(Places *out, int i, double at, int size)
{
    const int whole = (int)(at + 1) - 1;
    out->first[i] = whole > 0 ? whole : 0;
    out->second[i] = whole + 1 < size ? whole + 1 : size - 1;
    out->fraction[i] = at - whole;
    return (whole < 0) | (whole >= size);
}

/* Of from, from + step, ... displaced. What lies outside is rare, and mirrored afterwards. */
COP_TIERS static void find_places(Places *restrict out, int from, int step,
                                  const float *restrict moved, int n, int size)
{
    int outside = size == 1; /* all of that one's */
    for (int i = 0; i < n; i++)
        outside |= set_place(out, i, from + step * i + (double)moved[i], size);
    for (int i = 0; i < n && outside; i++) {
        const double at = from + step * i + (double)moved[i];
        if (!(at >= 0 && at <= size - 1))
            set_place(out, i, mirrored(at, size), size);
    }
}

/* n pixels between those at x and y of in [height][width][4] */
COP_TIERS static void displace_part(const float *restrict in, int width, const Places *x,
                                    const Places *y, int n, uint8_t *rgb)
{
    for (int i = 0; i < n; i++, rgb += 3) {
        const double down = y->fraction[i], up = 1 - down;
        const double along = x->fraction[i], back = 1 - along;
        const float *above = in + 4 * ((ptrdiff_t)y->first[i] * width);
        const float *below = in + 4 * ((ptrdiff_t)y->second[i] * width);
        const int left = 4 * x->first[i], right = 4 * x->second[i];
        const Doubles sum = widen(above + left) * up * back + widen(above + right) * up * along +
                            widen(below + left) * down * back + widen(below + right) * down * along;
        /* Of what is at most a rounding error above 1 */
        const Ints level =
            __builtin_convertvector(__builtin_convertvector(sum, Floats) * 255, Ints);
        for (int k = 0; k < 3; k++)
            rgb[k] = (uint8_t)level[k];
    }
}

COP_TIERS static void mix(const float *const field[2], const double a[2], size_t first, int n,
                          float *out)
{
    const float *x = field[0] + first, *y = a[1] != 0 ? field[1] + first : x;
    for (int i = 0; i < n; i++)
        out[i] = (float)(a[0] * (double)x[i] + a[1] * (double)y[i]);
}

void cop_elastic_warp(const CopFrame *frame, const double inverse[6],
                      const CopElasticFields *fields, float *scratch)
{
    const int width = frame->width, height = frame->height;
    const size_t row = (size_t)width;
    float *in = scratch, *moved = scratch + 4 * row * (size_t)height;
    unpack(frame, in);
    for (int v = 0; v < height; v++)
        for (int u = 0, n; u < width; u += n) {
            int x[CHUNK], y[CHUNK];
            n = width - u < CHUNK ? width - u : CHUNK;
            cop_warp_affine_places(inverse, u, v, n, x, y);
            affine_part(in, width, height, n, x, y, moved + 4 * ((size_t)v * row + (size_t)u));
        }
    for (int v = 0; v < height; v++)
        for (int u = 0, n; u < width; u += n) {
            float dx[CHUNK], dy[CHUNK];
            Places across, down;
            n = width - u < CHUNK ? width - u : CHUNK;
            mix(fields->dx, fields->a, (size_t)v * row + (size_t)u, n, dx);
            mix(fields->dy, fields->a, (size_t)v * row + (size_t)u, n, dy);
            find_places(&across, u, 1, dx, n, width);
            find_places(&down, v, 0, dy, n, height);
            displace_part(moved, width, &across, &down, n,
                          frame->plane[0] + (ptrdiff_t)v * frame->stride[0] + 3 * u);
        }
}

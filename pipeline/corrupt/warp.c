/* Pictures moved by affine and projective maps.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/warp.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/portable_math.h"
#include "pipeline/corrupt/gaussian.h"
#include "pipeline/corrupt/tiers.h"

const char *const cop_warp_filter_names[] = {"nearest", "bilinear", NULL};
const char *const cop_warp_border_names[] = {"black", "replicate", "reflect", NULL};

enum { CHUNK = 256 };

void cop_warp_scratch_free(CopWarpScratch *scratch)
{
    free(scratch->pixel);
    *scratch = (CopWarpScratch){NULL, 0};
}

static CopStatus keep_source(CopWarpScratch *scratch, const CopFrame *frame)
{
    const size_t bytes = 4 * (size_t)frame->width * (size_t)frame->height;
    if (scratch->bytes < bytes) {
        cop_warp_scratch_free(scratch);
        scratch->pixel = malloc(bytes);
        if (!scratch->pixel)
            return COP_ERR_NOMEM;
        scratch->bytes = bytes;
    }
    uint8_t *out = scratch->pixel;
    for (int y = 0; y < frame->height; y++) {
        const uint8_t *rgb = frame->plane[0] + (ptrdiff_t)y * frame->stride[0];
        for (int x = 0; x < frame->width; x++, rgb += 3, out += 4) {
            out[0] = rgb[0];
            out[1] = rgb[1];
            out[2] = rgb[2];
            out[3] = 0;
        }
    }
    return COP_OK;
}

/* The index of what stands at `i`, or -1 for black. */
static int index_at(int64_t i, int n, CopWarpBorder border)
{
    if (i >= 0 && i < n)
        return (int)i;
    if (border == COP_WARP_BLACK)
        return -1;
    const int far = 1 << 30;
    return cop_border_index(
        (int)(i < -far  ? -far
              : i > far ? far
                        : i),
        n, border == COP_WARP_REPLICATE ? COP_BORDER_REPLICATE : COP_BORDER_REFLECT_101);
}

static const uint8_t *pixel_at(const uint8_t *in, int width, int height, int64_t x, int64_t y,
                               CopWarpBorder border)
{
    static const uint8_t black[4] = {0, 0, 0, 0};
    const int column = index_at(x, width, border), row = index_at(y, height, border);
    return column < 0 || row < 0 ? black : in + 4 * ((ptrdiff_t)row * width + column);
}

static double within(double x, double most)
{
    return !(x > -most) ? -most : x > most ? most : x; /* a NaN is -most */
}

/* 16 bits of fraction; far outside of any picture when clamped */
static int64_t fixed(double x)
{
    return (int64_t)floor(within(x, 1e12) * 65536 + 0.5);
}

static void nearest(const CopFrame *frame, const uint8_t *in, const double m[6],
                    CopWarpBorder border)
{
    const int width = frame->width, height = frame->height;
    const int64_t across_x = fixed(m[0]), across_y = fixed(m[3]);
    const int64_t down_x = fixed(m[1]), down_y = fixed(m[4]);
    const int64_t first_x = fixed(m[2] + m[0] * 0.5 + m[1] * 0.5);
    const int64_t first_y = fixed(m[5] + m[3] * 0.5 + m[4] * 0.5);
    for (int v = 0; v < height; v++) {
        uint8_t *rgb = frame->plane[0] + (ptrdiff_t)v * frame->stride[0];
        int64_t x = first_x + v * down_x, y = first_y + v * down_y;
        for (int u = 0; u < width; u++, rgb += 3, x += across_x, y += across_y) {
            const uint8_t *from = pixel_at(in, width, height, x >> 16, y >> 16, border);
            rgb[0] = from[0];
            rgb[1] = from[1];
            rgb[2] = from[2];
        }
    }
}

/* rgb = between p, q above and r, s below */
static inline void blend(const uint8_t *p, const uint8_t *q, const uint8_t *r, const uint8_t *s,
                         double along, double down, uint8_t *rgb)
{
    for (int k = 0; k < 3; k++) {
        const double upper = p[k] + (q[k] - p[k]) * along, lower = r[k] + (s[k] - r[k]) * along;
        rgb[k] = (uint8_t)(int)(upper + (lower - upper) * down);
    }
}

COP_TIERS static void bilinear_row(const uint8_t *in, int width, int height, const double m[6],
                                   int v, CopWarpBorder border, uint8_t *rgb)
{
    const int far = 1 << 29;
    for (int u = 0; u < width; u++, rgb += 3) {
        double x = m[0] * (u + 0.5) + m[1] * (v + 0.5) + m[2];
        double y = m[3] * (u + 0.5) + m[4] * (v + 0.5) + m[5];
        if (!(x >= 0 && x < width && y >= 0 && y < height)) {
            if (border == COP_WARP_BLACK) {
                rgb[0] = rgb[1] = rgb[2] = 0;
                continue;
            }
            x = within(x, far);
            y = within(y, far);
        }
        x -= 0.5;
        y -= 0.5;
        const int left = (int)floor(x), top = (int)floor(y);
        const double along = x - left, down = y - top;
        if (left >= 0 && left + 1 < width && top >= 0 && top + 1 < height) {
            const uint8_t *p = in + 4 * ((ptrdiff_t)top * width + left);
            const uint8_t *r = p + 4 * (ptrdiff_t)width;
            blend(p, p + 4, r, r + 4, along, down, rgb);
        } else {
            /* A black border begins at the picture's edge, not at the last centres. */
            const CopWarpBorder over = border == COP_WARP_BLACK ? COP_WARP_REPLICATE : border;
            blend(pixel_at(in, width, height, left, top, over),
                  pixel_at(in, width, height, (int64_t)left + 1, top, over),
                  pixel_at(in, width, height, left, (int64_t)top + 1, over),
                  pixel_at(in, width, height, (int64_t)left + 1, (int64_t)top + 1, over), along,
                  down, rgb);
        }
    }
}

CopStatus cop_warp_affine(const CopFrame *frame, const double m[6], CopWarpFilter filter,
                          CopWarpBorder border, CopWarpScratch *scratch)
{
    COP_TRY(keep_source(scratch, frame));
    if (filter == COP_WARP_NEAREST) {
        nearest(frame, scratch->pixel, m, border);
        return COP_OK;
    }
    for (int v = 0; v < frame->height; v++)
        bilinear_row(scratch->pixel, frame->width, frame->height, m, v, border,
                     frame->plane[0] + (ptrdiff_t)v * frame->stride[0]);
    return COP_OK;
}

CopStatus cop_warp_frame(CopWarp *warp, const CopFrame *frame, const double m[6])
{
    return cop_warp_affine(frame, m, (CopWarpFilter)warp->interpolation,
                           (CopWarpBorder)warp->border, &warp->scratch);
}

void cop_warp_close(CopCorrupt *corrupt)
{
    CopWarp *warp = corrupt->state;
    cop_warp_scratch_free(&warp->scratch);
}

void cop_warp_about_centre(int width, int height, const double linear[4], double tx, double ty,
                           double m[6])
{
    const double cx = width / 2.0, cy = height / 2.0;
    m[0] = linear[0];
    m[1] = linear[1];
    m[2] = linear[0] * (-cx - tx) + linear[1] * (-cy - ty) + cx;
    m[3] = linear[2];
    m[4] = linear[3];
    m[5] = linear[2] * (-cx - tx) + linear[3] * (-cy - ty) + cy;
}

void cop_warp_turn(double degrees, double linear[4])
{
    double sine, cosine;
    cop_sin_cos(degrees * (COP_PI / 180), &sine, &cosine);
    sine = floor(sine * 1e15 + 0.5) / 1e15;
    cosine = floor(cosine * 1e15 + 0.5) / 1e15;
    linear[0] = linear[3] = cosine;
    linear[1] = -sine;
    linear[2] = sine;
}

/* To the nearest whole number, halves to even; |x| <= 2^50 */
static inline double whole(double x)
{
    const double shift = 6755399441055744.0; /* 1.5 * 2^52 */
    return (x + shift) - shift;
}

COP_TIERS void cop_warp_affine_places(const double m[6], int u, int v, int n, int *x, int *y)
{
    const double most = 1 << 29; /* of each of two terms, in 1/1024 pixel */
    const double row_x = whole(within((m[1] * v + m[2]) * 1024, most)) + 16;
    const double row_y = whole(within((m[4] * v + m[5]) * 1024, most)) + 16;
    for (int i = 0; i < n; i++) {
        const double along_x = whole(within(m[0] * (u + i) * 1024, most));
        const double along_y = whole(within(m[3] * (u + i) * 1024, most));
        x[i] = (int)(row_x + along_x) >> 5;
        y[i] = (int)(row_y + along_y) >> 5;
    }
}

/* By whole blocks of 64 columns, from a multiple of 64 on, as OpenCV adds up. */
COP_TIERS static void projective_places(const double m[9], int u, int v, int n, int *x, int *y)
{
    const double most = 1 << 30;
    for (int block = 0; block < n; block += 64) {
        const double first_x = m[0] * (u + block) + m[1] * v + m[2];
        const double first_y = m[3] * (u + block) + m[4] * v + m[5];
        const double first_w = m[6] * (u + block) + m[7] * v + m[8];
        for (int i = 0; i < 64; i++) {
            const double w = first_w + m[6] * i, per_w = w == 0 ? 0 : 32 / w;
            x[block + i] = (int)whole(within((first_x + m[0] * i) * per_w, most));
            y[block + i] = (int)whole(within((first_y + m[3] * i) * per_w, most));
        }
    }
}

/* Red, green and blue in lanes of 21 bits: one product weighs all three. */
static inline uint64_t lanes(const uint8_t *pixel)
{
    return pixel[0] | (uint64_t)pixel[1] << 21 | (uint64_t)pixel[2] << 42;
}

static void mix_places(const CopFrame *frame, const uint8_t *in, int n, const int *x, const int *y,
                       CopWarpBorder border, uint8_t *rgb)
{
    const int width = frame->width, height = frame->height;
    const uint64_t half = 512 | (uint64_t)512 << 21 | (uint64_t)512 << 42;
    for (int i = 0; i < n; i++, rgb += 3) {
        const int left = x[i] >> 5, top = y[i] >> 5;
        const unsigned along = x[i] & 31, down = y[i] & 31;
        const bool inside = left >= 0 && top >= 0 && left + 1 < width && top + 1 < height;
        const uint8_t *p, *q, *r, *s;
        if (inside) {
            p = in + 4 * ((ptrdiff_t)top * width + left);
            q = p + 4;
            r = p + 4 * (ptrdiff_t)width;
            s = r + 4;
        } else {
            p = pixel_at(in, width, height, left, top, border);
            q = pixel_at(in, width, height, left + 1, top, border);
            r = pixel_at(in, width, height, left, top + 1, border);
            s = pixel_at(in, width, height, left + 1, top + 1, border);
        }
        const uint64_t sum = lanes(p) * ((32 - along) * (32 - down)) +
                             lanes(q) * (along * (32 - down)) + lanes(r) * ((32 - along) * down) +
                             lanes(s) * (along * down) + half;
        rgb[0] = (uint8_t)(sum >> 10);
        rgb[1] = (uint8_t)(sum >> 31);
        rgb[2] = (uint8_t)(sum >> 52);
    }
}

CopStatus cop_warp_projective(const CopFrame *frame, const double m[9], CopWarpBorder border,
                              CopWarpScratch *scratch)
{
    COP_TRY(keep_source(scratch, frame));
    int x[CHUNK], y[CHUNK];
    for (int v = 0; v < frame->height; v++) {
        uint8_t *rgb = frame->plane[0] + (ptrdiff_t)v * frame->stride[0];
        for (int done = 0, n; done < frame->width; done += n) {
            n = frame->width - done < CHUNK ? frame->width - done : CHUNK;
            projective_places(m, done, v, n, x, y);
            mix_places(frame, scratch->pixel, n, x, y, border, rgb + 3 * done);
        }
    }
    return COP_OK;
}

void cop_warp_invert_affine(const double m[6], double inverse[6])
{
    double determinant = m[0] * m[4] - m[1] * m[3];
    determinant = determinant != 0 ? 1 / determinant : 0;
    inverse[0] = m[4] * determinant;
    inverse[1] = -(m[1] * determinant);
    inverse[3] = -(m[3] * determinant);
    inverse[4] = m[0] * determinant;
    inverse[2] = -inverse[0] * m[2] - inverse[1] * m[5];
    inverse[5] = -inverse[3] * m[2] - inverse[4] * m[5];
}

void cop_warp_invert(const double m[9], double inverse[9])
{
    double cofactor[9];
    for (int row = 0; row < 3; row++)
        for (int column = 0; column < 3; column++) {
            const int r1 = (row + 1) % 3, r2 = (row + 2) % 3;
            const int c1 = (column + 1) % 3, c2 = (column + 2) % 3;
            cofactor[3 * row + column] =
                m[3 * r1 + c1] * m[3 * r2 + c2] - m[3 * r1 + c2] * m[3 * r2 + c1];
        }
    double determinant = m[0] * cofactor[0] + m[1] * cofactor[1] + m[2] * cofactor[2];
    determinant = determinant != 0 ? 1 / determinant : 0;
    for (int row = 0; row < 3; row++)
        for (int column = 0; column < 3; column++)
            inverse[3 * row + column] = cofactor[3 * column + row] * determinant;
}

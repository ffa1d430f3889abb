/* Colour conversion in fixed point (ITU-R BT.601-7, BT.709-6; full range as in JFIF).
 *
 * Every pair of formats takes one way: blocks of pixels are spread into three
 * planes, a 3x3 matrix with 16 fractional bits and one rounding takes them to
 * the other colour space, and the result is packed. Blocks have a constant
 * length, so that compilers vectorise their loops; what lies past the end of a
 * row is computed and thrown away.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/convert.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "pipeline/corrupt/tiers.h"

enum { BLOCK = 128, BITS = 16 };

typedef enum Layout { PLANAR, SEMIPLANAR, PACKED } Layout;

typedef struct Format {
    Layout layout;
    int shift_w, shift_h; /* chroma subsampling; -1: there is no chroma */
    int step, red, blue;  /* packed: bytes a pixel, where red and blue lie */
} Format;

static const Format formats[COP_PIXEL_COUNT] = {
    [COP_PIXEL_GRAY8] = {PLANAR, -1, 0, 1, 0, 0},   [COP_PIXEL_I420] = {PLANAR, 1, 1, 1, 0, 0},
    [COP_PIXEL_I422] = {PLANAR, 1, 0, 1, 0, 0},     [COP_PIXEL_I444] = {PLANAR, 0, 0, 1, 0, 0},
    [COP_PIXEL_NV12] = {SEMIPLANAR, 1, 1, 1, 0, 0}, [COP_PIXEL_RGB] = {PACKED, 0, 0, 3, 0, 2},
    [COP_PIXEL_BGR] = {PACKED, 0, 0, 3, 2, 0},      [COP_PIXEL_RGBX] = {PACKED, 0, 0, 4, 0, 2},
    [COP_PIXEL_BGRX] = {PACKED, 0, 0, 4, 2, 0},
};

/* out[i] = (sum over j of factor[i][j] * in[j] + offset[i]) / 2^16 */
typedef struct Matrix {
    int32_t factor[3][3], offset[3];
    bool identity;
} Matrix;

/* What 8-bit components stand for: R', G', B' in 0..1 are a linear function of
 * (component - zero), and the other way round. */
typedef struct Space {
    double to_rgb[3][3], from_rgb[3][3], zero[3];
} Space;

typedef struct Block {
    uint8_t c[3][BLOCK], extra[BLOCK]; /* extra: the fourth byte of packed formats */
} Block;

/* Components 1 and 2 summed over the pixels that share a chroma sample. */
typedef struct Sums {
    uint16_t c[3][BLOCK];
} Sums;

static void rgb_space(Space *space)
{
    *space = (Space){0};
    for (int i = 0; i < 3; i++) {
        space->to_rgb[i][i] = 1.0 / 255.0;
        space->from_rgb[i][i] = 255.0;
    }
}

/* E'Y = Kr R + Kg G + Kb B, E'Pb = (B - E'Y) / (2 (1 - Kb)), E'Pr = (R - E'Y) / (2 (1 - Kr)),
 * quantised to 219 and 224 levels (limited) or 255 (full). Only + - * / of
 * doubles: the same on every machine. */
static void yuv_space(Space *space, CopColour colour)
{
    const bool hd = colour.matrix == COP_MATRIX_BT709, full = colour.range == COP_RANGE_FULL;
    const double kr = hd ? 0.2126 : 0.299, kb = hd ? 0.0722 : 0.114, kg = 1.0 - kr - kb;
    const double luma = full ? 255.0 : 219.0, chroma = full ? 255.0 : 224.0;
    const double pb = 2.0 * (1.0 - kb), pr = 2.0 * (1.0 - kr);
    *space = (Space){
        .to_rgb = {{1.0 / luma, 0.0, pr / chroma},
                   {1.0 / luma, -pb * kb / kg / chroma, -pr * kr / kg / chroma},
                   {1.0 / luma, pb / chroma, 0.0}},
        .from_rgb = {{luma * kr, luma * kg, luma * kb},
                     {-chroma * kr / pb, -chroma * kg / pb, chroma * (1.0 - kb) / pb},
                     {chroma * (1.0 - kr) / pr, -chroma * kg / pr, -chroma * kb / pr}},
        .zero = {full ? 0.0 : 16.0, 128.0, 128.0},
    };
}

static int32_t fixed(double x)
{
    const double scaled = x * (1 << BITS);
    return (int32_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

static bool is_rgb(CopPixelFormat format)
{
    return formats[format].layout == PACKED;
}

static bool same_colour(CopColour a, CopColour b)
{
    return a.matrix == b.matrix && a.range == b.range;
}

static void find_matrix(Matrix *matrix, const CopFrame *to, const CopFrame *from)
{
    *matrix = (Matrix){0};
    for (int i = 0; i < 3; i++)
        matrix->factor[i][i] = 1 << BITS;
    if (is_rgb(from->format) == is_rgb(to->format) &&
        (is_rgb(from->format) || same_colour(from->colour, to->colour))) {
        matrix->identity = true;
        return;
    }
    Space a, b;
    if (is_rgb(from->format))
        rgb_space(&a);
    else
        yuv_space(&a, from->colour);
    if (is_rgb(to->format))
        rgb_space(&b);
    else
        yuv_space(&b, to->colour);
    for (int i = 0; i < 3; i++) {
        int32_t shift = 0;
        for (int j = 0; j < 3; j++) {
            double f = 0.0;
            for (int k = 0; k < 3; k++)
                f += b.from_rgb[i][k] * a.to_rgb[k][j];
            matrix->factor[i][j] = fixed(f);
            shift += matrix->factor[i][j] * (int32_t)a.zero[j];
        }
        matrix->offset[i] = (int32_t)b.zero[i] * (1 << BITS) - shift;
    }
}

/* Inlined with constants, so that each packed format gets a loop of its own. */
static inline void spread(Block *block, const uint8_t *row, int n, int step, int red, int blue)
{
    for (int i = 0; i < n; i++, row += step) {
        block->c[0][i] = row[red];
        block->c[1][i] = row[1];
        block->c[2][i] = row[blue];
        if (step == 4)
            block->extra[i] = row[3];
    }
}

static inline void gather(const Block *block, uint8_t *row, int n, int step, int red, int blue,
                          bool extra)
{
    for (int i = 0; i < n; i++, row += step) {
        row[red] = block->c[0][i];
        row[1] = block->c[1][i];
        row[blue] = block->c[2][i];
        if (step == 4 && extra)
            row[3] = block->extra[i];
    }
}

/* Repeats each sample. */
static inline void double_up(uint8_t out[BLOCK])
{
    uint8_t in[BLOCK / 2];
    memcpy(in, out, sizeof in);
    for (int i = 0; i < BLOCK / 2; i++) {
        out[2 * i] = in[i];
        out[2 * i + 1] = in[i];
    }
}

static const uint8_t *at(const CopFrame *frame, int plane, int x, int y)
{
    return frame->plane[plane] + (ptrdiff_t)y * frame->stride[plane] + x;
}

/* n pixels from (x, y) on; x is a multiple of BLOCK. */
static inline void load(Block *block, const CopFrame *from, int x, int y, int n)
{
    const Format *f = &formats[from->format];
    if (f->layout == PACKED) {
        const uint8_t *row = at(from, 0, x * f->step, y);
        switch (from->format) {
        case COP_PIXEL_RGB:
            spread(block, row, n, 3, 0, 2);
            break;
        case COP_PIXEL_BGR:
            spread(block, row, n, 3, 2, 0);
            break;
        default:
            spread(block, row, n, 4, f->red, f->blue);
        }
        return;
    }
    memcpy(block->c[0], at(from, 0, x, y), (size_t)n);
    if (f->shift_w < 0) {
        memset(block->c[1], 128, BLOCK);
        memset(block->c[2], 128, BLOCK);
        return;
    }
    const int cx = x >> f->shift_w, cy = y >> f->shift_h;
    const int cn = (n + (1 << f->shift_w) - 1) >> f->shift_w;
    if (f->layout == SEMIPLANAR) {
        const uint8_t *row = at(from, 1, 2 * cx, cy);
        for (int i = 0; i < cn; i++) {
            block->c[1][i] = row[2 * i];
            block->c[2][i] = row[2 * i + 1];
        }
    } else {
        memcpy(block->c[1], at(from, 1, cx, cy), (size_t)cn);
        memcpy(block->c[2], at(from, 2, cx, cy), (size_t)cn);
    }
    if (f->shift_w) {
        double_up(block->c[1]);
        double_up(block->c[2]);
    }
}

static uint8_t clip(int32_t x)
{
    return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
}

static inline void transform(const Matrix *matrix, Block *restrict out, const Block *restrict in,
                             int component)
{
    const int32_t a = matrix->factor[component][0], b = matrix->factor[component][1],
                  c = matrix->factor[component][2],
                  offset = matrix->offset[component] + (1 << (BITS - 1));
    uint8_t *restrict to = out->c[component];
    for (int i = 0; i < BLOCK; i++)
        to[i] = clip((a * in->c[0][i] + b * in->c[1][i] + c * in->c[2][i] + offset) >> BITS);
}

/* As transform(), for sums over 2^extra pixels: the mean is taken and rounded once. */
static inline void transform_sums(const Matrix *matrix, Block *restrict out,
                                  const Sums *restrict in, int component, int extra)
{
    const int32_t a = matrix->factor[component][0], b = matrix->factor[component][1],
                  c = matrix->factor[component][2],
                  offset = (matrix->offset[component] + (1 << (BITS - 1))) * (1 << extra);
    uint8_t *restrict to = out->c[component];
    for (int i = 0; i < BLOCK / 2; i++)
        to[i] =
            clip((a * in->c[0][i] + b * in->c[1][i] + c * in->c[2][i] + offset) >> (BITS + extra));
}

/* Sums of horizontal pairs of one row, or of two. */
static inline void sum_pairs(Sums *restrict sums, const Block *restrict a, const Block *restrict b)
{
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < BLOCK / 2; i++)
            sums->c[c][i] = (uint16_t)(a->c[c][2 * i] + a->c[c][2 * i + 1]);
    if (!b)
        return;
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < BLOCK / 2; i++)
            sums->c[c][i] = (uint16_t)(sums->c[c][i] + b->c[c][2 * i] + b->c[c][2 * i + 1]);
}

/* A row of odd length ends in half a pair: its last pixel stands for both. */
static void pad_pair(Block *block, int n)
{
    if (n % 2)
        for (int c = 0; c < 3; c++)
            block->c[c][n] = block->c[c][n - 1];
}

static inline void store_packed(const CopFrame *to, const Block *block, int x, int y, int n,
                                bool extra)
{
    const Format *f = &formats[to->format];
    uint8_t *row = to->plane[0] + (ptrdiff_t)y * to->stride[0] + x * f->step;
    switch (to->format) {
    case COP_PIXEL_RGB:
        gather(block, row, n, 3, 0, 2, false);
        break;
    case COP_PIXEL_BGR:
        gather(block, row, n, 3, 2, 0, false);
        break;
    default:
        gather(block, row, n, 4, f->red, f->blue, extra);
    }
}

static inline void store_chroma(const CopFrame *to, const Block *block, int cx, int cy, int cn)
{
    if (formats[to->format].layout == SEMIPLANAR) {
        uint8_t *row = to->plane[1] + (ptrdiff_t)cy * to->stride[1] + 2 * cx;
        for (int i = 0; i < cn; i++) {
            row[2 * i] = block->c[1][i];
            row[2 * i + 1] = block->c[2][i];
        }
        return;
    }
    for (int plane = 1; plane < 3; plane++)
        memcpy(to->plane[plane] + (ptrdiff_t)cy * to->stride[plane] + cx, block->c[plane],
               (size_t)cn);
}

/* Rows y .. y + rows - 1 (those that share chroma rows of `to`) of n columns from x on. What it
 * calls is inlined, and so compiled with it once a tier. */
COP_TIERS_WHOLE static void convert_block(const CopFrame *to, const CopFrame *from,
                                          const Matrix *matrix, Block in[2], Block *out, int x,
                                          int y, int rows, int n)
{
    const Format *f = &formats[to->format];
    const bool packed = f->layout == PACKED, whole = packed || f->shift_w == 0;
    for (int row = 0; row < rows; row++) {
        load(&in[row], from, x, y + row, n);
        const Block *from_block = &in[row];
        if (!matrix->identity) {
            for (int c = 0; c < (whole ? 3 : 1); c++)
                transform(matrix, out, &in[row], c);
            from_block = out;
        }
        if (packed) {
            store_packed(to, from_block, x, y + row, n, formats[from->format].step == 4);
            continue;
        }
        memcpy(to->plane[0] + (ptrdiff_t)(y + row) * to->stride[0] + x, from_block->c[0],
               (size_t)n);
        if (f->shift_w == 0)
            store_chroma(to, from_block, x, y + row, n);
    }
    if (whole || f->shift_w < 0)
        return;
    Sums sums;
    for (int row = 0; row < rows; row++)
        pad_pair(&in[row], n);
    sum_pairs(&sums, &in[0], rows == 2 ? &in[1] : NULL);
    for (int c = 1; c < 3; c++)
        transform_sums(matrix, out, &sums, c, rows);
    store_chroma(to, out, x >> 1, y >> f->shift_h, (n + 1) / 2);
}

void cop_convert(const CopFrame *to, const CopFrame *from)
{
    assert(to->width == from->width && to->height == from->height);
    Matrix matrix;
    find_matrix(&matrix, to, from);
    if (matrix.identity && to->format == from->format) {
        cop_frame_copy_pixels(to, from);
        return;
    }
    /* Zeroed once, so that what is computed past the end of a row is defined. */
    Block in[2] = {0}, out = {0};
    const int pair = formats[to->format].shift_h + 1;
    for (int y = 0; y < to->height; y += pair)
        for (int x = 0; x < to->width; x += BLOCK) {
            const int rows = to->height - y < pair ? to->height - y : pair;
            const int n = to->width - x < BLOCK ? to->width - x : BLOCK;
            convert_block(to, from, &matrix, in, &out, x, y, rows, n);
        }
}

CopStatus cop_convert_new(CopFrame *out, CopPixelFormat format, const CopFrame *from)
{
    COP_TRY(cop_frame_alloc(out, format, from->width, from->height));
    out->index = from->index;
    out->pts = from->pts;
    out->colour = from->colour;
    if (formats[format].step == 4)
        memset(out->plane[0], 255, (size_t)out->stride[0] * (size_t)out->height);
    cop_convert(out, from);
    return COP_OK;
}

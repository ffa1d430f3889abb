/* A drawn sheet onto frames of any format, where they lie.
 *
 * Of a sample s with offset o (16 or 0 of luma, 128 of chroma) under a premultiplied colour p
 * and coverage a, blending gives M p + a o + (1 - a) s. Conversion knows M p + o; so each byte
 * of a patch is that less (1 - a) o, and blending is the same loop for all planes of all formats.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/overlay_blend.h"

#include <glib.h>
#include <string.h>

#include "pipeline/media/convert.h"

/* One rectangle of the sheet in the format of frames: colours, and coverage beside each byte. */
typedef struct Patch {
    CopCanvasRect rect;
    CopFrame colour;
    uint8_t *keep[3]; /* 255 - coverage of each byte, rows of row_bytes; NULL: all is covered */
} Patch;

struct CopBlend {
    CopFrame like; /* format, size and colour; no planes */
    Patch patch[COP_CANVAS_RECTS];
    int n;
};

CopStatus cop_blend_create(CopBlend **out)
{
    *out = g_new0(CopBlend, 1);
    return COP_OK;
}

static void clear(CopBlend *b)
{
    for (int i = 0; i < b->n; i++) {
        cop_frame_unref(&b->patch[i].colour);
        for (int p = 0; p < 3; p++)
            g_clear_pointer(&b->patch[i].keep[p], g_free);
    }
    b->n = 0;
}

void cop_blend_destroy(CopBlend **out)
{
    if (!out || !*out)
        return;
    clear(*out);
    g_free(*out);
    *out = NULL;
}

/* Bytes of a sample in a row of a plane, and how many pixels it stands for each way. */
static void plane_shape(const CopFrame *frame, int plane, int *bytes, int *step_x, int *step_y)
{
    int row_bytes, rows, luma_bytes, luma_rows;
    cop_plane_size(frame->format, 2, 2, plane, &row_bytes, &rows);
    cop_plane_size(frame->format, 2, 2, 0, &luma_bytes, &luma_rows);
    *step_y = 2 / rows;
    *bytes = plane == 0 ? luma_bytes / 2 : frame->format == COP_PIXEL_NV12 ? 2 : 1;
    *step_x = 2 / (row_bytes / *bytes);
}

/* Mean coverage of the pixels that each sample of a row stands for. */
static void cover(const uint8_t *argb, int stride, int w, int h, int step_x, int step_y,
                  uint8_t *out)
{
    const int samples = (w + step_x - 1) / step_x;
    const uint8_t *below = step_y == 2 && h > 1 ? argb + stride : argb;
    for (int i = 0; i < samples; i++) {
        const int x = i * step_x, beside = x + step_x - 1 < w ? x + step_x - 1 : x;
        out[i] = (uint8_t)((argb[4 * x + 3] + argb[4 * beside + 3] + below[4 * x + 3] +
                            below[4 * beside + 3] + 2) /
                           4);
    }
}

static int offset_of(const CopFrame *frame, int plane)
{
    if (frame->format >= COP_PIXEL_RGB)
        return 0;
    return plane > 0 ? 128 : frame->colour.range == COP_RANGE_LIMITED ? 16 : 0;
}

/* Coverage of one plane; colours lose what conversion put under them. */
static void load_plane(Patch *patch, const uint8_t *argb, int stride, int plane)
{
    const CopFrame *colour = &patch->colour;
    int bytes, step_x, step_y, row_bytes, rows;
    int under[256]; /* by coverage */
    plane_shape(colour, plane, &bytes, &step_x, &step_y);
    cop_plane_size(colour->format, colour->width, colour->height, plane, &row_bytes, &rows);
    for (int a = 0; a < 256; a++)
        under[a] = ((255 - a) * offset_of(colour, plane) + 127) / 255;
    patch->keep[plane] = g_malloc((gsize)row_bytes * (gsize)rows);
    uint8_t *covered = g_malloc((gsize)colour->width);
    for (int y = 0; y < rows; y++) {
        uint8_t *keep = patch->keep[plane] + (ptrdiff_t)y * row_bytes;
        uint8_t *out = colour->plane[plane] + (ptrdiff_t)y * colour->stride[plane];
        cover(argb + (ptrdiff_t)y * step_y * stride, stride, colour->width,
              colour->height - y * step_y, step_x, step_y, covered);
        for (int x = 0, i = 0; x < row_bytes; x += bytes, i++)
            for (int k = 0; k < bytes; k++) {
                const bool ours = k < 3; /* a fourth byte is not */
                const int value = ours ? out[x + k] - under[covered[i]] : 0;
                keep[x + k] = ours ? (uint8_t)(255 - covered[i]) : 255;
                out[x + k] = (uint8_t)(value > 0 ? value : 0);
            }
    }
    g_free(covered);
}

static CopStatus load_patch(Patch *patch, CopCanvas *canvas, const CopFrame *frame)
{
    int stride;
    const uint8_t *argb = cop_canvas_pixels(canvas, &stride);
    const CopCanvasRect *r = &patch->rect;
    const CopFrame sheet = {
        .format = COP_PIXEL_BGRX,
        .width = r->w,
        .height = r->h,
        .plane = {(uint8_t *)(uintptr_t)argb + (ptrdiff_t)r->y * stride + 4 * (ptrdiff_t)r->x},
        .stride = {stride}};
    COP_TRY(cop_frame_alloc(&patch->colour, frame->format, r->w, r->h));
    patch->colour.colour = frame->colour;
    cop_convert(&patch->colour, &sheet);
    if (r->opaque)
        return COP_OK;
    for (int p = 0; p < cop_pixel_format_planes(frame->format); p++)
        load_plane(patch, sheet.plane[0], stride, p);
    return COP_OK;
}

CopStatus cop_blend_load(CopBlend *b, CopCanvas *canvas, const CopFrame *frame)
{
    const CopCanvasRect *rects;
    const int n = cop_canvas_rects(canvas, &rects);
    clear(b);
    if (frame->width != cop_canvas_width(canvas) || frame->height != cop_canvas_height(canvas))
        return COP_ERR_SHAPE;
    b->like = (CopFrame){.format = frame->format,
                         .width = frame->width,
                         .height = frame->height,
                         .colour = frame->colour};
    for (int i = 0; i < n; i++) {
        b->patch[b->n] = (Patch){.rect = rects[i]};
        const CopStatus status = load_patch(&b->patch[b->n++], canvas, frame);
        if (status != COP_OK) {
            clear(b);
            return status;
        }
    }
    return COP_OK;
}

void cop_blend_forget(CopBlend *b)
{
    clear(b);
    b->like = (CopFrame){0};
}

bool cop_blend_fits(const CopBlend *b, const CopFrame *frame)
{
    return b->like.format == frame->format && b->like.width == frame->width &&
           b->like.height == frame->height && b->like.colour.matrix == frame->colour.matrix &&
           b->like.colour.range == frame->colour.range;
}

typedef uint16_t Pairs __attribute__((vector_size(16))); /* of bytes */

/* colour + to keep / 255, rounded, at most 255; of the lower bytes. */
static inline Pairs blend(Pairs to, Pairs colour, Pairs keep)
{
    Pairs sum = to * keep + 128;
    sum = ((sum + (sum >> 8)) >> 8) + colour;
    return (sum | (Pairs)(sum > 255)) & 255;
}

/* Sixteen bytes at a time, since every frame passes here: those at even places, and the others. */
static void blend_row(uint8_t *to, const uint8_t *colour, const uint8_t *keep, int n)
{
    int x = 0;
    for (; x + 16 <= n; x += 16) {
        Pairs t, c, k;
        memcpy(&t, to + x, sizeof t);
        memcpy(&c, colour + x, sizeof c);
        memcpy(&k, keep + x, sizeof k);
        t = blend(t & 255, c & 255, k & 255) | blend(t >> 8, c >> 8, k >> 8) << 8;
        memcpy(to + x, &t, sizeof t);
    }
    for (; x < n; x++) {
        unsigned sum = (unsigned)to[x] * keep[x] + 128;
        sum = ((sum + (sum >> 8)) >> 8) + colour[x];
        to[x] = (uint8_t)(sum < 255 ? sum : 255);
    }
}

typedef uint32_t Pixels __attribute__((vector_size(16)));

/* Pixels of four bytes, of which the last stays. */
static void cover_row(uint8_t *to, const uint8_t *colour, int n)
{
    int x = 0;
    for (; x + 16 <= n; x += 16) {
        Pixels t, c;
        memcpy(&t, to + x, sizeof t);
        memcpy(&c, colour + x, sizeof c);
        t = (t & 0xFF000000u) | (c & 0x00FFFFFFu); /* little-endian */
        memcpy(to + x, &t, sizeof t);
    }
    for (; x < n; x += 4)
        memcpy(to + x, colour + x, 3);
}

static void apply_plane(const Patch *patch, const CopFrame *frame, int plane)
{
    int bytes, step_x, step_y, row_bytes, rows;
    plane_shape(frame, plane, &bytes, &step_x, &step_y);
    cop_plane_size(frame->format, patch->rect.w, patch->rect.h, plane, &row_bytes, &rows);
    uint8_t *to = frame->plane[plane] + (ptrdiff_t)(patch->rect.y / step_y) * frame->stride[plane] +
                  (ptrdiff_t)(patch->rect.x / step_x) * bytes;
    const uint8_t *colour = patch->colour.plane[plane], *keep = patch->keep[plane];
    for (int y = 0; y < rows; y++) {
        if (keep)
            blend_row(to, colour, keep + (ptrdiff_t)y * row_bytes, row_bytes);
        else if (bytes == 4)
            cover_row(to, colour, row_bytes);
        else
            memcpy(to, colour, (size_t)row_bytes);
        to += frame->stride[plane];
        colour += patch->colour.stride[plane];
    }
}

static void apply_patch(const Patch *patch, const CopFrame *frame)
{
    for (int p = 0; p < cop_pixel_format_planes(frame->format); p++)
        apply_plane(patch, frame, p);
}

void cop_blend_apply(const CopBlend *b, const CopFrame *frame)
{
    for (int i = 0; i < b->n; i++)
        apply_patch(&b->patch[i], frame);
}

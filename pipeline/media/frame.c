/* Video frames in memory.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/frame.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64, SIDE_MAX = 16384 };

struct CopFrameBuffer {
    atomic_int references;
    uint8_t *memory;
};

/* Bytes of one sample position and log2 of the subsampling, plane by plane. */
typedef struct Plane {
    int bytes, shift_w, shift_h;
} Plane;

typedef struct Format {
    const char *name;
    int planes;
    Plane plane[3];
} Format;

static const Format formats[] = {
    [COP_PIXEL_NONE] = {"none", 0, {{0}}},
    [COP_PIXEL_GRAY8] = {"gray8", 1, {{1, 0, 0}}},
    [COP_PIXEL_I420] = {"i420", 3, {{1, 0, 0}, {1, 1, 1}, {1, 1, 1}}},
    [COP_PIXEL_I422] = {"i422", 3, {{1, 0, 0}, {1, 1, 0}, {1, 1, 0}}},
    [COP_PIXEL_I444] = {"i444", 3, {{1, 0, 0}, {1, 0, 0}, {1, 0, 0}}},
    [COP_PIXEL_NV12] = {"nv12", 2, {{1, 0, 0}, {2, 1, 1}}},
    [COP_PIXEL_RGB] = {"rgb", 1, {{3, 0, 0}}},
    [COP_PIXEL_BGR] = {"bgr", 1, {{3, 0, 0}}},
    [COP_PIXEL_RGBX] = {"rgbx", 1, {{4, 0, 0}}},
    [COP_PIXEL_BGRX] = {"bgrx", 1, {{4, 0, 0}}},
};
_Static_assert(sizeof formats / sizeof formats[0] == COP_PIXEL_COUNT, "one row a format");

static const Format *format_of(CopPixelFormat format)
{
    return &formats[(unsigned)format < COP_PIXEL_COUNT ? format : COP_PIXEL_NONE];
}

const char *cop_pixel_format_name(CopPixelFormat format)
{
    return format_of(format)->name;
}

int cop_pixel_format_planes(CopPixelFormat format)
{
    return format_of(format)->planes;
}

void cop_plane_size(CopPixelFormat format, int width, int height, int plane, int *row_bytes,
                    int *rows)
{
    assert(plane >= 0 && plane < format_of(format)->planes);
    const Plane *p = &format_of(format)->plane[plane];
    *row_bytes = ((width + (1 << p->shift_w) - 1) >> p->shift_w) * p->bytes;
    *rows = (height + (1 << p->shift_h) - 1) >> p->shift_h;
}

CopStatus cop_frame_alloc(CopFrame *out, CopPixelFormat format, int width, int height)
{
    *out = (CopFrame){0};
    const int planes = cop_pixel_format_planes(format);
    if (!planes || width < 1 || height < 1 || width > SIDE_MAX || height > SIDE_MAX)
        return COP_ERR_ARG;

    CopFrame frame = {.format = format, .width = width, .height = height, .pts = INT64_MIN};
    /* At most 4 * 2^28 bytes by the limits above; vector code may read a whole
     * vector past the last row, hence the extra one. */
    size_t offset[3], size = ALIGN;
    for (int i = 0; i < planes; i++) {
        int row_bytes, rows;
        cop_plane_size(format, width, height, i, &row_bytes, &rows);
        frame.stride[i] = (row_bytes + ALIGN - 1) / ALIGN * ALIGN;
        offset[i] = size - ALIGN;
        size += (size_t)frame.stride[i] * (size_t)rows;
    }
    CopFrameBuffer *buffer = malloc(sizeof *buffer);
    uint8_t *memory = aligned_alloc(ALIGN, size);
    if (!buffer || !memory) {
        free(buffer);
        free(memory);
        return COP_ERR_NOMEM;
    }
    atomic_init(&buffer->references, 1);
    buffer->memory = memory;
    for (int i = 0; i < planes; i++)
        frame.plane[i] = memory + offset[i];
    frame.buffer = buffer;
    *out = frame;
    return COP_OK;
}

/* A frame with planes of its own that is otherwise equal to `frame`. */
static CopStatus duplicate(CopFrame *out, const CopFrame *frame)
{
    COP_TRY(cop_frame_alloc(out, frame->format, frame->width, frame->height));
    out->colour = frame->colour;
    out->index = frame->index;
    out->pts = frame->pts;
    cop_frame_copy_pixels(out, frame);
    return COP_OK;
}

CopStatus cop_frame_ref(CopFrame *out, const CopFrame *frame)
{
    if (!frame->buffer)
        return duplicate(out, frame);
    atomic_fetch_add_explicit(&frame->buffer->references, 1, memory_order_relaxed);
    *out = *frame;
    return COP_OK;
}

void cop_frame_unref(CopFrame *frame)
{
    if (!frame)
        return;
    CopFrameBuffer *buffer = frame->buffer;
    /* The last one to let go must see what every other owner wrote. */
    if (buffer && atomic_fetch_sub_explicit(&buffer->references, 1, memory_order_acq_rel) == 1) {
        free(buffer->memory);
        free(buffer);
    }
    *frame = (CopFrame){0};
}

void cop_frames_unref(CopFrame *frame, int n)
{
    for (int i = 0; frame && i < n; i++)
        cop_frame_unref(&frame[i]);
}

CopStatus cop_frame_make_writable(CopFrame *frame)
{
    if (frame->buffer &&
        atomic_load_explicit(&frame->buffer->references, memory_order_acquire) == 1)
        return COP_OK;
    CopFrame copy;
    COP_TRY(duplicate(&copy, frame));
    cop_frame_unref(frame);
    *frame = copy;
    return COP_OK;
}

void cop_frame_copy_pixels(const CopFrame *to, const CopFrame *from)
{
    assert(to->format == from->format && to->width == from->width && to->height == from->height);
    for (int i = 0; i < cop_pixel_format_planes(from->format); i++) {
        int row_bytes, rows;
        cop_plane_size(from->format, from->width, from->height, i, &row_bytes, &rows);
        for (int y = 0; y < rows; y++)
            memcpy(to->plane[i] + (ptrdiff_t)y * to->stride[i],
                   from->plane[i] + (ptrdiff_t)y * from->stride[i], (size_t)row_bytes);
    }
}

/* Frames in a format and size that an encoder takes, and back.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/coded_frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "pipeline/media/convert.h"

static bool takes(const CopCodedShape *shape, CopPixelFormat format)
{
    return shape->formats & 1u << format;
}

static CopPixelFormat wanted_format(const CopFrame *frame)
{
    switch (frame->format) {
    case COP_PIXEL_GRAY8:
        return COP_PIXEL_GRAY8;
    case COP_PIXEL_I420:
    case COP_PIXEL_NV12:
        return frame->width % 2 || frame->height % 2 ? COP_PIXEL_I444 : COP_PIXEL_I420;
    case COP_PIXEL_I422:
        return frame->width % 2 ? COP_PIXEL_I444 : COP_PIXEL_I422;
    default:
        return COP_PIXEL_I444;
    }
}

CopPixelFormat cop_coded_format(const CopCodedShape *shape, const CopFrame *frame)
{
    const CopPixelFormat format = wanted_format(frame);
    if (takes(shape, format))
        return format;
    if (frame->format == COP_PIXEL_I422 && takes(shape, COP_PIXEL_I422))
        return COP_PIXEL_I422;
    return COP_PIXEL_I420;
}

static CopColour coded_colour(const CopCodedShape *shape, const CopFrame *frame)
{
    const bool rgb = frame->format >= COP_PIXEL_RGB;
    return rgb ? (CopColour){COP_MATRIX_BT601, shape->rgb_range} : frame->colour;
}

static int coded_side(const CopCodedShape *shape, int side)
{
    const int step = shape->side_step;
    if (side < shape->side_min)
        side = shape->side_min;
    return (side + step - 1) / step * step;
}

/* Repeats the last column and the last row of the upper left width x height pixels. */
static void repeat_edges(const CopFrame *frame, int width, int height)
{
    for (int p = 0; p < cop_pixel_format_planes(frame->format); p++) {
        int full, rows, row_bytes, inner_rows;
        cop_plane_size(frame->format, frame->width, frame->height, p, &full, &rows);
        cop_plane_size(frame->format, width, height, p, &row_bytes, &inner_rows);
        const ptrdiff_t stride = frame->stride[p];
        uint8_t *row = frame->plane[p];
        for (int y = 0; y < inner_rows; y++, row += stride)
            memset(row + row_bytes, row[row_bytes - 1], (size_t)(full - row_bytes));
        for (int y = inner_rows; y < rows; y++, row += stride)
            memcpy(row, row - stride, (size_t)full);
    }
}

CopStatus cop_coded_frame(CopFrame *out, const CopCodedShape *shape, const CopFrame *frame)
{
    const CopPixelFormat format = cop_coded_format(shape, frame);
    const int width = coded_side(shape, frame->width), height = coded_side(shape, frame->height);
    CopFrame source = *frame;
    source.colour = coded_colour(shape, frame);
    if (width == frame->width && height == frame->height)
        return format == frame->format ? cop_frame_ref(out, frame)
                                       : cop_convert_new(out, format, &source);
    COP_TRY(cop_frame_alloc(out, format, width, height));
    out->index = frame->index;
    out->pts = frame->pts;
    out->colour = source.colour;
    CopFrame inside = *out;
    inside.width = frame->width;
    inside.height = frame->height;
    if (format == frame->format)
        cop_frame_copy_pixels(&inside, frame);
    else
        cop_convert(&inside, &source);
    repeat_edges(out, frame->width, frame->height);
    return COP_OK;
}

void cop_coded_store(const CopFrame *frame, const CopCodedShape *shape, const CopFrame *decoded)
{
    CopFrame inside = *decoded;
    inside.width = frame->width;
    inside.height = frame->height;
    inside.colour = coded_colour(shape, frame);
    cop_convert(frame, &inside);
}

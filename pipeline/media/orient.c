/* Quarter turns and mirrors of pictures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/orient.h"

#include <libavutil/display.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "pipeline/media/convert.h"

unsigned cop_turn_of_matrix(const int32_t matrix[9])
{
    if (!matrix)
        return 0;
    /* Clockwise, 0 up to 360; not a number where the matrix flattens the picture. */
    double angle = -round(av_display_rotation_get(matrix));
    angle -= 360 * floor(angle / 360 + 0.9 / 360);
    if (fabs(angle - 90) < 1)
        return COP_TURN_TRANSPOSE | (matrix[3] > 0 ? 0 : COP_TURN_FLIP_X);
    if (fabs(angle - 270) < 1)
        return COP_TURN_TRANSPOSE | COP_TURN_FLIP_Y | (matrix[3] < 0 ? COP_TURN_FLIP_X : 0);
    if (fabs(angle - 180) < 1)
        return (matrix[0] < 0 ? COP_TURN_FLIP_X : 0) | (matrix[4] < 0 ? COP_TURN_FLIP_Y : 0);
    return fabs(angle) < 1 && matrix[4] < 0 ? COP_TURN_FLIP_Y : 0;
}

/* Bytes that belong together in a plane. */
static int sample_bytes(CopPixelFormat format, int plane)
{
    switch (format) {
    case COP_PIXEL_RGB:
    case COP_PIXEL_BGR:
        return 3;
    case COP_PIXEL_RGBX:
    case COP_PIXEL_BGRX:
        return 4;
    case COP_PIXEL_NV12:
        return plane + 1;
    default:
        return 1;
    }
}

/* Gathers n samples that lie `step` bytes apart. */
static void gather(uint8_t *to, const uint8_t *from, ptrdiff_t step, int n, int bytes)
{
    switch (bytes) {
    case 1:
        for (int i = 0; i < n; i++, from += step)
            to[i] = *from;
        break;
    case 2:
        for (int i = 0; i < n; i++, from += step, to += 2)
            memcpy(to, from, 2);
        break;
    case 3:
        for (int i = 0; i < n; i++, from += step, to += 3)
            memcpy(to, from, 3);
        break;
    default:
        for (int i = 0; i < n; i++, from += step, to += 4)
            memcpy(to, from, 4);
    }
}

static void turn_plane(const CopFrame *to, const CopFrame *from, int plane, unsigned turn)
{
    const int bytes = sample_bytes(to->format, plane);
    int row_bytes, rows;
    cop_plane_size(to->format, to->width, to->height, plane, &row_bytes, &rows);
    const int n = row_bytes / bytes;
    /* From one sample to the next in a row of the result, and from row to row. */
    ptrdiff_t along = bytes, down = from->stride[plane];
    if (turn & COP_TURN_TRANSPOSE) {
        along = from->stride[plane];
        down = bytes;
    }
    const uint8_t *start = from->plane[plane];
    if (turn & COP_TURN_FLIP_X) {
        start += (n - 1) * along;
        along = -along;
    }
    if (turn & COP_TURN_FLIP_Y) {
        start += (rows - 1) * down;
        down = -down;
    }
    for (int y = 0; y < rows; y++)
        gather(to->plane[plane] + (ptrdiff_t)y * to->stride[plane], start + y * down, along, n,
               bytes);
}

CopStatus cop_frame_turn(CopFrame *out, const CopFrame *in, unsigned turn)
{
    const bool transpose = turn & COP_TURN_TRANSPOSE;
    CopFrame wide = {0};
    *out = (CopFrame){0};
    if (transpose && in->format == COP_PIXEL_I422)
        COP_TRY(cop_convert_new(&wide, COP_PIXEL_I444, in)); /* 4:2:2 on its side is no format */
    const CopFrame *from = wide.buffer ? &wide : in;
    const CopStatus status =
        cop_frame_alloc(out, from->format, transpose ? from->height : from->width,
                        transpose ? from->width : from->height);
    if (status == COP_OK) {
        out->colour = in->colour;
        out->index = in->index;
        out->pts = in->pts;
        for (int i = 0; i < cop_pixel_format_planes(out->format); i++)
            turn_plane(out, from, i, turn);
    }
    cop_frame_unref(&wide);
    return status;
}

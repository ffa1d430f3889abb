/* GStreamer's raw video as frames of the pipeline, where it lies.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elements/raw_video.h"

static const struct {
    GstVideoFormat theirs;
    CopPixelFormat ours;
    gboolean turned;
} formats[] = {
    {GST_VIDEO_FORMAT_I420, COP_PIXEL_I420, FALSE},
    {GST_VIDEO_FORMAT_YV12, COP_PIXEL_I420, FALSE},
    {GST_VIDEO_FORMAT_NV12, COP_PIXEL_NV12, FALSE},
    {GST_VIDEO_FORMAT_NV21, COP_PIXEL_NV12, TRUE},
    {GST_VIDEO_FORMAT_Y42B, COP_PIXEL_I422, FALSE},
    {GST_VIDEO_FORMAT_Y444, COP_PIXEL_I444, FALSE},
    {GST_VIDEO_FORMAT_RGB, COP_PIXEL_RGB, FALSE},
    {GST_VIDEO_FORMAT_GRAY8, COP_PIXEL_GRAY8, FALSE},
    {GST_VIDEO_FORMAT_BGR, COP_PIXEL_BGR, FALSE},
    {GST_VIDEO_FORMAT_RGBx, COP_PIXEL_RGBX, FALSE},
    {GST_VIDEO_FORMAT_BGRx, COP_PIXEL_BGRX, FALSE},
    {GST_VIDEO_FORMAT_RGBA, COP_PIXEL_RGBX, FALSE},
    {GST_VIDEO_FORMAT_BGRA, COP_PIXEL_BGRX, FALSE},
    {GST_VIDEO_FORMAT_xRGB, COP_PIXEL_RGBX, TRUE},
    {GST_VIDEO_FORMAT_xBGR, COP_PIXEL_BGRX, TRUE},
    {GST_VIDEO_FORMAT_ARGB, COP_PIXEL_RGBX, TRUE},
    {GST_VIDEO_FORMAT_ABGR, COP_PIXEL_BGRX, TRUE},
};

enum { LINES_SD = 576 };

/* As files are read: BT.2020 and SMPTE 240M count as BT.709. */
static CopColour colour_of(const GstVideoInfo *info)
{
    CopColour colour = {COP_MATRIX_BT601, COP_RANGE_LIMITED};
    switch (info->colorimetry.matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT709:
    case GST_VIDEO_COLOR_MATRIX_SMPTE240M:
    case GST_VIDEO_COLOR_MATRIX_BT2020:
        colour.matrix = COP_MATRIX_BT709;
        break;
    case GST_VIDEO_COLOR_MATRIX_BT601:
    case GST_VIDEO_COLOR_MATRIX_FCC:
        break;
    default:
        if (GST_VIDEO_INFO_HEIGHT(info) > LINES_SD)
            colour.matrix = COP_MATRIX_BT709;
    }
    if (info->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255)
        colour.range = COP_RANGE_FULL;
    return colour;
}

gboolean cop_raw_video_parse(CopRawVideo *video, const GstCaps *caps)
{
    *video = (CopRawVideo){.format = COP_PIXEL_NONE};
    if (!gst_video_info_from_caps(&video->info, caps))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++)
        if (formats[i].theirs == GST_VIDEO_INFO_FORMAT(&video->info)) {
            video->format = formats[i].ours;
            video->turned = formats[i].turned;
        }
    video->colour = colour_of(&video->info);
    return video->format != COP_PIXEL_NONE;
}

void cop_raw_video_view(const CopRawVideo *video, const GstVideoFrame *mapped, CopFrame *view)
{
    *view = (CopFrame){.format = video->format,
                       .width = GST_VIDEO_INFO_WIDTH(&video->info),
                       .height = GST_VIDEO_INFO_HEIGHT(&video->info),
                       .colour = video->colour};
    const int planes = cop_pixel_format_planes(video->format);
    for (int i = 0; i < planes; i++) {
        /* YV12 has its chroma the other way round: components tell them apart. */
        const guint plane = planes == 3 ? (guint)GST_VIDEO_FRAME_COMP_PLANE(mapped, i) : (guint)i;
        view->plane[i] = GST_VIDEO_FRAME_PLANE_DATA(mapped, plane);
        view->stride[i] = GST_VIDEO_FRAME_PLANE_STRIDE(mapped, plane);
    }
}

static void swap_chroma(const CopFrame *view)
{
    int row_bytes, rows;
    cop_plane_size(view->format, view->width, view->height, 1, &row_bytes, &rows);
    for (int y = 0; y < rows; y++) {
        uint8_t *row = view->plane[1] + (ptrdiff_t)y * view->stride[1];
        for (int x = 0; x < row_bytes; x += 2) {
            const uint8_t v = row[x];
            row[x] = row[x + 1];
            row[x + 1] = v;
        }
    }
}

/* Moves byte (i + by) % 4 of each pixel to place i. */
static inline void rotate_bytes(const CopFrame *view, int by)
{
    for (int y = 0; y < view->height; y++) {
        uint8_t *row = view->plane[0] + (ptrdiff_t)y * view->stride[0];
        for (int x = 0; x < view->width; x++, row += 4) {
            const uint8_t pixel[4] = {row[0], row[1], row[2], row[3]};
            for (int i = 0; i < 4; i++)
                row[i] = pixel[(i + by) % 4];
        }
    }
}

void cop_raw_video_turn(const CopRawVideo *video, const CopFrame *view)
{
    if (!video->turned)
        return;
    if (video->format == COP_PIXEL_NV12)
        swap_chroma(view);
    else
        rotate_bytes(view, 1);
}

void cop_raw_video_turn_back(const CopRawVideo *video, const CopFrame *view)
{
    if (!video->turned)
        return;
    if (video->format == COP_PIXEL_NV12)
        swap_chroma(view);
    else
        rotate_bytes(view, 3);
}

/* What tests of elements share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/elements/video_help.h"

#include <gst/check/gstcheck.h>
#include <stdarg.h>
#include <string.h>

#include "elements/video_corrupt.h"
#include "pipeline/corrupt/corrupt.h"

enum { PATTERN = 0xA5 };

const VideoFormat video_formats[] = {
    {GST_VIDEO_FORMAT_I420, COP_PIXEL_I420}, {GST_VIDEO_FORMAT_YV12, COP_PIXEL_I420},
    {GST_VIDEO_FORMAT_NV12, COP_PIXEL_NV12}, {GST_VIDEO_FORMAT_NV21, COP_PIXEL_NV12},
    {GST_VIDEO_FORMAT_Y42B, COP_PIXEL_I422}, {GST_VIDEO_FORMAT_Y444, COP_PIXEL_I444},
    {GST_VIDEO_FORMAT_RGB, COP_PIXEL_RGB},   {GST_VIDEO_FORMAT_GRAY8, COP_PIXEL_GRAY8},
    {GST_VIDEO_FORMAT_BGR, COP_PIXEL_BGR},   {GST_VIDEO_FORMAT_RGBx, COP_PIXEL_RGBX},
    {GST_VIDEO_FORMAT_BGRx, COP_PIXEL_BGRX}, {GST_VIDEO_FORMAT_RGBA, COP_PIXEL_RGBX},
    {GST_VIDEO_FORMAT_BGRA, COP_PIXEL_BGRX}, {GST_VIDEO_FORMAT_xRGB, COP_PIXEL_RGBX},
    {GST_VIDEO_FORMAT_xBGR, COP_PIXEL_BGRX}, {GST_VIDEO_FORMAT_ARGB, COP_PIXEL_RGBX},
    {GST_VIDEO_FORMAT_ABGR, COP_PIXEL_BGRX},
};
const int video_format_count = G_N_ELEMENTS(video_formats);

void video_init(int *argc, char ***argv)
{
    g_setenv("GST_REGISTRY_DISABLE", "yes", TRUE);
    g_setenv("GST_PLUGIN_SYSTEM_PATH_1_0", "", TRUE);
    g_setenv("GST_PLUGIN_PATH_1_0", "", TRUE);
    gst_check_init(argc, argv);
    if (!GST_ELEMENT_REGISTER(videocorrupt, NULL))
        g_error("videocorrupt cannot be registered");
}

GstCaps *video_caps(GstVideoFormat format, int width, int height)
{
    return gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING,
                               gst_video_format_to_string(format), "width", G_TYPE_INT, width,
                               "height", G_TYPE_INT, height, "framerate", GST_TYPE_FRACTION,
                               VIDEO_FPS, 1, NULL);
}

/* The byte of component c (R, G, B, A or Y, U, V) at a place of its own grid. */
static uint8_t *sample(const CopFrame *frame, int c, int x, int y)
{
    static const int rgb[] = {0, 1, 2, 3}, bgr[] = {2, 1, 0, 3};
    int plane = 0, step = 1, offset = 0;
    switch (frame->format) {
    case COP_PIXEL_RGB:
    case COP_PIXEL_BGR:
        step = 3;
        offset = frame->format == COP_PIXEL_RGB ? rgb[c] : bgr[c];
        break;
    case COP_PIXEL_RGBX:
    case COP_PIXEL_BGRX:
        step = 4;
        offset = frame->format == COP_PIXEL_RGBX ? rgb[c] : bgr[c];
        break;
    case COP_PIXEL_NV12:
        plane = c ? 1 : 0;
        step = c ? 2 : 1;
        offset = c == 2;
        break;
    default:
        plane = c;
    }
    return frame->plane[plane] + (gsize)y * (gsize)frame->stride[plane] + x * step + offset;
}

static uint8_t *their_sample(const GstVideoFrame *frame, int c, int x, int y)
{
    return (uint8_t *)GST_VIDEO_FRAME_COMP_DATA(frame, c) +
           (gsize)y * (gsize)GST_VIDEO_FRAME_COMP_STRIDE(frame, c) +
           x * GST_VIDEO_FRAME_COMP_PSTRIDE(frame, c);
}

/* Planes with longer rows, apart from each other and from both ends. */
static GstBuffer *padded(const GstVideoInfo *info, int padding)
{
    gsize offset[GST_VIDEO_MAX_PLANES] = {0}, size = (gsize)padding;
    gint stride[GST_VIDEO_MAX_PLANES] = {0};
    const guint planes = GST_VIDEO_INFO_N_PLANES(info);
    for (guint i = 0; i < planes; i++) {
        const int rows = GST_VIDEO_INFO_COMP_HEIGHT(info, i);
        stride[i] = GST_VIDEO_INFO_PLANE_STRIDE(info, i) + padding;
        offset[i] = size;
        size += (gsize)(stride[i] * rows + padding);
    }
    GstBuffer *buffer = gst_buffer_new_allocate(NULL, size, NULL);
    gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(info),
                                   (guint)GST_VIDEO_INFO_WIDTH(info),
                                   (guint)GST_VIDEO_INFO_HEIGHT(info), planes, offset, stride);
    return buffer;
}

/* Calls `fn` for each byte of the picture: theirs, ours. */
static void each_sample(const GstVideoFrame *theirs, const CopFrame *ours,
                        void (*fn)(uint8_t *theirs, const uint8_t *ours, int *count), int *count)
{
    for (guint c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS(theirs); c++)
        for (int y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT(theirs, c); y++)
            for (int x = 0; x < GST_VIDEO_FRAME_COMP_WIDTH(theirs, c); x++)
                fn(their_sample(theirs, (int)c, x, y), ours ? sample(ours, (int)c, x, y) : NULL,
                   count);
}

static void take(uint8_t *theirs, const uint8_t *ours, int *count)
{
    (void)count;
    *theirs = *ours;
}

static void compare(uint8_t *theirs, const uint8_t *ours, int *count)
{
    *count += *theirs != *ours;
}

static void blank(uint8_t *theirs, const uint8_t *ours, int *count)
{
    (void)ours;
    (void)count;
    *theirs = PATTERN;
}

GstBuffer *video_buffer(const GstVideoInfo *info, const CopFrame *frame, int padding)
{
    GstBuffer *buffer = padding ? padded(info, padding)
                                : gst_buffer_new_allocate(NULL, GST_VIDEO_INFO_SIZE(info), NULL);
    gst_buffer_memset(buffer, 0, PATTERN, gst_buffer_get_size(buffer));
    GstVideoFrame mapped;
    fail_unless(gst_video_frame_map(&mapped, info, buffer, GST_MAP_WRITE));
    each_sample(&mapped, frame, take, NULL);
    gst_video_frame_unmap(&mapped);
    GST_BUFFER_PTS(buffer) = (GstClockTime)frame->index * GST_SECOND / VIDEO_FPS;
    GST_BUFFER_DURATION(buffer) = GST_SECOND / VIDEO_FPS;
    GST_BUFFER_OFFSET(buffer) = (guint64)frame->index;
    return buffer;
}

gboolean video_shows(GstBuffer *buffer, const GstVideoInfo *info, const CopFrame *frame)
{
    GstVideoFrame mapped;
    int differ = 0;
    fail_unless(gst_video_frame_map(&mapped, info, buffer, GST_MAP_READ));
    each_sample(&mapped, frame, compare, &differ);
    gst_video_frame_unmap(&mapped);
    return differ == 0;
}

gboolean video_padding_kept(GstBuffer *buffer, const GstVideoInfo *info)
{
    GstVideoFrame mapped;
    GstMapInfo map;
    GstBuffer *copy = gst_buffer_copy_deep(buffer);
    fail_unless(gst_video_frame_map(&mapped, info, copy, GST_MAP_READWRITE));
    each_sample(&mapped, NULL, blank, NULL);
    gst_video_frame_unmap(&mapped);
    fail_unless(gst_buffer_map(copy, &map, GST_MAP_READ));
    gboolean kept = TRUE;
    for (gsize i = 0; i < map.size; i++)
        kept &= map.data[i] == PATTERN;
    gst_buffer_unmap(copy, &map);
    gst_buffer_unref(copy);
    return kept;
}

GstHarness *video_corrupt_harness(GstCaps *caps, ...)
{
    va_list arguments;
    GstHarness *harness = gst_harness_new("videocorrupt");
    va_start(arguments, caps);
    for (const char *name; (name = va_arg(arguments, const char *));)
        gst_util_set_object_arg(G_OBJECT(harness->element), name, va_arg(arguments, const char *));
    va_end(arguments);
    gst_harness_set_src_caps(harness, caps);
    return harness;
}

void video_corrupt_frames(const char *name, double severity, uint64_t seed, const char *params,
                          const CopFrame *in, int n, CopFrame *out)
{
    CopCorrupt *corrupt;
    CopError err = {0};
    const CopCorruptSpec spec = {
        .name = name, .severity = severity, .seed = seed, .params = params};
    fail_unless(cop_corrupt_create(&corrupt, &spec, &err) == COP_OK, "%s", err.text);
    fail_unless_equals_int(cop_corrupt_frames(corrupt, in, n, out), COP_OK);
    cop_corrupt_destroy(&corrupt);
}

void video_push(GstHarness *harness, const GstVideoInfo *info, const CopFrame *frame)
{
    fail_unless_equals_int(gst_harness_push(harness, video_buffer(info, frame, 0)), GST_FLOW_OK);
}

void video_pull(GstHarness *harness, const GstVideoInfo *info, const CopFrame *want)
{
    GstBuffer *buffer = gst_harness_try_pull(harness);
    fail_unless(buffer != NULL, "frame %d did not come", (int)want->index);
    fail_unless_equals_uint64(GST_BUFFER_PTS(buffer),
                              (GstClockTime)want->index * GST_SECOND / VIDEO_FPS);
    fail_unless(video_shows(buffer, info, want), "frame %d looks different", (int)want->index);
    gst_buffer_unref(buffer);
}

GstBus *video_bus(GstElement *element)
{
    GstBus *bus = gst_bus_new();
    gst_element_set_bus(element, bus);
    return bus;
}

void video_refuses(GstElement *element, const char *says)
{
    GstBus *bus = video_bus(element);
    fail_unless_equals_int(gst_element_set_state(element, GST_STATE_PAUSED),
                           GST_STATE_CHANGE_FAILURE);
    GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
    GError *error;
    fail_unless(message != NULL);
    gst_message_parse_error(message, &error, NULL);
    fail_unless(strstr(error->message, says) != NULL, "%s", error->message);
    g_error_free(error);
    gst_message_unref(message);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_bus_set_flushing(bus, TRUE);
    gst_object_unref(bus);
    gst_object_unref(element);
}

void video_seek(GstHarness *harness)
{
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(harness, gst_event_new_flush_start());
    gst_harness_push_event(harness, gst_event_new_flush_stop(TRUE));
    gst_harness_push_event(harness, gst_event_new_segment(&segment));
}

/* Pixels of videocorrupt are those of the pipeline: every corruption, every format and layout.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include "pipeline/corrupt/corrupt.h"
#include "tests/corrupt_clip.h"
#include "tests/elements/video_help.h"

enum { FRAMES = 20, WIDTH = 46, HEIGHT = 34 };

/* What caps without a colorimetry mean at these sizes. */
static void make_clip(CopFrame *frame, int n, CopPixelFormat format, int width, int height)
{
    clip_make(frame, n, format, width, height, 0);
    for (int i = 0; i < n; i++)
        frame[i].colour = (CopColour){
            COP_MATRIX_BT601, format == COP_PIXEL_GRAY8 ? COP_RANGE_FULL : COP_RANGE_LIMITED};
}

static void parse(GstVideoInfo *info, const GstCaps *caps)
{
    fail_unless(gst_video_info_from_caps(info, caps));
}

/* All frames in, all frames out, with the pixels of coppice corrupt. */
static void check_stream(const char *name, const char *severity, const char *params,
                         const VideoFormat *format, int width, int height, int padding, int n)
{
    CopFrame in[FRAMES], want[FRAMES];
    GstVideoInfo info;
    GstCaps *caps = video_caps(format->theirs, width, height);
    parse(&info, caps);
    make_clip(in, n, format->ours, width, height);
    video_corrupt_frames(name, g_ascii_strtod(severity, NULL), 7, params, in, n, want);
    GstHarness *harness = video_corrupt_harness(caps, "corruption", name, "severity", severity,
                                                "seed", "7", "params", params, NULL);
    for (int i = 0; i < n; i++)
        fail_unless_equals_int(gst_harness_push(harness, video_buffer(&info, &in[i], padding)),
                               GST_FLOW_OK);
    fail_unless(gst_harness_push_event(harness, gst_event_new_eos()));
    fail_unless_equals_int((int)gst_harness_buffers_received(harness), n);
    for (int i = 0; i < n; i++) {
        GstBuffer *buffer = gst_harness_pull(harness);
        fail_unless(video_shows(buffer, &info, &want[i]), "%s at %s: %s %dx%d: frame %d differs",
                    name, severity, gst_video_format_to_string(format->theirs), width, height, i);
        if (gst_buffer_get_video_meta(buffer) && padding &&
            gst_buffer_get_size(buffer) > GST_VIDEO_INFO_SIZE(&info))
            fail_unless(video_padding_kept(buffer, &info), "%s: padding written", name);
        fail_unless_equals_uint64(GST_BUFFER_PTS(buffer), (GstClockTime)i * GST_SECOND / VIDEO_FPS);
        fail_unless_equals_uint64(GST_BUFFER_DURATION(buffer), GST_SECOND / VIDEO_FPS);
        fail_unless_equals_uint64(GST_BUFFER_OFFSET(buffer), (guint64)i);
        gst_buffer_unref(buffer);
    }
    gst_harness_teardown(harness);
    clip_free(in, n);
    clip_free(want, n);
}

static const VideoFormat *format_of(GstVideoFormat theirs)
{
    int i = 0;
    while (video_formats[i].theirs != theirs)
        i++;
    return &video_formats[i];
}

GST_START_TEST(every_corruption_rgb)
{
    const char *name = cop_corrupt_registry[__i__]->name;
    check_stream(name, "3", "", format_of(GST_VIDEO_FORMAT_RGB), WIDTH, HEIGHT, 0, FRAMES);
}
GST_END_TEST

GST_START_TEST(every_corruption_i420)
{
    const char *name = cop_corrupt_registry[__i__]->name;
    check_stream(name, "2.5", "", format_of(GST_VIDEO_FORMAT_I420), WIDTH, HEIGHT, 0, FRAMES);
}
GST_END_TEST

/* In place with random numbers; in place between pixels; frames in another order; filters
 * over planes; a codec. */
static const char *const kinds[] = {"gaussian_noise", "rotate_ramp", "jumble", "temporal_low_pass",
                                    "mpeg2"};

GST_START_TEST(every_format_and_layout)
{
    static const int sizes[][2] = {{WIDTH, HEIGHT}, {33, 17}, {1, 1}};
    const VideoFormat *format = &video_formats[__i__];
    for (gsize k = 0; k < G_N_ELEMENTS(kinds); k++)
        for (gsize s = 0; s < G_N_ELEMENTS(sizes); s++)
            for (int padding = 0; padding <= 13; padding += 13)
                check_stream(kinds[k], "4", "", format, sizes[s][0], sizes[s][1], padding, 6);
}
GST_END_TEST

GST_START_TEST(fractional_severities)
{
    static const char *const severities[] = {"0.25", "1", "3.75", "5"};
    for (gsize i = 0; i < G_N_ELEMENTS(severities); i++)
        check_stream("speckle_noise", severities[i], "", format_of(GST_VIDEO_FORMAT_I420), WIDTH,
                     HEIGHT, 0, 3);
}
GST_END_TEST

GST_START_TEST(parameters)
{
    check_stream("gaussian_noise", "3", "sigma=0.5", format_of(GST_VIDEO_FORMAT_RGB), WIDTH, HEIGHT,
                 0, 3);
    check_stream("h264_crf", "3", "delay=low, gop=4", format_of(GST_VIDEO_FORMAT_I420), WIDTH,
                 HEIGHT, 0, 10);
}
GST_END_TEST

/* Words of the settings that are not severity, params or seed. */
GST_START_TEST(preset_temporal_and_clip)
{
    CopFrame in[3], want[3];
    GstVideoInfo info;
    GstCaps *caps = video_caps(GST_VIDEO_FORMAT_RGB, WIDTH, HEIGHT);
    parse(&info, caps);
    make_clip(in, 3, COP_PIXEL_RGB, WIDTH, HEIGHT);
    CopCorrupt *corrupt;
    const CopCorruptSpec spec = {.name = "gaussian_noise",
                                 .severity = 2,
                                 .seed = G_MAXUINT64,
                                 .clip = 4000000000u,
                                 .temporal = COP_TEMPORAL_STATIC,
                                 .preset = "tiny-64"};
    fail_unless_equals_int(cop_corrupt_create(&corrupt, &spec, NULL), COP_OK);
    fail_unless_equals_int(cop_corrupt_frames(corrupt, in, 3, want), COP_OK);
    GstHarness *harness = video_corrupt_harness(
        caps, "corruption", "gaussian_noise", "severity", "2", "seed", "18446744073709551615",
        "clip-id", "4000000000", "temporal", "static", "preset", "tiny-64", NULL);
    for (int i = 0; i < 3; i++) {
        video_push(harness, &info, &in[i]);
        video_pull(harness, &info, &want[i]);
    }
    gst_harness_teardown(harness);
    cop_corrupt_destroy(&corrupt);
    clip_free(in, 3);
    clip_free(want, 3);
}
GST_END_TEST

/* Light is added to RGB, so the bytes of I420 hang on what luma and chroma mean. */
static void check_colour(const char *colorimetry, int width, int height, CopColour colour)
{
    CopFrame in, want;
    GstVideoInfo info;
    GstCaps *caps = video_caps(GST_VIDEO_FORMAT_I420, width, height);
    if (colorimetry)
        gst_caps_set_simple(caps, "colorimetry", G_TYPE_STRING, colorimetry, NULL);
    parse(&info, caps);
    clip_make(&in, 1, COP_PIXEL_I420, width, height, 0);
    in.colour = colour;
    video_corrupt_frames("brightness", 5, 0, "", &in, 1, &want);
    GstHarness *harness =
        video_corrupt_harness(caps, "corruption", "brightness", "severity", "5", NULL);
    video_push(harness, &info, &in);
    video_pull(harness, &info, &want);
    gst_harness_teardown(harness);
    clip_free(&in, 1);
    clip_free(&want, 1);
}

GST_START_TEST(colorimetry)
{
    static const struct {
        const char *text;
        CopColour colour;
    } cases[] = {{"bt601", {COP_MATRIX_BT601, COP_RANGE_LIMITED}},
                 {"bt709", {COP_MATRIX_BT709, COP_RANGE_LIMITED}},
                 {"1:4:0:0", {COP_MATRIX_BT601, COP_RANGE_FULL}},
                 {"1:3:5:1", {COP_MATRIX_BT709, COP_RANGE_FULL}},
                 {"bt2020", {COP_MATRIX_BT709, COP_RANGE_LIMITED}},
                 {"smpte240m", {COP_MATRIX_BT709, COP_RANGE_LIMITED}}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        check_colour(cases[i].text, WIDTH, HEIGHT, cases[i].colour);
    /* Without one, large pictures are BT.709, small ones BT.601. */
    check_colour(NULL, 16, 578, (CopColour){COP_MATRIX_BT709, COP_RANGE_LIMITED});
    check_colour(NULL, 16, 576, (CopColour){COP_MATRIX_BT601, COP_RANGE_LIMITED});
}
GST_END_TEST

/* --- buffers ------------------------------------------------------------------- */

static GstHarness *small(GstVideoInfo *info, CopFrame *frame, const char *corruption,
                         const char *severity)
{
    GstCaps *caps = video_caps(GST_VIDEO_FORMAT_RGB, 32, 24);
    parse(info, caps);
    clip_make(frame, 1, COP_PIXEL_RGB, 32, 24, 0);
    return video_corrupt_harness(caps, "corruption", corruption, "severity", severity, NULL);
}

/* At severity 0 the buffer itself goes through, with no copy and no write. */
GST_START_TEST(passthrough)
{
    static const char *const names[] = {"none", "gaussian_noise", "jumble", "h264_crf"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        GstVideoInfo info;
        CopFrame frame;
        GstHarness *harness = small(&info, &frame, names[i], i ? "0" : "5");
        GstBuffer *in = video_buffer(&info, &frame, 5);
        gst_buffer_ref(in); /* not writable: a copy would be another one */
        gst_harness_push(harness, in);
        GstBuffer *out = gst_harness_try_pull(harness);
        fail_unless(out == in, "%s", names[i]);
        fail_unless(video_shows(out, &info, &frame));
        gst_buffer_unref(out);
        gst_buffer_unref(in);
        gst_harness_teardown(harness);
        clip_free(&frame, 1);
    }
}
GST_END_TEST

GST_START_TEST(in_place_where_nobody_else_looks)
{
    GstVideoInfo info;
    CopFrame frame;
    GstHarness *harness = small(&info, &frame, "gaussian_noise", "3");
    GstBuffer *in = video_buffer(&info, &frame, 0);
    gst_harness_push(harness, in);
    GstBuffer *out = gst_harness_try_pull(harness);
    fail_unless(out == in);
    fail_if(video_shows(out, &info, &frame));
    gst_buffer_unref(out);
    /* Another reference, or other users of the same memory: theirs stays as it was. */
    in = video_buffer(&info, &frame, 0);
    GstBuffer *shared = gst_buffer_copy(in);
    gst_buffer_ref(in);
    gst_harness_push(harness, in);
    out = gst_harness_try_pull(harness);
    fail_if(out == in);
    fail_if(video_shows(out, &info, &frame));
    fail_unless(video_shows(in, &info, &frame));
    fail_unless(video_shows(shared, &info, &frame));
    gst_buffer_unref(out);
    gst_buffer_unref(in);
    gst_harness_push(harness, shared);
    out = gst_harness_try_pull(harness);
    fail_if(video_shows(out, &info, &frame));
    gst_buffer_unref(out);
    gst_harness_teardown(harness);
    clip_free(&frame, 1);
}
GST_END_TEST

/* What a buffer says beside its picture goes on with it, whatever happens to the picture. */
GST_START_TEST(metas_flags_and_times_stay)
{
    static const char *const names[] = {"gaussian_noise", "jumble", "mpeg2"};
    GstCaps *reference = gst_caps_new_empty_simple("timestamp/x-test");
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        GstVideoInfo info;
        CopFrame frame;
        GstHarness *harness = small(&info, &frame, names[i], "3");
        GstBuffer *in = video_buffer(&info, &frame, 9);
        GstBuffer *parent = gst_buffer_new();
        gst_buffer_add_reference_timestamp_meta(in, reference, 123, 456);
        gst_buffer_add_video_crop_meta(in)->width = 11;
        gst_buffer_add_parent_buffer_meta(in, parent);
        GST_BUFFER_DTS(in) = 77;
        GST_BUFFER_OFFSET_END(in) = 99;
        GST_BUFFER_FLAG_SET(in, GST_BUFFER_FLAG_MARKER | GST_BUFFER_FLAG_GAP);
        gst_harness_push(harness, in);
        fail_unless(gst_harness_push_event(harness, gst_event_new_eos()));
        GstBuffer *out = gst_harness_try_pull(harness);
        const GstReferenceTimestampMeta *stamp =
            gst_buffer_get_reference_timestamp_meta(out, reference);
        fail_unless(stamp && stamp->timestamp == 123 && stamp->duration == 456);
        const GstVideoCropMeta *crop = gst_buffer_get_video_crop_meta(out);
        fail_unless(crop && crop->width == 11);
        fail_unless_equals_uint64(GST_BUFFER_DTS(out), 77);
        fail_unless_equals_uint64(GST_BUFFER_OFFSET_END(out), 99);
        fail_unless(GST_BUFFER_FLAG_IS_SET(out, GST_BUFFER_FLAG_MARKER | GST_BUFFER_FLAG_GAP));
        /* New memory is nobody's child: a parent would be kept from its pool. */
        const gboolean child = gst_buffer_get_parent_buffer_meta(out) != NULL;
        fail_unless(child == (i == 0), "%s", names[i]);
        gst_buffer_unref(out);
        gst_buffer_unref(parent);
        gst_harness_teardown(harness);
        clip_free(&frame, 1);
    }
    gst_caps_unref(reference);
}
GST_END_TEST

/* Frames that wait inside hold none of their buffers: a camera has few. */
GST_START_TEST(buffers_of_others_are_given_back)
{
    GstVideoInfo info;
    CopFrame frame;
    GstHarness *harness = small(&info, &frame, "jumble", "5");
    GstBuffer *in = video_buffer(&info, &frame, 0);
    GstMemory *memory = gst_buffer_get_memory(in, 0);
    gst_harness_push(harness, in);
    fail_unless_equals_int((int)gst_harness_buffers_received(harness), 0);
    fail_unless_equals_int(GST_MINI_OBJECT_REFCOUNT_VALUE(memory), 1);
    gst_memory_unref(memory);
    gst_harness_teardown(harness);
    clip_free(&frame, 1);
}
GST_END_TEST

static Suite *suite(void)
{
    int n = 0;
    while (cop_corrupt_registry[n])
        n++;
    Suite *s = suite_create("videocorrupt");
    TCase *tc = tcase_create("pixels");
    tcase_add_loop_test(tc, every_corruption_rgb, 0, n);
    tcase_add_loop_test(tc, every_corruption_i420, 0, n);
    tcase_add_loop_test(tc, every_format_and_layout, 0, video_format_count);
    tcase_add_test(tc, fractional_severities);
    tcase_add_test(tc, parameters);
    tcase_add_test(tc, preset_temporal_and_clip);
    tcase_add_test(tc, colorimetry);
    suite_add_tcase(s, tc);
    tc = tcase_create("buffers");
    tcase_add_test(tc, passthrough);
    tcase_add_test(tc, in_place_where_nobody_else_looks);
    tcase_add_test(tc, metas_flags_and_times_stay);
    tcase_add_test(tc, buffers_of_others_are_given_back);
    suite_add_tcase(s, tc);
    return s;
}

int main(int argc, char **argv)
{
    video_init(&argc, &argv);
    return gst_check_run_suite(suite(), "videocorrupt", __FILE__);
}

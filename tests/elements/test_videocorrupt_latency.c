/* Latency of videocorrupt: what is reported, that it is true, and when the pipeline is told.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include "pipeline/corrupt/corrupt.h"
#include "tests/corrupt_clip.h"
#include "tests/elements/video_help.h"

enum { LENGTH = 64 };

#define MOMENT ((GstClockTime)GST_SECOND / VIDEO_FPS)

static CopFrame in[LENGTH];
static GstVideoInfo info;

static GstHarness *open_stream(const char *name, const char *severity, const char *params)
{
    GstCaps *caps = video_caps(GST_VIDEO_FORMAT_RGB, 32, 24);
    fail_unless(gst_video_info_from_caps(&info, caps));
    clip_make(in, LENGTH, COP_PIXEL_RGB, 32, 24, 0);
    return video_corrupt_harness(caps, "corruption", name, "severity", severity, "params", params,
                                 NULL);
}

static void close_stream(GstHarness *harness)
{
    gst_harness_teardown(harness);
    clip_free(in, LENGTH);
}

static void check_latency(const char *name, const char *severity, const char *params, int frames)
{
    GstHarness *harness = open_stream(name, severity, params);
    guint64 latency;
    gst_harness_set_upstream_latency(harness, GST_SECOND);
    video_push(harness, &info, &in[0]);
    fail_unless_equals_uint64((guint64)gst_harness_query_latency(harness),
                              (guint64)GST_SECOND + (guint)frames * MOMENT);
    g_object_get(harness->element, "latency", &latency, NULL);
    fail_unless_equals_uint64(latency, (guint)frames * MOMENT);
    close_stream(harness);
}

GST_START_TEST(latency_is_reported)
{
    check_latency("gaussian_noise", "5", "", 0);
    check_latency("jumble", "0", "", 0);
    check_latency("jumble", "3", "window=8", 7);
    check_latency("motion_blur_temporal", "3", "c=5", 4);
    check_latency("mpeg2", "3", "", 0);
    check_latency("h264_crf", "3", "", 31);
    check_latency("h264_crf", "3", "delay=low", 0);
}
GST_END_TEST

/* No more frames wait inside than the latency says, and at times as many. */
GST_START_TEST(latency_is_true)
{
    const char *name = cop_corrupt_registry[__i__]->name;
    GstHarness *harness = open_stream(name, "5", "");
    guint64 latency = 0;
    int most = 0;
    for (int i = 0; i < LENGTH; i++) {
        video_push(harness, &info, &in[i]);
        most = MAX(most, i + 1 - (int)gst_harness_buffers_in_queue(harness));
        if (i == 0) /* later it holds the time that a group takes, too */
            g_object_get(harness->element, "latency", &latency, NULL);
    }
    fail_unless_equals_int(most, (int)(latency / MOMENT));
    close_stream(harness);
}
GST_END_TEST

/* A group takes a while to code: where that is more than a frame (here a millisecond, which no
 * machine keeps), it is part of the latency, and the pipeline is told. */
GST_START_TEST(latency_of_coding)
{
    GstVideoInfo large;
    GstCaps *caps = video_caps(GST_VIDEO_FORMAT_I420, 1280, 720);
    gst_caps_set_simple(caps, "framerate", GST_TYPE_FRACTION, 1000, 1, NULL);
    fail_unless(gst_video_info_from_caps(&large, caps));
    GstHarness *harness =
        video_corrupt_harness(caps, "corruption", "h264_crf", "params", "gop=8", NULL);
    GstBus *bus = video_bus(harness->element);
    CopFrame frame;
    guint64 latency;
    clip_make(&frame, 1, COP_PIXEL_I420, 1280, 720, 0);
    for (int i = 0; i < 8; i++, frame.index++) {
        g_object_get(harness->element, "latency", &latency, NULL);
        fail_unless_equals_uint64(latency, i ? 7 * GST_MSECOND : 0);
        video_push(harness, &large, &frame);
    }
    g_object_get(harness->element, "latency", &latency, NULL);
    fail_unless(latency > 8 * GST_MSECOND, "%d ms", (int)(latency / GST_MSECOND));
    fail_unless_equals_uint64((guint64)gst_harness_query_latency(harness), latency);
    for (int told = 0; told < 2; told++) {
        GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_LATENCY);
        fail_unless(message != NULL);
        gst_message_unref(message);
    }
    g_object_set(harness->element, "corruption", 0, NULL);
    video_push(harness, &large, &frame);
    fail_unless_equals_uint64((guint64)gst_harness_query_latency(harness), 0);
    clip_free(&frame, 1);
    gst_element_set_bus(harness->element, NULL);
    gst_object_unref(bus);
    gst_harness_teardown(harness);
}
GST_END_TEST

GST_START_TEST(latency_message_where_it_changes)
{
    GstHarness *harness = open_stream("motion_blur_temporal", "0", "");
    GstBus *bus = video_bus(harness->element);
    static const struct {
        double severity;
        gboolean told;
    } steps[] = {{0, FALSE}, {1, TRUE}, {1, FALSE}, {3, TRUE}, {2, FALSE}, {0, FALSE}, {5, TRUE}};
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_object_set(harness->element, "severity", steps[i].severity, NULL);
        video_push(harness, &info, &in[i]);
        GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_LATENCY);
        fail_unless((message != NULL) == steps[i].told, "step %d", (int)i);
        gst_clear_message(&message);
    }
    g_object_set(harness->element, "corruption", 1, NULL);
    video_push(harness, &info, &in[G_N_ELEMENTS(steps)]);
    GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_LATENCY);
    fail_unless(message != NULL);
    gst_message_unref(message);
    gst_element_set_bus(harness->element, NULL);
    gst_object_unref(bus);
    close_stream(harness);
}
GST_END_TEST

static Suite *suite(void)
{
    int n = 0;
    while (cop_corrupt_registry[n])
        n++;
    Suite *s = suite_create("videocorrupt_latency");
    TCase *tc = tcase_create("latency");
    tcase_add_test(tc, latency_is_reported);
    tcase_add_loop_test(tc, latency_is_true, 0, n);
    tcase_add_test(tc, latency_of_coding);
    tcase_add_test(tc, latency_message_where_it_changes);
    suite_add_tcase(s, tc);
    return s;
}

int main(int argc, char **argv)
{
    video_init(&argc, &argv);
    return gst_check_run_suite(suite(), "videocorrupt_latency", __FILE__);
}

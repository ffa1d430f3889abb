/* The stream of videocorrupt: numbers of frames, latency, events, queries.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include "pipeline/corrupt/corrupt.h"
#include "tests/corrupt_clip.h"
#include "tests/elements/video_help.h"

enum { WIDTH = 32, HEIGHT = 24, LENGTH = 64 };

#define MOMENT ((GstClockTime)GST_SECOND / VIDEO_FPS)

/* A file of LENGTH frames: as it is, and as coppice corrupt makes it. */
static CopFrame in[LENGTH], want[LENGTH];
static GstVideoInfo info;

static GstHarness *open_stream(const char *name, const char *severity, const char *params)
{
    GstCaps *caps = video_caps(GST_VIDEO_FORMAT_RGB, WIDTH, HEIGHT);
    fail_unless(gst_video_info_from_caps(&info, caps));
    clip_make(in, LENGTH, COP_PIXEL_RGB, WIDTH, HEIGHT, 0);
    video_corrupt_frames(name, g_ascii_strtod(severity, NULL), 3, params, in, LENGTH, want);
    return video_corrupt_harness(caps, "corruption", name, "severity", severity, "seed", "3",
                                 "params", params, NULL);
}

static void close_stream(GstHarness *harness)
{
    gst_harness_teardown(harness);
    clip_free(in, LENGTH);
    clip_free(want, LENGTH);
}

static int waiting(GstHarness *harness)
{
    return (int)gst_harness_buffers_in_queue(harness);
}

static void send(GstHarness *harness, GstEvent *event)
{
    fail_unless(gst_harness_push_event(harness, event));
}

/* Frame i of the file at another time, or with flags. */
static void push_at(GstHarness *harness, int i, GstClockTime pts, guint flags)
{
    GstBuffer *buffer = video_buffer(&info, &in[i], 0);
    GST_BUFFER_PTS(buffer) = pts;
    GST_BUFFER_FLAG_SET(buffer, flags);
    fail_unless_equals_int(gst_harness_push(harness, buffer), GST_FLOW_OK);
}

static void pull_as(GstHarness *harness, int i)
{
    GstBuffer *buffer = gst_harness_try_pull(harness);
    fail_unless(buffer != NULL, "frame %d did not come", i);
    fail_unless(video_shows(buffer, &info, &want[i]), "frame %d looks different", i);
    gst_buffer_unref(buffer);
}

static void new_segment(GstHarness *harness, gdouble rate, GstClockTime start, GstClockTime time)
{
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.rate = rate;
    segment.start = segment.position = start;
    segment.time = time;
    if (rate < 0)
        segment.stop = LENGTH * MOMENT;
    send(harness, gst_event_new_segment(&segment));
}

static void flush(GstHarness *harness)
{
    send(harness, gst_event_new_flush_start());
    send(harness, gst_event_new_flush_stop(TRUE));
}

/* --- numbers of frames ---------------------------------------------------------- */

/* A place that is sought, forth or back, looks as it does in passing. */
GST_START_TEST(seeking_equals_playing)
{
    static const int places[] = {40, 10, 0, 63};
    GstHarness *harness = open_stream("gaussian_noise", "3", "");
    for (int i = 0; i < 3; i++) {
        video_push(harness, &info, &in[i]);
        pull_as(harness, i);
    }
    for (gsize p = 0; p < G_N_ELEMENTS(places); p++) {
        flush(harness);
        new_segment(harness, 1, (guint)places[p] * MOMENT, (guint)places[p] * MOMENT);
        for (int i = places[p]; i < places[p] + 3 && i < LENGTH; i++) {
            video_push(harness, &info, &in[i]);
            pull_as(harness, i);
        }
    }
    close_stream(harness);
}
GST_END_TEST

/* Corruptions with memory agree from where they start over, or have seen enough. */
GST_START_TEST(seeking_with_memory)
{
    static const struct {
        const char *name, *params;
        int equal_from; /* after a seek to frame 21 */
    } cases[] = {{"jumble", "window=8", 24},
                 {"h264_crf", "gop=8", 24},
                 {"motion_blur_temporal", "c=3", 24},
                 {"sampling", "step=4", 24}};
    for (gsize c = 0; c < G_N_ELEMENTS(cases); c++) {
        GstHarness *harness = open_stream(cases[c].name, "3", cases[c].params);
        for (int i = 0; i < 12; i++)
            video_push(harness, &info, &in[i]);
        flush(harness);
        while (waiting(harness))
            gst_buffer_unref(gst_harness_pull(harness));
        new_segment(harness, 1, 21 * MOMENT, 21 * MOMENT);
        for (int i = 21; i < LENGTH; i++)
            video_push(harness, &info, &in[i]);
        send(harness, gst_event_new_eos());
        fail_unless_equals_int(waiting(harness), LENGTH - 21);
        for (int i = 21; i < LENGTH; i++)
            if (i < cases[c].equal_from)
                gst_buffer_unref(gst_harness_pull(harness));
            else
                pull_as(harness, i);
        close_stream(harness);
    }
}
GST_END_TEST

/* The first frame of a file is frame 0 wherever its time stands; a seek counts from there. */
GST_START_TEST(files_that_start_late)
{
    GstHarness *harness = open_stream("gaussian_noise", "3", "");
    const GstClockTime late = 5 * GST_SECOND;
    for (int i = 0; i < 3; i++) {
        push_at(harness, i, late + (guint)i * MOMENT, 0);
        pull_as(harness, i);
    }
    flush(harness);
    new_segment(harness, 1, late + 30 * MOMENT, late + 30 * MOMENT);
    push_at(harness, 30, late + 30 * MOMENT, GST_BUFFER_FLAG_DISCONT);
    pull_as(harness, 30);
    /* Segments whose timestamps are not the stream's time, as of transport streams. */
    flush(harness);
    new_segment(harness, 1, 1000 * GST_SECOND, late + 12 * MOMENT);
    push_at(harness, 13, 1000 * GST_SECOND + MOMENT, 0);
    pull_as(harness, 13);
    close_stream(harness);
}
GST_END_TEST

/* A stream that begins by a seek, with no frame before it, has the numbers of that place. */
GST_START_TEST(streams_that_begin_inside)
{
    GstHarness *harness = open_stream("gaussian_noise", "3", "");
    new_segment(harness, 1, 30 * MOMENT, 30 * MOMENT);
    video_push(harness, &info, &in[30]);
    pull_as(harness, 30);
    close_stream(harness);
}
GST_END_TEST

/* In between frames are counted: times that jitter, or are missing, move no number. */
GST_START_TEST(times_may_jitter)
{
    GstHarness *harness = open_stream("gaussian_noise", "3", "");
    push_at(harness, 0, 0, 0);
    push_at(harness, 1, MOMENT + MOMENT * 2 / 3, 0);
    push_at(harness, 2, GST_CLOCK_TIME_NONE, 0);
    push_at(harness, 3, 2 * MOMENT, 0);
    push_at(harness, 4, 4 * MOMENT + MOMENT / 3, GST_BUFFER_FLAG_DISCONT); /* rounded */
    push_at(harness, 5, 5 * MOMENT - MOMENT / 3, GST_BUFFER_FLAG_DISCONT);
    for (int i = 0; i < 6; i++)
        pull_as(harness, i);
    close_stream(harness);
}
GST_END_TEST

/* After a discontinuity or a gap the time says where the stream goes on. */
GST_START_TEST(lost_frames)
{
    GstHarness *harness = open_stream("gaussian_noise", "3", "");
    video_push(harness, &info, &in[0]);
    push_at(harness, 9, 9 * MOMENT, GST_BUFFER_FLAG_DISCONT);
    video_push(harness, &info, &in[10]);
    send(harness, gst_event_new_gap(11 * MOMENT, 9 * MOMENT));
    video_push(harness, &info, &in[20]);
    static const int shown[] = {0, 9, 10, 20};
    for (gsize i = 0; i < G_N_ELEMENTS(shown); i++)
        pull_as(harness, shown[i]);
    close_stream(harness);
}
GST_END_TEST

/* Without a frame rate there is nothing to find a number by: counting goes on. */
GST_START_TEST(no_frame_rate)
{
    GstHarness *harness = open_stream("gaussian_noise", "3", "");
    GstCaps *caps = video_caps(GST_VIDEO_FORMAT_RGB, WIDTH, HEIGHT);
    gst_caps_set_simple(caps, "framerate", GST_TYPE_FRACTION, 0, 1, NULL);
    gst_harness_set_src_caps(harness, caps);
    for (int i = 0; i < 3; i++)
        push_at(harness, i, 7u * (guint)i * MOMENT, GST_BUFFER_FLAG_DISCONT);
    for (int i = 0; i < 3; i++)
        pull_as(harness, i);
    close_stream(harness);
}
GST_END_TEST

/* A stream of bytes, as from a file source alone, has no time at all. */
GST_START_TEST(no_time)
{
    GstHarness *harness = open_stream("gaussian_noise", "3", "");
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_BYTES);
    send(harness, gst_event_new_segment(&segment));
    for (int i = 0; i < 3; i++)
        push_at(harness, i, GST_CLOCK_TIME_NONE, i == 2 ? GST_BUFFER_FLAG_DISCONT : 0);
    for (int i = 0; i < 3; i++)
        pull_as(harness, i);
    close_stream(harness);
}
GST_END_TEST

GST_START_TEST(reverse_playback)
{
    GstHarness *harness = open_stream("gaussian_noise", "3", "");
    flush(harness);
    new_segment(harness, -1, 0, 0);
    for (int i = LENGTH - 1; i >= LENGTH - 5; i--) {
        video_push(harness, &info, &in[i]);
        pull_as(harness, i);
    }
    close_stream(harness);
    /* With memory each frame is a stream of its own, and none is kept back. */
    harness = open_stream("motion_blur_temporal", "3", "");
    flush(harness);
    new_segment(harness, -1, 0, 0);
    for (int i = 5; i >= 0; i--)
        video_push(harness, &info, &in[i]);
    send(harness, gst_event_new_eos());
    fail_unless_equals_int(waiting(harness), 6);
    close_stream(harness);
}
GST_END_TEST

/* Another stream (of a play list, say) has a frame 0 of its own; the same one said twice
 * has not. */
GST_START_TEST(stream_start)
{
    GstHarness *harness = open_stream("gaussian_noise", "3", "");
    send(harness, gst_event_new_stream_start("a"));
    for (int i = 0; i < 4; i++) {
        video_push(harness, &info, &in[i]);
        pull_as(harness, i);
    }
    send(harness, gst_event_new_stream_start("a"));
    video_push(harness, &info, &in[4]);
    pull_as(harness, 4);
    send(harness, gst_event_new_stream_start("b"));
    push_at(harness, 0, 5 * MOMENT, GST_BUFFER_FLAG_DISCONT);
    pull_as(harness, 0);
    close_stream(harness);
}
GST_END_TEST

/* --- events and queries ----------------------------------------------------------- */

/* All that went in comes out before what ends it. */
GST_START_TEST(draining)
{
    for (int what = 0; what < 5; what++) {
        GstHarness *harness = open_stream("jumble", "3", "window=16");
        for (int i = 0; i < 5; i++)
            video_push(harness, &info, &in[i]);
        fail_unless_equals_int(waiting(harness), 0);
        switch (what) {
        case 0:
            send(harness, gst_event_new_eos());
            break;
        case 1:
            send(harness, gst_event_new_gap(5 * MOMENT, MOMENT));
            break;
        case 2:
            new_segment(harness, 1, 0, 0);
            break;
        case 3:
            send(harness, gst_event_new_segment_done(GST_FORMAT_TIME, 5 * MOMENT));
            break;
        default: {
            GstQuery *query = gst_query_new_drain();
            gst_pad_peer_query(harness->srcpad, query);
            gst_query_unref(query);
        }
        }
        fail_unless_equals_int(waiting(harness), 5);
        close_stream(harness);
    }
}
GST_END_TEST

GST_START_TEST(flushing_drops)
{
    GstHarness *harness = open_stream("jumble", "3", "window=16");
    for (int i = 0; i < 5; i++)
        video_push(harness, &info, &in[i]);
    flush(harness);
    new_segment(harness, 1, 0, 0);
    fail_unless_equals_int(waiting(harness), 0);
    for (int i = 0; i < LENGTH; i++)
        video_push(harness, &info, &in[i]);
    send(harness, gst_event_new_eos());
    fail_unless_equals_int(waiting(harness), LENGTH);
    for (int i = 0; i < LENGTH; i++)
        pull_as(harness, i);
    close_stream(harness);
}
GST_END_TEST

/* What comes downstream, in order: "F" a frame, "T" tags, "C" caps, "E" the end. */
static GString *order;

static GstPadProbeReturn note(GstPad *pad, GstPadProbeInfo *probe, gpointer data)
{
    (void)pad;
    (void)data;
    if (probe->type & GST_PAD_PROBE_TYPE_BUFFER) {
        g_string_append_c(order, 'F');
        return GST_PAD_PROBE_OK;
    }
    switch (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(probe))) {
    case GST_EVENT_TAG:
        g_string_append_c(order, 'T');
        break;
    case GST_EVENT_CAPS:
        g_string_append_c(order, 'C');
        break;
    case GST_EVENT_EOS:
        g_string_append_c(order, 'E');
        break;
    default:
        break;
    }
    return GST_PAD_PROBE_OK;
}

static void watch(GstHarness *harness)
{
    GstPad *pad = gst_element_get_static_pad(harness->element, "src");
    order = g_string_new(NULL);
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, note,
                      NULL, NULL);
    gst_object_unref(pad);
}

/* Events keep their place between frames that wait; those outside the stream do not wait. */
GST_START_TEST(events_keep_their_place)
{
    GstHarness *harness = open_stream("jumble", "3", "window=4");
    watch(harness);
    send(harness, gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "0", NULL)));
    video_push(harness, &info, &in[0]);
    send(harness, gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "1", NULL)));
    video_push(harness, &info, &in[1]);
    video_push(harness, &info, &in[2]);
    send(harness, gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "3", NULL)));
    fail_unless_equals_string(order->str, "T");
    video_push(harness, &info, &in[3]);
    fail_unless_equals_string(order->str, "TFTFFTF");
    video_push(harness, &info, &in[4]);
    send(harness, gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "5", NULL)));
    send(harness, gst_event_new_eos());
    fail_unless_equals_string(order->str, "TFTFFTFFTE");
    g_string_free(order, TRUE);
    close_stream(harness);
}
GST_END_TEST

/* Frames of the old size leave before the caps of the new one. */
GST_START_TEST(caps_change)
{
    GstHarness *harness = open_stream("jumble", "3", "window=16");
    watch(harness);
    for (int i = 0; i < 3; i++)
        video_push(harness, &info, &in[i]);
    GstVideoInfo other;
    GstCaps *caps = video_caps(GST_VIDEO_FORMAT_NV12, 51, 37);
    fail_unless(gst_video_info_from_caps(&other, caps));
    gst_harness_set_src_caps(harness, caps);
    fail_unless_equals_string(order->str, "FFFC");
    CopFrame frame[4], wide[4];
    clip_make(frame, 4, COP_PIXEL_NV12, 51, 37, 3);
    video_corrupt_frames("jumble", 3, 3, "window=16", frame, 4, wide);
    for (int i = 0; i < 4; i++)
        video_push(harness, &other, &frame[i]);
    send(harness, gst_event_new_eos());
    fail_unless_equals_string(order->str, "FFFCFFFFE");
    for (int i = 0; i < 3; i++)
        gst_buffer_unref(gst_harness_pull(harness));
    for (int i = 0; i < 4; i++)
        video_pull(harness, &other, &wide[i]);
    g_string_free(order, TRUE);
    clip_free(frame, 4);
    clip_free(wide, 4);
    close_stream(harness);
}
GST_END_TEST

/* Lengths follow the size of the picture, in place as well. */
GST_START_TEST(caps_change_in_place)
{
    GstHarness *harness = open_stream("gaussian_blur", "3", "");
    video_push(harness, &info, &in[0]);
    pull_as(harness, 0);
    GstVideoInfo other;
    GstCaps *caps = video_caps(GST_VIDEO_FORMAT_RGB, 300, 280);
    fail_unless(gst_video_info_from_caps(&other, caps));
    gst_harness_set_src_caps(harness, caps);
    CopFrame frame, wide;
    clip_make(&frame, 1, COP_PIXEL_RGB, 300, 280, 1);
    video_corrupt_frames("gaussian_blur", 3, 3, "", &frame, 1, &wide);
    video_push(harness, &other, &frame);
    video_pull(harness, &other, &wide);
    clip_free(&frame, 1);
    clip_free(&wide, 1);
    close_stream(harness);
}
GST_END_TEST

GST_START_TEST(what_is_refused)
{
    GstHarness *harness = gst_harness_new("videocorrupt");
    gst_harness_set_src_caps_str(harness, "video/x-raw, format=I420_10LE, width=8, height=8, "
                                          "framerate=25/1");
    fail_unless_equals_int(gst_harness_push(harness, gst_buffer_new_allocate(NULL, 192, NULL)),
                           GST_FLOW_NOT_NEGOTIATED);
    gst_harness_teardown(harness);
    /* A buffer that is smaller than its caps say. */
    harness = open_stream("gaussian_noise", "3", "");
    GstBus *bus = video_bus(harness->element);
    fail_unless_equals_int(gst_harness_push(harness, gst_buffer_new_allocate(NULL, 100, NULL)),
                           GST_FLOW_ERROR);
    GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
    fail_unless(message != NULL);
    gst_message_unref(message);
    gst_element_set_bus(harness->element, NULL);
    gst_object_unref(bus);
    close_stream(harness);
}
GST_END_TEST

/* Caps and allocation are those of downstream, within what is known here. */
GST_START_TEST(negotiation)
{
    GstHarness *harness = gst_harness_new("videocorrupt");
    gst_harness_set_sink_caps_str(harness, "video/x-raw, format={ NV12, P010_10LE }, width=64");
    GstPad *pad = gst_element_get_static_pad(harness->element, "sink");
    GstCaps *caps = gst_pad_query_caps(pad, NULL);
    GstCaps *nv12 = gst_caps_from_string("video/x-raw, format=NV12, width=64, height=[1,16384], "
                                         "framerate=(fraction)[0/1,max]");
    fail_unless(gst_caps_is_equal(caps, nv12), "%s", gst_caps_to_string(caps));
    gst_caps_unref(nv12);
    gst_caps_unref(caps);
    gst_object_unref(pad);
    gst_harness_teardown(harness);

    harness = open_stream("jumble", "3", "");
    gst_harness_add_propose_allocation_meta(harness, GST_VIDEO_META_API_TYPE, NULL);
    caps = gst_video_info_to_caps(&info);
    GstQuery *query = gst_query_new_allocation(caps, FALSE);
    gst_caps_unref(caps);
    fail_unless(gst_pad_peer_query(harness->srcpad, query));
    fail_unless(gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL));
    gst_query_unref(query);
    close_stream(harness);
}
GST_END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("videocorrupt_stream");
    TCase *tc = tcase_create("numbers");
    tcase_add_test(tc, seeking_equals_playing);
    tcase_add_test(tc, seeking_with_memory);
    tcase_add_test(tc, files_that_start_late);
    tcase_add_test(tc, streams_that_begin_inside);
    tcase_add_test(tc, times_may_jitter);
    tcase_add_test(tc, lost_frames);
    tcase_add_test(tc, no_frame_rate);
    tcase_add_test(tc, no_time);
    tcase_add_test(tc, reverse_playback);
    tcase_add_test(tc, stream_start);
    suite_add_tcase(s, tc);
    tc = tcase_create("events");
    tcase_add_test(tc, draining);
    tcase_add_test(tc, flushing_drops);
    tcase_add_test(tc, events_keep_their_place);
    tcase_add_test(tc, caps_change);
    tcase_add_test(tc, caps_change_in_place);
    tcase_add_test(tc, what_is_refused);
    tcase_add_test(tc, negotiation);
    suite_add_tcase(s, tc);
    return s;
}

int main(int argc, char **argv)
{
    video_init(&argc, &argv);
    return gst_check_run_suite(suite(), "videocorrupt_stream", __FILE__);
}

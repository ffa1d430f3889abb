/* videocorrupt set, asked and driven by several threads at once.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include "pipeline/corrupt/corrupt.h"
#include "tests/corrupt_clip.h"
#include "tests/elements/video_help.h"

enum { LENGTH = 50 };

#define MOMENT ((GstClockTime)GST_SECOND / VIDEO_FPS)

static CopFrame in[LENGTH];
static GstVideoInfo info;

static GstHarness *open_stream(void)
{
    GstCaps *caps = video_caps(GST_VIDEO_FORMAT_RGB, 32, 24);
    fail_unless(gst_video_info_from_caps(&info, caps));
    clip_make(in, LENGTH, COP_PIXEL_RGB, 32, 24, 0);
    return video_corrupt_harness(caps, NULL);
}

/* Nothing went wrong on the way. */
static void close_stream(GstHarness *harness, GstBus *bus)
{
    fail_unless(gst_bus_pop_filtered(bus, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR) == NULL);
    gst_element_set_bus(harness->element, NULL);
    gst_object_unref(bus);
    gst_harness_teardown(harness);
    clip_free(in, LENGTH);
}

static gint stop;

/* Two settings that fit together, set together, by turns: half of either would be an error. */
static gpointer set_pairs(gpointer element)
{
    for (int i = 0; !g_atomic_int_get(&stop); i++)
        g_object_set(element, "corruption", i % 2 ? 1 : 14, "params",
                     i % 2 ? "sigma=0.1" : "maximum=frame", NULL);
    return NULL;
}

GST_START_TEST(settings_are_seen_whole)
{
    GstHarness *harness = open_stream();
    GstBus *bus = video_bus(harness->element);
    fail_unless_equals_string(cop_corrupt_registry[13]->name, "fog");
    g_atomic_int_set(&stop, 0);
    GThread *thread = g_thread_new("setter", set_pairs, harness->element);
    for (int i = 0; i < 400; i++) {
        video_push(harness, &info, &in[i % LENGTH]);
        gst_buffer_unref(gst_harness_pull(harness));
    }
    g_atomic_int_set(&stop, 1);
    g_thread_join(thread);
    close_stream(harness, bus);
}
GST_END_TEST

static gpointer set_anything(gpointer element)
{
    GRand *dice = g_rand_new_with_seed(1);
    int n = 0;
    while (cop_corrupt_registry[n])
        n++;
    while (!g_atomic_int_get(&stop)) {
        g_object_set(element, "corruption", g_rand_int_range(dice, 0, n + 1), "severity",
                     g_rand_int_range(dice, 0, 11) / 2.0, NULL);
        if (g_rand_int_range(dice, 0, 4) == 0)
            g_object_set(element, "seed", (guint64)g_rand_int(dice), "temporal",
                         g_rand_int_range(dice, 0, 4), "schedule",
                         g_rand_boolean(dice) ? "" : "0:jumble:0;1:jumble:5", NULL);
        guint64 latency, frames;
        g_object_get(element, "latency", &latency, "frames", &frames, NULL);
        g_usleep(1000);
    }
    g_rand_free(dice);
    return NULL;
}

static gpointer ask_anything(gpointer element)
{
    GstPad *pad = gst_element_get_static_pad(element, "src");
    while (!g_atomic_int_get(&stop)) {
        GstQuery *query = gst_query_new_latency();
        gst_pad_query(pad, query);
        gst_query_unref(query);
        g_usleep(500);
    }
    gst_object_unref(pad);
    return NULL;
}

/* Whatever is set while it plays: no error, and as many frames out as in, in order. */
GST_START_TEST(stress)
{
    GstHarness *harness = open_stream();
    GstBus *bus = video_bus(harness->element);
    g_atomic_int_set(&stop, 0);
    GThread *setter = g_thread_new("setter", set_anything, harness->element);
    GThread *asker = g_thread_new("asker", ask_anything, harness->element);
    const gint64 end = g_get_monotonic_time() + 3 * G_USEC_PER_SEC;
    guint place = 0, pushed = 0, pulled = 0;
    GstClockTime last = GST_CLOCK_TIME_NONE;
    GstBuffer *buffer;
    for (; g_get_monotonic_time() < end; place++) {
        if (place % 100 == 99) {
            GstEvent *gap = gst_event_new_gap(place * MOMENT, MOMENT);
            fail_unless(gst_harness_push_event(harness, gap));
            continue;
        }
        buffer = video_buffer(&info, &in[place % LENGTH], 0);
        GST_BUFFER_PTS(buffer) = place * MOMENT;
        fail_unless_equals_int(gst_harness_push(harness, buffer), GST_FLOW_OK);
        pushed++;
        while ((buffer = gst_harness_try_pull(harness))) {
            fail_unless(last == GST_CLOCK_TIME_NONE || GST_BUFFER_PTS(buffer) > last);
            last = GST_BUFFER_PTS(buffer);
            pulled++;
            gst_buffer_unref(buffer);
        }
    }
    g_atomic_int_set(&stop, 1);
    g_thread_join(setter);
    g_thread_join(asker);
    gst_harness_push_event(harness, gst_event_new_eos());
    fail_unless_equals_int((int)(pulled + gst_harness_buffers_in_queue(harness)), (int)pushed);
    close_stream(harness, bus);
}
GST_END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("videocorrupt_threads");
    TCase *tc = tcase_create("threads");
    tcase_add_test(tc, settings_are_seen_whole);
    tcase_add_test(tc, stress);
    suite_add_tcase(s, tc);
    return s;
}

int main(int argc, char **argv)
{
    video_init(&argc, &argv);
    return gst_check_run_suite(suite(), "videocorrupt_threads", __FILE__);
}

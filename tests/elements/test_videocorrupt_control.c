/* Settings of videocorrupt: what changes while it plays, schedules, controllers, states.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/controller/controller.h>
#include <math.h>
#include <string.h>

#include "pipeline/corrupt/corrupt.h"
#include "tests/corrupt_clip.h"
#include "tests/elements/video_help.h"

enum { WIDTH = 32, HEIGHT = 24, LENGTH = 50 };

#define MOMENT ((GstClockTime)GST_SECOND / VIDEO_FPS)

static CopFrame in[LENGTH];
static GstVideoInfo info;

/* Its properties are those that follow, as video_corrupt_harness() takes them. */
#define open_stream(...) video_corrupt_harness(make_clip(), __VA_ARGS__)

static GstCaps *make_clip(void)
{
    GstCaps *caps = video_caps(GST_VIDEO_FORMAT_RGB, WIDTH, HEIGHT);
    fail_unless(gst_video_info_from_caps(&info, caps));
    clip_make(in, LENGTH, COP_PIXEL_RGB, WIDTH, HEIGHT, 0);
    return caps;
}

static void close_stream(GstHarness *harness)
{
    gst_harness_teardown(harness);
    clip_free(in, LENGTH);
}

/* n frames from the first on as a file of their own; `params` as a file's pipeline has it. */
static void pull_clip(GstHarness *harness, int first, int n, const char *name, double severity,
                      const char *params)
{
    CopFrame want[LENGTH];
    video_corrupt_frames(name, severity, 0, params, &in[first], n, want);
    for (int i = 0; i < n; i++)
        video_pull(harness, &info, &want[i]);
    clip_free(want, n);
}

/* Frame i by an instance of its own. */
static void pull_made(GstHarness *harness, int i, const char *name, double severity,
                      const char *params)
{
    pull_clip(harness, i, 1, name, severity, params);
}

/* Pushes frame i, and pulls all that the engine gives for it. */
static void push_through(GstHarness *harness, CopCorrupt *corrupt, int i)
{
    CopFrame want;
    fail_unless_equals_int(cop_corrupt_push(corrupt, &in[i]), COP_OK);
    video_push(harness, &info, &in[i]);
    while (cop_corrupt_pull(corrupt, &want) == COP_OK) {
        video_pull(harness, &info, &want);
        clip_free(&want, 1);
    }
}

static GstMessage *next_message(GstBus *bus, GstMessageType type)
{
    return gst_bus_pop_filtered(bus, type);
}

static void close_bus(GstElement *element, GstBus *bus)
{
    gst_element_set_bus(element, NULL);
    gst_object_unref(bus);
}

/* --- a severity that runs --------------------------------------------------------- */

GST_START_TEST(severity_while_playing)
{
    GstHarness *harness = open_stream("corruption", "gaussian_noise", NULL);
    for (int i = 0; i < 11; i++) {
        g_object_set(harness->element, "severity", i / 2.0, NULL);
        video_push(harness, &info, &in[i]);
        pull_made(harness, i, "gaussian_noise", i / 2.0, "");
    }
    close_stream(harness);
}
GST_END_TEST

static void control_severity(GstElement *element, double from, double to)
{
    GstControlSource *source = gst_interpolation_control_source_new();
    g_object_set(source, "mode", GST_INTERPOLATION_MODE_LINEAR, NULL);
    GstTimedValueControlSource *values = GST_TIMED_VALUE_CONTROL_SOURCE(source);
    gst_timed_value_control_source_set(values, 0, from);
    gst_timed_value_control_source_set(values, 25 * MOMENT, to);
    fail_unless(gst_object_add_control_binding(
        GST_OBJECT(element),
        gst_direct_control_binding_new_absolute(GST_OBJECT(element), "severity", source)));
    gst_object_unref(source);
}

/* By stream time: a frame that is sought has the severity of its place. */
GST_START_TEST(controller)
{
    GstHarness *harness = open_stream("corruption", "gaussian_noise", NULL);
    control_severity(harness->element, 0, 5);
    for (int i = 0; i < 26; i += 5) {
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        segment.start = GST_SECOND;
        segment.time = (guint)i * MOMENT;
        gst_harness_push_event(harness, gst_event_new_segment(&segment));
        GstBuffer *buffer = video_buffer(&info, &in[i], 0);
        GST_BUFFER_PTS(buffer) = GST_SECOND;
        fail_unless_equals_int(gst_harness_push(harness, buffer), GST_FLOW_OK);
        gdouble severity;
        g_object_get(harness->element, "severity", &severity, NULL);
        fail_unless_equals_float(severity, i / 5.0);
        CopFrame want;
        video_corrupt_frames("gaussian_noise", severity, 0, "", &in[i], 1, &want);
        buffer = gst_harness_pull(harness);
        fail_unless(video_shows(buffer, &info, &want), "frame %d", i);
        gst_buffer_unref(buffer);
        clip_free(&want, 1);
    }
    close_stream(harness);
}
GST_END_TEST

/* A ramp over a corruption with memory is the engine's own, frame by frame, and touches 0. */
GST_START_TEST(controller_with_memory)
{
    CopCorrupt *corrupt;
    const CopCorruptSpec spec = {.name = "motion_blur_temporal", .severity = 4};
    GstHarness *harness = open_stream("corruption", "motion_blur_temporal", NULL);
    control_severity(harness->element, 4, 1);
    fail_unless_equals_int(cop_corrupt_create(&corrupt, &spec, NULL), COP_OK);
    for (int i = 0; i < LENGTH; i++) {
        const double severity = i < 25 ? 4 + (1 - 4) * i / 25.0 : 1;
        fail_unless_equals_int(cop_corrupt_set_severity(corrupt, severity, NULL), COP_OK);
        push_through(harness, corrupt, i);
    }
    cop_corrupt_destroy(&corrupt);
    close_stream(harness);
}
GST_END_TEST

/* What works in groups takes a new severity with its next one. */
GST_START_TEST(controller_and_groups)
{
    CopCorrupt *corrupt;
    const CopCorruptSpec spec = {.name = "mpeg2", .severity = 1, .params = "gop=5"};
    GstHarness *harness = open_stream("corruption", "mpeg2", "params", "gop=5", NULL);
    control_severity(harness->element, 1, 5);
    fail_unless_equals_int(cop_corrupt_create(&corrupt, &spec, NULL), COP_OK);
    for (int i = 0; i < 25; i++) {
        if (i % 5 == 0)
            fail_unless_equals_int(cop_corrupt_set_severity(corrupt, 1 + 4 * i / 25.0, NULL),
                                   COP_OK);
        push_through(harness, corrupt, i);
    }
    cop_corrupt_destroy(&corrupt);
    close_stream(harness);
}
GST_END_TEST

/* All that waits comes out when the severity falls to 0, and frames pass untouched from
 * there; a corruption that comes back starts as at the head of a stream. */
GST_START_TEST(memory_through_severity_0)
{
    GstHarness *harness = open_stream("corruption", "jumble", "params", "window=16", NULL);
    for (int i = 0; i < 6; i++)
        video_push(harness, &info, &in[i]);
    g_object_set(harness->element, "severity", 0.0, NULL);
    GstBuffer *buffer = video_buffer(&info, &in[6], 0);
    fail_unless_equals_int(gst_harness_push(harness, buffer), GST_FLOW_OK);
    fail_unless_equals_int((int)gst_harness_buffers_in_queue(harness), 7);
    pull_clip(harness, 0, 6, "jumble", 3, "window=16");
    GstBuffer *out = gst_harness_pull(harness);
    fail_unless(out == buffer);
    gst_buffer_unref(out);
    video_push(harness, &info, &in[7]);
    video_pull(harness, &info, &in[7]);
    g_object_set(harness->element, "severity", 3.0, NULL);
    for (int i = 8; i < 12; i++)
        video_push(harness, &info, &in[i]);
    gst_harness_push_event(harness, gst_event_new_eos());
    pull_clip(harness, 8, 4, "jumble", 3, "window=16");
    close_stream(harness);
}
GST_END_TEST

/* --- another corruption ----------------------------------------------------------- */

GST_START_TEST(corruption_while_playing)
{
    GstHarness *harness = open_stream("corruption", "gaussian_noise", NULL);
    video_push(harness, &info, &in[0]);
    pull_made(harness, 0, "gaussian_noise", 3, "");
    gst_util_set_object_arg(G_OBJECT(harness->element), "corruption", "jumble");
    g_object_set(harness->element, "params", "window=8", NULL);
    for (int i = 1; i < 4; i++)
        video_push(harness, &info, &in[i]);
    fail_unless_equals_int((int)gst_harness_buffers_in_queue(harness), 0);
    g_object_set(harness->element, "params", "", NULL);
    gst_util_set_object_arg(G_OBJECT(harness->element), "corruption", "fog");
    video_push(harness, &info, &in[4]);
    pull_clip(harness, 1, 3, "jumble", 3, "window=8");
    pull_made(harness, 4, "fog", 3, "");
    g_object_set(harness->element, "seed", G_GUINT64_CONSTANT(5), NULL);
    video_push(harness, &info, &in[5]);
    CopFrame want;
    video_corrupt_frames("fog", 3, 5, "", in + 5, 1, &want);
    video_pull(harness, &info, &want);
    clip_free(&want, 1);
    close_stream(harness);
}
GST_END_TEST

/* The application is told which corruption runs from when on. */
GST_START_TEST(messages)
{
    GstHarness *harness = open_stream("corruption", "fog", "severity", "2", NULL);
    GstBus *bus = video_bus(harness->element);
    for (int i = 0; i < 3; i++)
        video_push(harness, &info, &in[i]);
    gst_util_set_object_arg(G_OBJECT(harness->element), "corruption", "none");
    video_push(harness, &info, &in[3]);
    static const struct {
        const char *name;
        int frame;
    } told[] = {{"fog", 0}, {"none", 3}};
    for (gsize i = 0; i < G_N_ELEMENTS(told); i++) {
        GstMessage *message = next_message(bus, GST_MESSAGE_ELEMENT);
        fail_unless(message != NULL);
        const GstStructure *text = gst_message_get_structure(message);
        guint64 time;
        gdouble severity;
        fail_unless(gst_structure_has_name(text, "videocorrupt"));
        fail_unless_equals_string(gst_structure_get_string(text, "corruption"), told[i].name);
        fail_unless(gst_structure_get_double(text, "severity", &severity));
        fail_unless_equals_float(severity, 2);
        fail_unless(gst_structure_get_uint64(text, "stream-time", &time));
        fail_unless_equals_uint64(time, (guint)told[i].frame * MOMENT);
        gst_message_unref(message);
    }
    fail_unless(next_message(bus, GST_MESSAGE_ELEMENT) == NULL);
    close_bus(harness->element, bus);
    close_stream(harness);
}
GST_END_TEST

/* Wrong while it plays: a warning with what is allowed, and the settings before stay. */
GST_START_TEST(wrong_while_playing)
{
    static const struct {
        const char *property, *value, *text;
    } cases[] = {{"params", "sigma=much", "sigma"},
                 {"params", "colour=red", "colour"},
                 {"preset", "imagenet", "imagenet-c-224"},
                 {"schedule", "0:fgo:1", "fog"}};
    GstHarness *harness = open_stream("corruption", "gaussian_noise", NULL);
    GstBus *bus = video_bus(harness->element);
    video_push(harness, &info, &in[0]);
    pull_made(harness, 0, "gaussian_noise", 3, "");
    for (int i = 0; i < (int)G_N_ELEMENTS(cases); i++) {
        g_object_set(harness->element, cases[i].property, cases[i].value, NULL);
        for (int twice = 0; twice < 2; twice++) {
            video_push(harness, &info, &in[1 + 2 * i + twice]);
            pull_made(harness, 1 + 2 * i + twice, "gaussian_noise", 3, "");
        }
        GstMessage *message = next_message(bus, GST_MESSAGE_WARNING);
        GError *error;
        fail_unless(message != NULL, "%s", cases[i].value);
        gst_message_parse_warning(message, &error, NULL);
        fail_unless(strstr(error->message, cases[i].text) != NULL, "%s", error->message);
        g_error_free(error);
        gst_message_unref(message);
        fail_unless(next_message(bus, GST_MESSAGE_WARNING) == NULL); /* said once */
        g_object_set(harness->element, cases[i].property, "", NULL);
    }
    close_bus(harness->element, bus);
    close_stream(harness);
}
GST_END_TEST

/* A ramp goes on over settings that are wrong, and they are not said to be so each frame. */
GST_START_TEST(wrong_while_a_ramp_runs)
{
    GstHarness *harness = open_stream("corruption", "gaussian_noise", NULL);
    GstBus *bus = video_bus(harness->element);
    control_severity(harness->element, 0, 5);
    for (int i = 0; i < 20; i++) {
        if (i == 5)
            g_object_set(harness->element, "params", "colour=red", NULL);
        if (i == 15)
            g_object_set(harness->element, "params", "sigma=0.3", NULL);
        video_push(harness, &info, &in[i]);
        pull_made(harness, i, "gaussian_noise", i / 5.0, i < 15 ? "" : "sigma=0.3");
        GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_WARNING);
        fail_unless((message != NULL) == (i == 5), "frame %d", i);
        gst_clear_message(&message);
    }
    close_bus(harness->element, bus);
    close_stream(harness);
}
GST_END_TEST

/* --- schedules -------------------------------------------------------------------- */

GST_START_TEST(schedule)
{
    GstHarness *harness =
        open_stream("schedule",
                    "0.08:gaussian_noise:0; 0.28:gaussian_noise:5;0.4:fog:3:step;0.5:fog:5;"
                    "0.6:none;0.8:gaussian_noise:2:sigma=0.3",
                    NULL);
    GstBus *bus = video_bus(harness->element);
    for (int i = 0; i < 25; i++) {
        video_push(harness, &info, &in[i]);
        if (i < 3 || (i >= 15 && i < 20))
            video_pull(harness, &info, &in[i]);
        else if (i < 10)
            pull_made(harness, i, "gaussian_noise", i < 7 ? (double)(i - 2) : 5, "");
        else if (i < 15)
            pull_made(harness, i, "fog", i < 13 ? 3 : 5, "");
        else
            pull_made(harness, i, "gaussian_noise", 2, "sigma=0.3");
    }
    static const char *const told[] = {"gaussian_noise", "fog", "none", "gaussian_noise"};
    for (gsize i = 0; i < G_N_ELEMENTS(told); i++) {
        GstMessage *message = next_message(bus, GST_MESSAGE_ELEMENT);
        fail_unless_equals_string(
            gst_structure_get_string(gst_message_get_structure(message), "corruption"), told[i]);
        gst_message_unref(message);
    }
    close_bus(harness->element, bus);
    close_stream(harness);
}
GST_END_TEST

/* Two corruptions of which one has the preset, and frames that wait where they change. */
GST_START_TEST(schedule_preset_and_memory)
{
    GstHarness *harness = open_stream("preset", "tiny-64", "schedule",
                                      "0:jumble:3:window=4;0.24:gaussian_noise:3", NULL);
    for (int i = 0; i < 8; i++)
        video_push(harness, &info, &in[i]);
    CopFrame noisy;
    pull_clip(harness, 0, 6, "jumble", 3, "window=4");
    CopCorrupt *corrupt;
    const CopCorruptSpec spec = {.name = "gaussian_noise", .severity = 3, .preset = "tiny-64"};
    fail_unless_equals_int(cop_corrupt_create(&corrupt, &spec, NULL), COP_OK);
    for (int i = 6; i < 8; i++) {
        fail_unless_equals_int(cop_corrupt_frames(corrupt, &in[i], 1, &noisy), COP_OK);
        video_pull(harness, &info, &noisy);
        clip_free(&noisy, 1);
    }
    cop_corrupt_destroy(&corrupt);
    close_stream(harness);
}
GST_END_TEST

/* --- properties and states -------------------------------------------------------- */

/* Bounds and names are GObject's to hold: the value before stays. */
GST_START_TEST(values_out_of_range)
{
    GstElement *element = gst_element_factory_make("videocorrupt", NULL);
    gdouble severity;
    gint corruption, temporal;
    gchar *name;
    fail_unless(element != NULL);
    ASSERT_WARNING(g_object_set(element, "severity", 5.1, NULL));
    ASSERT_WARNING(g_object_set(element, "severity", -0.1, NULL));
    ASSERT_WARNING(g_object_set(element, "clip-id", G_GUINT64_CONSTANT(4294967296), NULL));
    ASSERT_WARNING(g_object_set(element, "corruption", 1000, NULL));
    ASSERT_WARNING(g_object_set(element, "frames", G_GUINT64_CONSTANT(1), NULL));
    ASSERT_WARNING(g_object_set(element, "severity", (gdouble)NAN, NULL));
    gst_util_set_object_arg(G_OBJECT(element), "corruption", "fgo");
    g_object_get(element, "severity", &severity, "corruption", &corruption, "temporal", &temporal,
                 "name", &name, NULL);
    fail_unless_equals_float(severity, 3);
    fail_unless_equals_int(corruption, 0);
    fail_unless_equals_int(temporal, 0);
    fail_unless(g_str_has_prefix(name, "videocorrupt"));
    g_free(name);
    gst_object_unref(element);
}
GST_END_TEST

/* Every property reads back as it was set; texts may be taken away by NULL. */
GST_START_TEST(values_read_back)
{
    GstElement *element = gst_element_factory_make("videocorrupt", NULL);
    guint64 seed, clip;
    gchar *preset, *params, *text;
    g_object_set(element, "seed", G_MAXUINT64, "clip-id", G_GUINT64_CONSTANT(4294967295), "preset",
                 "coppice@1", "params", "sigma=1, size=\"2\"", "schedule", "0:fog:1", NULL);
    g_object_get(element, "seed", &seed, "clip-id", &clip, "preset", &preset, "params", &params,
                 "schedule", &text, NULL);
    fail_unless_equals_uint64(seed, G_MAXUINT64);
    fail_unless_equals_uint64(clip, 4294967295u);
    fail_unless_equals_string(preset, "coppice@1");
    fail_unless_equals_string(params, "sigma=1, size=\"2\"");
    fail_unless_equals_string(text, "0:fog:1");
    g_free(preset);
    g_free(params);
    g_free(text);
    g_object_set(element, "params", NULL, NULL);
    g_object_get(element, "params", &params, NULL);
    fail_unless_equals_string(params, "");
    g_free(params);
    gst_object_unref(element);
}
GST_END_TEST

/* Wrong settings are said on the way to PAUSED, each time, and can be put right. */
GST_START_TEST(wrong_from_the_start)
{
    static const struct {
        const char *property, *value, *text;
    } cases[] = {{"params", "sigma=-1", "sigma"},
                 {"params", "sigma", "sigma"},
                 {"preset", "nonsense", "nonsense"},
                 {"schedule", "0:fog:6", "0 to 5"},
                 {"schedule", "5:fog:1;2:fog:3", "must not fall"},
                 {"schedule", "0:fog:1:sigma=2", "sigma"}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GstElement *element = gst_element_factory_make("videocorrupt", NULL);
        GstBus *bus = video_bus(element);
        gst_util_set_object_arg(G_OBJECT(element), "corruption", "gaussian_noise");
        g_object_set(element, cases[i].property, cases[i].value, NULL);
        fail_unless_equals_int(gst_element_set_state(element, GST_STATE_READY),
                               GST_STATE_CHANGE_SUCCESS);
        for (int twice = 0; twice < 2; twice++) {
            fail_unless_equals_int(gst_element_set_state(element, GST_STATE_PAUSED),
                                   GST_STATE_CHANGE_FAILURE);
            GstMessage *message = next_message(bus, GST_MESSAGE_ERROR);
            GError *error;
            fail_unless(message != NULL, "%s", cases[i].value);
            gst_message_parse_error(message, &error, NULL);
            fail_unless(g_error_matches(error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS));
            fail_unless(strstr(error->message, cases[i].text) != NULL, "%s", error->message);
            g_error_free(error);
            gst_message_unref(message);
        }
        g_object_set(element, cases[i].property, "", NULL);
        fail_unless_equals_int(gst_element_set_state(element, GST_STATE_PAUSED),
                               GST_STATE_CHANGE_SUCCESS);
        gst_element_set_state(element, GST_STATE_NULL);
        close_bus(element, bus);
        gst_object_unref(element);
    }
}
GST_END_TEST

/* Each round is a stream of its own, whatever was inside when the one before was stopped. */
GST_START_TEST(states)
{
    GstHarness *harness = open_stream("corruption", "jumble", "params", "window=8", NULL);
    CopFrame want[12];
    video_corrupt_frames("jumble", 3, 0, "window=8", in, 12, want);
    for (int round = 0; round < 3; round++) {
        guint64 frames;
        for (int i = 0; i < 12; i++)
            video_push(harness, &info, &in[i]);
        for (int i = 0; i < 8; i++)
            video_pull(harness, &info, &want[i]);
        g_object_get(harness->element, "frames", &frames, NULL);
        fail_unless_equals_uint64(frames, 12);
        gst_element_set_state(harness->element, round == 1 ? GST_STATE_READY : GST_STATE_NULL);
        gst_element_set_state(harness->element, GST_STATE_PLAYING);
        GstCaps *caps = gst_video_info_to_caps(&info);
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        gst_harness_push_event(harness, gst_event_new_stream_start("again"));
        gst_harness_push_event(harness, gst_event_new_caps(caps));
        gst_harness_push_event(harness, gst_event_new_segment(&segment));
        gst_caps_unref(caps);
    }
    clip_free(want, 12);
    close_stream(harness);
}
GST_END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("videocorrupt_control");
    TCase *tc = tcase_create("control");
    tcase_add_test(tc, severity_while_playing);
    tcase_add_test(tc, controller);
    tcase_add_test(tc, controller_with_memory);
    tcase_add_test(tc, controller_and_groups);
    tcase_add_test(tc, memory_through_severity_0);
    tcase_add_test(tc, corruption_while_playing);
    tcase_add_test(tc, messages);
    tcase_add_test(tc, wrong_while_playing);
    tcase_add_test(tc, wrong_while_a_ramp_runs);
    tcase_add_test(tc, schedule);
    tcase_add_test(tc, schedule_preset_and_memory);
    suite_add_tcase(s, tc);
    tc = tcase_create("properties");
    tcase_add_test(tc, values_out_of_range);
    tcase_add_test(tc, values_read_back);
    tcase_add_test(tc, wrong_from_the_start);
    tcase_add_test(tc, states);
    suite_add_tcase(s, tc);
    return s;
}

int main(int argc, char **argv)
{
    video_init(&argc, &argv);
    return gst_check_run_suite(suite(), "videocorrupt_control", __FILE__);
}

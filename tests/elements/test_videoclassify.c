/* videoclassify: its answers are the classifier's, frames pass, and streams may seek, change and
 * end.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <string.h>

#include "elements/video_classify.h"
#include "pipeline/live/live_classifier.h"
#include "tests/corrupt_clip.h"
#include "tests/elements/video_help.h"
#include "tests/live_help.h"
#include "tests/media_help.h"
#include "tests/net_help.h"

enum { SPAN = 7, MIDDLE = 2, SIDE = 32 }; /* 4 frames, stride 2; where predict's clip starts */

static GstHarness *harness;
static GstBus *bus;
static GstVideoInfo info;

/* A running element; pairs of a property's name and value as text follow the model. */
static void start(const char *model, const char *const *sets)
{
    GstElement *element = gst_element_factory_make("videoclassify", NULL);
    g_object_set(element, "model", model, "threads", 1, NULL);
    for (int i = 0; sets && sets[i]; i += 2)
        gst_util_set_object_arg(G_OBJECT(element), sets[i], sets[i + 1]);
    harness = gst_harness_new_with_element(element, "sink", "src");
    bus = video_bus(element);
    gst_object_unref(element);
    GstCaps *caps = video_caps(GST_VIDEO_FORMAT_I420, SIDE, SIDE);
    fail_unless(gst_video_info_from_caps(&info, caps));
    gst_harness_set_src_caps(harness, caps);
}

static void stop(void)
{
    gst_harness_teardown(harness);
    gst_bus_set_flushing(bus, TRUE);
    gst_clear_object(&bus);
}

static GstBuffer *buffer_of(int frame)
{
    GstBuffer *buffer = video_buffer(&info, live_frame(frame), 0);
    GST_BUFFER_PTS(buffer) = (GstClockTime)frame * GST_SECOND / VIDEO_FPS;
    return buffer;
}

static void push(int from, int to)
{
    for (int i = from; i <= to; i++)
        fail_unless_equals_int(gst_harness_push(harness, buffer_of(i)), GST_FLOW_OK);
}

static void finish(void)
{
    fail_unless(gst_harness_push_event(harness, gst_event_new_eos()));
}

/* The next message of that type (returned); it must come. */
static GstMessage *message_of(GstMessageType type)
{
    GstMessage *message = gst_bus_timed_pop_filtered(bus, 20 * GST_SECOND, type);
    fail_unless(message != NULL, "no message of type %s came", gst_message_type_get_name(type));
    return message;
}

static int messages_of(GstMessageType type)
{
    GstMessage *message;
    int n = 0;
    while ((message = gst_bus_pop_filtered(bus, type)) != NULL) {
        gst_message_unref(message);
        n++;
    }
    return n;
}

static guint64 counter(const char *name)
{
    guint64 value;
    g_object_get(harness->element, name, &value, NULL);
    return value;
}

/* --- answers ------------------------------------------------------------------------- */

/* Top classes and scores of a structure are those of p. */
static void check_top(const GstStructure *content, const float *p, int top)
{
    const GValue *classes = gst_structure_get_value(content, "classes");
    const GValue *scores = gst_structure_get_value(content, "scores");
    const GValue *labels = gst_structure_get_value(content, "labels");
    fail_unless_equals_int((int)gst_value_array_get_size(classes), top);
    fail_unless_equals_int((int)gst_value_array_get_size(scores), top);
    fail_unless_equals_int((int)gst_value_array_get_size(labels), top);
    double before = 2;
    for (int i = 0; i < top; i++) {
        const int class = g_value_get_int(gst_value_array_get_value(classes, (guint)i));
        const double score = g_value_get_double(gst_value_array_get_value(scores, (guint)i));
        fail_unless(score == (double)p[class], "%g, not %g", score, (double)p[class]);
        fail_unless(score <= before);
        before = score;
        fail_unless(*g_value_get_string(gst_value_array_get_value(labels, (guint)i)) != '\0');
    }
}

static gint64 number(const GstStructure *content, const char *field)
{
    gint64 value = -1;
    guint64 positive;
    if (gst_structure_get_uint64(content, field, &positive))
        value = (gint64)positive;
    else
        fail_unless(gst_structure_get_int64(content, field, &value), "%s", field);
    return value;
}

static void check_answers(bool tile)
{
    float p[GRID_CLASSES];
    live_predict('a', !tile, p);
    start(live_model('a'), (const char *const[]){"hop", "1", "tile", tile ? "true" : "false",
                                                 "top-k", "2", "backpressure", "block", NULL});
    push(0, GRID_FRAMES - 1);
    finish();
    for (int i = 0; i <= GRID_FRAMES - SPAN; i++) {
        GstMessage *message = message_of(GST_MESSAGE_ELEMENT);
        const GstStructure *content = gst_message_get_structure(message);
        fail_unless(gst_structure_has_name(content, COP_VIDEO_CLASSIFY_MESSAGE));
        fail_unless_equals_int64(number(content, "window"), i);
        fail_unless_equals_int64(number(content, "first"), i);
        fail_unless_equals_int64(number(content, "last"), i + SPAN - 1);
        fail_unless_equals_int64(number(content, "start"), (gint64)i * 40000000);
        fail_unless(number(content, "run") > 0);
        fail_unless_equals_string(gst_structure_get_string(content, "model"), "dense s1");
        if (i == MIDDLE)
            check_top(content, p, 2);
        gst_message_unref(message);
    }
    fail_unless_equals_int(messages_of(GST_MESSAGE_ELEMENT), 0);
    fail_unless_equals_int((int)gst_harness_buffers_received(harness), GRID_FRAMES);
    for (int i = 0; i < GRID_FRAMES; i++)
        video_pull(harness, &info, live_frame(i)); /* pixels and times as they came */
    stop();
}

GST_START_TEST(answers_are_those_of_predict)
{
    check_answers(false);
    check_answers(true);
}
GST_END_TEST

GST_START_TEST(buffers_carry_the_last_answer)
{
    float p[GRID_CLASSES];
    live_predict('a', true, p);
    start(live_model('a'), (const char *const[]){"tile", "false", "top-k", "3", NULL});
    push(MIDDLE, MIDDLE + SPAN - 1);
    GstMessage *message = message_of(GST_MESSAGE_ELEMENT);
    const GstStructure *told = gst_message_get_structure(message);
    for (int i = 0; i < SPAN; i++) { /* the last one may have seen the answer come */
        GstBuffer *before = gst_harness_pull(harness);
        fail_unless(i + 1 == SPAN || !gst_buffer_get_custom_meta(before, COP_VIDEO_CLASSIFY_META));
        gst_buffer_unref(before);
    }
    push(MIDDLE + SPAN, MIDDLE + SPAN);
    GstBuffer *buffer = gst_harness_pull(harness);
    GstCustomMeta *meta = gst_buffer_get_custom_meta(buffer, COP_VIDEO_CLASSIFY_META);
    fail_unless(meta != NULL);
    const GstStructure *content = gst_custom_meta_get_structure(meta);
    check_top(content, p, 3);
    static const char *const same[] = {"window", "first", "last", "start", "end", "run", "waited"};
    for (gsize i = 0; i < G_N_ELEMENTS(same); i++)
        fail_unless_equals_int64(number(content, same[i]), number(told, same[i]));
    fail_unless_equals_int64(number(content, "age"), 1);
    fail_unless_equals_string(gst_structure_get_string(content, "model"), "dense s1");
    GstBuffer *copy = gst_buffer_copy(buffer); /* as a transform does */
    fail_unless(gst_buffer_get_custom_meta(copy, COP_VIDEO_CLASSIFY_META) != NULL);
    gst_buffer_unref(copy);
    gst_buffer_unref(buffer);
    gst_message_unref(message);
    stop();
}
GST_END_TEST

/* --- formats -------------------------------------------------------------------------- */

typedef struct Core {
    float p[GRID_CLASSES];
    int n;
} Core;

static void keep(void *ctx, const CopLiveAnswer *answer)
{
    Core *core = ctx;
    memcpy(core->p, answer->p, sizeof core->p);
    core->n++;
}

/* What the core says of the same pictures, whatever their bytes are called. */
GST_START_TEST(every_format)
{
    const VideoFormat *format = &video_formats[__i__];
    Core core = {.n = 0};
    CopLiveClassifier *classifier;
    CopFrame frame[SPAN];
    CopError err = {0};
    const CopLiveCalls calls = {keep, NULL, &core};
    const CopLiveClassifierOptions options = {
        .model = live_model('a'), .threads = 1, .policy = COP_BLOCK};
    clip_make(frame, SPAN, format->ours, 46, 34, 0);
    must(cop_live_classifier_create(&classifier, &options, &calls, &err), &err);
    for (int i = 0; i < SPAN; i++) {
        frame[i].colour.range =
            format->ours == COP_PIXEL_GRAY8 ? COP_RANGE_FULL : COP_RANGE_LIMITED;
        must(cop_live_classifier_push(classifier, &frame[i], NULL, &err), &err);
    }
    cop_live_classifier_end(classifier);
    fail_unless_equals_int(core.n, 1);
    cop_live_classifier_destroy(&classifier);

    start(live_model('a'), (const char *const[]){"top-k", "3", NULL});
    GstCaps *caps = video_caps(format->theirs, 46, 34);
    fail_unless(gst_video_info_from_caps(&info, caps));
    gst_harness_set_src_caps(harness, caps);
    for (int i = 0; i < SPAN; i++)
        fail_unless_equals_int(gst_harness_push(harness, video_buffer(&info, &frame[i], 5)),
                               GST_FLOW_OK);
    GstMessage *message = message_of(GST_MESSAGE_ELEMENT);
    check_top(gst_message_get_structure(message), core.p, 3);
    gst_message_unref(message);
    clip_free(frame, SPAN);
    stop();
}
GST_END_TEST

GST_START_TEST(the_overlay_is_drawn)
{
    CopFrame frame[SPAN + 1];
    clip_make(frame, SPAN + 1, COP_PIXEL_I420, 320, 240, 0);
    start(live_model('a'), (const char *const[]){"overlay", "true", NULL});
    GstCaps *caps = video_caps(GST_VIDEO_FORMAT_I420, 320, 240);
    fail_unless(gst_video_info_from_caps(&info, caps));
    gst_harness_set_src_caps(harness, caps);
    for (int i = 0; i < SPAN - 1; i++) {
        video_push(harness, &info, &frame[i]);
        video_pull(harness, &info, &frame[i]); /* nothing is known yet */
    }
    video_push(harness, &info, &frame[SPAN - 1]); /* may have seen the answer come */
    gst_buffer_unref(gst_harness_pull(harness));
    gst_message_unref(message_of(GST_MESSAGE_ELEMENT));
    GstBuffer *mine = gst_buffer_ref(video_buffer(&info, &frame[SPAN], 0));
    fail_unless_equals_int(gst_harness_push(harness, mine), GST_FLOW_OK);
    GstBuffer *drawn = gst_harness_pull(harness);
    fail_unless(!video_shows(drawn, &info, &frame[SPAN]));
    fail_unless(video_shows(mine, &info, &frame[SPAN])); /* what others hold is not written */
    gst_buffer_unref(drawn);
    gst_buffer_unref(mine);
    g_object_set(harness->element, "overlay", FALSE, NULL);
    video_push(harness, &info, &frame[SPAN]);
    GstBuffer *plain = gst_harness_pull(harness);
    fail_unless(video_shows(plain, &info, &frame[SPAN]));
    gst_buffer_unref(plain);
    clip_free(frame, SPAN + 1);
    stop();
}
GST_END_TEST

/* --- streams --------------------------------------------------------------------------- */

typedef struct Gate {
    GMutex lock;
    GCond moved;
    gboolean shut;
    int waiting;
} Gate;

/* Holds the worker where it posts its answer. */
static GstBusSyncReply hold(GstBus *b, GstMessage *message, gpointer data)
{
    Gate *gate = data;
    (void)b;
    if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ELEMENT)
        return GST_BUS_PASS;
    g_mutex_lock(&gate->lock);
    gate->waiting++;
    g_cond_broadcast(&gate->moved);
    while (gate->shut)
        g_cond_wait(&gate->moved, &gate->lock);
    g_mutex_unlock(&gate->lock);
    return GST_BUS_PASS;
}

/* Who asks for figures where an answer is posted is not held up by a flush that waits for it. */
static GstBusSyncReply ask(GstBus *b, GstMessage *message, gpointer data)
{
    (void)b;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT) {
        g_usleep(20000);
        *(guint64 *)data += counter("windows");
    }
    return GST_BUS_PASS;
}

GST_START_TEST(figures_may_be_asked_for_anywhere)
{
    guint64 sum = 0;
    start(live_model('a'), (const char *const[]){"hop", "1", NULL});
    gst_bus_set_sync_handler(bus, ask, &sum, NULL);
    for (int i = 0; i < 5; i++) {
        push(0, GRID_FRAMES - 1);
        g_usleep(30000);
        video_seek(harness);
    }
    push(0, GRID_FRAMES - 1);
    finish();
    fail_unless(sum > 0);
    stop();
}
GST_END_TEST

static void check_drops(const char *policy, int newest)
{
    Gate gate = {.shut = TRUE};
    g_mutex_init(&gate.lock);
    g_cond_init(&gate.moved);
    start(live_model('a'), (const char *const[]){"hop", "1", "backpressure", policy, NULL});
    gst_bus_set_sync_handler(bus, hold, &gate, NULL);
    push(0, SPAN - 1);
    g_mutex_lock(&gate.lock);
    while (gate.waiting == 0)
        g_cond_wait(&gate.moved, &gate.lock);
    g_mutex_unlock(&gate.lock);
    push(SPAN, GRID_FRAMES - 1); /* windows 1 to 5 for two places: frames pass all the same */
    fail_unless_equals_int((int)gst_harness_buffers_received(harness), GRID_FRAMES);
    GstMessage *message = message_of(GST_MESSAGE_QOS);
    GstFormat format;
    guint64 run, dropped;
    gst_message_parse_qos_stats(message, &format, &run, &dropped);
    fail_unless(run == 0 && dropped == 1);
    gst_message_unref(message);
    fail_unless_equals_int(messages_of(GST_MESSAGE_QOS), 2);
    fail_unless_equals_uint64(counter("windows-dropped"), 3);
    g_mutex_lock(&gate.lock);
    gate.shut = FALSE;
    g_cond_broadcast(&gate.moved);
    g_mutex_unlock(&gate.lock);
    finish();
    gint64 last = -1;
    for (int i = 0; i < 3; i++) {
        message = message_of(GST_MESSAGE_ELEMENT);
        last = number(gst_message_get_structure(message), "window");
        gst_message_unref(message);
    }
    fail_unless_equals_int64(last, newest);
    fail_unless_equals_uint64(counter("windows"), 6);
    fail_unless_equals_uint64(counter("windows-run"), 3);
    fail_unless(counter("latency-p50") > 0 && counter("latency-p99") >= counter("latency-p50"));
    gdouble rate;
    g_object_get(harness->element, "clips-per-second", &rate, NULL);
    fail_unless(rate > 0);
    stop();
    g_mutex_clear(&gate.lock);
    g_cond_clear(&gate.moved);
}

GST_START_TEST(windows_fall_out_and_frames_pass)
{
    check_drops("drop-oldest", 5);
    check_drops("auto", 5); /* the harness says that it is live */
    check_drops("drop-newest", 2);
}
GST_END_TEST

GST_START_TEST(a_seek_begins_anew)
{
    start(live_model('a'), NULL);
    push(0, SPAN - 1);
    gst_message_unref(message_of(GST_MESSAGE_ELEMENT));
    push(SPAN, SPAN + 1);
    video_seek(harness);
    while (gst_harness_buffers_in_queue(harness) > 0)
        gst_buffer_unref(gst_harness_pull(harness));
    push(3, 3 + SPAN - 1);
    GstMessage *message = message_of(GST_MESSAGE_ELEMENT);
    fail_unless_equals_int64(number(gst_message_get_structure(message), "first"), 3);
    gst_message_unref(message);
    GstBuffer *buffer = gst_harness_pull(harness);
    fail_unless(gst_buffer_get_custom_meta(buffer, COP_VIDEO_CLASSIFY_META) == NULL);
    gst_buffer_unref(buffer);
    fail_unless_equals_uint64(counter("windows-broken"), 1);
    fail_unless_equals_uint64(counter("frames"), SPAN + 2 + SPAN);
    stop();
}
GST_END_TEST

GST_START_TEST(gaps_break_windows)
{
    start(live_model('a'), NULL);
    push(0, 3);
    GstBuffer *buffer = buffer_of(4);
    GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    fail_unless_equals_int(gst_harness_push(harness, buffer), GST_FLOW_OK);
    fail_unless_equals_uint64(counter("windows-broken"), 1);
    gst_harness_push_event(harness, gst_event_new_gap(5 * 40 * GST_MSECOND, 40 * GST_MSECOND));
    fail_unless_equals_uint64(counter("windows-broken"), 2);
    push(6, 7);
    GstCaps *caps = video_caps(GST_VIDEO_FORMAT_I420, 40, 36); /* prepared to the same size */
    gst_harness_set_src_caps(harness, caps);
    fail_unless_equals_uint64(counter("windows-broken"), 3);
    finish();
    fail_unless_equals_int(messages_of(GST_MESSAGE_ELEMENT), 0);
    stop();
}
GST_END_TEST

GST_START_TEST(the_end_waits_for_answers)
{
    start(live_model('a'),
          (const char *const[]){"hop", "1", "backpressure", "drop-oldest", "pad", "true", NULL});
    push(0, 4);
    finish(); /* five of seven frames: the last one stands in */
    GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_ELEMENT);
    fail_unless(message != NULL);
    int padded;
    fail_unless(gst_structure_get_int(gst_message_get_structure(message), "padded", &padded));
    fail_unless_equals_int(padded, 1);
    gst_message_unref(message);
    stop();
}
GST_END_TEST

/* A source that counts in bytes gives buffers no time that means anything. */
GST_START_TEST(streams_of_bytes_have_no_time)
{
    GstSegment segment;
    start(live_model('a'), (const char *const[]){"overlay", "true", NULL});
    gst_segment_init(&segment, GST_FORMAT_BYTES);
    gst_harness_push_event(harness, gst_event_new_segment(&segment));
    push(0, SPAN - 1);
    GstMessage *message = message_of(GST_MESSAGE_ELEMENT);
    const GstStructure *content = gst_message_get_structure(message);
    fail_unless_equals_int64(number(content, "last"), SPAN - 1);
    fail_unless_equals_uint64((guint64)number(content, "end"), GST_CLOCK_TIME_NONE);
    gst_message_unref(message);
    stop();
}
GST_END_TEST

/* --- models ---------------------------------------------------------------------------- */

GST_START_TEST(models_change_while_it_runs)
{
    start(live_model('a'), (const char *const[]){"tile", "false", NULL});
    push(0, SPAN - 1);
    gst_message_unref(message_of(GST_MESSAGE_ELEMENT));
    g_object_set(harness->element, "model", live_model('b'), NULL);
    push(SPAN, GRID_FRAMES - 1);
    GstBuffer *discont = buffer_of(MIDDLE);
    GST_BUFFER_FLAG_SET(discont, GST_BUFFER_FLAG_DISCONT);
    fail_unless_equals_int(gst_harness_push(harness, discont), GST_FLOW_OK);
    push(MIDDLE + 1, MIDDLE + SPAN - 1);
    GstMessage *message = message_of(GST_MESSAGE_ELEMENT);
    const GstStructure *content = gst_message_get_structure(message);
    float p[GRID_CLASSES];
    live_predict('b', true, p);
    fail_unless_equals_string(gst_structure_get_string(content, "model"), "rigl 0.5 s2");
    check_top(content, p, 3);
    gst_message_unref(message);
    g_object_set(harness->element, "model", "/no/such/model", NULL);
    message = message_of(GST_MESSAGE_WARNING);
    gst_message_unref(message);
    fail_unless_equals_int(messages_of(GST_MESSAGE_ERROR), 0);
    stop();
}
GST_END_TEST

/* Wrong settings are told before data flows, with what is wrong. */
static void refused(const char *model, const char *labels, const char *says)
{
    GstElement *element = gst_element_factory_make("videoclassify", NULL);
    g_object_set(element, "model", model, "labels", labels, NULL);
    video_refuses(element, says);
}

GST_START_TEST(refused_n)
{
    refused("", "", "model");
    refused("/no/such/model", "", "/no/such/model");
    help_shell("printf 'one\\n' > few");
    refused(live_model('a'), help_path("few"), "has 1 lines");
}
GST_END_TEST

GST_START_TEST(states_cycle)
{
    start(live_model('a'), (const char *const[]){"hop", "1", NULL});
    for (int i = 0; i < 3; i++) {
        push(0, GRID_FRAMES - 1);
        fail_unless_equals_int(gst_element_set_state(harness->element, GST_STATE_READY),
                               GST_STATE_CHANGE_SUCCESS);
        fail_unless(counter("windows") >= 6); /* kept for whoever asks afterwards */
        fail_unless_equals_int(gst_element_set_state(harness->element, GST_STATE_PLAYING),
                               GST_STATE_CHANGE_SUCCESS);
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        gst_harness_push_event(harness, gst_event_new_stream_start("again"));
        gst_harness_set_src_caps(harness, video_caps(GST_VIDEO_FORMAT_I420, SIDE, SIDE));
        gst_harness_push_event(harness, gst_event_new_segment(&segment));
    }
    stop();
    GstElementFactory *factory = gst_element_factory_find("videoclassify");
    fail_unless_equals_string(gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_KLASS),
                              "Filter/Analyzer/Video");
    gst_object_unref(factory);
}
GST_END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("videoclassify");
    TCase *tests = tcase_create("classify");
    video_init(&argc, &argv);
    if (!GST_ELEMENT_REGISTER(videoclassify, NULL))
        return 1;
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, live_set_up, live_tear_down);
    tcase_add_test(tests, answers_are_those_of_predict);
    tcase_add_test(tests, buffers_carry_the_last_answer);
    tcase_add_loop_test(tests, every_format, 0, video_format_count);
    tcase_add_test(tests, the_overlay_is_drawn);
    tcase_add_test(tests, windows_fall_out_and_frames_pass);
    tcase_add_test(tests, figures_may_be_asked_for_anywhere);
    tcase_add_test(tests, a_seek_begins_anew);
    tcase_add_test(tests, gaps_break_windows);
    tcase_add_test(tests, the_end_waits_for_answers);
    tcase_add_test(tests, streams_of_bytes_have_no_time);
    tcase_add_test(tests, models_change_while_it_runs);
    tcase_add_test(tests, refused_n);
    tcase_add_test(tests, states_cycle);
    suite_add_tcase(suite, tests);
    return gst_check_run_suite(suite, "videoclassify", __FILE__);
}

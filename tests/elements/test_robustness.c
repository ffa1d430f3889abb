/* robustness: its answers are eval's, its files are read by compare, and streams may seek, change
 * and end.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "elements/robustness.h"
#include "pipeline/eval/results.h"
#include "tests/corrupt_clip.h"
#include "tests/elements/video_help.h"
#include "tests/live_help.h"
#include "tests/media_help.h"
#include "tests/model_help.h"
#include "tests/net_help.h"

enum { SPAN = 7, MIDDLE = 2, SIDE = 32 };

static GstHarness *harness;
static GstBus *bus;
static GstVideoInfo info;

static GstElement *make(const char *models, const char *const *sets)
{
    GstElement *element = gst_element_factory_make("robustness", NULL);
    GString *list = g_string_new(NULL);
    for (int i = 0; models[i]; i++)
        g_string_append_printf(list, "%s%s", i ? "," : "", live_model(models[i]));
    g_object_set(element, "models", list->str, "threads", 1, NULL);
    g_string_free(list, TRUE);
    /* The harness says that it is live, where windows may fall out. */
    gst_util_set_object_arg(G_OBJECT(element), "backpressure", "block");
    for (int i = 0; sets && sets[i]; i += 2)
        gst_util_set_object_arg(G_OBJECT(element), sets[i], sets[i + 1]);
    return element;
}

static void run(GstElement *element)
{
    harness = gst_harness_new_with_element(element, "sink", "src");
    bus = video_bus(element);
    gst_object_unref(element);
    GstCaps *caps = video_caps(GST_VIDEO_FORMAT_I420, SIDE, SIDE);
    fail_unless(gst_video_info_from_caps(&info, caps));
    gst_harness_set_src_caps(harness, caps);
}

static void start(const char *models, const char *const *sets)
{
    run(make(models, sets));
}

static void stop(void)
{
    gst_harness_teardown(harness);
    gst_bus_set_flushing(bus, TRUE);
    gst_clear_object(&bus);
}

static void push(int from, int to)
{
    for (int i = from; i <= to; i++) {
        GstBuffer *buffer = video_buffer(&info, live_frame(i), 0);
        GST_BUFFER_PTS(buffer) = (GstClockTime)i * GST_SECOND / VIDEO_FPS;
        fail_unless_equals_int(gst_harness_push(harness, buffer), GST_FLOW_OK);
    }
}

static void finish(void)
{
    fail_unless(gst_harness_push_event(harness, gst_event_new_eos()));
}

/* The next element message called `name` (returned); it must come. */
static GstMessage *next(const char *name)
{
    for (;;) {
        GstMessage *message = gst_bus_timed_pop_filtered(bus, 20 * GST_SECOND, GST_MESSAGE_ELEMENT);
        fail_unless(message != NULL, "no %s came", name);
        if (gst_structure_has_name(gst_message_get_structure(message), name))
            return message;
        gst_message_unref(message);
    }
}

static const GValue *item(const GstStructure *content, const char *field, int i)
{
    const GValue *list = gst_structure_get_value(content, field);
    fail_unless(list != NULL && (int)gst_value_array_get_size(list) > i, "%s", field);
    return gst_value_array_get_value(list, (guint)i);
}

static int length(const GstStructure *content, const char *field)
{
    return (int)gst_value_array_get_size(gst_structure_get_value(content, field));
}

static gint64 number(const GstStructure *content, const char *field)
{
    gint64 value;
    fail_unless(gst_structure_get_int64(content, field, &value), "%s", field);
    return value;
}

/* --- answers ------------------------------------------------------------------------- */

/* "model corruption severity class score" of each answer, one a line. */
static char *describe(const GstStructure *content)
{
    GString *text = g_string_new(NULL);
    const int models = length(content, "models"), lanes = length(content, "corruptions");
    fail_unless_equals_int(length(content, "classes"), models * lanes);
    for (int i = 0; i < models * lanes; i++)
        g_string_append_printf(text, "%s %s %g %d %.9g\n",
                               g_value_get_string(item(content, "models", i / lanes)),
                               g_value_get_string(item(content, "corruptions", i % lanes)),
                               g_value_get_double(item(content, "severities", i % lanes)),
                               g_value_get_int(item(content, "classes", i)),
                               g_value_get_double(item(content, "scores", i)));
    return g_string_free(text, FALSE);
}

static void compare_with_eval(const char *stage)
{
    char *id = g_strdup_printf("%u", live_video_id());
    char *set = g_strdup_printf("corrupt.stage=%s", stage);
    const char *const sets[] = {set, "corrupt.corruptions=gaussian_noise, motion_blur_temporal",
                                "corrupt.severities=2, 5", NULL};
    grid_do("eval.db", "ab", sets);
    char *query = g_strdup_printf(
        "SELECT model.name || ' ' || corruption || ' ' || printf('%%g', severity) || ' ' || top1 "
        "|| ' ' || printf('%%.9g', score1) FROM prediction JOIN cell ON cell.id = prediction.cell "
        "JOIN model ON model.id = cell.model JOIN clip ON clip.id = prediction.clip WHERE path = "
        "'%s' ORDER BY cell.model, cell.id",
        live_video_relative());
    char *rows = grid_query("eval.db", query);
    start("ab",
          (const char *const[]){"corruptions", "gaussian_noise, motion_blur_temporal", "severities",
                                "2, 5", "stage", stage, "clip-id", id, "hop", "1", NULL});
    push(0, GRID_FRAMES - 1);
    finish();
    for (int i = 0; i <= GRID_FRAMES - SPAN; i++) {
        GstMessage *message = next(COP_ROBUSTNESS_MESSAGE);
        const GstStructure *content = gst_message_get_structure(message);
        fail_unless_equals_int64(number(content, "first"), i);
        if (i == MIDDLE) {
            char *got = describe(content);
            fail_unless_equals_string(got, rows);
            g_free(got);
        }
        gst_message_unref(message);
    }
    for (int i = 0; i < GRID_FRAMES; i++)
        video_pull(harness, &info, live_frame(i));
    stop();
    g_free(rows);
    g_free(query);
    g_free(set);
    g_free(id);
}

GST_START_TEST(answers_are_those_of_eval)
{
    compare_with_eval("input");
}
GST_END_TEST

GST_START_TEST(native_answers_are_those_of_eval)
{
    compare_with_eval("native");
}
GST_END_TEST

GST_START_TEST(buffers_carry_the_last_answer)
{
    start("a", (const char *const[]){"corruptions", "brightness:1,5", "label", "2", NULL});
    push(0, SPAN - 1);
    GstMessage *message = next(COP_ROBUSTNESS_MESSAGE);
    const GstStructure *told = gst_message_get_structure(message);
    int label = -1;
    fail_unless(gst_structure_get_int(told, "label", &label) && label == 2);
    fail_unless_equals_string(gst_structure_get_string(told, "measure"), "accuracy");
    for (int i = 0; i < 3; i++)
        fail_unless_equals_int(g_value_get_int(item(told, "right", i)),
                               g_value_get_int(item(told, "classes", i)) == 2);
    while (gst_harness_buffers_in_queue(harness) > 0)
        gst_buffer_unref(gst_harness_pull(harness));
    push(SPAN, SPAN);
    GstBuffer *buffer = gst_harness_pull(harness);
    GstCustomMeta *meta = gst_buffer_get_custom_meta(buffer, COP_ROBUSTNESS_META);
    fail_unless(meta != NULL);
    char *a = describe(told), *b = describe(gst_custom_meta_get_structure(meta));
    fail_unless_equals_string(a, b);
    fail_unless_equals_int64(number(gst_custom_meta_get_structure(meta), "age"), 1);
    /* One corruption at two severities: the mean of what was right. */
    const double robust = g_value_get_double(item(told, "robust", 0));
    fail_unless(
        robust ==
        (g_value_get_int(item(told, "right", 1)) + g_value_get_int(item(told, "right", 2))) / 2.0);
    g_free(a);
    g_free(b);
    gst_buffer_unref(buffer);
    gst_message_unref(message);
    g_object_set(harness->element, "label", "", NULL);
    push(SPAN + 1, GRID_FRAMES - 1);
    push(0, 1); /* a gap: a new window */
    push(2, SPAN - 1);
    finish();
    message = next(COP_ROBUSTNESS_MESSAGE);
    fail_unless(gst_structure_get_int(gst_message_get_structure(message), "label", &label));
    fail_unless_equals_int(label, -1);
    gst_message_unref(message);
    stop();
}
GST_END_TEST

/* --- files ---------------------------------------------------------------------------- */

GST_START_TEST(compare_reads_its_file)
{
    CopResults *results;
    CopError err = {0};
    start("ab",
          (const char *const[]){"corruptions", "brightness:1,contrast:5", "hop", "1", "label", "1",
                                "location", help_path("live.db"), "stream", "cam", NULL});
    push(0, GRID_FRAMES - 1);
    finish();
    GstMessage *message = next(COP_ROBUSTNESS_SUMMARY);
    char *summary = g_strdup(gst_structure_get_string(gst_message_get_structure(message), "json"));
    gst_message_unref(message);
    stop();
    must(cop_results_load(&results, help_path("live.db"), 0, &err), &err);
    fail_unless(results->n_models == 2 && results->n_clips == 6 && results->n_columns == 3);
    fail_unless_equals_string(results->clips[0].path, "cam@0.000000");
    fail_unless(cop_results_complete(results, 1, COP_SCOPE_ROBUST));
    /* The summary says what the file says. */
    JsonNode *node = json_from_string(summary, NULL);
    JsonObject *model = json_array_get_object_element(
        json_object_get_array_member(json_node_get_object(node), "models"), 1);
    fail_unless(json_object_get_double_member(model, "robust") ==
                cop_results_score(results, 1, COP_SCOPE_ROBUST).value);
    json_node_unref(node);
    cop_results_free(&results);
    char *note = grid_query("live.db", "SELECT value FROM meta WHERE key = 'live.summary'");
    fail_unless(g_str_has_prefix(note, "{\"v\":1,\"kind\":\"summary\",\"stream\":\"cam\""));
    g_free(note);
    g_free(summary);
}
GST_END_TEST

GST_START_TEST(lines_of_json)
{
    char *text;
    start("a", (const char *const[]){"corruptions", "brightness:1", "location",
                                     help_path("live.jsonl"), NULL});
    push(0, SPAN - 1);
    finish();
    stop();
    fail_unless(g_file_get_contents(help_path("live.jsonl"), &text, NULL, NULL));
    char **line = g_strsplit(text, "\n", -1);
    fail_unless_equals_int((int)g_strv_length(line), 3);
    fail_unless(strstr(line[0], "\"kind\":\"robustness\"") != NULL);
    fail_unless(strstr(line[1], "\"kind\":\"summary\"") != NULL);
    g_strfreev(line);
    g_free(text);
}
GST_END_TEST

/* A place that fails is told once; answers go on. */
GST_START_TEST(a_full_place_is_told_once)
{
    start("a", (const char *const[]){"corruptions", "brightness:1", "hop", "1", "location",
                                     "/dev/full", NULL});
    push(0, GRID_FRAMES - 1);
    finish();
    GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_WARNING);
    fail_unless(message != NULL);
    gst_message_unref(message);
    fail_unless(gst_bus_pop_filtered(bus, GST_MESSAGE_WARNING) == NULL);
    guint64 n;
    g_object_get(harness->element, "windows-run", &n, NULL);
    fail_unless_equals_uint64(n, 6);
    stop();
}
GST_END_TEST

/* --- streams -------------------------------------------------------------------------- */

GST_START_TEST(the_overlay_is_drawn)
{
    static const char *const stages[] = {"input", "native"};
    for (int stage = 0; stage < 2; stage++) {
        CopFrame frame[SPAN + 1];
        clip_make(frame, SPAN + 1, COP_PIXEL_NV12, 320, 240, 0);
        start("ab", (const char *const[]){"corruptions", "brightness:5", "overlay", "true", "stage",
                                          stages[stage], NULL});
        GstCaps *caps = video_caps(GST_VIDEO_FORMAT_NV21, 320, 240); /* bytes are turned */
        fail_unless(gst_video_info_from_caps(&info, caps));
        gst_harness_set_src_caps(harness, caps);
        for (int i = 0; i < SPAN - 1; i++) {
            video_push(harness, &info, &frame[i]);
            video_pull(harness, &info, &frame[i]);
        }
        video_push(harness, &info, &frame[SPAN - 1]); /* may have seen the answer come */
        gst_buffer_unref(gst_harness_pull(harness));
        gst_message_unref(next(COP_ROBUSTNESS_MESSAGE));
        video_push(harness, &info, &frame[SPAN]);
        GstBuffer *drawn = gst_harness_pull(harness);
        fail_unless(!video_shows(drawn, &info, &frame[SPAN]));
        gst_buffer_unref(drawn);
        clip_free(frame, SPAN + 1);
        stop();
    }
}
GST_END_TEST

GST_START_TEST(seeks_gaps_and_caps_begin_anew)
{
    guint64 n;
    start("a", (const char *const[]){"corruptions", "brightness:1", NULL});
    push(0, 3);
    video_seek(harness);
    push(1, SPAN);
    GstMessage *message = next(COP_ROBUSTNESS_MESSAGE);
    fail_unless_equals_int64(number(gst_message_get_structure(message), "first"), 1);
    gst_message_unref(message);
    push(SPAN + 1, SPAN + 2);
    gst_harness_set_src_caps(harness, video_caps(GST_VIDEO_FORMAT_I420, 40, 36));
    g_object_get(harness->element, "windows-broken", &n, NULL);
    fail_unless_equals_uint64(n, 2);
    finish();
    message = next(COP_ROBUSTNESS_SUMMARY);
    gst_message_unref(message);
    stop();
}
GST_END_TEST

/* Clips of 20 frames a second out of 25 span nine frames, not seven. */
GST_START_TEST(rates_come_with_caps)
{
    CopConfig config;
    CopModel *like = model_open(live_model('a'));
    grid_config(&config, (const char *const[]){"clip.fps=20", "run.seed=9", NULL});
    model_write(help_path("fps.safetensors"), &config, &like->classes, 9, false);
    cop_config_free(&config);
    cop_model_close(&like);
    GstElement *element = gst_element_factory_make("robustness", NULL);
    g_object_set(element, "models", help_path("fps.safetensors"), "threads", 1, "corruptions",
                 "brightness:1", "location", help_path("fps.jsonl"), NULL);
    run(element);
    push(0, GRID_FRAMES - 1);
    finish();
    GstMessage *message = next(COP_ROBUSTNESS_MESSAGE);
    fail_unless_equals_int64(number(gst_message_get_structure(message), "last"), 8);
    gst_message_unref(message);
    stop();
    gsize size;
    unsigned char *lines = help_output(&size, "grep -c '\"kind\":\"robustness\"' fps.jsonl");
    fail_unless(size == 2 && lines[0] == '1');
    free(lines);
}
GST_END_TEST

GST_START_TEST(refused_n)
{
    video_refuses(make("", NULL), "models");
    video_refuses(make("a", (const char *const[]){"corruptions", "fgo", NULL}), "fog");
    video_refuses(make("a", (const char *const[]){"severities", "7", NULL}), "severities");
    video_refuses(make("a", (const char *const[]){"label", "nothing", NULL}), "nothing");
    video_refuses(make("a", (const char *const[]){"label-track", "/no/such", NULL}), "/no/such");
    video_refuses(make("a", (const char *const[]){"location", "/no/such/x.db", NULL}), "/no/such");
}
GST_END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("robustness");
    TCase *tests = tcase_create("robustness");
    video_init(&argc, &argv);
    if (!GST_ELEMENT_REGISTER(robustness, NULL))
        return 1;
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, live_set_up, live_tear_down);
    tcase_add_test(tests, answers_are_those_of_eval);
    tcase_add_test(tests, native_answers_are_those_of_eval);
    tcase_add_test(tests, buffers_carry_the_last_answer);
    tcase_add_test(tests, compare_reads_its_file);
    tcase_add_test(tests, lines_of_json);
    tcase_add_test(tests, a_full_place_is_told_once);
    tcase_add_test(tests, the_overlay_is_drawn);
    tcase_add_test(tests, seeks_gaps_and_caps_begin_anew);
    tcase_add_test(tests, rates_come_with_caps);
    tcase_add_test(tests, refused_n);
    suite_add_tcase(suite, tests);
    return gst_check_run_suite(suite, "robustness", __FILE__);
}

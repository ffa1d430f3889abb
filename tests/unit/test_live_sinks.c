/* Live answers as lines of JSON and as rows that compare and report read.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <gst/check/check.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "pipeline/live/live_json.h"
#include "pipeline/live/live_sink.h"
#include "pipeline/live/live_store.h"
#include "pipeline/report/compare.h"
#include "tests/live_help.h"
#include "tests/media_help.h"
#include "tests/net_help.h"

enum { SPAN = 7 };

static CopLiveGrid *live;
static CopLiveSink *sink;
static CopError failure;

static void answered(void *ctx, const CopLiveGridAnswer *answer)
{
    (void)ctx;
    if (sink && failure.status == COP_OK)
        ck_assert_int_eq(cop_live_sink_add(sink, answer, &failure), failure.status);
}

static void make(const char *models, CopLiveGridOptions options)
{
    const char *path[3];
    const CopLiveGridCalls calls = {answered, NULL, NULL};
    CopError err = {0};
    for (int i = 0; models[i]; i++)
        path[options.n_models++] = live_model(models[i]);
    options.models = path;
    options.threads = 1;
    options.policy = COP_BLOCK;
    must(cop_live_grid_create(&live, &options, &calls, &err), &err);
}

static void open_sink(const char *name)
{
    CopError err = {0};
    failure = (CopError){0};
    must(cop_live_sink_open(&sink, help_path(name), "cam0", live, "as typed", &err), &err);
}

static void play(int from, int to)
{
    CopError err = {0};
    for (int i = from; i <= to; i++) {
        CopFrame frame = *live_frame(i);
        frame.pts = 40000 * i;
        must(cop_live_grid_push(live, &frame, NULL, &err), &err);
    }
    cop_live_grid_end(live);
}

static void finish(void)
{
    CopError err = {0};
    must(failure.status, &failure);
    must(cop_live_sink_close(&sink, &err), &err);
    ck_assert_ptr_eq(sink, NULL);
    cop_live_grid_destroy(&live);
}

/* --- JSON --------------------------------------------------------------------------- */

/* Keys of an object in order, with blanks between. */
static char *keys(JsonObject *object)
{
    GList *names = json_object_get_members(object);
    GString *text = g_string_new(NULL);
    for (GList *i = names; i; i = i->next)
        g_string_append_printf(text, "%s%s", text->len ? " " : "", (const char *)i->data);
    g_list_free(names);
    return g_string_free(text, FALSE);
}

static void has_keys(JsonObject *object, const char *want)
{
    char *got = keys(object);
    ck_assert_str_eq(got, want);
    g_free(got);
}

static JsonNode *parse(const char *line)
{
    GError *error = NULL;
    JsonNode *node = json_from_string(line, &error);
    ck_assert_msg(node != NULL, "%s", line);
    return node;
}

static void check_line(const char *line, int window)
{
    JsonNode *node = parse(line);
    JsonObject *o = json_node_get_object(node);
    has_keys(o, "v kind stream window first last start end padded label label_name waited_ms "
                "run_ms answers");
    ck_assert_int_eq(json_object_get_int_member(o, "v"), 1);
    ck_assert_str_eq(json_object_get_string_member(o, "kind"), "robustness");
    ck_assert_str_eq(json_object_get_string_member(o, "stream"), "cam0");
    ck_assert_int_eq(json_object_get_int_member(o, "window"), window);
    ck_assert_int_eq(json_object_get_int_member(o, "last"), window + SPAN - 1);
    ck_assert(fabs(json_object_get_double_member(o, "start") - 0.04 * window) < 1e-9);
    ck_assert_int_eq(json_object_get_int_member(o, "label"), 2);
    JsonArray *answers = json_object_get_array_member(o, "answers");
    ck_assert_int_eq(json_array_get_length(answers), 2 * 3);
    JsonObject *lane = json_array_get_object_element(answers, 4);
    has_keys(lane, "model corruption severity class label score right agrees drop");
    ck_assert_str_eq(json_object_get_string_member(lane, "corruption"), "brightness");
    ck_assert(json_object_get_double_member(lane, "severity") == 1);
    ck_assert_int_eq(json_object_get_boolean_member(lane, "right"),
                     json_object_get_int_member(lane, "class") == 2);
    json_node_unref(node);
}

START_TEST(lines_of_json)
{
    gsize size;
    char *text;
    make("ab", (CopLiveGridOptions){.corruptions = "brightness:1,3", .hop = 1, .label = "2"});
    open_sink("live.jsonl");
    play(0, GRID_FRAMES - 1);
    finish();
    ck_assert(g_file_get_contents(help_path("live.jsonl"), &text, &size, NULL));
    char **line = g_strsplit(text, "\n", -1);
    ck_assert_int_eq(g_strv_length(line), 6 + 1 + 1); /* windows, summary, what ends the last */
    for (int i = 0; i < 6; i++)
        check_line(line[i], i);
    JsonNode *node = parse(line[6]);
    JsonObject *o = json_node_get_object(node);
    has_keys(o, "v kind stream windows rate latency_ms run_ms models");
    has_keys(json_object_get_object_member(o, "windows"), "in run dropped discarded");
    has_keys(json_object_get_object_member(o, "latency_ms"), "p50 p95 p99");
    ck_assert_int_eq(json_object_get_int_member(json_object_get_object_member(o, "windows"), "run"),
                     6);
    JsonArray *models = json_object_get_array_member(o, "models");
    ck_assert_int_eq(json_array_get_length(models), 2);
    JsonObject *model = json_array_get_object_element(models, 1);
    has_keys(model, "model robust live_robust cells");
    JsonObject *cell =
        json_array_get_object_element(json_object_get_array_member(model, "cells"), 2);
    has_keys(cell, "corruption severity windows labelled accuracy agreement flip_rate drop run_ms "
                   "live_accuracy live_agreement live_drop");
    ck_assert_int_eq(json_object_get_int_member(cell, "labelled"), 6);
    json_node_unref(node);
    g_strfreev(line);
    g_free(text);
}
END_TEST

START_TEST(a_prediction_as_json)
{
    CopLiveModel *model;
    CopError err = {0};
    must(cop_live_model_open(&model, live_model('a'), NULL, 1, 1, &err), &err);
    const CopLiveWindow window = {
        .number = 7, .first = 70, .last = 76, .pts = INT64_MIN, .end_pts = INT64_MIN};
    const CopLiveAnswer answer = {.window = &window,
                                  .model = model,
                                  .n_top = 3,
                                  .top = {2, 0, 1},
                                  .score = {0.5F, 0.375F, 0.125F},
                                  .waited = 0.00125,
                                  .seconds = 0.0101234};
    char *line = cop_live_json_prediction("file \"x\"", &answer, 2);
    char *want = g_strdup_printf(
        "{\"v\":1,\"kind\":\"prediction\",\"stream\":\"file \\\"x\\\"\",\"window\":7,\"first\":70,"
        "\"last\":76,\"start\":null,\"end\":null,\"padded\":0,\"model\":\"dense s1\",\"top\":["
        "{\"class\":2,\"label\":\"%s\",\"score\":0.5},{\"class\":0,\"label\":\"%s\",\"score\":"
        "0.375}],\"waited_ms\":1.25,\"run_ms\":10.123}",
        model->label[2], model->label[0]);
    ck_assert_str_eq(line, want);
    g_free(line);
    g_free(want);
    const CopLiveStats none = {.latency = {NAN, NAN, NAN}, .seconds = {NAN, NAN, NAN}};
    line = cop_live_json_summary("s", &none, NULL);
    ck_assert_ptr_ne(strstr(line, "\"p99\":null"), NULL);
    ck_assert_ptr_ne(strstr(line, "\"models\":[]"), NULL);
    g_free(line);
    cop_live_model_unref(&model);
}
END_TEST

/* --- result files ------------------------------------------------------------------- */

START_TEST(rows_that_compare_reads)
{
    CopError err = {0};
    CopResults *results;
    make("ab", (CopLiveGridOptions){.corruptions = "brightness:1,3,contrast:5",
                                    .hop = 1,
                                    .label = "2",
                                    .seed = 7,
                                    .stage = COP_STAGE_INPUT});
    CopLiveCell cell[8];
    open_sink("live.db");
    play(0, GRID_FRAMES - 1);
    cop_live_metrics_snapshot(cop_live_grid_metrics(live), cell);
    char *setup = cop_live_setup_text(live);
    finish();
    must(cop_results_load(&results, help_path("live.db"), 0, &err), &err);
    ck_assert_str_eq(results->setup_text, setup);
    ck_assert_ptr_ne(strstr(setup, "data.format=live\nlive.hop=1\n"), NULL);
    ck_assert_ptr_ne(strstr(setup, "corrupt.stage=input\n"), NULL);
    ck_assert_ptr_ne(strstr(setup, "corrupt.seed=7\n"), NULL);
    ck_assert_int_eq(results->n_clips, 6);
    ck_assert_int_eq(results->n_labelled, 6);
    ck_assert_str_eq(results->clips[1].path, "cam0@0.040000");
    ck_assert_int_eq(results->n_models, 2);
    ck_assert_int_eq(results->n_columns, 4);
    ck_assert_str_eq(results->runs[0].command, "as typed");
    ck_assert_str_eq(results->models[1].path, live_model('b'));
    for (int m = 0; m < 2; m++) {
        ck_assert(cop_results_complete(results, m, COP_SCOPE_ROBUST));
        for (int c = 0; c < 4; c++) {
            ck_assert(cop_results_top1(results, m, c).value == cell[4 * m + c].accuracy);
            ck_assert(c == 0 ||
                      cop_results_flips(results, m, c).value == cell[4 * m + c].flip_rate);
        }
    }
    char *text = cop_compare_text(results, 0);
    ck_assert_ptr_ne(strstr(text, "contrast"), NULL);
    g_free(text);
    cop_results_free(&results);
    g_free(setup);
    char *note = grid_query("live.db", "SELECT value FROM meta WHERE key = 'live.summary'");
    ck_assert(g_str_has_prefix(note, "{\"v\":1,\"kind\":\"summary\",\"stream\":\"cam0\""));
    g_free(note);
    const char *const program = g_getenv("COPPICE");
    if (program)
        help_shell("'%s' compare live.db > compare.txt && '%s' report live.db -o r.html 2> log && "
                   "grep -q brightness compare.txt && grep -q cam0 r.html",
                   program, program);
}
END_TEST

START_TEST(the_same_windows_again_stay)
{
    for (int i = 0; i < 2; i++) {
        make("a", (CopLiveGridOptions){.corruptions = "brightness:1", .hop = 2});
        open_sink("live.db");
        play(0, GRID_FRAMES - 1);
        play(2, 2 + SPAN - 1); /* a seek back */
        finish();
        ck_assert_int_eq(grid_number("live.db", "SELECT count(*) FROM prediction"), 3 * 2);
        ck_assert_int_eq(grid_number("live.db", "SELECT count(*) FROM setup"), 1);
        ck_assert_int_eq(grid_number("live.db", "SELECT count(*) FROM run"), i + 1);
    }
    ck_assert_int_eq(grid_number("live.db", "SELECT count(*) FROM clip WHERE label = -1"), 3);
}
END_TEST

START_TEST(other_options_are_another_setup)
{
    static const CopLiveGridOptions other[] = {{.hop = 1},  {.hop = 2},    {.hop = 1, .seed = 3},
                                               {.clip = 5}, {.pad = true}, {.hop_us = 80000}};
    for (gsize i = 0; i < G_N_ELEMENTS(other); i++) {
        CopLiveGridOptions options = other[i];
        options.corruptions = "gaussian_noise:1";
        make("a", options);
        open_sink("live.db");
        play(0, SPAN - 1);
        finish();
        ck_assert_int_eq(grid_number("live.db", "SELECT count(*) FROM setup"), (int64_t)i + 1);
    }
}
END_TEST

/* One parameter by two spellings of its corruption's name. */
START_TEST(spellings_are_one_setup)
{
    static const char *const rows[] = {"gaussian_noise:sigma=0.2", "gaussian-noise:sigma=0.2"};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        make("a", (CopLiveGridOptions){.corruptions = "gaussian_noise:1",
                                       .params = (const char *const[]){rows[i], NULL}});
        open_sink("live.db");
        play(0, SPAN - 1);
        finish();
    }
    ck_assert_int_eq(grid_number("live.db", "SELECT count(*) FROM setup"), 1);
    ck_assert_int_eq(grid_number("live.db", "SELECT count(*) FROM cell"), 2);
}
END_TEST

START_TEST(places_that_cannot_be_written_n)
{
    CopError err = {0};
    make("a", (CopLiveGridOptions){.corruptions = "brightness:1"});
    ck_assert_int_eq(cop_live_sink_open(&sink, "/no/such/folder/x.jsonl", "s", live, NULL, &err),
                     COP_ERR_IO);
    ck_assert_ptr_eq(sink, NULL);
    ck_assert_ptr_ne(strstr(err.text, "/no/such/folder"), NULL);
    err = (CopError){0};
    ck_assert_int_eq(cop_live_sink_open(&sink, "/no/such/folder/x.db", "s", live, NULL, &err),
                     COP_ERR_IO);
    help_shell("echo no database, and long enough to be told from one > bad.db");
    err = (CopError){0};
    ck_assert_int_eq(cop_live_sink_open(&sink, help_path("bad.db"), "s", live, NULL, &err),
                     COP_ERR_DATA);
    ck_assert_ptr_eq(sink, NULL);
    failure = (CopError){0};
    err = (CopError){0};
    must(cop_live_sink_open(&sink, "/dev/full", "s", live, NULL, &err), &err);
    play(0, SPAN - 1);
    ck_assert_int_eq(failure.status, COP_ERR_IO);
    ck_assert_int_eq(cop_live_sink_close(&sink, &err), COP_ERR_IO);
    ck_assert_int_eq(cop_live_sink_close(&sink, &err), COP_OK);
    cop_live_grid_destroy(&live);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_sinks");
    TCase *tests = tcase_create("sinks");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, live_set_up, live_tear_down);
    tcase_add_test(tests, lines_of_json);
    tcase_add_test(tests, a_prediction_as_json);
    tcase_add_test(tests, rows_that_compare_reads);
    tcase_add_test(tests, the_same_windows_again_stay);
    tcase_add_test(tests, other_options_are_another_setup);
    tcase_add_test(tests, spellings_are_one_setup);
    tcase_add_test(tests, places_that_cannot_be_written_n);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}

/* The live grid says what `coppice eval` says of the same frames, and counts it right.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <gst/check/check.h>
#include <math.h>
#include <string.h>

#include "pipeline/live/live_grid.h"
#include "pipeline/model/classifier.h"
#include "tests/live_help.h"
#include "tests/media_help.h"
#include "tests/net_help.h"

enum { SPAN = 7, MIDDLE = 2, MOST = 64 }; /* model a: 4 frames, stride 2; where eval's clip is */

static CopLiveGrid *live;
static GString *seen; /* "model corruption severity top1 score1" of the window at `at` */
static int at;
static GString *turns; /* variants of each window */
static int n_seen, n_looks, labels[MOST], wrong;
static CopError failure;
static CopLiveCell want[MOST]; /* counted here: windows, right, agreed */
static double drop_sum[MOST];

static void answered(void *ctx, const CopLiveGridAnswer *a)
{
    (void)ctx;
    const CopVariants *variants = cop_live_grid_variants(live);
    const int models = cop_live_grid_models(live);
    labels[n_seen++] = a->label;
    for (int i = 0; i < a->n_lanes; i++)
        g_string_append_printf(turns, "%d%s", a->variant[i], i + 1 < a->n_lanes ? "," : " ");
    for (int m = 0; m < models; m++)
        for (int i = 0; i < a->n_lanes; i++) {
            const CopLiveLane *lane = &a->lane[m * a->n_lanes + i];
            const CopVariant *variant = &variants->item[a->variant[i]];
            CopLiveCell *cell = &want[m * variants->n + a->variant[i]];
            cell->windows++;
            cell->agreed += lane->top[0] == a->lane[m * a->n_lanes].top[0];
            cell->right += a->label >= 0 && lane->top[0] == a->label;
            cell->labelled += a->label >= 0;
            drop_sum[m * variants->n + a->variant[i]] += lane->hit.drop;
            wrong += lane->hit.right != (a->label < 0 ? -1 : lane->top[0] == a->label);
            if (a->window->first == at)
                g_string_append_printf(seen, "%s %s %g %d %.9g\n",
                                       cop_live_grid_model(live, m)->model->name,
                                       cop_variant_name(variant), variant->severity, lane->top[0],
                                       (double)lane->score[0]);
        }
    if (a->look_lane > 0) {
        n_looks++;
        wrong += a->look_clean->width != a->look_corrupt->width || !a->look_clean->plane[0] ||
                 a->look_corrupt->plane[0] == a->look_clean->plane[0];
    }
    wrong += !(a->seconds > 0) || a->waited < 0;
}

static void failed(void *ctx, const CopError *err)
{
    (void)ctx;
    failure = *err;
}

static void set_up(void)
{
    live_set_up();
    seen = g_string_new(NULL);
    turns = g_string_new(NULL);
    n_seen = n_looks = wrong = 0;
    at = MIDDLE;
    failure = (CopError){0};
    memset(want, 0, sizeof want);
    memset(drop_sum, 0, sizeof drop_sum);
}

static void tear_down(void)
{
    cop_live_grid_destroy(&live);
    ck_assert_int_eq(wrong, 0);
    g_string_free(seen, TRUE);
    g_string_free(turns, TRUE);
    live_tear_down();
}

static CopStatus create(const char *models, CopLiveGridOptions options, CopError *err)
{
    const char *path[3];
    const CopLiveGridCalls calls = {answered, failed, NULL};
    for (int i = 0; models[i]; i++)
        path[options.n_models++] = live_model(models[i]);
    options.models = path;
    options.threads = 2;
    options.policy = COP_BLOCK;
    options.seed = options.seed ? options.seed : 1;
    return cop_live_grid_create(&live, &options, &calls, err);
}

static void make(const char *models, CopLiveGridOptions options)
{
    CopError err = {0};
    must(create(models, options, &err), &err);
}

static void play(int from, int to)
{
    CopError err = {0};
    for (int i = from; i <= to; i++)
        must(cop_live_grid_push(live, live_frame(i), NULL, &err), &err);
}

/* --- the same answers as eval ------------------------------------------------------- */

/* Rows of eval's result file for the video, in the order of lanes. */
static void compare_with_eval(const char *corruptions, const char *severities, CopStage stage,
                              const char *params, const char *models)
{
    char *list = g_strdup_printf("corrupt.corruptions=%s", corruptions);
    char *degrees = g_strdup_printf("corrupt.severities=%s", severities);
    char *overrides = g_strdup_printf("corrupt.params=\"%s\"", params ? params : "");
    const char *const sets[] = {
        list, degrees, stage == COP_STAGE_INPUT ? "corrupt.stage=input" : "corrupt.stage=native",
        params ? overrides : NULL, NULL};
    grid_do("eval.db", models, sets);
    char *query = g_strdup_printf(
        "SELECT model.name || ' ' || corruption || ' ' || printf('%%g', severity) || ' ' || top1 "
        "|| ' ' || printf('%%.9g', score1) FROM prediction JOIN cell ON cell.id = prediction.cell "
        "JOIN model ON model.id = cell.model JOIN clip ON clip.id = prediction.clip WHERE path = "
        "'%s' ORDER BY cell.model, cell.id",
        live_video_relative());
    char *rows = grid_query("eval.db", query);
    const char *const overridden[] = {params, NULL};
    make(models, (CopLiveGridOptions){.corruptions = corruptions,
                                      .severities = severities,
                                      .params = overridden,
                                      .clip = live_video_id(),
                                      .stage = stage,
                                      .hop = 1,
                                      .pictures = true});
    play(0, GRID_FRAMES - 1);
    cop_live_grid_end(live);
    ck_assert_msg(failure.status == COP_OK, "%s", failure.text);
    ck_assert_str_eq(seen->str, rows);
    ck_assert_int_eq(n_looks, n_seen);
    g_free(rows);
    g_free(query);
    g_free(list);
    g_free(degrees);
    g_free(overrides);
}

START_TEST(native_answers_are_those_of_eval)
{
    compare_with_eval("gaussian_noise, brightness, motion_blur_temporal", "1, 5", COP_STAGE_NATIVE,
                      NULL, "ab");
    ck_assert_int_eq(n_seen, GRID_FRAMES - SPAN + 1);
}
END_TEST

START_TEST(input_answers_are_those_of_eval)
{
    compare_with_eval("gaussian_noise, brightness, motion_blur_temporal, freeze", "2, 4",
                      COP_STAGE_INPUT, NULL, "ab");
}
END_TEST

/* Coded in groups of four: the window at frame 2 needs frames 0 and 1, and what waits behind. */
START_TEST(groups_begin_where_eval_has_them)
{
    compare_with_eval("h264_crf", "5", COP_STAGE_NATIVE, "h264_crf:gop=4", "a");
}
END_TEST

/* --- models of different clips ------------------------------------------------------- */

/* Model c shows nine frames, a seven of them: the middle ones. */
START_TEST(each_model_has_its_own_clip)
{
    at = 1; /* the window from 1 to 9 has both models' clips where eval has them */
    compare_with_eval("brightness, motion_blur_temporal", "3", COP_STAGE_NATIVE, NULL, "ac");
    ck_assert_int_eq(n_seen, GRID_FRAMES - 9 + 1);
    CopClipWindowCounts counts;
    cop_live_grid_stats(live, NULL, &counts);
    ck_assert(counts.windows == 4 && counts.broken == 8);
}
END_TEST

/* --- figures ------------------------------------------------------------------------ */

static void check_figures(void)
{
    CopLiveCell cell[MOST];
    const int n = cop_live_grid_models(live) * cop_live_grid_variants(live)->n;
    cop_live_metrics_snapshot(cop_live_grid_metrics(live), cell);
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(cell[i].windows, want[i].windows);
        ck_assert_int_eq(cell[i].agreed, want[i].agreed);
        ck_assert_int_eq(cell[i].labelled, want[i].labelled);
        ck_assert_int_eq(cell[i].right, want[i].right);
        if (want[i].windows == 0)
            continue;
        ck_assert(fabs(cell[i].drop - drop_sum[i] / (double)want[i].windows) < 1e-12);
        ck_assert(cell[i].seconds > 0);
    }
    ck_assert(want[0].windows == 0 || (cell[0].agreement == 1 && cell[0].drop == 0));
}

START_TEST(figures_add_up)
{
    make("ab", (CopLiveGridOptions){
                   .corruptions = "gaussian_noise:5, contrast:5", .hop = 1, .label = "1"});
    play(0, GRID_FRAMES - 1);
    cop_live_grid_end(live);
    ck_assert_int_eq(n_seen, GRID_FRAMES - SPAN + 1);
    for (int i = 0; i < n_seen; i++)
        ck_assert_int_eq(labels[i], 1);
    check_figures();
    CopError err = {0};
    must(cop_live_grid_set_label(live, NULL, &err), &err);
    play(0, SPAN - 1);
    cop_live_grid_drain(live);
    ck_assert_int_eq(labels[n_seen - 1], -1);
    check_figures();
    ck_assert_int_eq(cop_live_grid_set_label(live, "no such class", &err), COP_ERR_CONFIG);
}
END_TEST

START_TEST(labels_come_from_a_track)
{
    help_shell("printf '0,0.3,0\\n0.3,2,2\\n' > track.csv");
    make("a", (CopLiveGridOptions){
                  .corruptions = "brightness:1", .hop = 1, .track = help_path("track.csv")});
    for (int i = 0; i < GRID_FRAMES; i++) { /* 40 ms a frame; the border is at 7.5 */
        CopFrame frame = *live_frame(i);
        CopError err = {0};
        frame.pts = 40000 * i;
        must(cop_live_grid_push(live, &frame, NULL, &err), &err);
    }
    cop_live_grid_end(live);
    static const int expected[] = {0, 0, -1, -1, -1, -1};
    ck_assert_int_eq(n_seen, (int)G_N_ELEMENTS(expected));
    for (int i = 0; i < n_seen; i++)
        ck_assert_int_eq(labels[i], expected[i]);
    check_figures();
}
END_TEST

START_TEST(more_variants_than_lanes_take_turns)
{
    make("a", (CopLiveGridOptions){
                  .corruptions = "brightness:1,2,3,contrast:1,2", .hop = 1, .lanes = 3});
    play(0, GRID_FRAMES - 1);
    cop_live_grid_end(live);
    ck_assert_str_eq(turns->str, "0,1,2 0,3,4 0,5,1 0,2,3 0,4,5 0,1,2 ");
    check_figures();
}
END_TEST

/* Lane by lane, answers do not hang on who shares the batch. */
START_TEST(turns_do_not_move_answers)
{
    make("a", (CopLiveGridOptions){.corruptions = "brightness:2,contrast:3", .hop = 1});
    play(0, GRID_FRAMES - 1);
    cop_live_grid_end(live);
    char *together = g_strdup(seen->str);
    cop_live_grid_destroy(&live);
    g_string_truncate(seen, 0);
    make("a", (CopLiveGridOptions){.corruptions = "contrast:3,fog:1,brightness:2", .lanes = 2});
    for (int i = 0; i < 3; i++) {
        play(MIDDLE, MIDDLE + SPAN - 1);
        cop_live_grid_break(live);
    }
    cop_live_grid_drain(live);
    char **line = g_strsplit(together, "\n", -1);
    for (int i = 0; line[i]; i++)
        ck_assert_msg(strstr(seen->str, line[i]) != NULL, "%s not in\n%s", line[i], seen->str);
    g_strfreev(line);
    g_free(together);
}
END_TEST

START_TEST(a_short_stream_is_padded_as_eval_pads)
{
    CopClassifier *classifier;
    CopError err = {0};
    const float *p;
    help_shell("ffmpeg -v error -nostdin -i '%s' -frames:v 4 -c:v ffv1 short.mkv", live_video());
    const CopClassifierOptions options = {.batch = true, .threads = 1};
    must(cop_classifier_open(&classifier, live_model('a'), &options, &err), &err);
    must(cop_classify(classifier, help_path("short.mkv"), &p, &err), &err);
    at = 0;
    make("a", (CopLiveGridOptions){.corruptions = "motion_blur_temporal:3", .pad = true});
    play(0, 3); /* loop: frames 0, 2, 0, 2 */
    cop_live_grid_end(live);
    ck_assert_msg(failure.status == COP_OK, "%s", failure.text);
    ck_assert_int_eq(n_seen, 1);
    int best = 0;
    for (int k = 1; k < GRID_CLASSES; k++)
        best = p[k] > p[best] ? k : best;
    char *row = g_strdup_printf(" clean 0 %d %.9g\n", best, (double)p[best]);
    ck_assert_msg(strstr(seen->str, row) != NULL, "%s not in %s", row, seen->str);
    g_free(row);
    cop_classifier_close(&classifier);
}
END_TEST

START_TEST(a_flush_leaves_no_trace)
{
    make("a", (CopLiveGridOptions){.corruptions = "brightness:1", .hop = 1, .depth = 8});
    play(0, GRID_FRAMES - 1);
    cop_live_grid_flush(live);
    const int before = n_seen;
    check_figures();
    cop_live_grid_end(live);
    ck_assert_int_eq(n_seen, before);
    CopLiveStats stats;
    cop_live_grid_stats(live, &stats, NULL);
    ck_assert_int_eq(stats.run + stats.discarded, 6);
}
END_TEST

START_TEST(refused_n)
{
    static const struct {
        CopLiveGridOptions options;
        const char *models, *says;
    } bad[] = {
        {{.corruptions = "fgo"}, "a", "fog"},
        {{.corruptions = NULL}, "a", "names none"},
        {{.corruptions = "fog"}, "", "models"},
        {{.corruptions = "fog", .lanes = 1}, "a", "lanes"},
        {{.corruptions = "fog", .label = "nothing"}, "a", "label"},
        {{.corruptions = "fog", .track = "/no/such/file"}, "a", "/no/such/file"},
        {{.corruptions = "fog", .severities = "9"}, "a", "severities"},
        {{.corruptions = "fog", .preset = "no-such"}, "a", "no-such"},
        {{.corruptions = "fog", .temporal = "odd"}, "a", "temporal"},
        {{.corruptions = "fog", .labels = "/no/names"}, "a", "/no/names"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        CopError err = {0};
        ck_assert_msg(create(bad[i].models, bad[i].options, &err) != COP_OK, "%zu", i);
        ck_assert_msg(strstr(err.text, bad[i].says) != NULL, "%s", err.text);
        ck_assert_ptr_eq(live, NULL);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_grid");
    TCase *tests = tcase_create("grid");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, native_answers_are_those_of_eval);
    tcase_add_test(tests, input_answers_are_those_of_eval);
    tcase_add_test(tests, groups_begin_where_eval_has_them);
    tcase_add_test(tests, each_model_has_its_own_clip);
    tcase_add_test(tests, figures_add_up);
    tcase_add_test(tests, labels_come_from_a_track);
    tcase_add_test(tests, more_variants_than_lanes_take_turns);
    tcase_add_test(tests, turns_do_not_move_answers);
    tcase_add_test(tests, a_short_stream_is_padded_as_eval_pads);
    tcase_add_test(tests, a_flush_leaves_no_trace);
    tcase_add_test(tests, refused_n);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}

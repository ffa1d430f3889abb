/* Running figures by hand-computed numbers; lists of corruptions; labels over time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <gst/check/check.h>
#include <math.h>
#include <string.h>

#include "pipeline/live/label_track.h"
#include "pipeline/live/live_metrics.h"
#include "pipeline/live/live_variants.h"
#include "tests/media_help.h"
#include "tests/net_help.h"

/* --- figures ----------------------------------------------------------------------- */

static void near(double got, double want)
{
    ck_assert_msg(fabs(got - want) < 1e-12, "%.17g, not %.17g", got, want);
}

START_TEST(totals_and_fading_means)
{
    static const int group[] = {-1, 0};
    CopLiveMetrics *m;
    CopLiveCell cell[4];
    /* With a half life of one window, weights are 1, 1/2, 1/4 from the newest back. */
    ck_assert_int_eq(cop_live_metrics_create(&m, 2, 2, group, 1), COP_OK);
    cop_live_metrics_snapshot(m, cell);
    ck_assert(isnan(cell[0].agreement) && isnan(cell[0].live_seconds) && cell[0].windows == 0);
    static const CopLiveHit hits[] = {
        {.right = 1, .agrees = 1, .drop = 0.1, .seconds = 0.5},
        {.right = -1, .agrees = 0, .drop = 0.3, .seconds = 0.25},
        {.right = 0, .agrees = 1, .drop = -0.1, .seconds = 0.75},
    };
    for (int i = 0; i < 3; i++)
        cop_live_metrics_add(m, 1, 1, &hits[i]);
    cop_live_metrics_snapshot(m, cell);
    const CopLiveCell *c = &cell[3];
    ck_assert(c->windows == 3 && c->labelled == 2 && c->right == 1 && c->agreed == 2);
    near(c->accuracy, 0.5);
    near(c->agreement, 2.0 / 3);
    near(c->flip_rate, 1.0 / 3);
    near(c->drop, 0.1);
    near(c->seconds, 0.5);
    near(c->live_agreement, (0.25 * 1 + 0.5 * 0 + 1) / 1.75);
    near(c->live_drop, (0.25 * 0.1 + 0.5 * 0.3 - 0.1) / 1.75);
    near(c->live_seconds, (0.125 + 0.125 + 0.75) / 1.75);
    near(c->live_accuracy, 0.5 / 1.5); /* of the two labelled ones alone */
    near(cop_live_cell_score(c), 0.5);
    near(cop_live_cell_live_score(c), 0.5 / 1.5);
    ck_assert(cell[1].windows == 0 && cell[2].windows == 0);
    cop_live_metrics_reset(m);
    cop_live_metrics_snapshot(m, cell);
    ck_assert(cell[3].windows == 0 && isnan(cell[3].live_accuracy));
    cop_live_metrics_destroy(&m);
    ck_assert_ptr_eq(m, NULL);
    cop_live_metrics_destroy(&m);
    ck_assert_int_eq(cop_live_metrics_create(&m, 1, 1, group, 0), COP_ERR_ARG);
}
END_TEST

START_TEST(robust_is_a_mean_of_means)
{
    /* Corruption 0 at two severities that do not stand side by side, corruption 1 at one. */
    static const int group[] = {-1, 0, 1, 0};
    static const int agrees[4][2] = {{1, 1}, {1, 1}, {0, 0}, {1, 0}};
    CopLiveMetrics *m;
    CopLiveCell cell[4];
    ck_assert_int_eq(cop_live_metrics_create(&m, 1, 4, group, 10), COP_OK);
    for (int v = 0; v < 4; v++) {
        cop_live_metrics_snapshot(m, cell);
        ck_assert(isnan(cop_live_metrics_robust(m, cell, false)));
        for (int i = 0; i < 2; i++)
            cop_live_metrics_add(m, 0, v, &(CopLiveHit){.right = -1, .agrees = agrees[v][i]});
    }
    cop_live_metrics_snapshot(m, cell);
    near(cop_live_metrics_robust(m, cell, false), ((1 + 0.5) / 2 + 0) / 2);
    const double fade = exp2(-0.1), faded = fade / (fade + 1);
    near(cop_live_metrics_robust(m, cell, true), ((1 + faded) / 2 + 0) / 2);
    cop_live_metrics_destroy(&m);
}
END_TEST

typedef struct Writer {
    CopLiveMetrics *metrics;
    int model;
} Writer;

static void *write_hits(void *arg)
{
    const Writer *w = arg;
    for (int i = 0; i < 20000; i++)
        cop_live_metrics_add(w->metrics, w->model, 0, &(CopLiveHit){.right = 1, .agrees = 1});
    return NULL;
}

START_TEST(snapshots_are_whole)
{
    static const int group[] = {-1};
    CopLiveMetrics *m;
    CopLiveCell cell[2];
    ck_assert_int_eq(cop_live_metrics_create(&m, 2, 1, group, 5), COP_OK);
    Writer writer[2] = {{m, 0}, {m, 1}};
    GThread *thread[2];
    for (int i = 0; i < 2; i++)
        thread[i] = g_thread_new("writer", write_hits, &writer[i]);
    do {
        cop_live_metrics_snapshot(m, cell);
        for (int i = 0; i < 2; i++)
            ck_assert(cell[i].windows == cell[i].right && cell[i].windows == cell[i].agreed);
    } while (cell[0].windows < 20000 || cell[1].windows < 20000);
    for (int i = 0; i < 2; i++)
        g_thread_join(thread[i]);
    cop_live_metrics_destroy(&m);
}
END_TEST

/* --- lists of corruptions ----------------------------------------------------------- */

static void lists(const char *list, const char *want)
{
    double common[] = {2, 4};
    const CopCorruptOptions options = {.severities = {common, 2}};
    CopVariants variants;
    CopError err = {0};
    GString *got = g_string_new(NULL);
    must(cop_live_variants_create(&variants, &options, list, &err), &err);
    for (int i = 0; i < variants.n; i++)
        g_string_append_printf(got, "%s%s:%g", i ? " " : "", cop_variant_name(&variants.item[i]),
                               variants.item[i].severity);
    ck_assert_str_eq(got->str, want);
    g_string_free(got, TRUE);
    cop_variants_free(&variants);
}

START_TEST(lists_of_corruptions)
{
    lists("fog", "clean:0 fog:2 fog:4");
    lists("fog:1,3,5", "clean:0 fog:1 fog:3 fog:5");
    lists(" fog : 1, 3; brightness , contrast:0.5", "clean:0 fog:1 fog:3 brightness:2 "
                                                    "brightness:4 contrast:0.5");
    lists("brightness:1:5,contrast:2", "clean:0 brightness:1 brightness:5 contrast:2");
    lists("gaussian-noise:3,gaussian_noise:3,4", "clean:0 gaussian_noise:3 gaussian_noise:4");
}
END_TEST

START_TEST(bad_lists_n)
{
    static const char *const bad[] = {"",        "3",      "fog:6",   "fog:0",  "fog:x",
                                      "no_such", "fog:1:", "fog,2:3", "2, fog", "fog:-1"};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        double common[] = {3};
        const CopCorruptOptions options = {.severities = {common, 1}};
        CopVariants variants;
        CopError err = {0};
        ck_assert_msg(cop_live_variants_create(&variants, &options, bad[i], &err) == COP_ERR_CONFIG,
                      "%s", bad[i]);
        ck_assert(variants.n == 0 && err.text[0]);
    }
}
END_TEST

START_TEST(sweeps_take_turns)
{
    CopLiveSweep sweep = {0};
    int v[16];
    ck_assert_int_eq(cop_live_sweep_next(&sweep, 6, 3, v), 3); /* five variants, two a window */
    ck_assert(v[0] == 0 && v[1] == 1 && v[2] == 2);
    cop_live_sweep_next(&sweep, 6, 3, v);
    ck_assert(v[1] == 3 && v[2] == 4);
    cop_live_sweep_next(&sweep, 6, 3, v);
    ck_assert(v[0] == 0 && v[1] == 5 && v[2] == 1);
    sweep = (CopLiveSweep){0};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(cop_live_sweep_next(&sweep, 4, 16, v), 4);
        ck_assert(v[1] == 1 && v[2] == 2 && v[3] == 3);
    }
}
END_TEST

/* --- labels ------------------------------------------------------------------------- */

START_TEST(labels_over_time)
{
    CopLabelTrack *track;
    CopError err = {0};
    help_shell("printf 'start,end,label\\n# a remark\\n2,3.5,run, fast\\n\\n0,2,walk\\n5,6,7\\n' "
               "> labels.csv");
    must(cop_label_track_open(&track, help_path("labels.csv"), &err), &err);
    ck_assert_int_eq(cop_label_track_spans(track), 3);
    ck_assert_str_eq(cop_label_track_label(track, 0), "walk");
    ck_assert_str_eq(cop_label_track_label(track, 1), "run, fast");
    ck_assert_int_eq(cop_label_track_find(track, 0, 1999999), 0);
    ck_assert_int_eq(cop_label_track_find(track, 0, 2000000), -1); /* the end is outside */
    ck_assert_int_eq(cop_label_track_find(track, 2000000, 3400000), 1);
    ck_assert_int_eq(cop_label_track_find(track, 3500000, 3600000), -1);
    ck_assert_int_eq(cop_label_track_find(track, 4900000, 5100000), -1);
    ck_assert_int_eq(cop_label_track_find(track, 5500000, 5500000), 2);
    ck_assert_int_eq(cop_label_track_find(track, -5, -4), -1);
    cop_label_track_close(&track);
    help_shell("printf '0\\t1\\ta,b\\n' > labels.tsv");
    must(cop_label_track_open(&track, help_path("labels.tsv"), &err), &err);
    ck_assert_str_eq(cop_label_track_label(track, 0), "a,b");
    cop_label_track_close(&track);
    cop_label_track_close(&track);
    help_remove_folder();
}
END_TEST

START_TEST(bad_labels_n)
{
    static const char *const bad[] = {
        "0,2,a\\n1,3,b\\n", "1,1,a\\n", "2,1,a\\n",  "0,1\\n",    "0,1,\\n",
        "0,1,a\\nx,2,b\\n", "\\n",      "-1,1,a\\n", "0,nan,a\\n"};
    static const char *const says[] = {
        ":2:", ":1:", ":1:", ":1:", ":1:", ":2:", "no span", ":1:", ":1:"};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        CopLabelTrack *track;
        CopError err = {0};
        help_shell("printf -- '%s' > labels.csv", bad[i]);
        ck_assert_int_eq(cop_label_track_open(&track, help_path("labels.csv"), &err), COP_ERR_DATA);
        ck_assert_ptr_eq(track, NULL);
        ck_assert_msg(strstr(err.text, says[i]) != NULL, "%s", err.text);
    }
    CopLabelTrack *track;
    CopError err = {0};
    ck_assert_int_eq(cop_label_track_open(&track, help_path("none"), &err), COP_ERR_DATA);
    help_remove_folder();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_metrics");
    TCase *tests = tcase_create("metrics");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, totals_and_fading_means);
    tcase_add_test(tests, robust_is_a_mean_of_means);
    tcase_add_test(tests, snapshots_are_whole);
    tcase_add_test(tests, lists_of_corruptions);
    tcase_add_test(tests, bad_lists_n);
    tcase_add_test(tests, sweeps_take_turns);
    tcase_add_test(tests, labels_over_time);
    tcase_add_test(tests, bad_labels_n);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}

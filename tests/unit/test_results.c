/* Scores, differences and what is missing, against counts made here from the rows.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>

#include <glib.h>
#include <math.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

#include "pipeline/eval/hard_clips.h"
#include "pipeline/eval/results.h"
#include "tests/fake_results.h"
#include "tests/media_help.h"

enum { CLIPS = 60, CORRUPTIONS = 3, SEVERITIES = 5 };

static const char *path;
static CopResults *results;

static void load(const FakeResults *fake)
{
    path = help_path("r.db");
    results = fake_load(path, fake);
}

static void setup(void)
{
    load(&(FakeResults){.models = 4, .corruptions = CORRUPTIONS, .clips = CLIPS});
}

static void setup_missing(void)
{
    load(&(FakeResults){.models = 3, .corruptions = 2, .clips = CLIPS, .missing = 1});
}

static void teardown(void)
{
    cop_results_free(&results);
    cop_results_free(&results);
    help_remove_folder();
}

/* One number by SQL alone: an independent way to the same rows. */
static double ask(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    ck_assert(sqlite3_open(path, &db) == SQLITE_OK);
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    ck_assert(sqlite3_step(statement) == SQLITE_ROW);
    const double value = sqlite3_column_double(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return value;
}

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-12;
}

#define RIGHT                                                                                      \
    " FROM cell JOIN prediction ON cell.id = prediction.cell JOIN clip ON clip.id = "              \
    "prediction.clip JOIN model ON model.id = cell.model "

START_TEST(shape)
{
    ck_assert_int_eq(results->n_models, 4);
    ck_assert_int_eq(results->n_corruptions, CORRUPTIONS);
    ck_assert_int_eq(results->n_columns, 1 + CORRUPTIONS * SEVERITIES);
    ck_assert_int_eq(results->n_clips, CLIPS);
    ck_assert_int_eq(results->n_labelled, CLIPS);
    ck_assert_int_eq(results->n_skips, 1);
    ck_assert_str_eq(results->skips[0].key, "v_03_g99.mp4");
    ck_assert_str_eq(results->corruptions[0].name, "gaussian_noise");
    ck_assert_str_eq(results->corruptions[2].family, "weather");
    ck_assert_int_eq(cop_results_column(results, 1, 2), 1 + SEVERITIES + 1);
    ck_assert_int_eq(cop_results_column(results, 1, 2.5), -1);
    ck_assert_int_eq(cop_results_column(results, -1, 0), 0);
    ck_assert_int_eq(cop_results_column(results, 9, 1), -1);
    ck_assert(
        near(results->models[1].seconds, ask("SELECT sum(seconds) FROM cell WHERE model = 2")));
}
END_TEST

START_TEST(scores)
{
    for (int model = 0; model < 4; model++) {
        char sql[512];
        g_snprintf(sql, sizeof sql,
                   "SELECT avg(top1 = label)" RIGHT "WHERE corruption = 'clean' AND model.id = %d",
                   model + 1);
        ck_assert(near(cop_results_score(results, model, COP_SCOPE_CLEAN).value, ask(sql)));
        g_snprintf(sql, sizeof sql,
                   "SELECT avg(label IN (top1, top2, top3, top4, top5))" RIGHT
                   "WHERE corruption = 'fog' AND severity = 3 AND model.id = %d",
                   model + 1);
        const int column = cop_results_column(results, 2, 3);
        ck_assert(near(cop_results_top5(results, model, column).value, ask(sql)));
        g_snprintf(sql, sizeof sql,
                   "SELECT avg(a) FROM (SELECT avg(a) AS a FROM (SELECT corruption, "
                   "avg(top1 = label) AS a" RIGHT "WHERE corruption <> 'clean' AND model.id = %d "
                   "GROUP BY corruption, severity) GROUP BY corruption)",
                   model + 1);
        const double robust = ask(sql);
        ck_assert(near(cop_results_score(results, model, COP_SCOPE_ROBUST).value, robust));
        ck_assert(near(cop_results_rpc(results, model),
                       robust / cop_results_score(results, model, COP_SCOPE_CLEAN).value));
        g_snprintf(sql, sizeof sql,
                   "SELECT avg(a.top1 <> b.top1) FROM prediction a JOIN prediction b USING(clip) "
                   "JOIN cell x ON x.id = a.cell JOIN cell y ON y.id = b.cell WHERE x.model = %d "
                   "AND y.model = x.model AND x.corruption = 'clean' AND y.corruption = 'fog' "
                   "AND y.severity = 3",
                   model + 1);
        ck_assert(near(cop_results_flips(results, model, column).value, ask(sql)));
        ck_assert(cop_results_flips(results, model, 0).value == 0);
    }
}
END_TEST

/* The interval of a mean over cells comes from the clips' own means: n is the number of
 * clips, and the variance that of per-clip means, here by SQL. */
START_TEST(clip_level_interval)
{
    const double variance = ask("SELECT (sum(m * m) - sum(m) * sum(m) / count(*)) / "
                                "(count(*) - 1) FROM (SELECT avg(top1 = label) AS m" RIGHT
                                "WHERE corruption <> 'clean' AND model.id = 4 GROUP BY clip)");
    const CopInterval got = cop_results_score(results, 3, COP_SCOPE_ROBUST);
    const double half = cop_student_quantile(0.975, CLIPS - 1) * sqrt(variance / CLIPS);
    ck_assert_int_eq((int)got.n, CLIPS);
    ck_assert(fabs(got.high - got.value - half) < 1e-9);
    ck_assert(fabs(got.value - got.low - half) < 1e-9);
    /* Wider than if all answers were independent: that is the mistake to avoid. */
    const CopInterval wrong = cop_wilson((int64_t)(got.value * CLIPS * 15), CLIPS * 15);
    ck_assert(got.high - got.low > 1.5 * (wrong.high - wrong.low));
}
END_TEST

START_TEST(paired)
{
    double p;
    const CopInterval got = cop_results_difference(results, 3, 0, COP_SCOPE_ROBUST, &p);
    ck_assert(near(got.value, cop_results_score(results, 3, COP_SCOPE_ROBUST).value -
                                  cop_results_score(results, 0, COP_SCOPE_ROBUST).value));
    const CopInterval back = cop_results_difference(results, 0, 3, COP_SCOPE_ROBUST, NULL);
    ck_assert(near(got.value, -back.value) && near(got.low, -back.high));
    ck_assert((got.low > 0 || got.high < 0) == (p < 0.05));
    const CopInterval self = cop_results_difference(results, 1, 1, COP_SCOPE_ROBUST, &p);
    ck_assert(self.value == 0 && self.low == 0 && self.high == 0 && p == 1);

    const CopMcNemar test = cop_results_mcnemar(results, 3, 0, 0);
    ck_assert_int_eq((int)test.n, CLIPS);
    ck_assert(near((double)(test.only_a - test.only_b) / CLIPS,
                   cop_results_difference(results, 3, 0, COP_SCOPE_CLEAN, NULL).value));
    const double only =
        ask("SELECT count(*) FROM prediction a JOIN prediction b USING(clip) JOIN clip ON "
            "clip.id = clip JOIN cell x ON x.id = a.cell JOIN cell y ON y.id = b.cell WHERE "
            "x.corruption = 'clean' AND y.corruption = 'clean' AND x.model = 4 AND y.model = 1 "
            "AND a.top1 = label AND b.top1 <> label");
    ck_assert_int_eq((int)test.only_a, (int)only);
}
END_TEST

/* The k-th row of a question with a number and two counts in it. */
static void ask_row(const char *sql, int k, int64_t row[3])
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    ck_assert(sqlite3_open(path, &db) == SQLITE_OK);
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    for (int i = 0; i <= k; i++)
        ck_assert(sqlite3_step(statement) == SQLITE_ROW);
    for (int i = 0; i < 3; i++)
        row[i] = sqlite3_column_int64(statement, i);
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

START_TEST(hard_clips)
{
    static const char wrong[] =
        "SELECT clip.id, sum(top1 <> label) AS n, count(*)" RIGHT
        "WHERE corruption <> 'clean' GROUP BY clip.id HAVING n ORDER BY 1.0 * n / count(*) DESC, 1";
    static const char flips[] =
        "SELECT a.clip, sum(a.top1 <> b.top1) AS n, count(*) FROM prediction a JOIN prediction b "
        "USING(clip) JOIN cell x ON x.id = a.cell JOIN cell y ON y.id = b.cell WHERE x.model = "
        "y.model AND x.corruption <> 'clean' AND y.corruption = 'clean' GROUP BY a.clip HAVING n "
        "ORDER BY 1.0 * n / count(*) DESC, 1";
    static const char mistake[] =
        "SELECT top1, count(*) AS n, 0" RIGHT "WHERE corruption <> 'clean' AND top1 <> label AND "
        "clip.id = %lld GROUP BY top1 ORDER BY n DESC, top1";
    CopHardClip found[7];
    int64_t row[3];
    ck_assert_int_eq(cop_results_hard_clips(results, COP_HARD_WRONG, found, 7), 7);
    for (int i = 0; i < 7; i++) {
        ask_row(wrong, i, row);
        ck_assert_int_eq((int)results->clips[found[i].clip].id, (int)row[0]);
        ck_assert(found[i].wrong == row[1] && found[i].answers == row[2]);
        ck_assert(found[i].clean == 4 && found[i].clean_wrong <= 4);
    }
    char sql[512];
    g_snprintf(sql, sizeof sql, mistake, (long long)results->clips[found[0].clip].id);
    ask_row(sql, 0, row);
    ck_assert_int_eq(found[0].mistake, (int)row[0]);
    ck_assert_int_eq(cop_results_hard_clips(results, COP_HARD_FLIPS, found, 7), 7);
    for (int i = 0; i < 7; i++) {
        ask_row(flips, i, row);
        ck_assert_int_eq((int)results->clips[found[i].clip].id, (int)row[0]);
        ck_assert(found[i].flips == row[1] && found[i].pairs == row[2]);
    }
}
END_TEST

START_TEST(baseline)
{
    CopError err = {0};
    ck_assert_int_eq(cop_results_baseline(results, NULL, NULL), 0);
    ck_assert_int_eq(cop_results_baseline(results, "set-0.5", NULL), 2);
    ck_assert_int_eq(cop_results_baseline(results, "4191", NULL), 3);
    ck_assert_int_eq(cop_results_baseline(results, "nobody", &err), -1);
    ck_assert(err.status == COP_ERR_CONFIG && strstr(err.text, "rigl-0.5"));
}
END_TEST

START_TEST(missing_is_null)
{
    /* The last model lacks one clip in one cell: only what needs that cell is missing. */
    const CopInterval robust = cop_results_score(results, 2, COP_SCOPE_ROBUST);
    ck_assert(isnan(robust.value) && isnan(robust.low));
    ck_assert(isnan(cop_results_rpc(results, 2)));
    ck_assert(isnan(cop_results_score(results, 2, 1).value));
    ck_assert(!isnan(cop_results_score(results, 2, 0).value));
    ck_assert(!isnan(cop_results_score(results, 2, COP_SCOPE_CLEAN).value));
    ck_assert(!isnan(cop_results_score(results, 1, COP_SCOPE_ROBUST).value));
    ck_assert_int_eq((int)cop_results_top1(results, 2, results->n_columns - 1).n, CLIPS - 1);
    ck_assert(isnan(cop_results_difference(results, 2, 0, COP_SCOPE_ROBUST, NULL).value));
    ck_assert_int_eq((int)cop_results_mcnemar(results, 2, 0, results->n_columns - 1).n, CLIPS - 1);
}
END_TEST

/* A clip that is found broken later leaves every cell, its old answers included. */
START_TEST(skipped_clips_leave)
{
    CopStore *store;
    ck_assert(cop_store_open(&store, path, false, NULL) == COP_OK);
    ck_assert(cop_store_skip(store, results->setup, results->clips[CLIPS - 1].id, "late", NULL) ==
              COP_OK);
    cop_store_close(&store);
    cop_results_free(&results);
    ck_assert(cop_results_load(&results, path, 0, NULL) == COP_OK);
    ck_assert_int_eq(results->n_clips, CLIPS - 1);
    ck_assert_int_eq((int)cop_results_top1(results, 0, 0).n, CLIPS - 1);
    /* It was the one missing, so the last model is complete now. */
    ck_assert(!isnan(cop_results_score(results, 2, COP_SCOPE_ROBUST).value));
}
END_TEST

/* Corruptions weigh the same however many severities each has. */
START_TEST(unequal_severities)
{
    CopStore *store;
    int64_t cell;
    ck_assert(cop_store_open(&store, path, false, NULL) == COP_OK);
    for (int model = 1; model <= 3; model++) {
        ck_assert(cop_store_cell(store, model, results->setup, "gaussian_noise", "noise", 2.5,
                                 "more", &cell, NULL) == COP_OK);
        for (int clip = 0; clip < CLIPS; clip++) {
            const CopStorePrediction wrong = {.cell = cell,
                                              .clip = results->clips[clip].id,
                                              .view = COP_VIEW_ALL,
                                              .top = {99},
                                              .n_top = 1};
            ck_assert(cop_store_predict(store, &wrong, NULL) == COP_OK);
        }
    }
    cop_store_close(&store);
    cop_results_free(&results);
    ck_assert(cop_results_load(&results, path, 0, NULL) == COP_OK);
    ck_assert_int_eq(results->corruptions[0].n, SEVERITIES + 1);
    ck_assert(results->columns[results->corruptions[0].first + 2].severity == 2.5);
    const double robust =
        ask("SELECT avg(a) FROM (SELECT avg(a) AS a FROM (SELECT corruption, avg(top1 = label) AS "
            "a" RIGHT "WHERE corruption <> 'clean' AND model.id = 1 GROUP BY corruption, severity) "
            "GROUP BY corruption)");
    const double plain =
        ask("SELECT avg(top1 = label)" RIGHT "WHERE corruption <> 'clean' AND model.id = 1");
    const CopInterval got = cop_results_score(results, 0, COP_SCOPE_ROBUST);
    ck_assert(near(got.value, robust) && !near(got.value, plain));
    /* The clips' own means weigh the cells the same way, so they are centred on it. */
    ck_assert(got.low < got.value && fabs((got.low + got.high) / 2 - got.value) < 1e-9);
}
END_TEST

START_TEST(repeated_names)
{
    CopStore *store;
    int64_t model, cell;
    ck_assert(cop_store_open(&store, path, false, NULL) == COP_OK);
    const CopStoreModel second = {.sha256 = "feed",
                                  .name = "dense",
                                  .arch = "r3d_18",
                                  .method = "dense",
                                  .density = 1,
                                  .seed = 2};
    ck_assert(cop_store_model(store, &second, &model, NULL) == COP_OK);
    ck_assert(cop_store_cell(store, model, results->setup, "clean", "clean", 0, "", &cell, NULL) ==
              COP_OK);
    cop_store_close(&store);
    cop_results_free(&results);
    ck_assert(cop_results_load(&results, path, 0, NULL) == COP_OK);
    ck_assert_str_eq(results->models[0].label, "dense, seed 1");
    ck_assert_str_eq(results->models[3].label, "dense, seed 2");
    ck_assert_str_eq(results->models[1].label, "static-0.5");
    CopError err = {0}; /* a name that fits two is no answer; a label is */
    ck_assert_int_eq(cop_results_baseline(results, "dense", &err), -1);
    ck_assert(strstr(err.text, "dense, seed 2") != NULL);
    ck_assert_int_eq(cop_results_baseline(results, "dense, seed 2", NULL), 3);
    ck_assert(isnan(cop_results_score(results, 3, COP_SCOPE_CLEAN).value));
    ck_assert(isnan(cop_results_top1(results, 3, 4).value));
    ck_assert(isnan(cop_results_flips(results, 3, 4).value));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("results");
    TCase *tc = tcase_create("scores");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, shape);
    tcase_add_test(tc, scores);
    tcase_add_test(tc, clip_level_interval);
    tcase_add_test(tc, paired);
    tcase_add_test(tc, hard_clips);
    tcase_add_test(tc, baseline);
    suite_add_tcase(suite, tc);
    tc = tcase_create("missing");
    tcase_add_checked_fixture(tc, setup_missing, teardown);
    tcase_add_test(tc, missing_is_null);
    tcase_add_test(tc, skipped_clips_leave);
    tcase_add_test(tc, unequal_severities);
    tcase_add_test(tc, repeated_names);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

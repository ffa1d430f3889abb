/* Measures of a comparison against NumPy's and SciPy's numbers (tests/golden/make_measures.py), and
 * the exports read back.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>

#include <glib.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <sqlite3.h>
#include <string.h>

#include "pipeline/eval/fidelity.h"
#include "pipeline/eval/measures.h"
#include "pipeline/eval/seed_gain.h"
#include "pipeline/report/compare.h"
#include "tests/golden/measures_golden.h"
#include "tests/media_help.h"

enum { FIGURES = 15 };

static CopResults *results;

static void put_cell(CopStore *store, int64_t id, int m, int k, const int64_t *clips)
{
    for (int i = 0; i < CLIPS; i++) {
        CopStorePrediction row = {
            .cell = id, .clip = clips[i], .view = COP_VIEW_ALL, .n_top = COP_TOP};
        if (tops[m][k][i][0] < 0)
            continue;
        for (int top = 0; top < COP_TOP; top++)
            row.top[top] = tops[m][k][i][top];
        row.score[0] = scores[m][k][i];
        ck_assert(cop_store_predict(store, &row, NULL) == COP_OK);
    }
}

static void write_file(const char *path, const char *setup_text)
{
    CopStore *store;
    int64_t setup_id, clips[CLIPS];
    ck_assert(cop_store_open(&store, path, true, NULL) == COP_OK);
    ck_assert(cop_store_begin(store, NULL) == COP_OK);
    ck_assert(cop_store_setup(store, setup_text, "[]", &setup_id, NULL) == COP_OK);
    for (int i = 0; i < CLIPS; i++) {
        char name[16];
        g_snprintf(name, sizeof name, "%d.mp4", i);
        ck_assert(cop_store_clip(store, name, (uint32_t)i, labels[i], &clips[i], NULL) == COP_OK);
    }
    for (int m = 0; m < MODELS; m++) {
        char sha256[16], name[16];
        int64_t id, cell;
        g_snprintf(sha256, sizeof sha256, "%dabcd", m);
        g_snprintf(name, sizeof name, "m%d", m);
        const CopStoreModel model = {.sha256 = sha256,
                                     .name = name,
                                     .arch = "r3d_18",
                                     .method = m == 1 || m == 2 ? "set" : "rigl",
                                     .density = m == 1 || m == 2 ? 0.5 : 0.1 * (m + 1),
                                     .seed = (uint64_t)m};
        ck_assert(cop_store_model(store, &model, &id, NULL) == COP_OK);
        for (int k = 0; k < COLUMNS; k++) {
            ck_assert(cop_store_cell(store, id, setup_id, columns[k].name, columns[k].family,
                                     columns[k].severity, "", &cell, NULL) == COP_OK);
            ck_assert(cop_store_seconds(store, cell, 0.1 * (m + k), NULL) == COP_OK);
            put_cell(store, cell, m, k, clips);
        }
    }
    ck_assert(cop_store_commit(store, NULL) == COP_OK);
    cop_store_close(&store);
}

/* The results of r.db after a change of its rows. */
static void load_changed(const char *sql)
{
    sqlite3 *db;
    CopError err = {0};
    cop_results_free(&results);
    ck_assert(sqlite3_open(help_path("r.db"), &db) == SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
    ck_assert_msg(cop_results_load(&results, help_path("r.db"), 0, &err) == COP_OK, "%s", err.text);
}

static void setup(void)
{
    CopError err = {0};
    const char *path = help_path("r.db");
    write_file(path, "clip.clips=1\neval.aggregate=1\n");
    ck_assert_msg(cop_results_load(&results, path, 0, &err) == COP_OK, "%s", err.text);
}

static void teardown(void)
{
    cop_results_free(&results);
    help_remove_folder();
}

/* Sums run in another order than NumPy's: a few roundings. */
static bool near(double a, double b)
{
    return isnan(b) ? isnan(a) : fabs(a - b) <= 1e-12 * fmax(1, fabs(b));
}

static void check_against(int base, const double wanted[][FIGURES], int scopes)
{
    ck_assert_int_eq(results->n_slices + 2, scopes);
    for (int i = 0; i < MODELS * scopes; i++) {
        int figure = 0;
        for (CopMeasure k = 0; k < COP_MEASURES; k++) {
            const CopInterval got =
                cop_results_measure(results, i / scopes, i % scopes - 2, base, k);
            const double values[] = {got.value, got.low, got.high};
            for (int part = 0; part < (cop_measure_rows[k].interval ? 3 : 1); part++, figure++)
                ck_assert_msg(near(values[part], wanted[i][figure]),
                              "model %d against %d, %s %s, %s: %.17g, not %.17g", i / scopes, base,
                              cop_results_scope_kind(results, i % scopes - 2),
                              cop_results_scope_name(results, i % scopes - 2),
                              cop_measure_rows[k].key, values[part], wanted[i][figure]);
        }
        ck_assert_int_eq(figure, FIGURES);
    }
}

START_TEST(scopes_in_order)
{
    static const char *const wanted[] = {
        "clean clean",  "robust robust",  "corruption shot", "corruption impulse", "corruption fog",
        "family noise", "family weather", "severity 1",      "severity 2.5",       "severity 5"};
    ck_assert_int_eq(results->n_slices + 2, G_N_ELEMENTS(wanted));
    for (int i = 0; i < results->n_slices + 2; i++) {
        char *name = g_strjoin(" ", cop_results_scope_kind(results, i - 2),
                               cop_results_scope_name(results, i - 2), NULL);
        ck_assert_str_eq(name, wanted[i]);
        g_free(name);
    }
    ck_assert_str_eq(results->aggregate, "score");
}
END_TEST

START_TEST(measures)
{
    check_against(0, against_0[0], (int)G_N_ELEMENTS(against_0[0]));
    check_against(1, against_1[0], (int)G_N_ELEMENTS(against_1[0]));
}
END_TEST

/* Models trained in different ways are different recipes, whatever else they share. */
START_TEST(recipes_by_their_training)
{
    load_changed("INSERT INTO recipe VALUES(2, 'slow'), (3, 'fast')");
    ck_assert(results->n_recipes == MODELS && results->n_unpooled == 0);
    load_changed("UPDATE recipe SET hash = 'slow'");
    ck_assert_int_eq(results->n_recipes, 3);
    ck_assert_int_eq(results->models[1].recipe, results->models[2].recipe);
    load_changed("DELETE FROM recipe WHERE model = 3");
    ck_assert_int_eq(results->n_recipes, MODELS);
}
END_TEST

START_TEST(calibration)
{
    for (int m = 0; m < MODELS; m++)
        for (int k = 0; k < COLUMNS; k++)
            ck_assert_msg(near(cop_results_ece(results, m, k), eces[m][k]), "%d %d: %.17g", m, k,
                          cop_results_ece(results, m, k));
}
END_TEST

START_TEST(seeds)
{
    static const struct {
        int scope;
        CopMeasure measure;
    } rows[] = {{COP_SCOPE_CLEAN, COP_MEASURE_TOP1},
                {COP_SCOPE_ROBUST, COP_MEASURE_TOP1},
                {COP_SCOPE_ROBUST, COP_MEASURE_CE}};
    ck_assert_int_eq(results->n_recipes, 3);
    ck_assert_int_eq(results->models[1].recipe, results->models[2].recipe);
    ck_assert_int_ne(results->models[0].recipe, results->models[3].recipe);
    const int recipe = results->models[1].recipe;
    ck_assert_int_eq(cop_results_recipe_size(results, recipe), 2);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const CopSpread got =
            cop_results_spread(results, recipe, rows[i].scope, 1, rows[i].measure);
        ck_assert_int_eq(got.n, 2);
        ck_assert_msg(near(got.mean, spreads[i][0]) && near(got.deviation, spreads[i][1]),
                      "%zu: %.17g %.17g", i, got.mean, got.deviation);
    }
    const CopSpread one = cop_results_spread(results, results->models[0].recipe, COP_SCOPE_CLEAN, 0,
                                             COP_MEASURE_TOP1);
    ck_assert(one.n == 1 && !isnan(one.mean) && isnan(one.deviation));
    char *text = cop_compare_text(results, 0);
    ck_assert(strstr(text, "Over seeds") && strstr(text, "±"));
    ck_assert(strstr(text, "eval.aggregate = score"));
    g_free(text);
}
END_TEST

/* The unit is the seed, not the clip: models 1 and 2 against 0 and 3, made one recipe. */
START_TEST(seed_by_seed)
{
    load_changed("UPDATE model SET seed = id, density = 0.7, method = 'dense' WHERE id IN (1, 4);"
                 "UPDATE model SET seed = 5 - id WHERE id IN (2, 3)");
    const int recipe = results->models[1].recipe, base = results->models[0].recipe;
    ck_assert(results->n_recipes == 2 && recipe != base);
    /* Seeds 3 and 2 against seeds 1 and 4: nothing to pair. */
    CopSeedGain got = cop_results_seed_gain(results, recipe, base, COP_SCOPE_CLEAN);
    ck_assert(got.mean.n == 0 && isnan(got.mean.value) && isnan(got.p));
    char *text = cop_compare_text(results, 0);
    ck_assert(strstr(text, "of the same seed") == NULL);
    g_free(text);
    load_changed("UPDATE model SET seed = CASE id WHEN 1 THEN 3 WHEN 4 THEN 2 ELSE seed END");
    const int shot = 0;
    const double first = cop_results_score(results, 1, shot).value, /* seed 3 */
        second = cop_results_score(results, 2, shot).value;
    const double a = first - cop_results_score(results, 0, shot).value,
                 b = second - cop_results_score(results, 3, shot).value;
    got = cop_results_seed_gain(results, recipe, base, shot);
    ck_assert(got.mean.n == 2 && near(got.mean.value, (a + b) / 2));
    ck_assert(near(got.deviation, fabs(a - b) / sqrt(2)));
    /* One degree of freedom is Cauchy's distribution. */
    ck_assert(near(got.p, 1 - 2 * atan(fabs((a + b) / (a - b))) / G_PI));
    ck_assert(near(got.mean.high - got.mean.value, fabs(a - b) / 2 * tan(0.475 * G_PI)));
    const CopSeedGain back = cop_results_seed_gain(results, base, recipe, shot);
    ck_assert(near(back.mean.value, -got.mean.value) && near(back.mean.low, -got.mean.high));
    ck_assert(near(back.p, got.p));
    got = cop_results_seed_gain(results, base, base, shot);
    ck_assert(got.mean.n == 0 && isnan(got.mean.value));
    /* Model 3 lacks an answer somewhere in the grid, so the whole has no test. */
    got = cop_results_seed_gain(results, recipe, base, COP_SCOPE_ROBUST);
    ck_assert(isnan(got.mean.value) && isnan(got.mean.low) && isnan(got.p));
    text = cop_compare_text(results, 0);
    ck_assert(strstr(text, "points above dense 0.7 of the same seed") != NULL);
    g_free(text);
    text = cop_compare_latex(results, 0);
    ck_assert(strstr(text, "above the baseline of the same seed") != NULL);
    g_free(text);
}
END_TEST

/* A recipe goes by what its models' names have in common. */
START_TEST(names_of_recipes)
{
    load_changed("UPDATE model SET name = 'set_r 0.5 s' || seed WHERE id IN (2, 3)");
    char *name = cop_compare_recipe(results, results->models[1].recipe);
    ck_assert_str_eq(name, "set_r 0.5");
    g_free(name);
    load_changed("UPDATE model SET name = name || 'x' WHERE id = 3");
    name = cop_compare_recipe(results, results->models[1].recipe);
    ck_assert_str_eq(name, "set 0.5");
    g_free(name);
    load_changed("UPDATE model SET seed = 1 WHERE id IN (2, 3)"); /* stand alone */
    name = cop_compare_recipe(results, results->models[2].recipe);
    ck_assert_str_eq(name, "set_r 0.5 s2x");
    g_free(name);
}
END_TEST

/* Two models of one recipe and one seed differ in what the file does not hold: they are no two
 * seeds, and neither they nor a third model of theirs are pooled. Others still are. */
START_TEST(a_seed_that_comes_twice)
{
    load_changed("UPDATE model SET seed = 1 WHERE id IN (2, 3)");
    ck_assert(results->n_recipes == MODELS && results->n_unpooled == 2);
    ck_assert(!results->models[0].seed_repeats && results->models[1].seed_repeats);
    ck_assert_int_ne(results->models[1].recipe, results->models[2].recipe);
    char *text = cop_compare_text(results, 0);
    ck_assert(!strstr(text, "Over seeds") && strstr(text, "2 models stand alone over seeds"));
    g_free(text);
    load_changed("UPDATE model SET method = 'set', density = 0.5 WHERE id = 4");
    ck_assert(results->n_recipes == MODELS && results->n_unpooled == 3);
    load_changed("UPDATE model SET density = 0.7 WHERE id IN (1, 4);"
                 "UPDATE model SET method = 'rigl' WHERE id = 4");
    ck_assert(results->n_recipes == MODELS - 1 && results->n_unpooled == 2);
    ck_assert_int_eq(results->models[0].recipe, results->models[3].recipe);
    const int recipe = results->models[2].recipe;
    ck_assert_int_eq(cop_results_recipe_size(results, recipe), 1);
    ck_assert(
        isnan(cop_results_spread(results, recipe, COP_SCOPE_CLEAN, 0, COP_MEASURE_TOP1).deviation));
    text = cop_compare_text(results, 0);
    ck_assert(strstr(text, "Over seeds") && strstr(text, "2 models stand alone over seeds"));
    g_free(text);
    text = cop_compare_latex(results, 0);
    ck_assert(strstr(text, "2 models stand alone") != NULL);
    g_free(text);
    text = cop_compare_json(results, 0, false);
    ck_assert(strstr(text, "\"seed_repeats\":true") && strstr(text, "\"seed_repeats\":false"));
    g_free(text);
}
END_TEST

/* A figure of a file, read back, is the same number; where there is none, nothing stands. */
static void check_field(const char *text, double wanted)
{
    if (isnan(wanted))
        ck_assert_str_eq(text, "");
    else
        ck_assert_msg(g_ascii_strtod(text, NULL) == wanted, "%s, not %.17g", text, wanted);
}

START_TEST(scopes_read_back)
{
    char *csv = cop_compare_scopes(results, 1);
    char **lines = g_strsplit(csv, "\n", -1);
    int line = 1;
    for (int m = 0; m < MODELS; m++)
        for (int scope = COP_SCOPE_CLEAN; scope < results->n_slices; scope++, line++) {
            char **field = g_strsplit(lines[line], ",", -1);
            int at = 5;
            ck_assert_int_eq((int)g_strv_length(field), at + FIGURES);
            ck_assert_str_eq(field[0], results->models[m].label);
            ck_assert_str_eq(field[4], "m1");
            for (CopMeasure k = 0; k < COP_MEASURES; k++) {
                const CopInterval value = cop_results_measure(results, m, scope, 1, k);
                check_field(field[at++], value.value);
                if (cop_measure_rows[k].interval) {
                    check_field(field[at++], value.low);
                    check_field(field[at++], value.high);
                }
            }
            g_strfreev(field);
        }
    ck_assert_str_eq(lines[line], "");
    g_strfreev(lines);
    g_free(csv);
}
END_TEST

START_TEST(seeds_read_back)
{
    load_changed("UPDATE model SET method = 'set', density = 0.8 WHERE id IN (1, 4);"
                 "UPDATE model SET seed = CASE id WHEN 1 THEN 2 ELSE 1 END WHERE id IN (1, 4)");
    const int base = results->models[0].recipe;
    char *csv = cop_compare_seeds_csv(results, 0);
    char **lines = g_strsplit(csv, "\n", -1);
    ck_assert_str_eq(lines[0],
                     "recipe,arch,method,density,parameters,scope,name,seeds,top1,top1_sd,"
                     "pairs,gain,gain_sd,gain_low,gain_high,gain_p");
    ck_assert_int_eq(results->n_recipes, 2);
    int line = 1, tests = 0;
    for (int recipe = 0; recipe < 2; recipe++)
        for (int scope = COP_SCOPE_CLEAN; scope < results->n_slices; scope++, line++) {
            const CopSpread top1 = cop_results_spread(results, recipe, scope, 0, COP_MEASURE_TOP1);
            const CopSeedGain gain = cop_results_seed_gain(results, recipe, base, scope);
            const double wanted[] = {2,
                                     top1.mean,
                                     top1.deviation,
                                     recipe == base ? 0 : 2,
                                     gain.mean.value,
                                     gain.deviation,
                                     gain.mean.low,
                                     gain.mean.high,
                                     gain.p};
            char **field = g_strsplit(lines[line], ",", -1);
            ck_assert_int_eq((int)g_strv_length(field), 7 + (int)G_N_ELEMENTS(wanted));
            ck_assert_str_eq(field[0], recipe == base ? "set 0.8" : "set 0.5");
            ck_assert_str_eq(field[6], cop_results_scope_name(results, scope));
            for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++)
                check_field(field[7 + i], wanted[i]);
            tests += !isnan(gain.mean.value);
            g_strfreev(field);
        }
    ck_assert_str_eq(lines[line], "");
    ck_assert_int_gt(tests, 5);
    g_strfreev(lines);
    g_free(csv);
}
END_TEST

START_TEST(cells_read_back)
{
    load_changed("INSERT INTO fidelity SELECT DISTINCT setup, corruption, severity, clip.id,"
                 " 3 + clip.id % 2, 0.5 FROM cell, clip WHERE corruption = 'fog' AND clip.id < 5");
    char *csv = cop_compare_cells(results);
    char **lines = g_strsplit(csv, "\n", -1);
    ck_assert(g_str_has_prefix(lines[0], "model,corruption,family,severity,n,top1,top5,ci_low,"
                                         "ci_high,ece,flip,psnr,ssim,skipped,seconds,"));
    for (int i = 0; i < MODELS * COLUMNS; i++) {
        const int m = i / COLUMNS, k = i % COLUMNS;
        const CopInterval top1 = cop_results_top1(results, m, k);
        char **field = g_strsplit(lines[1 + i], ",", -1);
        ck_assert_str_eq(field[1], columns[k].name);
        ck_assert_str_eq(field[2], columns[k].family);
        check_field(field[3], columns[k].severity);
        ck_assert_int_eq(atoi(field[4]), (int)top1.n);
        check_field(field[5], top1.value);
        check_field(field[6], cop_results_top5(results, m, k).value);
        check_field(field[7], top1.low);
        check_field(field[8], top1.high);
        check_field(field[9], cop_results_ece(results, m, k));
        check_field(field[10], cop_results_flips(results, m, k).value);
        const bool measured = strcmp(columns[k].name, "fog") == 0;
        check_field(field[11], measured ? cop_psnr(3.5) : NAN);
        check_field(field[12], measured ? 0.5 : NAN);
        check_field(field[14], 0.1 * (m + k));
        g_strfreev(field);
    }
    ck_assert_str_eq(lines[1 + MODELS * COLUMNS], "");
    g_strfreev(lines);
    g_free(csv);
}
END_TEST

/* Text of the first `key` after `from`, up to what ends a JSON value. */
static char *value_after(const char *from, const char *key)
{
    char *quoted = g_strdup_printf("\"%s\":", key);
    const char *at = strstr(from, quoted);
    ck_assert_msg(at != NULL, "no %s", key);
    at += strlen(quoted);
    g_free(quoted);
    return g_strndup(at, strcspn(at, ",}"));
}

/* The shortest text that reads back, not 17 digits of everything. */
START_TEST(json_reads_back)
{
    char *json = cop_compare_json(results, 1, false);
    const double robust = cop_results_score(results, 1, COP_SCOPE_ROBUST).value;
    char *model = strstr(json, "\"name\":\"m1\"");
    char *value = value_after(model, "robust");
    check_field(value, robust);
    ck_assert_uint_le(strlen(value), 18);
    g_free(value);
    value = value_after(model, "density");
    ck_assert_str_eq(value, "0.5");
    g_free(value);
    value = value_after(model, "mce"); /* its own baseline */
    ck_assert_str_eq(value, "1.0");
    g_free(value);
    value = value_after(strstr(json, "\"name\":\"m3\""), "robust"); /* lacks an answer */
    ck_assert_str_eq(value, "null");
    g_free(value);
    value = value_after(json, "aggregate");
    ck_assert_str_eq(value, "\"score\"");
    g_free(value);
    ck_assert(strstr(json, "0.10000000000000001") == NULL);
    JsonParser *parser = json_parser_new();
    ck_assert(json_parser_load_from_data(parser, json, -1, NULL));
    JsonObject *root = json_node_get_object(json_parser_get_root(parser));
    ck_assert_int_eq((int)json_array_get_length(json_object_get_array_member(root, "pairs")), 6);
    ck_assert_int_eq((int)json_array_get_length(json_object_get_array_member(root, "recipes")), 3);
    g_object_unref(parser);
    g_free(json);
}
END_TEST

START_TEST(baseline_by_hash_or_not_at_all)
{
    CopError err = {0};
    ck_assert_int_eq(cop_results_baseline(results, "2abcd", NULL), 2);
    ck_assert_int_eq(cop_results_baseline(results, "2ab", &err), -1); /* too short for a hash */
    ck_assert(strstr(err.text, "m0, m1, m2, m3") != NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("measures");
    TCase *tc = tcase_create("measures");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, scopes_in_order);
    tcase_add_test(tc, measures);
    tcase_add_test(tc, calibration);
    tcase_add_test(tc, recipes_by_their_training);
    tcase_add_test(tc, seeds);
    tcase_add_test(tc, seed_by_seed);
    tcase_add_test(tc, seeds_read_back);
    tcase_add_test(tc, names_of_recipes);
    tcase_add_test(tc, a_seed_that_comes_twice);
    tcase_add_test(tc, scopes_read_back);
    tcase_add_test(tc, cells_read_back);
    tcase_add_test(tc, json_reads_back);
    tcase_add_test(tc, baseline_by_hash_or_not_at_all);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

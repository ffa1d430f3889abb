/* The result file: keys, resuming, transactions, foreign and newer files, readers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pipeline/eval/results.h"
#include "pipeline/eval/store.h"
#include "tests/fake_results.h"
#include "tests/media_help.h"

static const char *path;

static void setup(void)
{
    path = help_path("r.db");
}

static CopStore *open_store(void)
{
    CopStore *store;
    CopError err = {0};
    ck_assert_msg(cop_store_open(&store, path, true, &err) == COP_OK, "%s", err.text);
    return store;
}

static int64_t add_model(CopStore *store, const char *sha256)
{
    const CopStoreModel model = {.sha256 = sha256,
                                 .name = "m",
                                 .arch = "r3d_18",
                                 .method = "dense",
                                 .density = 1,
                                 .seed = UINT64_MAX};
    int64_t id;
    ck_assert(cop_store_model(store, &model, &id, NULL) == COP_OK);
    return id;
}

static int64_t add_setup(CopStore *store, const char *text)
{
    int64_t id;
    ck_assert(cop_store_setup(store, text, "[\"a\", \"b\"]", &id, NULL) == COP_OK);
    return id;
}

static int64_t add_clip(CopStore *store, const char *name, int label)
{
    int64_t id;
    ck_assert(cop_store_clip(store, name, 7, label, &id, NULL) == COP_OK);
    return id;
}

static int64_t add_cell(CopStore *store, int64_t model, int64_t setup_id, const char *name,
                        double severity)
{
    int64_t id;
    ck_assert(cop_store_cell(store, model, setup_id, name, "noise", severity, "d", &id, NULL) ==
              COP_OK);
    return id;
}

static CopStatus predict(CopStore *store, int64_t cell, int64_t clip, int first)
{
    const CopStorePrediction prediction = {.cell = cell,
                                           .clip = clip,
                                           .view = COP_VIEW_ALL,
                                           .top = {first, 1 - first},
                                           .score = {0.75f, 0.25f},
                                           .n_top = 2};
    return cop_store_predict(store, &prediction, NULL);
}

/* First column of the first row, as text; "" if there is none. */
static char *ask(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    ck_assert(sqlite3_open(path, &db) == SQLITE_OK);
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    const char *text = NULL;
    if (sqlite3_step(statement) == SQLITE_ROW)
        text = (const char *)sqlite3_column_text(statement, 0);
    char *copy = g_strdup(text ? text : "");
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return copy;
}

static void check_value(const char *sql, const char *wanted)
{
    char *got = ask(sql);
    ck_assert_msg(strcmp(got, wanted) == 0, "%s: %s, not %s", sql, got, wanted);
    g_free(got);
}

START_TEST(keys_are_found_again)
{
    CopStore *store = open_store();
    const int64_t model = add_model(store, "aa"), s = add_setup(store, "x = 1;");
    const int64_t clip = add_clip(store, "a.mp4", 1);
    const int64_t cell = add_cell(store, model, s, "fog", 2.5);
    ck_assert_int_ne(add_model(store, "bb"), model);
    ck_assert_int_ne(add_setup(store, "x = 2;"), s);
    ck_assert_int_ne(add_clip(store, "a.mp4", 0), clip);
    ck_assert_int_ne(add_cell(store, model, s, "fog", 2.25), cell);
    cop_store_close(&store);
    cop_store_close(&store); /* idempotent */
    store = open_store();
    ck_assert_int_eq(add_model(store, "aa"), model);
    ck_assert_int_eq(add_setup(store, "x = 1;"), s);
    ck_assert_int_eq(add_clip(store, "a.mp4", 1), clip);
    ck_assert_int_eq(add_cell(store, model, s, "fog", 2.5), cell);
    cop_store_close(&store);
    check_value("SELECT seed FROM model WHERE sha256 = 'aa'", "-1");
    check_value("PRAGMA journal_mode", "wal");
    check_value("PRAGMA user_version", "4");
}
END_TEST

START_TEST(has_and_unique)
{
    CopStore *store = open_store();
    const int64_t cell = add_cell(store, add_model(store, "aa"), add_setup(store, "x"), "fog", 1);
    const int64_t clip = add_clip(store, "a.mp4", 1);
    bool has = true;
    ck_assert(cop_store_has(store, cell, clip, COP_VIEW_ALL, &has, NULL) == COP_OK && !has);
    ck_assert(predict(store, cell, clip, 1) == COP_OK);
    ck_assert(cop_store_has(store, cell, clip, COP_VIEW_ALL, &has, NULL) == COP_OK && has);
    ck_assert(cop_store_has(store, cell, clip, 0, &has, NULL) == COP_OK && !has);
    ck_assert(predict(store, cell, clip, 0) == COP_ERR_DATA);
    ck_assert(predict(store, cell, clip + 1, 0) == COP_ERR_DATA); /* no such clip */
    CopStorePrediction none = {.cell = cell, .clip = clip, .n_top = 0};
    ck_assert(cop_store_predict(store, &none, NULL) == COP_ERR_ARG);
    none.n_top = COP_TOP + 1;
    ck_assert(cop_store_predict(store, &none, NULL) == COP_ERR_ARG);
    cop_store_close(&store);
    check_value("SELECT top1 || ',' || top2 || ',' || coalesce(top3, 'none') || ',' || score1"
                " FROM prediction",
                "1,0,none,0.75");
}
END_TEST

START_TEST(changed_detail_is_refused)
{
    CopStore *store = open_store();
    const int64_t model = add_model(store, "aa"), s = add_setup(store, "x");
    int64_t id;
    CopError err = {0};
    add_cell(store, model, s, "fog", 1);
    ck_assert(cop_store_cell(store, model, s, "fog", "noise", 1, "other", &id, &err) ==
              COP_ERR_DATA);
    ck_assert_msg(strstr(err.text, "fog") != NULL, "%s", err.text);
    ck_assert(cop_store_cell(store, model, s, "fog", "noise", (double)NAN, "d", &id, NULL) ==
              COP_ERR_ARG);
    cop_store_close(&store);
}
END_TEST

START_TEST(rollback_and_commit)
{
    CopStore *store = open_store();
    const int64_t cell = add_cell(store, add_model(store, "aa"), add_setup(store, "x"), "fog", 1);
    const int64_t a = add_clip(store, "a.mp4", 1), b = add_clip(store, "b.mp4", 1);
    bool has;
    ck_assert(cop_store_begin(store, NULL) == COP_OK);
    ck_assert(predict(store, cell, a, 1) == COP_OK);
    cop_store_rollback(store);
    cop_store_rollback(store); /* nothing to undo */
    ck_assert(cop_store_has(store, cell, a, COP_VIEW_ALL, &has, NULL) == COP_OK && !has);
    ck_assert(cop_store_begin(store, NULL) == COP_OK);
    ck_assert(predict(store, cell, b, 1) == COP_OK);
    ck_assert(cop_store_commit(store, NULL) == COP_OK);
    ck_assert(cop_store_begin(store, NULL) == COP_OK);
    ck_assert(predict(store, cell, a, 1) == COP_OK);
    cop_store_close(&store); /* as a killed process would: the open batch is not there */
    check_value("SELECT group_concat(clip) FROM prediction", "2");
}
END_TEST

/* What was measured or learnt first stands; a model from before recipes gets its own. */
START_TEST(fidelity_and_recipes)
{
    CopStore *store = open_store();
    const int64_t s = add_setup(store, "x"), clip = add_clip(store, "a.mp4", 1);
    ck_assert(cop_store_fidelity(store, s, "fog", 1, clip, 12.5, 0.75, NULL) == COP_OK);
    ck_assert(cop_store_fidelity(store, s, "fog", 1, clip, 13.5, 0.5, NULL) == COP_OK);
    ck_assert(cop_store_fidelity(store, s, "fog", 2, clip, 20, 0.25, NULL) == COP_OK);
    const int64_t old = add_model(store, "aa");
    CopStoreModel model = {.sha256 = "aa", .name = "n", .arch = "a", .method = "m"};
    int64_t id;
    const char *const recipes[] = {"", "first", "second"};
    for (int i = 0; i < 3; i++) {
        model.recipe = recipes[i];
        ck_assert(cop_store_model(store, &model, &id, NULL) == COP_OK);
        ck_assert(id == old);
    }
    cop_store_close(&store);
    check_value("SELECT count(*) || ' ' || min(mse) || ' ' || max(ssim) FROM fidelity",
                "2 12.5 0.75");
    check_value("SELECT count(*) || hash FROM recipe", "1first");
}
END_TEST

START_TEST(seconds_pictures_skips_meta)
{
    CopStore *store = open_store();
    const int64_t s = add_setup(store, "x"), clip = add_clip(store, "a.mp4", 1);
    const int64_t cell = add_cell(store, add_model(store, "aa"), s, "fog", 1);
    ck_assert(cop_store_seconds(store, cell, 1.25, NULL) == COP_OK);
    ck_assert(cop_store_seconds(store, cell, 0.5, NULL) == COP_OK);
    ck_assert(cop_store_seconds(store, cell + 1, 0.5, NULL) == COP_ERR_ARG);
    ck_assert(cop_store_picture(store, s, "fog", 1, clip, 3, "first", 5, NULL) == COP_OK);
    ck_assert(cop_store_picture(store, s, "fog", 1, clip, 3, "secondly", 8, NULL) == COP_OK);
    ck_assert(cop_store_skip(store, s, clip, "short", NULL) == COP_OK);
    ck_assert(cop_store_skip(store, s, clip, "broken", NULL) == COP_OK);
    ck_assert(cop_store_meta(store, "tier", "avx2", NULL) == COP_OK);
    ck_assert(cop_store_meta(store, "tier", "generic", NULL) == COP_OK);
    cop_store_close(&store);
    check_value("SELECT seconds FROM cell", "1.75");
    check_value("SELECT count(*) || png FROM picture", "1secondly");
    check_value("SELECT count(*) || reason FROM skip", "1broken");
    check_value("SELECT value FROM meta WHERE key = 'tier'", "generic");
}
END_TEST

static void check_refused(bool create, CopStatus wanted)
{
    CopStore *store = (CopStore *)&wanted;
    CopResults *results = (CopResults *)&wanted;
    CopError err = {0};
    ck_assert_int_eq(cop_store_open(&store, path, create, &err), wanted);
    ck_assert(!store);
    ck_assert_msg(strstr(err.text, path) != NULL, "%s", err.text);
    err = (CopError){0};
    ck_assert_int_ne(cop_results_load(&results, path, 0, &err), COP_OK);
    ck_assert(!results);
    ck_assert_msg(strstr(err.text, path) != NULL, "%s", err.text);
}

START_TEST(foreign_files_are_left_alone)
{
    static const char text[] = "not a database, but long enough to look at. ";
    gchar *before, *after;
    gsize n_before, n_after;
    GString *long_text = g_string_new(NULL);
    for (int i = 0; i < 100; i++)
        g_string_append(long_text, text);
    ck_assert(g_file_set_contents(path, long_text->str, -1, NULL));
    check_refused(true, COP_ERR_DATA);
    ck_assert(g_file_get_contents(path, &after, &n_after, NULL));
    ck_assert_str_eq(after, long_text->str);
    g_free(after);
    g_string_free(long_text, TRUE);
    g_remove(path);

    sqlite3 *db;
    ck_assert(sqlite3_open(path, &db) == SQLITE_OK);
    ck_assert(sqlite3_exec(db, "CREATE TABLE prediction(x); PRAGMA user_version=1", NULL, NULL,
                           NULL) == SQLITE_OK);
    sqlite3_close(db);
    ck_assert(g_file_get_contents(path, &before, &n_before, NULL));
    check_refused(true, COP_ERR_DATA);
    ck_assert(g_file_get_contents(path, &after, &n_after, NULL));
    ck_assert(n_before == n_after && memcmp(before, after, n_before) == 0);
    g_free(before);
    g_free(after);
}
END_TEST

START_TEST(missing_and_empty)
{
    check_refused(false, COP_ERR_IO);
    ck_assert(!g_file_test(path, G_FILE_TEST_EXISTS));
    ck_assert(g_file_set_contents(path, "", 0, NULL));
    check_refused(false, COP_ERR_DATA);
    CopStore *store = open_store(); /* an empty file may be filled */
    cop_store_close(&store);
    CopResults *results;
    ck_assert(cop_results_load(&results, path, 0, NULL) == COP_ERR_DATA); /* nothing in it */
    ck_assert(cop_store_open(&store, "", true, NULL) == COP_ERR_ARG);
}
END_TEST

START_TEST(newer_schema_is_refused)
{
    CopStore *store = open_store();
    CopError err = {0};
    cop_store_close(&store);
    g_free(ask("PRAGMA user_version = 5"));
    check_refused(true, COP_ERR_DATA);
    ck_assert(cop_store_open(&store, path, true, &err) == COP_ERR_DATA);
    ck_assert_msg(strstr(err.text, "schema 5") != NULL, "%s", err.text);
    check_value("PRAGMA user_version", "5");
}
END_TEST

START_TEST(runs_are_kept)
{
    CopStore *store = open_store();
    const int64_t s = add_setup(store, "x"), model = add_model(store, "aa");
    const CopStoreRun about = {.command = "coppice eval -m 'a b'",
                               .folder = "somewhere",
                               .config = "foobar",
                               .root = "videos",
                               .version = "9"};
    int64_t first, second;
    ck_assert(cop_store_run(store, s, &about, &first, NULL) == COP_OK);
    ck_assert(cop_store_run_model(store, first, model, "old", NULL) == COP_OK);
    ck_assert(cop_store_run(store, s, &about, &second, NULL) == COP_OK);
    ck_assert(cop_store_run_model(store, second, model, "new", NULL) == COP_OK);
    ck_assert(cop_store_run_model(store, second, model + 1, "none", NULL) == COP_ERR_DATA);
    ck_assert(predict(store, add_cell(store, model, s, "clean", 0), add_clip(store, "a.mp4", 1),
                      1) == COP_OK);
    cop_store_close(&store);
    ck_assert_int_ne(first, second);
    /* FNV-1a-64's published test vector of "foobar". */
    check_value("SELECT config_hash FROM run", "85944171f73967e8");
    check_value("SELECT strftime('%Y-%m-%dT%H:%M:%SZ', started) = started FROM run", "1");
    CopResults *results;
    ck_assert(cop_results_load(&results, path, 0, NULL) == COP_OK);
    ck_assert_int_eq(results->n_runs, 2);
    ck_assert_str_eq(results->runs[1].command, about.command);
    ck_assert_str_eq(results->runs[1].root, "videos");
    ck_assert_str_eq(results->models[0].path, "new");
    cop_results_free(&results);
}
END_TEST

/* Leaves the file as the first schema had it. */
static void make_older(void)
{
    const FakeResults fake = {.models = 1, .corruptions = 1, .clips = 3};
    CopError err = {0};
    ck_assert_msg(fake_results(path, &fake, &err) == COP_OK, "%s", err.text);
    g_free(ask("DROP TABLE run_model"));
    g_free(ask("DROP TABLE run"));
    g_free(ask("DROP TABLE fidelity"));
    g_free(ask("DROP TABLE recipe"));
    g_free(ask("ALTER TABLE prediction RENAME TO later"));
    g_free(ask("CREATE TABLE prediction(cell INTEGER NOT NULL REFERENCES cell,"
               " clip INTEGER NOT NULL REFERENCES clip, view INTEGER NOT NULL,"
               " top1 INTEGER NOT NULL, top2 INTEGER, top3 INTEGER, top4 INTEGER, top5 INTEGER,"
               " score1 REAL, score2 REAL, score3 REAL, score4 REAL, score5 REAL,"
               " PRIMARY KEY(cell, clip, view)) WITHOUT ROWID"));
    g_free(ask("INSERT INTO prediction SELECT * FROM later"));
    g_free(ask("DROP TABLE later"));
    g_free(ask("PRAGMA user_version = 1"));
}

START_TEST(older_schema_is_brought_up)
{
    CopResults *results;
    make_older();
    ck_assert(cop_results_load(&results, path, 0, NULL) == COP_OK); /* as it is */
    ck_assert(results->n_clips == 3 && results->n_runs == 0 && !results->models[0].path);
    ck_assert(isnan(results->columns[1].psnr) && results->columns[1].measured == 0);
    ck_assert_str_eq(results->models[0].about.recipe, "");
    cop_results_free(&results);
    check_value("PRAGMA user_version", "1");
    CopStore *store = open_store();
    cop_store_close(&store);
    check_value("PRAGMA user_version", "4");
    check_value("SELECT count(*) FROM run", "0");
    check_value("SELECT count(*) FROM fidelity", "0");
    check_value("SELECT count(*) FROM prediction", "18");
    check_value("PRAGMA integrity_check", "ok");
    store = open_store(); /* and no second time */
    cop_store_close(&store);
    ck_assert(cop_results_load(&results, path, 0, NULL) == COP_OK);
    cop_results_free(&results);
}
END_TEST

/* A step that fails leaves the file as it was. */
START_TEST(older_schema_all_or_nothing)
{
    CopStore *store;
    make_older();
    g_free(ask("CREATE TABLE run_model(other)"));
    ck_assert(cop_store_open(&store, path, false, NULL) == COP_ERR_DATA);
    ck_assert(!store);
    check_value("PRAGMA user_version", "1");
    check_value("SELECT count(*) FROM sqlite_master WHERE name = 'run'", "0");
}
END_TEST

START_TEST(setups_never_mix)
{
    CopStore *store = open_store();
    const int64_t model = add_model(store, "aa"), clip = add_clip(store, "a.mp4", 1);
    const int64_t one = add_setup(store, "x = 1;"), two = add_setup(store, "x = 2;");
    ck_assert(predict(store, add_cell(store, model, one, "clean", 0), clip, 1) == COP_OK);
    ck_assert(predict(store, add_cell(store, model, two, "clean", 0), clip, 0) == COP_OK);
    const int64_t other = add_clip(store, "b.mp4", 1);
    ck_assert(predict(store, add_cell(store, model, two, "clean", 0), other, 0) == COP_OK);
    add_setup(store, "x = 3;"); /* without predictions it is not the newest to show */
    cop_store_close(&store);
    CopResults *results;
    ck_assert(cop_results_load(&results, path, 0, NULL) == COP_OK);
    ck_assert_int_eq(results->setup, two);
    ck_assert_int_eq(results->n_setups, 2);
    ck_assert_int_eq(results->n_clips, 2);
    ck_assert(cop_results_top1(results, 0, 0).value == 0);
    cop_results_free(&results);
    ck_assert(cop_results_load(&results, path, one, NULL) == COP_OK);
    ck_assert_str_eq(results->setup_text, "x = 1;");
    ck_assert_int_eq(results->n_clips, 1);
    ck_assert(cop_results_top1(results, 0, 0).value == 1);
    cop_results_free(&results);
    CopError err = {0};
    ck_assert(cop_results_load(&results, path, 9, &err) == COP_ERR_DATA);
    ck_assert(strstr(err.text, "setup 9") != NULL);
}
END_TEST

START_TEST(reading_while_another_writes)
{
    CopStore *store = open_store();
    const int64_t cell = add_cell(store, add_model(store, "aa"), add_setup(store, "x"), "clean", 0);
    const int64_t a = add_clip(store, "a.mp4", 1), b = add_clip(store, "b.mp4", 1);
    ck_assert(predict(store, cell, a, 1) == COP_OK);
    ck_assert(cop_store_begin(store, NULL) == COP_OK);
    ck_assert(predict(store, cell, b, 1) == COP_OK);
    CopResults *results; /* sees what is committed, and does not wait */
    ck_assert(cop_results_load(&results, path, 0, NULL) == COP_OK);
    ck_assert_int_eq(results->n_clips, 1);
    cop_results_free(&results);
    ck_assert(cop_store_commit(store, NULL) == COP_OK);
    ck_assert(cop_results_load(&results, path, 0, NULL) == COP_OK);
    ck_assert_int_eq(results->n_clips, 2);
    cop_results_free(&results);
    cop_store_close(&store);
}
END_TEST

/* As a user who may not write here: root may, so the check moves to another one. */
START_TEST(read_only_folder)
{
    const FakeResults fake = {.models = 1, .corruptions = 1, .clips = 3};
    CopError err = {0};
    ck_assert_msg(fake_results(path, &fake, &err) == COP_OK, "%s", err.text);
    ck_assert(g_chmod(path, 0444) == 0 && g_chmod(help_folder(), 0555) == 0);
    const pid_t child = fork();
    if (child == 0) {
        int code = 0;
        if (getuid() == 0 && setuid(65534) != 0)
            _exit(9);
        CopStore *store;
        CopResults *results;
        if (cop_store_open(&store, help_path("new.db"), true, NULL) != COP_ERR_IO)
            code |= 1;
        if (cop_results_load(&results, path, 0, NULL) != COP_OK)
            code |= 2;
        else if (results->n_clips != 3)
            code |= 4;
        cop_results_free(&results);
        _exit(code);
    }
    int status;
    ck_assert(child > 0 && waitpid(child, &status, 0) == child);
    g_chmod(help_folder(), 0755);
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    ck_assert(WIFEXITED(status));
}
END_TEST

/* A full disk: the batch fails as a whole, the rest stays. */
START_TEST(full_disk)
{
    CopStore *store = open_store();
    const int64_t s = add_setup(store, "x"), clip = add_clip(store, "a.mp4", 1);
    cop_store_close(&store);
    const pid_t child = fork();
    if (child == 0) {
        /* No file of this process grows past where it is: writes fail as on a full disk. */
        char *bytes = calloc(1, 1 << 20);
        const struct rlimit limit = {1 << 18, 1 << 18};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        CopError err = {0};
        if (cop_store_open(&store, path, false, &err) != COP_OK)
            _exit(1);
        const CopStatus status =
            cop_store_picture(store, s, "fog", 1, clip, 0, bytes, 1 << 20, &err);
        cop_store_close(&store);
        free(bytes);
        _exit(status == COP_ERR_IO && err.text[0] ? 0 : 2);
    }
    int status;
    ck_assert(child > 0 && waitpid(child, &status, 0) == child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    check_value("PRAGMA integrity_check", "ok");
    check_value("SELECT count(*) FROM picture", "0");
    check_value("SELECT count(*) FROM clip", "1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *tc = tcase_create("rows");
    tcase_add_checked_fixture(tc, setup, help_remove_folder);
    tcase_add_test(tc, keys_are_found_again);
    tcase_add_test(tc, has_and_unique);
    tcase_add_test(tc, changed_detail_is_refused);
    tcase_add_test(tc, rollback_and_commit);
    tcase_add_test(tc, fidelity_and_recipes);
    tcase_add_test(tc, seconds_pictures_skips_meta);
    tcase_add_test(tc, setups_never_mix);
    tcase_add_test(tc, runs_are_kept);
    suite_add_tcase(suite, tc);
    tc = tcase_create("files");
    tcase_add_checked_fixture(tc, setup, help_remove_folder);
    tcase_add_test(tc, foreign_files_are_left_alone);
    tcase_add_test(tc, missing_and_empty);
    tcase_add_test(tc, newer_schema_is_refused);
    tcase_add_test(tc, older_schema_is_brought_up);
    tcase_add_test(tc, older_schema_all_or_nothing);
    tcase_add_test(tc, reading_while_another_writes);
    tcase_add_test(tc, read_only_folder);
    tcase_add_test(tc, full_disk);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

/* The evaluation grid: runs that stop and go on, that share work, that are refused.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <gst/check/check.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pipeline/interrupt.h"
#include "tests/grid_help.h"
#include "tests/media_help.h"
#include "tests/model_help.h"
#include "tests/net_help.h"

static const char all_rows[] = "SELECT count(*) FROM prediction";

/* Two result files hold the same answers. */
static void same(const char *db, const char *other)
{
    char *a = grid_dump(db), *b = grid_dump(other);
    ck_assert_uint_gt(strlen(a), 100);
    ck_assert_str_eq(a, b);
    g_free(a);
    g_free(b);
}

/* --- going on ------------------------------------------------------------------------ */

START_TEST(a_second_run_does_nothing)
{
    CopGridResult result = grid_do("twice.db", "ab", NULL);
    ck_assert_int_eq(result.predictions, 2 * GRID_VARIANTS * GRID_CLIPS);
    char *before = grid_dump("twice.db");
    const int64_t pictures = grid_number("twice.db", "SELECT sum(length(png)) FROM picture");
    result = grid_do("twice.db", "ab", NULL);
    ck_assert(result.predictions == 0 && result.missing == 0);
    ck_assert(result.clips == GRID_CLIPS && result.cells == 2 * GRID_VARIANTS);
    /* Who wrote is told; who had nothing to write is not. */
    ck_assert_int_eq(grid_number("twice.db", "SELECT count(*) FROM run WHERE command = 'as typed' "
                                             "AND config LIKE '%aggregate%' AND root <> ''"),
                     1);
    ck_assert_int_eq(grid_number("twice.db", "SELECT count(*) FROM run_model JOIN model ON id = "
                                             "model WHERE path LIKE '/%/_.safetensors'"),
                     2);
    char *after = grid_dump("twice.db");
    ck_assert_str_eq(before, after);
    ck_assert_int_eq(grid_number("twice.db", "SELECT sum(length(png)) FROM picture"), pictures);
    g_free(before);
    g_free(after);
}
END_TEST

/* Clips, cells and models that are there already are not computed again, whatever the
 * order in which they came. */
START_TEST(only_what_is_missing_is_done)
{
    CopGridResult result;
    CopError err;
    must(grid_run("parts.db", "b", NULL, 2, NULL, &result, &err), &err);
    ck_assert(result.clips == 2 && result.predictions == 2 * GRID_VARIANTS);
    must(grid_run("parts.db", "b", NULL, 0, "brightness:5", &result, &err), &err);
    ck_assert(result.cells == 1 && result.missing == GRID_CLIPS - 2);
    ck_assert_int_eq(result.predictions, GRID_CLIPS - 2);
    must(grid_run("parts.db", "b", NULL, 0, "gaussian_noise", &result, &err), &err);
    ck_assert(result.cells == 2 && result.predictions == 2 * (GRID_CLIPS - 2));
    must(grid_run("parts.db", "a", NULL, 0, "clean", &result, &err), &err);
    ck_assert(result.cells == 1 && result.predictions == GRID_CLIPS);
    const int64_t there = grid_number("parts.db", all_rows);
    ck_assert_int_eq(there, 2 * GRID_VARIANTS + 3 * (GRID_CLIPS - 2) + GRID_CLIPS);
    result = grid_do("parts.db", "abc", NULL);
    ck_assert_int_eq(result.missing, 3 * GRID_VARIANTS * GRID_CLIPS - there);
    ck_assert_int_eq(result.predictions, result.missing);
    grid_do("whole.db", "cba", NULL);
    same("parts.db", "whole.db");
}
END_TEST

static void *pass_time(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    return NULL;
}

/* Rows that a running grid has written so far; 0 while there is no table yet. */
static int64_t rows_so_far(const char *db)
{
    sqlite3 *handle;
    sqlite3_stmt *statement = NULL;
    int64_t rows = 0;
    if (sqlite3_open_v2(help_path(db), &handle, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(handle, all_rows, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        rows = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return rows;
}

/* Whatever the moment, no answer is lost or there twice; views are kept, whose rows may
 * be there without their aggregate. */
START_TEST(a_killed_run_goes_on)
{
    static const char *const sets[] = {"clip.clips=3", "eval.save_views=true", NULL};
    const int64_t rows = 2 * GRID_VARIANTS * GRID_CLIPS * 4;
    char db[32];
    snprintf(db, sizeof db, "killed%d.db", _i);
    const pid_t child = fork();
    if (child == 0) {
        CopGridResult result;
        CopError err;
        _exit(grid_run(db, "ab", sets, 0, NULL, &result, &err) != COP_OK);
    }
    int status;
    int64_t seen;
    while ((seen = rows_so_far(db)) <= _i * rows / 4 && waitpid(child, &status, WNOHANG) == 0)
        pass_time();
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    /* Whatever was in the file stays, and only the rest is made. */
    ck_assert(seen > 0 && rows_so_far(db) >= seen);
    const int64_t kept = grid_number(db, "SELECT count(*) FROM prediction WHERE view = -1");
    const CopGridResult result = grid_do(db, "ab", sets);
    ck_assert_int_eq(result.predictions, rows / 4 - kept);
    ck_assert_int_eq(grid_number(db, all_rows), rows);
    if (rows_so_far("views.db") == 0)
        grid_do("views.db", "ab", sets);
    same(db, "views.db");
    help_shell("rm -f %s views.db*", db);
}
END_TEST

/* As if killed between two batches that shared a clip's views. */
START_TEST(views_without_their_aggregate)
{
    static const char *const sets[] = {"clip.clips=3", "eval.save_views=true", NULL};
    grid_do("torn.db", "a", sets);
    char *before = grid_dump("torn.db");
    g_free(grid_query("torn.db", "DELETE FROM prediction WHERE view = -1 OR view = 2"));
    const CopGridResult result = grid_do("torn.db", "a", sets);
    ck_assert_int_eq(result.predictions, GRID_VARIANTS * GRID_CLIPS);
    char *after = grid_dump("torn.db");
    ck_assert_str_eq(before, after);
    g_free(before);
    g_free(after);
}
END_TEST

START_TEST(a_signal_ends_a_run_in_order)
{
    CopGridResult result;
    CopError err;
    grid_do("unsignalled.db", "ab", NULL);
    cop_interrupt_catch();
    ck_assert(!cop_interrupted());
    raise(SIGINT);
    ck_assert(cop_interrupted());
    ck_assert_int_eq(grid_run("signal.db", "ab", NULL, 0, NULL, &result, &err),
                     COP_ERR_INTERRUPTED);
    ck_assert(err.text[0] && result.predictions > 0);
    ck_assert_int_lt(result.predictions, 2 * GRID_VARIANTS * GRID_CLIPS);
    ck_assert_int_eq(grid_number("signal.db", all_rows), result.predictions);
    /* The flag stays up: each run does one clip more, and the last finds nothing to do. */
    int runs = 1;
    while (grid_run("signal.db", "ab", NULL, 0, NULL, &result, &err) != COP_OK) {
        ck_assert_int_eq(err.status, COP_ERR_INTERRUPTED);
        ck_assert_int_le(++runs, GRID_CLIPS);
    }
    same("signal.db", "unsignalled.db");
}
END_TEST

/* --- sharing --------------------------------------------------------------------------- */

START_TEST(threads_change_nothing)
{
    static const char *const sets[][3] = {{"run.threads=1", "clip.clips=2", NULL},
                                          {"run.threads=3", "clip.clips=2", NULL}};
    grid_do("one.db", "ac", sets[0]);
    grid_do("three.db", "ac", sets[1]);
    same("one.db", "three.db");
}
END_TEST

/* Models beside each other answer as they do alone, with the same clip and preparation
 * (a, b) or their own (c). */
START_TEST(models_do_not_touch_each_other)
{
    grid_do("together.db", "abc", NULL);
    for (const char *name = "abc"; *name; name++)
        grid_do("apart.db", (const char[]){*name, '\0'}, NULL);
    same("together.db", "apart.db");
}
END_TEST

/* Four processes on one file, two of them with the same work: each ends well, and every
 * answer is there once. */
START_TEST(processes_share_a_file)
{
    static const char *const models[] = {"a", "b", "ab", "a"};
    enum { PROCESSES = 4 };
    pid_t child[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            CopGridResult result;
            CopError err;
            const CopStatus status = grid_run("shared.db", models[i], NULL, 0, NULL, &result, &err);
            if (status != COP_OK)
                fprintf(stderr, "%s\n", err.text);
            _exit(status != COP_OK);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        ck_assert_int_eq(waitpid(child[i], &status, 0), child[i]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    grid_do("alone.db", "ab", NULL);
    same("shared.db", "alone.db");
}
END_TEST

START_TEST(limits_spread_over_the_list)
{
    CopGridResult result;
    CopError err;
    must(grid_run("limit.db", "a", NULL, GRID_CLASSES, "clean", &result, &err), &err);
    ck_assert_int_eq(result.clips, GRID_CLASSES); /* of each class one */
    ck_assert_int_eq(grid_number("limit.db", "SELECT count(DISTINCT label) FROM clip"),
                     GRID_CLASSES);
    must(grid_run("limit.db", "a", NULL, 1000, "clean", &result, &err), &err);
    ck_assert_int_eq(result.clips, GRID_CLIPS);
}
END_TEST

START_TEST(a_dry_run_counts)
{
    CopConfig config;
    CopGridResult result;
    CopError err = {0};
    CopGridOptions options = {.config = &config, .n_models = 1, .dry_run = true};
    char *model = g_strdup(help_path("a.safetensors")), *db = g_strdup(help_path("dry.db"));
    options.models = (const char *const *)&model;
    options.db = db;
    grid_config(&config, NULL);
    must(cop_grid_run(&options, "test", &result, &err), &err);
    ck_assert(result.missing == GRID_VARIANTS * GRID_CLIPS && result.predictions == 0);
    ck_assert(!g_file_test(db, G_FILE_TEST_EXISTS));
    must(grid_run("dry.db", "b", NULL, 2, "clean", &result, &err), &err);
    must(cop_grid_run(&options, "test", &result, &err), &err);
    ck_assert(result.missing == GRID_VARIANTS * GRID_CLIPS && result.predictions == 0);
    static const struct {
        const char *table;
        int rows;
    } kept[] = {{"model", 1}, {"clip", 2}, {"cell", 1}, {"prediction", 2}, {"setup", 1}};
    for (int i = 0; i < 5; i++) {
        char query[64];
        snprintf(query, sizeof query, "SELECT count(*) FROM %s", kept[i].table);
        ck_assert_int_eq(grid_number("dry.db", query), kept[i].rows);
    }
    grid_do("dry.db", "a", NULL);
    must(cop_grid_run(&options, "test", &result, &err), &err);
    ck_assert_int_eq(result.missing, 0);
    g_free(model);
    g_free(db);
    cop_config_free(&config);
}
END_TEST

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* which keep what is freed */
/* Most kilobytes that a run over `clips` clips had resident, in a process of its own. */
static long peak_of(int clips, const char *const *sets)
{
    char db[32];
    int status, ends[2];
    long peak = 0;
    snprintf(db, sizeof db, "peak%d.db", clips);
    ck_assert_int_eq(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        CopGridResult result;
        CopError err;
        struct rusage usage;
        const CopStatus done = grid_run(db, "ab", sets, clips, NULL, &result, &err);
        getrusage(RUSAGE_SELF, &usage);
        const bool told = write(ends[1], &usage.ru_maxrss, sizeof peak) == sizeof peak;
        _exit(done != COP_OK || result.clips != clips || !told);
    }
    ck_assert_int_eq(read(ends[0], &peak, sizeof peak), sizeof peak);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(ends[0]);
    close(ends[1]);
    return peak;
}

/* Ten times the clips take no more memory: a tenth more is what an allocator may keep. */
START_TEST(memory_does_not_grow_with_the_clips)
{
    enum { FEW = 20, MANY = 200 };
    char root[256];
    snprintf(root, sizeof root, "data.root=%s/many", help_folder());
    const char *const sets[] = {"data.format=folder", root, NULL};
    /* The same few videos under many names, in three classes. */
    help_shell("for c in MoveLeft MoveRight MoveUp; do mkdir -p many/train/$c many/test/$c; "
               "i=0; while [ $i -lt 70 ]; do for f in set/videos/$c/*.mp4; do "
               "ln $f many/test/$c/$i.mp4; ln -f $f many/train/$c/x.mp4; i=$((i+1)); "
               "[ $i -lt 70 ] || break; done; done; done");
    const long few = peak_of(FEW, sets), many = peak_of(MANY, sets);
    ck_assert_msg(few > 0 && many <= few + few / 10, "%ld KiB for %d clips, %ld for %d", few, FEW,
                  many, MANY);
}
END_TEST
#endif

/* --- refusals ---------------------------------------------------------------------------- */

static void refused(CopStatus status, const char *models, const char *set, const char *only,
                    const char *about)
{
    const char *const sets[] = {set, NULL};
    CopGridResult result;
    CopError err;
    ck_assert_msg(grid_run("refused.db", models, sets, 0, only, &result, &err) == status, "%s: %s",
                  about, err.text);
    ck_assert_msg(strstr(err.text, about) != NULL, "%s: %s", about, err.text);
}

START_TEST(what_cannot_run_is_refused)
{
    static char names[3][8] = {"x", "y", "z"};
    char *items[] = {names[0], names[1], names[2]};
    CopStrings classes = {items, 2};
    CopConfig config;
    grid_config(&config, NULL);
    model_write(help_path("d.safetensors"), &config, &classes, 1, false);
    refused(COP_ERR_MODEL, "ad", NULL, NULL, "2 classes");
    classes.n = 3;
    model_write(help_path("d.safetensors"), &config, &classes, 1, false);
    refused(COP_ERR_MODEL, "ad", NULL, NULL, "class 0 is 'x'");
    cop_config_free(&config);
    help_shell("echo no model > e.safetensors");
    refused(COP_ERR_MODEL, "e", NULL, NULL, "e.safetensors");
    refused(COP_ERR_MODEL, "f", NULL, NULL, "f.safetensors");
    refused(COP_ERR_CONFIG, "a", "corrupt.params=brightnes:x=1", NULL, "brightnes:x=1");
    refused(COP_ERR_CONFIG, "a", "corrupt.preset=no-such", NULL, "no-such");
    refused(COP_ERR_CONFIG, "a", "corrupt.severities=1, 5, 1", NULL, "twice");
    refused(COP_ERR_CONFIG, "aa", NULL, NULL, "the same model");
    refused(COP_ERR_CONFIG, "a", NULL, "fog_of_war", "fog_of_war");
    refused(COP_ERR_CONFIG, "a", NULL, "brightness:x", "brightness:x");
    refused(COP_ERR_CONFIG, "a", NULL, "brightness:3", "brightness:3");
    refused(COP_ERR_DATA, "a", "data.annotation=/nonexistent", NULL, "nonexistent");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grid runs");
    TCase *tests = tcase_create("runs");
    tcase_set_timeout(tests, 120);
    tcase_add_unchecked_fixture(tests, grid_set_up, grid_tear_down);
    tcase_add_test(tests, a_second_run_does_nothing);
    tcase_add_test(tests, only_what_is_missing_is_done);
    tcase_add_loop_test(tests, a_killed_run_goes_on, 0, 4);
    tcase_add_test(tests, views_without_their_aggregate);
    tcase_add_test(tests, threads_change_nothing);
    tcase_add_test(tests, models_do_not_touch_each_other);
    tcase_add_test(tests, processes_share_a_file);
    tcase_add_test(tests, limits_spread_over_the_list);
    tcase_add_test(tests, a_dry_run_counts);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* which keep what is freed */
    tcase_add_test(tests, memory_does_not_grow_with_the_clips);
#endif
    tcase_add_test(tests, what_cannot_run_is_refused);
    tcase_add_test(tests, a_signal_ends_a_run_in_order); /* the last one: it stays interrupted */
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}

/* Shards of a grid, and files that are joined.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <gst/check/check.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pipeline/eval/merge.h"
#include "tests/grid_help.h"
#include "tests/media_help.h"
#include "tests/net_help.h"

enum { ROWS = 2 * GRID_VARIANTS * GRID_CLIPS };

static CopMergeResult merge(const char *into, const char *part)
{
    CopMergeResult result;
    CopError err = {0};
    char *a = g_strdup(help_path(into)), *b = g_strdup(help_path(part));
    must(cop_merge(a, b, &result, &err), &err);
    g_free(a);
    g_free(b);
    return result;
}

static void refuse(CopStatus status, const char *into, const char *part, const char *said)
{
    CopMergeResult result;
    CopError err = {0};
    char *a = g_strdup(help_path(into)), *b = g_strdup(help_path(part));
    char *before = g_file_test(a, G_FILE_TEST_EXISTS) ? grid_dump(into) : NULL;
    ck_assert_msg(cop_merge(a, b, &result, &err) == status, "%s: %s", said, err.text);
    ck_assert_msg(strstr(err.text, said) != NULL, "\"%s\" lacks \"%s\"", err.text, said);
    char *after = before ? grid_dump(into) : NULL;
    ck_assert(!before || strcmp(before, after) == 0);
    g_free(before);
    g_free(after);
    g_free(a);
    g_free(b);
}

static char *everything(const char *db)
{
    static const char *const queries[] = {
        "SELECT m.sha256, c.corruption, c.severity, k.path, p.* FROM prediction p"
        " JOIN cell c ON c.id = p.cell JOIN model m ON m.id = c.model JOIN clip k ON k.id = p.clip"
        " ORDER BY 1, 2, 3, 4",
        "SELECT count(*), (SELECT count(*) FROM setup), (SELECT count(*) FROM model),"
        " (SELECT count(*) FROM clip) FROM cell",
        "SELECT corruption, severity, path, length(png) FROM picture JOIN clip ON id = clip"
        " ORDER BY 1, 2",
    };
    GString *text = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(queries); i++) {
        char *part = grid_query(db, queries[i]);
        g_string_append(text, part);
        g_free(part);
    }
    return g_string_free(text, FALSE);
}

/* Keys aside, three shards in any order are what one run is, down to the pictures. */
START_TEST(shards_are_the_whole)
{
    static const int orders[2][3] = {{1, 2, 3}, {3, 1, 2}};
    grid_do("whole.db", "ab", NULL);
    int64_t clips = 0;
    for (int shard = 1; shard <= 3; shard++) {
        const CopGridResult result = grid_do_shard("r.db", shard, 3);
        clips += result.clips;
        ck_assert_int_eq(result.predictions, 2 * GRID_VARIANTS * result.clips);
        ck_assert_int_eq(grid_do_shard("r.db", shard, 3).predictions, 0); /* each goes on */
    }
    ck_assert_int_eq(clips, GRID_CLIPS);
    ck_assert(!g_file_test(help_path("r.db"), G_FILE_TEST_EXISTS));
    char *want = grid_dump("whole.db");
    for (int i = 0; i < 2; i++) {
        const char *into = i ? "other.db" : "joined.db";
        long added = 0;
        for (int k = 0; k < 3; k++) {
            char *part = cop_grid_part("r.db", orders[i][k], 3);
            const CopMergeResult result = merge(into, part);
            ck_assert_int_eq(result.added, result.predictions);
            added += result.added;
            g_free(part);
        }
        ck_assert_int_eq(added, ROWS);
        char *got = grid_dump(into);
        ck_assert_str_eq(got, want);
        g_free(got);
        ck_assert_int_eq(grid_number(into, "SELECT count(*) FROM picture"),
                         grid_number("whole.db", "SELECT count(*) FROM picture"));
        ck_assert_int_eq(grid_number(into, "SELECT count(*) FROM run"), 3);
        ck_assert_int_eq(grid_number(into, "SELECT count(*) FROM run_model"), 6);
        ck_assert_int_eq(grid_do(into, "ab", NULL).missing, 0);
    }
    g_free(want);
}
END_TEST

/* Once more brings nothing: no rows, no runs, no seconds. Half of a cell brings half its time. */
START_TEST(merging_twice_changes_nothing)
{
    static const char seconds[] = "SELECT round(sum(seconds) * 1e9) FROM cell";
    CopGridResult result;
    CopError err;
    grid_do("a.db", "a", NULL);
    merge("twice.db", "a.db");
    const int64_t once = grid_number("twice.db", seconds);
    ck_assert_int_eq(once, grid_number("a.db", seconds));
    char *before = everything("twice.db");
    const CopMergeResult again = merge("twice.db", "a.db");
    ck_assert(again.predictions == GRID_VARIANTS * GRID_CLIPS && again.added == 0);
    char *after = everything("twice.db");
    ck_assert_str_eq(before, after);
    ck_assert_int_eq(grid_number("twice.db", seconds), once);
    ck_assert_int_eq(grid_number("twice.db", "SELECT count(*) FROM run"), 1);
    g_free(before);
    g_free(after);

    must(grid_run("half.db", "a", NULL, GRID_CLIPS / 2, NULL, &result, &err), &err);
    g_free(grid_query("half.db", "UPDATE cell SET seconds = 3"));
    g_free(grid_query("a.db", "UPDATE cell SET seconds = 5"));
    merge("half.db", "a.db");
    ck_assert_int_eq(grid_number("half.db", "SELECT sum(abs(seconds - 5.5) > 1e-9) FROM cell"), 0);
    ck_assert_int_eq(grid_number("half.db", "SELECT count(*) FROM prediction"),
                     GRID_VARIANTS * GRID_CLIPS);
}
END_TEST

/* Other options are other setups, and stay apart; other models stand side by side. */
START_TEST(setups_and_models_stay_apart)
{
    static const char *const sets[] = {"corrupt.seed=5", NULL};
    grid_do("one.db", "a", NULL);
    grid_do("two.db", "a", sets);
    grid_do("three.db", "b", NULL);
    merge("apart.db", "one.db");
    merge("apart.db", "two.db");
    merge("apart.db", "three.db");
    ck_assert_int_eq(grid_number("apart.db", "SELECT count(*) FROM setup"), 2);
    ck_assert_int_eq(grid_number("apart.db", "SELECT count(*) FROM model"), 2);
    ck_assert_int_eq(grid_number("apart.db", "SELECT count(*) FROM cell"), 3 * GRID_VARIANTS);
    ck_assert_int_eq(grid_number("apart.db", "SELECT count(*) FROM prediction"),
                     3 * GRID_VARIANTS * GRID_CLIPS);
    ck_assert_int_eq(grid_number("apart.db", "SELECT count(*) FROM clip"), GRID_CLIPS);
}
END_TEST

/* A clip that one file skipped and the other answered for is there. */
START_TEST(a_clip_that_was_skipped_heals)
{
    grid_do("healthy.db", "a", NULL);
    grid_do("ill.db", "a", NULL);
    g_free(grid_query("ill.db", "DELETE FROM prediction WHERE clip IN (1, 2)"));
    g_free(grid_query("ill.db", "INSERT INTO skip VALUES(1, 1, 'broken'), (1, 2, 'broken')"));
    merge("skips.db", "ill.db");
    ck_assert_int_eq(grid_number("skips.db", "SELECT count(*) FROM skip"), 2);
    merge("skips.db", "healthy.db");
    ck_assert_int_eq(grid_number("skips.db", "SELECT count(*) FROM skip"), 0);
    merge("healthy.db", "ill.db");
    ck_assert_int_eq(grid_number("healthy.db", "SELECT count(*) FROM skip"), 0);
    ck_assert_int_eq(grid_number("healthy.db", "SELECT count(*) FROM prediction"),
                     GRID_VARIANTS * GRID_CLIPS);
}
END_TEST

/* One model answered before the clip broke, the other one could not: it stays left out, whoever
 * is merged into whom, until the other one has answered, too. */
START_TEST(a_clip_that_one_model_lacks_stays_skipped)
{
    static const char skips[] = "SELECT count(*) FROM skip";
    grid_do("first.db", "a", NULL);
    help_shell("cp first.db alone.db");
    grid_do("first.db", "b", NULL);
    help_shell("cp first.db good.db");
    g_free(grid_query("first.db", "DELETE FROM prediction WHERE clip = 2 AND cell IN"
                                  " (SELECT id FROM cell WHERE model = 2)"));
    g_free(grid_query("first.db", "INSERT INTO skip VALUES(1, 2, 'broken')"));
    ck_assert_int_eq(merge("first.db", "alone.db").added, 0);
    ck_assert_int_eq(grid_number("first.db", skips), 1);
    merge("alone.db", "first.db");
    ck_assert_int_eq(grid_number("alone.db", skips), 1);
    ck_assert_int_eq(merge("alone.db", "good.db").added, GRID_VARIANTS);
    ck_assert_int_eq(grid_number("alone.db", skips), 0);
    merge("alone.db", "first.db");
    ck_assert_int_eq(grid_number("alone.db", skips), 0);
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    grid_do("base.db", "a", NULL);
    help_shell(
        "cp base.db liar.db; cp base.db params.db; cp base.db future.db; cp base.db twin.db");
    g_free(grid_query("liar.db", "UPDATE prediction SET score1 = score1 / 2 WHERE clip = 1"));
    refuse(COP_ERR_DATA, "base.db", "liar.db", "answers differently");
    g_free(grid_query("params.db", "UPDATE cell SET detail = 'sigma=9' WHERE severity = 5"));
    refuse(COP_ERR_DATA, "base.db", "params.db", "other parameters");
    g_free(grid_query("twin.db", "UPDATE setup SET text = text || 'x=1'"));
    refuse(COP_ERR_DATA, "base.db", "twin.db", "setup whose identity");
    g_free(grid_query("future.db", "PRAGMA user_version = 99"));
    refuse(COP_ERR_DATA, "base.db", "future.db", "schema 99");
    refuse(COP_ERR_ARG, "base.db", "base.db", "into itself");
    refuse(COP_ERR_DATA, "base.db", "none.db", "no such file");
    help_shell("echo nothing > text.db");
    refuse(COP_ERR_DATA, "base.db", "text.db", "not a coppice result file");
    refuse(COP_ERR_DATA, "fresh.db", "text.db", "not a coppice result file");
    ck_assert(!g_file_test(help_path("fresh.db"), G_FILE_TEST_EXISTS));
}
END_TEST

/* In a child, as a user who may not write `parts` (root may write everywhere), but `free`. */
static int merge_as_nobody(const char *into, const char *part, CopStatus wanted, const char *said)
{
    int status;
    const pid_t child = fork();
    if (child == 0) {
        CopMergeResult result;
        CopError err = {0};
        char *a = g_strdup(help_path(into)), *b = g_strdup(help_path(part));
        if (getuid() == 0 && setuid(65534) != 0)
            _exit(9);
        const CopStatus got = cop_merge(a, b, &result, &err);
        if (got != wanted || (said && !strstr(err.text, said)))
            fprintf(stderr, "%s\n", err.text);
        _exit((got != wanted) | (said && !strstr(err.text, said) ? 2 : 0));
    }
    ck_assert(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Names with signs that URIs have a meaning for are names. */
START_TEST(a_part_that_cannot_be_written)
{
    grid_do("whole.db", "a", NULL);
    help_shell(
        "mkdir parts free && cp whole.db 'parts/a?mode=b%%41#.db' && cp whole.db parts/old.db"
        " && cp whole.db 'free/file:c?.db' && chmod 777 free && chmod 755 .");
    g_free(grid_query("parts/old.db", "DROP TABLE run_model"));
    g_free(grid_query("parts/old.db", "DROP TABLE run"));
    g_free(grid_query("parts/old.db", "DROP TABLE fidelity"));
    g_free(grid_query("parts/old.db", "DROP TABLE recipe"));
    g_free(grid_query("parts/old.db", "PRAGMA user_version = 1"));
    help_shell("chmod 444 parts/* && chmod 555 parts && chmod 666 free/*");
    ck_assert_int_eq(merge_as_nobody("free/r.db", "parts/a?mode=b%41#.db", COP_OK, NULL), 0);
    ck_assert_int_eq(merge_as_nobody("free/r.db", "free/file:c?.db", COP_OK, NULL), 0);
    ck_assert_int_eq(merge_as_nobody("free/r.db", "parts/old.db", COP_ERR_IO, "older schema"), 0);
    char *got = grid_dump("free/r.db"), *want = grid_dump("whole.db");
    ck_assert_str_eq(got, want);
    g_free(got);
    g_free(want);
    help_shell("test $(ls parts | wc -l) = 2 && chmod 755 parts");
    merge("free/r.db", "parts/old.db");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("merge");
    TCase *tests = tcase_create("merge");
    tcase_set_timeout(tests, 120);
    tcase_add_unchecked_fixture(tests, grid_set_up, grid_tear_down);
    tcase_add_test(tests, shards_are_the_whole);
    tcase_add_test(tests, merging_twice_changes_nothing);
    tcase_add_test(tests, setups_and_models_stay_apart);
    tcase_add_test(tests, a_clip_that_was_skipped_heals);
    tcase_add_test(tests, a_clip_that_one_model_lacks_stays_skipped);
    tcase_add_test(tests, a_part_that_cannot_be_written);
    tcase_add_test(tests, what_does_not_fit_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}

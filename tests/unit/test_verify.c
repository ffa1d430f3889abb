/* The index of a data set, and the pass that fills it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/data/verify.h"

#include <gst/check/check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/data/video_index.h"
#include "tests/media_help.h"

#define MAKE "ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=s=64x48:r=25:d=%s -threads 1 "

static void setup(void)
{
    help_shell("mkdir -p set/A set/B");
    help_shell(MAKE "-c:v libx264 -g 5 set/A/1.mp4", "1");
    help_shell(MAKE "-c:v mpeg4 set/A/2.avi", "0.2");
    help_shell(MAKE "-c:v libx264 -vf negate set/B/1.mp4", "1");
    help_shell("cp set/A/1.mp4 set/B/2.mp4; : >set/B/3.mp4");
}

static void teardown(void)
{
    help_remove_folder();
}

/* The set of setup(), in `folder`; free with cop_config_free(). */
static void load(CopConfig *config, const char *folder)
{
    char root[300];
    snprintf(root, sizeof root, "data.root=%s", help_path(folder));
    const char *const sets[] = {root, "data.train_fraction=0.5", "clip.frames=8", "run.threads=2"};
    CopError err = {0};
    ck_assert_msg(cop_config_load(config, NULL, sets, 4, &err) == COP_OK, "%s", err.text);
}

static const CopVerifyFile *file_of(const CopVerifyResult *r, const char *relative)
{
    for (int i = 0; i < r->n; i++)
        if (strcmp(r->file[i].item->relative, relative) == 0)
            return &r->file[i];
    ck_abort_msg("%s is not listed", relative);
    return NULL;
}

static void run(const CopConfig *config, const CopVerifyOptions *options, CopVerifyResult *result)
{
    CopError err = {0};
    ck_assert_msg(cop_verify(config, options, "test", result, &err) == COP_OK, "%s", err.text);
}

START_TEST(findings)
{
    CopConfig config;
    CopVerifyResult r;
    load(&config, "set");
    for (int again = 0; again < 2; again++) { /* from the files, then from the index */
        run(&config, &(CopVerifyOptions){0}, &r);
        ck_assert_int_eq(r.n, 5);
        ck_assert_int_eq(r.n_known, again ? 5 : 0);
        ck_assert_int_eq(r.n_broken, 1);
        ck_assert_int_eq(r.frames, 25 + 5 + 25 + 25);
        ck_assert_int_eq(r.found[COP_FAULT_EMPTY], 1);
        ck_assert_int_eq(r.found[COP_FINDING_SHORT], 1);
        ck_assert_int_eq(r.found[COP_FINDING_LEAK] + r.found[COP_FINDING_DUPLICATE], 1);
        const CopVerifyFile *first = file_of(&r, "A/1.mp4"), *copy = file_of(&r, "B/2.mp4");
        ck_assert_str_eq(first->sha256, copy->sha256);
        ck_assert_int_eq(r.found[COP_FINDING_LEAK], first->train != copy->train);
        ck_assert(first->facts.width == 64 && first->facts.height == 48);
        ck_assert(first->facts.rate_num == 25 && first->facts.rate_den == 1);
        ck_assert_str_eq(first->facts.codec, "h264");
        ck_assert_int_eq(file_of(&r, "A/2.avi")->facts.frames, 5);
        cop_verify_free(&r);
    }
    run(&config, &(CopVerifyOptions){.count = 1u << COP_FINDING_SHORT}, &r);
    ck_assert_int_eq(r.n_broken, 2);
    cop_verify_free(&r);
    run(&config, &(CopVerifyOptions){.again = true}, &r);
    ck_assert_int_eq(r.n_known, 0);
    cop_verify_free(&r);
    cop_verify_free(&r);
    cop_config_free(&config);
}
END_TEST

/* What comes out of the index is what went in. */
START_TEST(rows)
{
    CopIndex *index;
    uint8_t seek[] = {0, 1, 2};
    CopIndexRow row = {.size = 5000000000, .mtime = 1700000000123456789, .sha256 = "abc"}, back;
    bool found;
    row.facts = (CopVideoFacts){.fault = COP_FAULT_CUT,
                                .frames = 7,
                                .width = 3,
                                .height = 4,
                                .rate_num = 30000,
                                .rate_den = 1001,
                                .errors = 2,
                                .codec = "h264",
                                .reason = "it's \"cut\"; \xC3\xA4",
                                .seek = seek,
                                .seek_size = 3};
    ck_assert_int_eq(cop_index_open(&index, help_path("a.index"), true, NULL), COP_OK);
    ck_assert_int_eq(cop_index_find(index, "x y'/z.mp4", &back, &found, NULL), COP_OK);
    ck_assert(!found);
    ck_assert_int_eq(cop_index_put(index, "x y'/z.mp4", &row, NULL), COP_OK);
    ck_assert_int_eq(cop_index_put(index, "lost.mp4", &row, NULL), COP_OK);
    ck_assert_int_eq(cop_index_put(index, "x y'/z.mp4", &row, NULL), COP_OK);
    ck_assert_int_eq(cop_index_commit(index, NULL), COP_OK);
    row.facts.frames = 8;
    ck_assert_int_eq(cop_index_put(index, "lost.mp4", &row, NULL), COP_OK);
    cop_index_close(&index); /* not committed */
    ck_assert_int_eq(cop_index_open(&index, help_path("a.index"), false, NULL), COP_OK);
    static const char *const names[] = {"x y'/z.mp4", "lost.mp4"};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(cop_index_find(index, names[i], &back, &found, NULL), COP_OK);
        ck_assert(found && back.size == row.size && back.mtime == row.mtime);
        ck_assert_str_eq(back.sha256, "abc");
        ck_assert_str_eq(back.facts.reason, row.facts.reason);
        ck_assert_str_eq(back.facts.codec, "h264");
        ck_assert(back.facts.fault == COP_FAULT_CUT && back.facts.frames == 7);
        ck_assert(back.facts.width == 3 && back.facts.height == 4 && back.facts.errors == 2);
        ck_assert(back.facts.rate_num == 30000 && back.facts.rate_den == 1001);
        ck_assert(back.facts.seek_size == 3 && memcmp(back.facts.seek, "\0\1\2", 3) == 0);
        cop_video_facts_free(&back.facts);
    }
    cop_index_close(&index);
    cop_index_close(&index);
    /* Of another FFmpeg, whose decoder may give other frames. */
    help_shell("sqlite3 a.index \"UPDATE video SET ffmpeg = '0'\"");
    ck_assert_int_eq(cop_index_open(&index, help_path("a.index"), false, NULL), COP_OK);
    ck_assert_int_eq(cop_index_find(index, "lost.mp4", &back, &found, NULL), COP_OK);
    ck_assert(!found);
    cop_index_close(&index);
}
END_TEST

static void put(CopIndex *index, const char *relative, int frames)
{
    const CopIndexRow row = {.size = 1, .mtime = 1, .facts = {.frames = frames}};
    ck_assert_int_eq(cop_index_put(index, relative, &row, NULL), COP_OK);
}

static int frames_of(CopIndex *index, const char *relative)
{
    CopIndexRow row;
    CopError err = {0};
    bool found;
    ck_assert_msg(cop_index_find(index, relative, &row, &found, &err) == COP_OK, "%s", err.text);
    cop_video_facts_free(&row.facts);
    return found ? row.facts.frames : -1;
}

/* An index as a writer leaves it that is killed while its transaction has reached the file:
 * the journal has what was there before. */
static void leave_hot_journal(void)
{
    CopIndex *index;
    ck_assert_int_eq(cop_index_open(&index, help_path("a.index"), true, NULL), COP_OK);
    put(index, "before.mp4", 7);
    ck_assert_int_eq(cop_index_commit(index, NULL), COP_OK);
    cop_index_close(&index);
    help_shell("sqlite3 a.index 'PRAGMA cache_size=1' 'PRAGMA cache_spill=1' 'BEGIN' "
               "'UPDATE video SET frames = 8' 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT "
               "i+1 FROM n WHERE i < 2000) INSERT INTO video SELECT hex(randomblob(40))||i, 1, 1, "
               "0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, NULL, 0 FROM n' '.shell cp a.index b.index && "
               "cp a.index-journal b.index-journal' 'ROLLBACK' >/dev/null && "
               "test -s b.index-journal && ! cmp -s a.index b.index");
}

START_TEST(killed_writer_n)
{
    CopIndex *index;
    CopError err = {0};
    leave_hot_journal();
    ck_assert_msg(cop_index_open(&index, help_path("b.index"), _i, &err) == COP_OK, "%s", err.text);
    ck_assert_int_eq(frames_of(index, "before.mp4"), 7);
    cop_index_close(&index);
}
END_TEST

/* Whoever has rows that are not yet written keeps nobody else from writing or reading. */
START_TEST(two_writers)
{
    CopIndex *one, *two, *reader;
    ck_assert_int_eq(cop_index_open(&one, help_path("a.index"), true, NULL), COP_OK);
    ck_assert_int_eq(cop_index_open(&two, help_path("a.index"), true, NULL), COP_OK);
    ck_assert_int_eq(cop_index_open(&reader, help_path("a.index"), false, NULL), COP_OK);
    put(one, "1.mp4", 1);
    put(two, "2.mp4", 2);
    ck_assert_int_eq(frames_of(reader, "1.mp4"), -1);
    ck_assert_int_eq(cop_index_commit(two, NULL), COP_OK);
    put(one, "3.mp4", 3);
    ck_assert_int_eq(cop_index_commit(one, NULL), COP_OK);
    ck_assert_int_eq(frames_of(reader, "1.mp4"), 1);
    ck_assert_int_eq(frames_of(reader, "2.mp4"), 2);
    ck_assert_int_eq(frames_of(reader, "3.mp4"), 3);
    cop_index_close(&one);
    cop_index_close(&two);
    cop_index_close(&reader);
}
END_TEST

/* Readers do without a damaged index; a writer begins anew. */
START_TEST(damaged)
{
    CopConfig config;
    CopVerifyResult r;
    CopDataset dataset;
    CopIndex *index;
    CopError err = {0};
    load(&config, "set");
    run(&config, &(CopVerifyOptions){0}, &r);
    cop_verify_free(&r);
    help_shell("dd if=/dev/urandom of=set.index bs=1 seek=100 count=20000 conv=notrunc 2>&1");
    ck_assert_int_eq(cop_index_open(&index, help_path("set.index"), false, NULL), COP_ERR_DATA);
    ck_assert_msg(cop_dataset_load(&config.data, COP_SPLIT_TEST, &dataset, &err) == COP_OK, "%s",
                  err.text);
    cop_dataset_free(&dataset);
    for (int again = 0; again < 2; again++) {
        run(&config, &(CopVerifyOptions){0}, &r);
        ck_assert_int_eq(r.n_known, again ? 5 : 0);
        cop_verify_free(&r);
    }
    cop_config_free(&config);
}
END_TEST

/* A loaded data set brings with it what its index knows, as long as that holds. */
START_TEST(taken_over)
{
    CopConfig config;
    CopVerifyResult r;
    CopDataset dataset;
    int n;
    CopError err = {0};
    load(&config, "set");
    run(&config, &(CopVerifyOptions){0}, &r);
    cop_verify_free(&r);
    cop_config_free(&config);
    /* A folder moves with its index; this process has not seen the files there. Numbers that no
     * decoder would give show where they come from. */
    help_shell("cp -a set moved; cp set.index moved.index");
    help_shell("sqlite3 moved.index \"UPDATE video SET frames = 1234 WHERE path = 'A/1.mp4'; "
               "UPDATE video SET fault = 'cut', reason = 'is said to be cut', frames = 0 "
               "WHERE path = 'A/2.avi'; UPDATE video SET frames = 99 WHERE path = 'B/1.mp4'\"");
    help_shell("touch -d @5 moved/B/1.mp4");
    load(&config, "moved");
    static const CopSplit splits[] = {COP_SPLIT_TRAIN, COP_SPLIT_TEST};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(cop_dataset_load(&config.data, splits[i], &dataset, &err), COP_OK);
        cop_dataset_free(&dataset);
    }
    ck_assert_int_eq(cop_video_count(help_path("moved/A/1.mp4"), &n, &err), COP_OK);
    ck_assert_int_eq(n, 1234);
    ck_assert_int_eq(cop_video_count(help_path("moved/A/2.avi"), &n, &err), COP_ERR_DATA);
    ck_assert_msg(strstr(err.text, "A/2.avi: is said to be cut"), "%s", err.text);
    ck_assert_int_eq(cop_video_count(help_path("moved/B/1.mp4"), &n, NULL), COP_OK);
    ck_assert_int_eq(n, 25); /* another time: decoded */
    cop_config_free(&config);
}
END_TEST

static void put_slow(CopIndex *index, int64_t size, double waited)
{
    const CopIndexRow row = {
        .size = size, .mtime = 1, .facts = {.fault = COP_FAULT_SLOW, .waited = waited}};
    ck_assert_int_eq(cop_index_put(index, "a.mp4", &row, NULL), COP_OK);
    ck_assert_int_eq(cop_index_commit(index, NULL), COP_OK);
}

/* That a file was slow once does not undo what is known of it. */
START_TEST(slow_rows)
{
    CopIndex *index;
    CopIndexRow row;
    bool found;
    ck_assert_int_eq(cop_index_open(&index, help_path("a.index"), true, NULL), COP_OK);
    for (int i = 1; i < 4; i++) {
        put_slow(index, 1, 0.5 * i);
        ck_assert_int_eq(cop_index_find(index, "a.mp4", &row, &found, NULL), COP_OK);
        ck_assert(found && row.facts.fault == COP_FAULT_SLOW && row.facts.waited == 0.5 * i);
    }
    put(index, "a.mp4", 7);
    ck_assert_int_eq(cop_index_commit(index, NULL), COP_OK);
    put_slow(index, 1, 9);
    ck_assert_int_eq(frames_of(index, "a.mp4"), 7);
    put_slow(index, 2, 9); /* the file is another one */
    ck_assert_int_eq(frames_of(index, "a.mp4"), 0);
    cop_index_close(&index);
}
END_TEST

/* One from before slow files were kept is read as it is, and brought up by who writes. */
START_TEST(older_schema)
{
    CopIndex *index, *reader;
    ck_assert_int_eq(cop_index_open(&index, help_path("a.index"), true, NULL), COP_OK);
    put(index, "a.mp4", 7);
    ck_assert_int_eq(cop_index_commit(index, NULL), COP_OK);
    cop_index_close(&index);
    help_shell("sqlite3 a.index 'ALTER TABLE video DROP COLUMN waited; PRAGMA user_version=1'");
    ck_assert_int_eq(cop_index_open(&reader, help_path("a.index"), false, NULL), COP_OK);
    ck_assert_int_eq(frames_of(reader, "a.mp4"), 7);
    help_shell("test \"$(sqlite3 a.index 'PRAGMA user_version')\" = 1");
    ck_assert_int_eq(cop_index_open(&index, help_path("a.index"), true, NULL), COP_OK);
    help_shell("test \"$(sqlite3 a.index 'PRAGMA user_version')\" = 2");
    put(index, "b.mp4", 8);
    ck_assert_int_eq(cop_index_commit(index, NULL), COP_OK);
    ck_assert_int_eq(frames_of(index, "a.mp4"), 7);
    ck_assert_int_eq(frames_of(reader, "b.mp4"), 8);
    cop_index_close(&index);
    cop_index_close(&reader);
}
END_TEST

START_TEST(paths)
{
    static const char *const rows[][3] = {{"/a/b", "", "/a/b.index"},
                                          {"/a/b//", "", "/a/b.index"},
                                          {"/", "", "/.index"},
                                          {"/a/b", "/c/d", "/c/d"}};
    for (int i = 0; i < 4; i++) {
        CopDataOptions options = {.root = (char *)(uintptr_t)rows[i][0],
                                  .index = (char *)(uintptr_t)rows[i][1]};
        char *path = cop_index_path(&options);
        ck_assert_str_eq(path, rows[i][2]);
        g_free(path);
    }
}
END_TEST

START_TEST(no_index_n)
{
    static const char *const make[] = {
        "printf text >b.index",
        "mkdir b.index",
        "sqlite3 b.index 'CREATE TABLE t(x)'",
        "cp a.index b.index && sqlite3 b.index 'PRAGMA user_version=9'",
    };
    CopIndex *index;
    CopError err = {0};
    ck_assert_int_eq(cop_index_open(&index, help_path("a.index"), true, NULL), COP_OK);
    cop_index_close(&index);
    help_shell("%s", make[_i]);
    for (int write = 0; write < 2; write++) {
        ck_assert_int_eq(cop_index_open(&index, help_path("b.index"), write, &err), COP_ERR_DATA);
        ck_assert_ptr_eq(index, NULL);
        ck_assert_msg(strstr(err.text, "b.index: is "), "%s", err.text);
    }
    ck_assert_int_eq(cop_index_open(&index, help_path("none/c.index"), true, NULL), COP_ERR_IO);
    help_shell("rm -rf b.index");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verify");
    TCase *tc = tcase_create("verify");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, findings);
    tcase_add_test(tc, rows);
    tcase_add_loop_test(tc, killed_writer_n, 0, 2);
    tcase_add_test(tc, two_writers);
    tcase_add_test(tc, damaged);
    tcase_add_test(tc, taken_over);
    tcase_add_test(tc, slow_rows);
    tcase_add_test(tc, older_schema);
    tcase_add_test(tc, paths);
    tcase_add_loop_test(tc, no_index_n, 0, 4);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}

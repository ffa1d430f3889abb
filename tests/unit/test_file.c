/* Files that are either whole or not there.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <gst/check/check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "models/core/file.h"

enum { NOBODY = 65534 };

static char folder[32], path[64];

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/cop-file-XXXXXX");
    ck_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/result", folder);
}

static void teardown(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static int entries(void)
{
    DIR *dir = opendir(folder);
    int n = 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2; /* "." and ".." */
}

static void assert_content(const char *expected)
{
    char text[64] = "";
    FILE *file = fopen(path, "rb");
    ck_assert(file != NULL);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    ck_assert_str_eq(text, expected);
}

START_TEST(whole_file_is_written)
{
    ck_assert_int_eq(cop_file_write(path, "one", 3, NULL), COP_OK);
    assert_content("one");
    ck_assert_int_eq(cop_file_write(path, "", 0, NULL), COP_OK);
    assert_content("");
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(old_content_stays_until_commit)
{
    ck_assert_int_eq(cop_file_write(path, "old", 3, NULL), COP_OK);
    CopFile file;
    ck_assert_int_eq(cop_file_create(&file, path, NULL), COP_OK);
    ck_assert_int_eq(cop_file_append(&file, "new", 3, NULL), COP_OK);
    ck_assert_int_eq(fflush(file.stream), 0);
    assert_content("old");
    ck_assert_int_eq(cop_file_commit(&file, NULL), COP_OK);
    assert_content("new");
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(abandoned_file_leaves_no_trace)
{
    ck_assert_int_eq(cop_file_write(path, "old", 3, NULL), COP_OK);
    CopFile file;
    ck_assert_int_eq(cop_file_create(&file, path, NULL), COP_OK);
    fputs("half", file.stream);
    ck_assert_int_eq(entries(), 2);
    cop_file_abandon(&file);
    cop_file_abandon(&file);
    ck_assert_int_eq(entries(), 1);
    assert_content("old");
}
END_TEST

START_TEST(missing_folder_is_named)
{
    CopError err = {0};
    char missing[80];
    snprintf(missing, sizeof missing, "%s/no/file", folder);
    ck_assert_int_eq(cop_file_write(missing, "x", 1, &err), COP_ERR_IO);
    ck_assert(strstr(err.text, missing) != NULL);
    ck_assert(strstr(err.text, "No such file") != NULL);
}
END_TEST

START_TEST(folder_in_the_way_is_an_error)
{
    CopError err = {0};
    ck_assert_int_eq(mkdir(path, 0777), 0);
    ck_assert_int_eq(cop_file_write(path, "x", 1, &err), COP_ERR_IO);
    ck_assert_int_eq(entries(), 1);
}
END_TEST

/* Runs `attempt` in a process of its own; its result says how it went. */
static int isolated(int (*attempt)(void))
{
    const pid_t child = fork();
    if (child == 0)
        _exit(attempt());
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int write_as_nobody(void)
{
    CopError err = {0};
    if (getuid() == 0 && setuid(NOBODY) != 0)
        return 1;
    if (cop_file_write(path, "x", 1, &err) != COP_ERR_IO)
        return 2;
    return strstr(err.text, "Permission denied") ? 0 : 3;
}

START_TEST(read_only_folder_is_refused)
{
    ck_assert_int_eq(chmod(folder, 0555), 0);
    ck_assert_int_eq(isolated(write_as_nobody), 0);
    ck_assert_int_eq(chmod(folder, 0755), 0);
    ck_assert_int_eq(entries(), 0);
}
END_TEST

/* A limit on the size of files stands in for a full disk: both cut a write short. */
static int write_too_much(size_t size)
{
    CopError err = {0};
    const struct rlimit limit = {1 << 16, 1 << 16};
    signal(SIGXFSZ, SIG_IGN);
    char *bytes = calloc(size, 1);
    if (!bytes || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 1;
    const CopStatus status = cop_file_write(path, bytes, size, &err);
    free(bytes);
    if (status != COP_ERR_IO)
        return 2;
    return strstr(err.text, "File too large") ? 0 : 3;
}

static int write_far_too_much(void)
{
    return write_too_much(1 << 20);
}

/* Only the last, buffered bytes fail: commit must see it. */
static int write_a_byte_too_much(void)
{
    return write_too_much((1 << 16) + 1);
}

START_TEST(full_disk_keeps_the_old_file)
{
    ck_assert_int_eq(cop_file_write(path, "old", 3, NULL), COP_OK);
    ck_assert_int_eq(isolated(write_far_too_much), 0);
    ck_assert_int_eq(isolated(write_a_byte_too_much), 0);
    ck_assert_int_eq(entries(), 1);
    assert_content("old");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("file");
    TCase *tests = tcase_create("file");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, whole_file_is_written);
    tcase_add_test(tests, old_content_stays_until_commit);
    tcase_add_test(tests, abandoned_file_leaves_no_trace);
    tcase_add_test(tests, missing_folder_is_named);
    tcase_add_test(tests, folder_in_the_way_is_an_error);
    tcase_add_test(tests, read_only_folder_is_refused);
    tcase_add_test(tests, full_disk_keeps_the_old_file);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}

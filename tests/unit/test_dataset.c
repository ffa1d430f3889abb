/* Data-set formats: folders and UCF101's lists, with what is wrong in lists.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <glib/gstdio.h>
#include <gst/check/check.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/data/dataset.h"

static char *root;
static CopDataOptions options;
static CopDataset set;
static CopError err;

static void remove_all(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        char *below = g_build_filename(path, name, NULL);
        remove_all(below);
        g_free(below);
    }
    if (dir)
        g_dir_close(dir);
    g_remove(path);
}

static void configure(const char *key, const char *value)
{
    ck_assert_msg(cop_options_set(cop_data_options, &options, key, value, &err) == COP_OK, "%s",
                  err.text);
}

static void setup(void)
{
    root = g_dir_make_tmp("coppice-data-XXXXXX", NULL);
    ck_assert(root != NULL);
    options = (CopDataOptions){0};
    set = (CopDataset){0};
    err = (CopError){0};
    ck_assert_int_eq(cop_options_defaults(cop_data_options, &options, &err), COP_OK);
    configure("root", root);
}

static void teardown(void)
{
    cop_dataset_free(&set);
    cop_options_free(cop_data_options, &options);
    remove_all(root);
    g_free(root);
}

static void write_file(const char *name, const char *text)
{
    char *path = g_build_filename(root, name, NULL), *folder = g_path_get_dirname(path);
    ck_assert_int_eq(g_mkdir_with_parents(folder, 0777), 0);
    ck_assert(g_file_set_contents(path, text, -1, NULL));
    g_free(folder);
    g_free(path);
}

static CopStatus load(CopSplit split)
{
    cop_dataset_free(&set);
    err = (CopError){0};
    return cop_dataset_load(&options, split, &set, &err);
}

static void assert_loads(CopSplit split)
{
    ck_assert_msg(load(split) == COP_OK, "%s", err.text);
}

static void assert_refused(CopSplit split, CopStatus status, const char *const *words)
{
    ck_assert_int_eq(load(split), status);
    ck_assert_int_eq(err.status, status);
    for (; *words; words++)
        ck_assert_msg(strstr(err.text, *words), "\"%s\" not in: %s", *words, err.text);
    ck_assert_int_eq(set.n, 0);
    ck_assert(set.item == NULL);
}
#define REFUSED(split, status, ...)                                                                \
    assert_refused(split, status, (const char *const[]){__VA_ARGS__, NULL})

static void assert_item(int i, const char *relative, int label)
{
    ck_assert_int_lt(i, set.n);
    ck_assert_str_eq(set.item[i].relative, relative);
    ck_assert_int_eq(set.item[i].label, label);
    char *path = g_build_filename(root, relative, NULL);
    ck_assert_str_eq(set.item[i].path, path);
    g_free(path);
}

/* --- items ------------------------------------------------------------------------ */

START_TEST(identity)
{
    /* FNV-1a-64 of "a" is AF63DC4C8601EC8C in its authors' table of test vectors. */
    ck_assert_int_eq(cop_dataset_add(&set, "/r", "a", 3), COP_OK);
    ck_assert_uint_eq(set.item[0].id, 0x8601EC8Cu);
    ck_assert_str_eq(set.item[0].path, "/r/a");
    for (int i = 0; i < 1000; i++) {
        char name[16];
        g_snprintf(name, sizeof name, "clip%d", i);
        ck_assert_int_eq(cop_dataset_add(&set, "/r", name, i), COP_OK);
    }
    ck_assert_int_eq(set.n, 1001);
    ck_assert_str_eq(set.item[1000].relative, "clip999");
    ck_assert_int_eq(set.item[500].label, 499);
}
END_TEST

START_TEST(hash_covers_paths_and_labels)
{
    CopDataset a = {0}, b = {0}, c = {0}, d = {0};
    ck_assert_int_eq(cop_dataset_add(&a, "/r", "x/1", 0) | cop_dataset_add(&a, "/r", "x/2", 1), 0);
    ck_assert_int_eq(cop_dataset_add(&b, "/s", "x/1", 0) | cop_dataset_add(&b, "/s", "x/2", 1), 0);
    ck_assert_int_eq(cop_dataset_add(&c, "/r", "x/1", 1) | cop_dataset_add(&c, "/r", "x/2", 0), 0);
    ck_assert_int_eq(cop_dataset_add(&d, "/r", "x/2", 1) | cop_dataset_add(&d, "/r", "x/1", 0), 0);
    ck_assert_uint_eq(cop_dataset_hash(&a), cop_dataset_hash(&b));
    ck_assert_uint_ne(cop_dataset_hash(&a), cop_dataset_hash(&c));
    ck_assert_uint_ne(cop_dataset_hash(&a), cop_dataset_hash(&d));
    cop_dataset_free(&a);
    cop_dataset_free(&b);
    cop_dataset_free(&c);
    cop_dataset_free(&d);
    cop_dataset_free(NULL);
}
END_TEST

START_TEST(wrong_roots)
{
    configure("root", "");
    REFUSED(COP_SPLIT_TRAIN, COP_ERR_CONFIG, "data.root");
    configure("root", "/nowhere/at/all");
    REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "/nowhere/at/all", "data.root");
    configure("format", "zip");
    REFUSED(COP_SPLIT_TRAIN, COP_ERR_CONFIG, "zip");
}
END_TEST

/* --- folders ---------------------------------------------------------------------- */

START_TEST(folder_split)
{
    write_file("train/b/2.MP4", "");
    write_file("train/b/10.avi", "");
    write_file("train/b/notes.txt", "");
    write_file("train/b/.hidden.mp4", "");
    write_file("train/b/deep/3.mp4", "");
    write_file("train/a c/x.png", "");
    write_file("train/Z/y.webm", "");
    write_file("train/list.mp4", "");
    write_file("test/a c/t.mkv", "");
    assert_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(set.classes.n, 3);
    ck_assert_str_eq(set.classes.item[0], "Z"); /* bytes: capitals come first */
    ck_assert_str_eq(set.classes.item[1], "a c");
    ck_assert_str_eq(set.classes.item[2], "b");
    ck_assert_int_eq(set.n, 4);
    assert_item(0, "train/Z/y.webm", 0);
    assert_item(1, "train/a c/x.png", 1);
    assert_item(2, "train/b/10.avi", 2);
    assert_item(3, "train/b/2.MP4", 2);
    assert_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(set.n, 1);
    ck_assert_int_eq(set.classes.n, 3);
    assert_item(0, "test/a c/t.mkv", 1);
    write_file("test/ac/t.mkv", "");
    REFUSED(COP_SPLIT_TEST, COP_ERR_DATA, "test/ac", "no such class");
}
END_TEST

START_TEST(folder_divided_here)
{
    enum { CLASSES = 3, FILES = 20 };
    for (int c = 0; c < CLASSES; c++)
        for (int i = 0; i < FILES; i++) {
            char name[32];
            g_snprintf(name, sizeof name, "class%d/%02d.mp4", c, i);
            write_file(name, "");
        }
    configure("train_fraction", "0.7");
    assert_loads(COP_SPLIT_TRAIN);
    CopDataset train = set;
    set = (CopDataset){0};
    assert_loads(COP_SPLIT_TEST);
    /* 14 and 6 of each class, none in both, all somewhere, not simply the first ones. */
    ck_assert_int_eq(train.n, CLASSES * 14);
    ck_assert_int_eq(set.n, CLASSES * 6);
    int of_class[CLASSES] = {0}, first = 0;
    for (int i = 0; i < train.n; i++) {
        of_class[train.item[i].label]++;
        for (int j = 0; j < set.n; j++)
            ck_assert_str_ne(train.item[i].relative, set.item[j].relative);
        if (i > 0)
            ck_assert_int_lt(strcmp(train.item[i - 1].relative, train.item[i].relative), 0);
        first += atoi(strchr(train.item[i].relative, '/') + 1) < 14;
    }
    for (int c = 0; c < CLASSES; c++)
        ck_assert_int_eq(of_class[c], 14);
    ck_assert_int_lt(first, CLASSES * 14);
    const uint64_t hash = cop_dataset_hash(&train);
    cop_dataset_free(&train);
    assert_loads(COP_SPLIT_TRAIN);
    ck_assert_uint_eq(cop_dataset_hash(&set), hash);
    configure("train_fraction", "1");
    REFUSED(COP_SPLIT_TEST, COP_ERR_DATA, "no test clips");
}
END_TEST

START_TEST(folder_without_media)
{
    REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "no class folders");
    write_file("a/readme.txt", "");
    REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "no training clips");
    write_file("train/a/1.mp4", "");
    REFUSED(COP_SPLIT_TEST, COP_ERR_DATA, "test");
}
END_TEST

/* --- ucf101 ----------------------------------------------------------------------- */

static const char *const classes = "1 Hammering\n2 HammerThrow\n3 HandstandPushups\n";

static void setup_ucf101(void)
{
    setup();
    configure("format", "ucf101");
    char *lists = g_build_filename(root, "lists", NULL);
    configure("annotation", lists);
    g_free(lists);
    write_file("lists/classInd.txt", classes);
    write_file("lists/trainlist01.txt", "HammerThrow/v_HammerThrow_g08_c01.avi 2\n"
                                        "HandstandPushups/v_HandStandPushups_g08_c01.avi 3\n"
                                        "Hammering/v_Hammering_g08_c02.avi 1\n");
    write_file("lists/testlist01.txt", "Hammering/v_Hammering_g01_c01.avi\n"
                                       "HandstandPushups/v_HandStandPushups_g01_c01.avi\n");
}

START_TEST(ucf101)
{
    assert_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(set.classes.n, 3);
    ck_assert_str_eq(set.classes.item[0], "Hammering");
    ck_assert_str_eq(set.classes.item[1], "HammerThrow");
    ck_assert_int_eq(set.n, 3);
    assert_item(0, "HammerThrow/v_HammerThrow_g08_c01.avi", 1);
    assert_item(1, "HandstandPushups/v_HandStandPushups_g08_c01.avi", 2);
    assert_item(2, "Hammering/v_Hammering_g08_c02.avi", 0);
    assert_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(set.n, 2);
    assert_item(0, "Hammering/v_Hammering_g01_c01.avi", 0);
    assert_item(1, "HandstandPushups/v_HandStandPushups_g01_c01.avi", 2);
}
END_TEST

/* classInd sorts without regard to case, so Hammering and HammerThrow change places. */
START_TEST(ucf101_byte_order)
{
    configure("label_order", "byte");
    assert_loads(COP_SPLIT_TRAIN);
    ck_assert_str_eq(set.classes.item[0], "HammerThrow");
    ck_assert_str_eq(set.classes.item[1], "Hammering");
    assert_item(0, "HammerThrow/v_HammerThrow_g08_c01.avi", 0);
    assert_item(2, "Hammering/v_Hammering_g08_c02.avi", 1);
    assert_loads(COP_SPLIT_TEST);
    assert_item(0, "Hammering/v_Hammering_g01_c01.avi", 1);
}
END_TEST

START_TEST(ucf101_line_ends)
{
    write_file("lists/classInd.txt",
               "\xEF\xBB\xBF"
               "1 Hammering\r\n2  HammerThrow \r\n3\tHandstandPushups\r\n\r\n");
    write_file("lists/trainlist01.txt", "HammerThrow/v 1 #&.avi  2 \r\n\r\nHammering/b.avi\t1\r\n");
    write_file("lists/testlist01.txt", "Hammering/v_a 1.avi \r\nHammering/c.avi 1");
    assert_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(set.n, 2);
    assert_item(0, "HammerThrow/v 1 #&.avi", 1);
    assert_item(1, "Hammering/b.avi", 0);
    assert_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(set.n, 2);
    assert_item(0, "Hammering/v_a 1.avi", 0);
    assert_item(1, "Hammering/c.avi", 0);
}
END_TEST

START_TEST(ucf101_folds)
{
    configure("fold", "2");
    REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "trainlist02.txt");
    write_file("lists/trainlist02.txt", "Hammering/a.avi 1\n");
    assert_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(set.n, 1);
    REFUSED(COP_SPLIT_TEST, COP_ERR_DATA, "testlist02.txt");
    configure("annotation", "");
    REFUSED(COP_SPLIT_TEST, COP_ERR_CONFIG, "data.annotation");
}
END_TEST

START_TEST(ucf101_broken_lists)
{
    static const struct {
        const char *line, *place, *words[2];
    } cases[] = {
        {"Hammering/a.avi 0", "trainlist01.txt:2: ", {"label 0", "1 to 3"}},
        {"Hammering/a.avi 4", "trainlist01.txt:2: ", {"label 4", "1 to 3"}},
        {"Hammering/a.avi 2", "trainlist01.txt:2: ", {"label 2", "Hammering is 1"}},
        {"Hammering/a.avi", "trainlist01.txt:2: ", {"without a label", NULL}},
        {"Hammer/a.avi 1", "trainlist01.txt:2: ", {"Hammer ", "classInd.txt"}},
        {"a.avi 1", "trainlist01.txt:2: ", {"not of the form", NULL}},
        {"/Hammering/a.avi 1", "trainlist01.txt:2: ", {"not of the form", NULL}},
        {"Hammering/../../a.avi 1", "trainlist01.txt:2: ", {"not of the form", NULL}},
        {"Hammering/ 1", "trainlist01.txt:2: ", {"not of the form", NULL}},
        {"3", "trainlist01.txt:2: ", {"not of the form", NULL}},
        {"Hammering/b.avi 1", "trainlist01.txt:2: ", {"line 1", NULL}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *text = g_strconcat("Hammering/b.avi 1\n", cases[i].line, "\n", NULL);
        write_file("lists/trainlist01.txt", text);
        g_free(text);
        REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, cases[i].place, cases[i].words[0],
                cases[i].words[1]);
    }
    write_file("lists/trainlist01.txt", "\n \n");
    REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "no training clips");
}
END_TEST

START_TEST(ucf101_broken_classes)
{
    static const struct {
        const char *text, *words[3];
    } cases[] = {
        {"1 A\n3 B\n", {"classInd.txt:2: ", "id 3 of class B", "1 to 2"}},
        {"0 A\n1 B\n", {"classInd.txt:1: ", "id 0 of class A", "1 to 2"}},
        {"1 A\n1 B\n", {"classInd.txt:", "id 1", "each once"}},
        {"1 A\n2 B\n3 A\n", {"classInd.txt:3: ", "A", "line 1"}},
        {"1 A\nB\n", {"classInd.txt:2: ", "not of the form", NULL}},
        {"A 1\n", {"classInd.txt:1: ", "not of the form", NULL}},
        {"\n", {"classInd.txt: ", "no classes", NULL}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        write_file("lists/classInd.txt", cases[i].text);
        REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, cases[i].words[0], cases[i].words[1],
                cases[i].words[2]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dataset");
    TCase *items = tcase_create("items");
    tcase_add_checked_fixture(items, setup, teardown);
    tcase_add_test(items, identity);
    tcase_add_test(items, hash_covers_paths_and_labels);
    tcase_add_test(items, wrong_roots);
    suite_add_tcase(suite, items);
    TCase *folders = tcase_create("folder");
    tcase_add_checked_fixture(folders, setup, teardown);
    tcase_add_test(folders, folder_split);
    tcase_add_test(folders, folder_divided_here);
    tcase_add_test(folders, folder_without_media);
    suite_add_tcase(suite, folders);
    TCase *lists = tcase_create("ucf101");
    tcase_add_checked_fixture(lists, setup_ucf101, teardown);
    tcase_add_test(lists, ucf101);
    tcase_add_test(lists, ucf101_byte_order);
    tcase_add_test(lists, ucf101_line_ends);
    tcase_add_test(lists, ucf101_folds);
    tcase_add_test(lists, ucf101_broken_lists);
    tcase_add_test(lists, ucf101_broken_classes);
    suite_add_tcase(suite, lists);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

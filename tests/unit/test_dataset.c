/* Data-set formats: folders and UCF101's lists, with what is wrong in lists.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <gst/check/check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/data_help.h"

/* --- items ------------------------------------------------------------------------ */

START_TEST(identity)
{
    /* FNV-1a-64 of "a" is AF63DC4C8601EC8C in its authors' table of test vectors. */
    ck_assert_int_eq(cop_dataset_add(&data_set, "/r", "a", 3), COP_OK);
    ck_assert_uint_eq(data_set.item[0].id, 0x8601EC8Cu);
    ck_assert_str_eq(data_set.item[0].path, "/r/a");
    for (int i = 0; i < 1000; i++) {
        char name[16];
        g_snprintf(name, sizeof name, "clip%d", i);
        ck_assert_int_eq(cop_dataset_add(&data_set, "/r", name, i), COP_OK);
    }
    ck_assert_int_eq(data_set.n, 1001);
    ck_assert_str_eq(data_set.item[1000].relative, "clip999");
    ck_assert_int_eq(data_set.item[500].label, 499);
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
    data_configure("root", "");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_CONFIG, "data.root");
    data_configure("root", "/nowhere/at/all");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "/nowhere/at/all", "data.root");
    data_configure("format", "zip");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_CONFIG, "zip");
}
END_TEST

/* --- folders ---------------------------------------------------------------------- */

START_TEST(folder_split)
{
    data_write("train/b/2.MP4", "");
    data_write("train/b/10.avi", "");
    data_write("train/b/notes.txt", "");
    data_write("train/b/.hidden.mp4", "");
    data_write("train/b/deep/3.mp4", "");
    data_write("train/a c/x.png", "");
    data_write("train/Z/y.webm", "");
    data_write("train/list.mp4", "");
    data_write("test/a c/t.mkv", "");
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.classes.n, 3);
    ck_assert_str_eq(data_set.classes.item[0], "Z"); /* bytes: capitals come first */
    ck_assert_str_eq(data_set.classes.item[1], "a c");
    ck_assert_str_eq(data_set.classes.item[2], "b");
    ck_assert_int_eq(data_set.n, 4);
    data_item(0, "train/Z/y.webm", 0);
    data_item(1, "train/a c/x.png", 1);
    data_item(2, "train/b/10.avi", 2);
    data_item(3, "train/b/2.MP4", 2);
    data_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(data_set.n, 1);
    ck_assert_int_eq(data_set.classes.n, 3);
    data_item(0, "test/a c/t.mkv", 1);
    data_write("test/ac/t.mkv", "");
    DATA_REFUSED(COP_SPLIT_TEST, COP_ERR_DATA, "test/ac", "no such class");
}
END_TEST

START_TEST(folder_divided_here)
{
    enum { CLASSES = 3, FILES = 20 };
    for (int c = 0; c < CLASSES; c++)
        for (int i = 0; i < FILES; i++) {
            char name[32];
            g_snprintf(name, sizeof name, "class%d/%02d.mp4", c, i);
            data_write(name, "");
        }
    data_configure("train_fraction", "0.7");
    data_loads(COP_SPLIT_TRAIN);
    CopDataset train = data_set;
    data_set = (CopDataset){0};
    data_loads(COP_SPLIT_TEST);
    /* 14 and 6 of each class, none in both, all somewhere, not simply the first ones. */
    ck_assert_int_eq(train.n, CLASSES * 14);
    ck_assert_int_eq(data_set.n, CLASSES * 6);
    int of_class[CLASSES] = {0}, first = 0;
    for (int i = 0; i < train.n; i++) {
        of_class[train.item[i].label]++;
        for (int j = 0; j < data_set.n; j++)
            ck_assert_str_ne(train.item[i].relative, data_set.item[j].relative);
        if (i > 0)
            ck_assert_int_lt(strcmp(train.item[i - 1].relative, train.item[i].relative), 0);
        first += atoi(strchr(train.item[i].relative, '/') + 1) < 14;
    }
    for (int c = 0; c < CLASSES; c++)
        ck_assert_int_eq(of_class[c], 14);
    ck_assert_int_lt(first, CLASSES * 14);
    const uint64_t hash = cop_dataset_hash(&train);
    cop_dataset_free(&train);
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_uint_eq(cop_dataset_hash(&data_set), hash);
    data_configure("train_fraction", "1");
    DATA_REFUSED(COP_SPLIT_TEST, COP_ERR_DATA, "no test clips");
}
END_TEST

START_TEST(folder_without_media)
{
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "no class folders");
    data_write("a/readme.txt", "");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "no training clips");
    data_write("train/a/1.mp4", "");
    DATA_REFUSED(COP_SPLIT_TEST, COP_ERR_DATA, "test");
}
END_TEST

/* --- ucf101 ----------------------------------------------------------------------- */

static const char *const classes = "1 Hammering\n2 HammerThrow\n3 HandstandPushups\n";

static void setup_ucf101(void)
{
    data_set_up();
    data_configure("format", "ucf101");
    char *lists = g_build_filename(data_root, "lists", NULL);
    data_configure("annotation", lists);
    g_free(lists);
    data_write("lists/classInd.txt", classes);
    data_write("lists/trainlist01.txt", "HammerThrow/v_HammerThrow_g08_c01.avi 2\n"
                                        "HandstandPushups/v_HandStandPushups_g08_c01.avi 3\n"
                                        "Hammering/v_Hammering_g08_c02.avi 1\n");
    data_write("lists/testlist01.txt", "Hammering/v_Hammering_g01_c01.avi\n"
                                       "HandstandPushups/v_HandStandPushups_g01_c01.avi\n");
}

START_TEST(ucf101)
{
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.classes.n, 3);
    ck_assert_str_eq(data_set.classes.item[0], "Hammering");
    ck_assert_str_eq(data_set.classes.item[1], "HammerThrow");
    ck_assert_int_eq(data_set.n, 3);
    data_item(0, "HammerThrow/v_HammerThrow_g08_c01.avi", 1);
    data_item(1, "HandstandPushups/v_HandStandPushups_g08_c01.avi", 2);
    data_item(2, "Hammering/v_Hammering_g08_c02.avi", 0);
    data_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(data_set.n, 2);
    data_item(0, "Hammering/v_Hammering_g01_c01.avi", 0);
    data_item(1, "HandstandPushups/v_HandStandPushups_g01_c01.avi", 2);
}
END_TEST

/* classInd sorts without regard to case, so Hammering and HammerThrow change places. */
START_TEST(ucf101_byte_order)
{
    data_configure("label_order", "byte");
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_str_eq(data_set.classes.item[0], "HammerThrow");
    ck_assert_str_eq(data_set.classes.item[1], "Hammering");
    data_item(0, "HammerThrow/v_HammerThrow_g08_c01.avi", 0);
    data_item(2, "Hammering/v_Hammering_g08_c02.avi", 1);
    data_loads(COP_SPLIT_TEST);
    data_item(0, "Hammering/v_Hammering_g01_c01.avi", 1);
}
END_TEST

START_TEST(ucf101_line_ends)
{
    data_write("lists/classInd.txt",
               "\xEF\xBB\xBF"
               "1 Hammering\r\n2  HammerThrow \r\n3\tHandstandPushups\r\n\r\n");
    data_write("lists/trainlist01.txt", "HammerThrow/v 1 #&.avi  2 \r\n\r\nHammering/b.avi\t1\r\n");
    data_write("lists/testlist01.txt", "Hammering/v_a 1.avi \r\nHammering/c.avi 1");
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.n, 2);
    data_item(0, "HammerThrow/v 1 #&.avi", 1);
    data_item(1, "Hammering/b.avi", 0);
    data_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(data_set.n, 2);
    data_item(0, "Hammering/v_a 1.avi", 0);
    data_item(1, "Hammering/c.avi", 0);
}
END_TEST

START_TEST(ucf101_folds)
{
    data_configure("fold", "2");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "trainlist02.txt");
    data_write("lists/trainlist02.txt", "Hammering/a.avi 1\n");
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.n, 1);
    DATA_REFUSED(COP_SPLIT_TEST, COP_ERR_DATA, "testlist02.txt");
    data_configure("annotation", "");
    DATA_REFUSED(COP_SPLIT_TEST, COP_ERR_CONFIG, "data.annotation");
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
        data_write("lists/trainlist01.txt", text);
        g_free(text);
        DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, cases[i].place, cases[i].words[0],
                     cases[i].words[1]);
    }
    data_write("lists/trainlist01.txt", "\n \n");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "no training clips");
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
        data_write("lists/classInd.txt", cases[i].text);
        DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, cases[i].words[0], cases[i].words[1],
                     cases[i].words[2]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dataset");
    TCase *items = tcase_create("items");
    tcase_add_checked_fixture(items, data_set_up, data_tear_down);
    tcase_add_test(items, identity);
    tcase_add_test(items, hash_covers_paths_and_labels);
    tcase_add_test(items, wrong_roots);
    suite_add_tcase(suite, items);
    TCase *folders = tcase_create("folder");
    tcase_add_checked_fixture(folders, data_set_up, data_tear_down);
    tcase_add_test(folders, folder_split);
    tcase_add_test(folders, folder_divided_here);
    tcase_add_test(folders, folder_without_media);
    suite_add_tcase(suite, folders);
    TCase *lists = tcase_create("ucf101");
    tcase_add_checked_fixture(lists, setup_ucf101, data_tear_down);
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

/* Numbers of classes of UCF101 and Kinetics against a generator that states their rules.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <glib/gstdio.h>
#include <gst/check/check.h>

#include "tests/data_help.h"
#include "tests/golden/labels_golden.h"

/* Each class has one clip of each split; the folds name theirs otherwise. */
START_TEST(ucf101)
{
    static const char *const orders[] = {"classind", "byte"};
    const char *const *const want[] = {ucf101_classind, ucf101_byte};
    const int n = (int)G_N_ELEMENTS(ucf101_classind);
    GString *names = g_string_new(NULL), *train = g_string_new(NULL), *test = g_string_new(NULL);
    for (int i = 0; i < n; i++) {
        const char *name = ucf101_classind[i];
        g_string_append_printf(names, "%d %s\r\n", i + 1, name);
        g_string_append_printf(train, "%s/v_%s_g08_c0%d.avi %d\n", name, name, _i + 1, i + 1);
        g_string_append_printf(test, "%s/v_%s_g01_c0%d.avi \r\n", name, name, _i + 1);
    }
    data_use("ucf101", "lists");
    char fold[2] = {(char)('1' + _i), '\0'};
    data_configure("fold", fold);
    char *train_name = g_strdup_printf("lists/trainlist0%d.txt", _i + 1);
    char *test_name = g_strdup_printf("lists/testlist0%d.txt", _i + 1);
    data_write("lists/classInd.txt", names->str);
    data_write(train_name, train->str);
    data_write(test_name, test->str);
    for (int order = 0; order < 2; order++) {
        data_configure("label_order", orders[order]);
        for (int split = 0; split < 2; split++) {
            data_loads((CopSplit)split);
            ck_assert_int_eq(data_set.n, n);
            ck_assert_int_eq(data_set.classes.n, n);
            for (int i = 0; i < n; i++) {
                ck_assert_str_eq(data_set.classes.item[i], want[order][i]);
                char *path = g_strdup_printf("%s/v_%s_g0%d_c0%d.avi", ucf101_classind[i],
                                             ucf101_classind[i], split ? 1 : 8, _i + 1);
                ck_assert_str_eq(data_set.item[i].relative, path);
                ck_assert_str_eq(want[order][data_set.item[i].label], ucf101_classind[i]);
                g_free(path);
            }
        }
    }
    g_free(train_name);
    g_free(test_name);
    g_string_free(names, TRUE);
    g_string_free(train, TRUE);
    g_string_free(test, TRUE);
}
END_TEST

static void check_clips(const Clip *want, int n)
{
    ck_assert_int_eq(data_set.n, n);
    ck_assert_int_eq(data_set.classes.n, (int)G_N_ELEMENTS(kinetics_classes));
    for (int k = 0; k < data_set.classes.n; k++)
        ck_assert_str_eq(data_set.classes.item[k], kinetics_classes[k]);
    for (int i = 0; i < n; i++)
        data_item(i, want[i].path, want[i].label);
}

/* In folders as torchvision makes them. */
START_TEST(kinetics)
{
    data_use("kinetics", "lists");
    data_write("lists/train.csv", kinetics_train);
    data_write("lists/val.csv", kinetics_val);
    for (size_t i = 0; i < G_N_ELEMENTS(kinetics_train_clips); i++)
        data_write(kinetics_train_clips[i].path, "");
    for (size_t i = 0; i < G_N_ELEMENTS(kinetics_val_clips); i++)
        data_write(kinetics_val_clips[i].path, "");
    data_loads(COP_SPLIT_TRAIN);
    check_clips(kinetics_train_clips, (int)G_N_ELEMENTS(kinetics_train_clips));
    data_loads(COP_SPLIT_TEST);
    check_clips(kinetics_val_clips, (int)G_N_ELEMENTS(kinetics_val_clips));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("golden labels");
    TCase *tests = tcase_create("labels");
    tcase_add_checked_fixture(tests, data_set_up, data_tear_down);
    tcase_add_loop_test(tests, ucf101, 0, 3);
    tcase_add_test(tests, kinetics);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}

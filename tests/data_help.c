/* A folder of lists and files, and the data set that they make, for tests.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/data_help.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <gst/check/check.h>
#include <string.h>

char *data_root;
CopDataOptions data_options;
CopDataset data_set;
CopError data_err;

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

void data_configure(const char *key, const char *value)
{
    ck_assert_msg(cop_options_set(cop_data_options, &data_options, key, value, &data_err) == COP_OK,
                  "%s", data_err.text);
}

void data_set_up(void)
{
    data_root = g_dir_make_tmp("coppice-data-XXXXXX", NULL);
    ck_assert(data_root != NULL);
    data_options = (CopDataOptions){0};
    data_set = (CopDataset){0};
    data_err = (CopError){0};
    ck_assert_int_eq(cop_options_defaults(cop_data_options, &data_options, &data_err), COP_OK);
    data_configure("root", data_root);
}

void data_tear_down(void)
{
    cop_dataset_free(&data_set);
    cop_options_free(cop_data_options, &data_options);
    remove_all(data_root);
    g_free(data_root);
}

void data_use(const char *format, const char *lists)
{
    char *path = g_build_filename(data_root, lists, NULL);
    data_configure("format", format);
    data_configure("annotation", path);
    g_free(path);
}

void data_write_bytes(const char *name, const void *bytes, size_t size)
{
    char *path = g_build_filename(data_root, name, NULL), *folder = g_path_get_dirname(path);
    ck_assert_int_eq(g_mkdir_with_parents(folder, 0777), 0);
    ck_assert(g_file_set_contents(path, bytes, (gssize)size, NULL));
    g_free(folder);
    g_free(path);
}

void data_write(const char *name, const char *text)
{
    data_write_bytes(name, text, strlen(text));
}

CopStatus data_load(CopSplit split)
{
    cop_dataset_free(&data_set);
    data_err = (CopError){0};
    return cop_dataset_load(&data_options, split, &data_set, &data_err);
}

void data_loads(CopSplit split)
{
    ck_assert_msg(data_load(split) == COP_OK, "%s", data_err.text);
}

void data_refused(CopSplit split, CopStatus status, const char *const *words)
{
    ck_assert_msg(data_load(split) == status, "%s", data_err.text);
    ck_assert_int_eq(data_err.status, status);
    for (; *words; words++)
        ck_assert_msg(strstr(data_err.text, *words), "\"%s\" not in: %s", *words, data_err.text);
    ck_assert_int_eq(data_set.n, 0);
    ck_assert(data_set.item == NULL);
}

void data_item(int i, const char *relative, int label)
{
    ck_assert_int_lt(i, data_set.n);
    ck_assert_str_eq(data_set.item[i].relative, relative);
    ck_assert_int_eq(data_set.item[i].label, label);
    char *path = g_build_filename(data_root, relative, NULL);
    ck_assert_str_eq(data_set.item[i].path, path);
    g_free(path);
}

/* HMDB51's lists: CLASS_test_split1.txt to 3, "file.avi N" a line, N being 0 for a clip that
 * the fold leaves out, 1 to train and 2 to test. Clips lie in folders of their class.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "pipeline/data/dataset.h"
#include "pipeline/data/list_file.h"

/* The class whose list, of any fold, is called `name`; NULL for other files. */
static char *class_of(const char *name)
{
    static const char *const ends[] = {"_test_split1.txt", "_test_split2.txt", "_test_split3.txt"};
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
        if (name[0] != '.' && g_str_has_suffix(name, ends[i]) && strlen(name) > strlen(ends[i]))
            return g_strndup(name, strlen(name) - strlen(ends[i]));
    return NULL;
}

/* Sorted names of the classes that have a list for any fold: were one left out whose list is
 * missing, all later classes would change their numbers. */
static CopStatus find_classes(const CopDataOptions *options, GPtrArray *names, CopError *err)
{
    GError *error = NULL;
    GDir *folder = g_dir_open(options->annotation, 0, &error);
    if (!folder) {
        const CopStatus status = cop_error_set(err, COP_ERR_DATA, "%s", error->message);
        g_error_free(error);
        return status;
    }
    GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (const char *name; (name = g_dir_read_name(folder));) {
        char *class_name = class_of(name);
        if (!class_name || g_hash_table_contains(seen, class_name)) {
            g_free(class_name);
            continue;
        }
        g_hash_table_add(seen, class_name); /* the list owns it */
        g_ptr_array_add(names, class_name);
    }
    g_hash_table_unref(seen);
    g_ptr_array_sort(names, cop_compare_names);
    g_dir_close(folder);
    if (names->len)
        return COP_OK;
    return cop_error_set(err, COP_ERR_DATA, "%s: holds no lists CLASS_test_split%d.txt",
                         options->annotation, options->fold);
}

static CopStatus add_line(const CopDataOptions *options, CopListFile *list, int i,
                          const char *class_name, int label, CopSplit split, CopDataset *out,
                          CopError *err)
{
    char *line = list->line[i];
    const char *number = cop_list_cut(line, " \t");
    int use;
    if (!number || !cop_parse_int(number, &use) || !*line || strchr(line, '/'))
        return cop_error_set(err, COP_ERR_DATA, "%s:%d: not of the form \"clip.avi 1\"", list->path,
                             i + 1);
    if (use < 0 || use > 2)
        return cop_error_set(err, COP_ERR_DATA,
                             "%s:%d: %d; a clip is 0 (unused), 1 (training) or 2 (test)",
                             list->path, i + 1, use);
    COP_TRY(cop_list_once(list, i + 1, line, err));
    if (use != (split == COP_SPLIT_TRAIN ? 1 : 2))
        return COP_OK;
    char *relative = g_strconcat(class_name, "/", line, NULL);
    const CopStatus status = cop_dataset_add(out, options->root, relative, label);
    g_free(relative);
    return status;
}

static CopStatus add_class(const CopDataOptions *options, const char *class_name, int label,
                           CopSplit split, CopDataset *out, CopError *err)
{
    char *name = g_strdup_printf("%s_test_split%d.txt", class_name, options->fold);
    CopListFile list;
    CopStatus status = cop_list_open(&list, options->annotation, name, err);
    for (int i = 0; i < list.n && status == COP_OK; i++)
        if (list.line[i][0])
            status = add_line(options, &list, i, class_name, label, split, out, err);
    cop_list_close(&list);
    g_free(name);
    return status;
}

static CopStatus load(const CopDataOptions *options, CopSplit split, CopDataset *out, CopError *err)
{
    COP_TRY(cop_data_needs_annotation(options, err));
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    CopStatus status = find_classes(options, names, err);
    if (status == COP_OK)
        status = cop_dataset_name_classes(out, (const char *const *)names->pdata, (int)names->len);
    for (guint k = 0; k < names->len && status == COP_OK; k++)
        status = add_class(options, names->pdata[k], (int)k, split, out, err);
    g_ptr_array_unref(names);
    return status;
}

const CopDataDesc cop_data_hmdb51 = {
    .name = "hmdb51",
    .summary = "the lists of HMDB51: CLASS_test_splitN",
    .reference = "Kuehne et al.: HMDB, a large video database for human motion recognition, "
                 "ICCV 2011",
    .load = load,
};

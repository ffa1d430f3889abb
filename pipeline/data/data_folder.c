/* A folder a class: root/train/Class/clip and root/test/Class/clip, or
 * root/Class/clip, divided here. Clips are videos or pictures, told by suffix.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/rng.h"
#include "pipeline/data/dataset.h"
#include "pipeline/data/media_folder.h"

typedef struct Ranked {
    uint64_t hash;
    guint index;
} Ranked;

static int by_hash(const void *a, const void *b)
{
    const uint64_t x = ((const Ranked *)a)->hash, y = ((const Ranked *)b)->hash;
    return (x > y) - (x < y);
}

/* keep[i]: whether file i of a class belongs to the split. The exact share of
 * each class trains, chosen by a hash of the names: neither the order of names,
 * which often follows scenes, nor the machine has a say. */
static void divide(const char *class_name, const GPtrArray *files, double fraction, CopSplit split,
                   bool *keep)
{
    Ranked *ranked = g_new(Ranked, files->len + 1); /* never NULL */
    for (guint i = 0; i < files->len; i++) {
        char *relative = g_strconcat(class_name, "/", files->pdata[i], NULL);
        ranked[i] = (Ranked){cop_mix64(cop_fnv1a(relative, strlen(relative))), i};
        g_free(relative);
    }
    qsort(ranked, files->len, sizeof *ranked, by_hash);
    const guint train = (guint)(fraction * files->len + 0.5);
    for (guint i = 0; i < files->len; i++)
        keep[ranked[i].index] = (i < train) == (split == COP_SPLIT_TRAIN);
    g_free(ranked);
}

/* Adds the files of one class folder; `prefix` is "", "train/" or "test/". */
static CopStatus add_class(const CopDataOptions *options, const char *prefix, const char *name,
                           int label, CopSplit split, CopDataset *out, CopError *err)
{
    char *below = g_strconcat(prefix, name, NULL);
    char *path = g_build_filename(options->root, below, NULL);
    GPtrArray *files;
    CopStatus status = cop_media_list(path, false, &files, err);
    bool *keep = g_new(bool, files->len + 1);
    for (guint i = 0; i < files->len; i++)
        keep[i] = true;
    if (status == COP_OK && !prefix[0])
        divide(name, files, options->train_fraction, split, keep);
    for (guint i = 0; status == COP_OK && i < files->len; i++)
        if (keep[i]) {
            char *relative = g_strconcat(below, "/", files->pdata[i], NULL);
            status = cop_dataset_add(out, options->root, relative, label);
            g_free(relative);
        }
    g_free(keep);
    g_ptr_array_unref(files);
    g_free(path);
    g_free(below);
    return status;
}

static bool is_class(const GPtrArray *classes, const char *name)
{
    return bsearch(&name, classes->pdata, classes->len, sizeof(char *), cop_compare_names) != NULL;
}

/* A class that only the test folder has could never be learned: most likely a misspelt name. */
static CopStatus check_test(const char *root, const GPtrArray *classes, CopError *err)
{
    char *path = g_build_filename(root, "test", NULL);
    GPtrArray *names;
    CopStatus status = cop_media_list(path, true, &names, err);
    for (guint i = 0; status == COP_OK && i < names->len; i++)
        if (!is_class(classes, names->pdata[i]))
            status = cop_error_set(err, COP_ERR_DATA, "%s/%s: no such class in %s/train", path,
                                   (const char *)names->pdata[i], root);
    g_ptr_array_unref(names);
    g_free(path);
    return status;
}

static CopStatus load(const CopDataOptions *options, CopSplit split, CopDataset *out, CopError *err)
{
    char *train = g_build_filename(options->root, "train", NULL);
    const bool divided = g_file_test(train, G_FILE_TEST_IS_DIR);
    GPtrArray *classes;
    CopStatus status = cop_media_list(divided ? train : options->root, true, &classes, err);
    if (status == COP_OK && classes->len == 0)
        status = cop_error_set(err, COP_ERR_DATA, "%s: holds no class folders",
                               divided ? train : options->root);
    if (status == COP_OK && divided && split == COP_SPLIT_TEST)
        status = check_test(options->root, classes, err);
    if (status == COP_OK)
        status =
            cop_dataset_name_classes(out, (const char *const *)classes->pdata, (int)classes->len);
    const char *prefix = !divided ? "" : split == COP_SPLIT_TRAIN ? "train/" : "test/";
    for (guint i = 0; status == COP_OK && i < classes->len; i++) {
        char *path = g_build_filename(options->root, prefix, classes->pdata[i], NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            status = add_class(options, prefix, classes->pdata[i], (int)i, split, out, err);
        g_free(path);
    }
    g_ptr_array_unref(classes);
    g_free(train);
    return status;
}

const CopDataDesc cop_data_folder = {
    .name = "folder",
    .summary = "a folder a class, videos or pictures",
    .reference = "root/train/Class/*, root/test/Class/*, or root/Class/* with train_fraction",
    .load = load,
};

/* CIFAR's binary files: records of one label byte (CIFAR-100: two, coarse and fine) and
 * 3 x 32 x 32 bytes, red, green, blue; classes are the lines of a file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "pipeline/data/dataset.h"

enum { SIDE = 32, PICTURE = 3 * SIDE * SIDE };

/* How one of the sets is laid out. */
typedef struct Layout {
    const char *classes;
    const char *const *train, *const *test; /* ended by NULL */
    int labels, label;                      /* bytes before a picture, and which one counts */
} Layout;

static CopStatus find_labels(const CopPictureSet *set, const Layout *layout, int classes,
                             const char *path, int *label, CopError *err)
{
    for (int i = 0; i < set->n; i++) {
        label[i] = set->bytes[(size_t)i * set->stride + (size_t)layout->label];
        if (label[i] >= classes)
            return cop_error_set(err, COP_ERR_DATA,
                                 "%s: picture %d has label %d; labels are 0 to %d", path, i,
                                 label[i], classes - 1);
    }
    return COP_OK;
}

static CopStatus add_file(const CopDataOptions *options, const Layout *layout, const char *name,
                          CopDataset *out, CopError *err)
{
    char *path = g_build_filename(options->root, name, NULL);
    CopPictureSet *set;
    CopStatus status = cop_picture_set_open(&set, path, err);
    if (status != COP_OK) {
        g_free(path);
        return status;
    }
    set->stride = (size_t)layout->labels + PICTURE;
    set->offset = (size_t)layout->labels;
    set->width = set->height = SIDE;
    set->planes = 3;
    set->n = (int)(set->size / set->stride);
    int *label = g_new(int, set->n + 1);
    if (set->size % set->stride != 0)
        status = cop_error_set(err, COP_ERR_DATA,
                               "%s: %zu bytes, which is not a number of records of %zu", path,
                               set->size, set->stride);
    if (status == COP_OK)
        status = find_labels(set, layout, out->classes.n, path, label, err);
    if (status == COP_OK)
        status = cop_dataset_add_set(out, options->root, name, set, label, err);
    else
        cop_picture_set_close(&set);
    g_free(label);
    g_free(path);
    return status;
}

static CopStatus load(const CopDataOptions *options, const Layout *layout, CopSplit split,
                      CopDataset *out, CopError *err)
{
    char *names = g_build_filename(options->root, layout->classes, NULL);
    CopStatus status = cop_dataset_read_classes(out, names, err);
    g_free(names);
    const char *const *name = split == COP_SPLIT_TRAIN ? layout->train : layout->test;
    for (; *name && status == COP_OK; name++)
        status = add_file(options, layout, *name, out, err);
    return status;
}

static CopStatus load_10(const CopDataOptions *options, CopSplit split, CopDataset *out,
                         CopError *err)
{
    static const char *const train[] = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                        "data_batch_4.bin", "data_batch_5.bin", NULL};
    static const char *const test[] = {"test_batch.bin", NULL};
    static const Layout layout = {"batches.meta.txt", train, test, 1, 0};
    return load(options, &layout, split, out, err);
}

static CopStatus load_100(const CopDataOptions *options, CopSplit split, CopDataset *out,
                          CopError *err)
{
    static const char *const train[] = {"train.bin", NULL};
    static const char *const test[] = {"test.bin", NULL};
    static const Layout fine = {"fine_label_names.txt", train, test, 2, 1};
    static const Layout coarse = {"coarse_label_names.txt", train, test, 2, 0};
    return load(options, options->coarse ? &coarse : &fine, split, out, err);
}

const CopDataDesc cop_data_cifar10 = {
    .name = "cifar10",
    .summary = "CIFAR-10's binary version: pictures, clips of one frame",
    .reference = "Krizhevsky: Learning multiple layers of features from tiny images (2009)",
    .load = load_10,
};

const CopDataDesc cop_data_cifar100 = {
    .name = "cifar100",
    .summary = "CIFAR-100's binary version: pictures, clips of one frame",
    .reference = "Krizhevsky: Learning multiple layers of features from tiny images (2009)",
    .load = load_100,
};

/* IDX files, as MNIST's: NAME-images-idx3-ubyte and NAME-labels-idx1-ubyte, NAME being train
 * and t10k, or data.train_list and .test_list; each may be gzip's (.gz). A head of big-endian
 * numbers (0, type 8 for bytes, dimensions, their sizes), then the bytes. Pictures are grey.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "pipeline/data/dataset.h"
#include "pipeline/data/list_file.h"

enum { TYPE_BYTE = 8, DIMENSIONS = 3 };

/* Pictures and their labels, as read. */
typedef struct Pair {
    CopPictureSet *images, *labels;
    char *name, *path, *labels_path; /* name: of the images' file, below the root */
} Pair;

static void close_pair(Pair *pair)
{
    cop_picture_set_close(&pair->images);
    cop_picture_set_close(&pair->labels);
    g_free(pair->name);
    g_free(pair->path);
    g_free(pair->labels_path);
}

/* The file of that kind that is there, in MNIST's spelling, its older one, packed or not. */
static char *find_file(const char *root, const char *name, const char *kind)
{
    char *spelling[5] = {
        g_strdup_printf("%s-%s-ubyte", name, kind),
        g_strdup_printf("%s-%s-ubyte.gz", name, kind),
        g_strdup_printf("%s-%s-ubyte", name, kind),
        g_strdup_printf("%s-%s-ubyte.gz", name, kind),
        NULL,
    };
    for (int i = 2; i < 4; i++)
        *strstr(spelling[i] + strlen(name), "-idx") = '.';
    char *found = g_strdup(cop_list_find(root, (const char *const *)spelling));
    for (int i = 0; i < 4; i++)
        g_free(spelling[i]);
    return found;
}

/* Reads the head: sizes of `dimensions` dimensions, which the bytes behind it must fill. */
static CopStatus read_head(const CopPictureSet *set, const char *path, int dimensions, int *size,
                           CopError *err)
{
    const uint8_t *head = set->bytes;
    const size_t begin = 4 + 4 * (size_t)dimensions;
    if (set->size < begin || head[0] || head[1] || head[2] != TYPE_BYTE || head[3] != dimensions)
        return cop_error_set(err, COP_ERR_DATA, "%s: no IDX file of bytes in %d dimensions", path,
                             dimensions);
    size_t all = 1;
    for (int i = 0; i < dimensions; i++) {
        const uint8_t *at = head + 4 + 4 * i;
        const uint32_t n =
            (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
        if (n < 1 || n > INT32_MAX || all > set->size / n)
            return cop_error_set(err, COP_ERR_DATA, "%s: dimension %d has size %lu", path, i,
                                 (unsigned long)n);
        all *= n;
        size[i] = (int)n;
    }
    if (set->size - begin != all)
        return cop_error_set(err, COP_ERR_DATA, "%s: %zu bytes behind the head, which says %zu",
                             path, set->size - begin, all);
    return COP_OK;
}

static CopStatus open_pair(Pair *pair, const CopDataOptions *options, const char *name,
                           CopError *err)
{
    pair->name = find_file(options->root, name, "images-idx3");
    char *labels = find_file(options->root, name, "labels-idx1");
    pair->path = g_build_filename(options->root, pair->name, NULL);
    pair->labels_path = g_build_filename(options->root, labels, NULL);
    g_free(labels);
    COP_TRY(cop_picture_set_open(&pair->images, pair->path, err));
    COP_TRY(cop_picture_set_open(&pair->labels, pair->labels_path, err));
    int size[DIMENSIONS], n;
    COP_TRY(read_head(pair->images, pair->path, DIMENSIONS, size, err));
    COP_TRY(read_head(pair->labels, pair->labels_path, 1, &n, err));
    if (n != size[0])
        return cop_error_set(err, COP_ERR_DATA, "%s: %d labels for %d pictures", pair->labels_path,
                             n, size[0]);
    CopPictureSet *set = pair->images;
    set->n = n;
    set->height = size[1];
    set->width = size[2];
    set->planes = 1;
    set->offset = 4 + 4 * DIMENSIONS;
    set->stride = (size_t)set->height * (size_t)set->width;
    return COP_OK;
}

/* The bytes that are labels: labels->bytes + 8, [n]. */
static const uint8_t *labels_of(const Pair *pair)
{
    return pair->labels->bytes + 8;
}

/* Classes are the lines of data.classes, or numbers from the base to the largest label. */
static CopStatus find_classes(const CopDataOptions *options, const Pair *train, CopDataset *out,
                              CopError *err)
{
    if (options->classes[0])
        return cop_dataset_read_classes(out, options->classes, err);
    const int base = options->label_base;
    int most = base;
    for (int i = 0; i < train->images->n; i++)
        most = MAX(most, labels_of(train)[i]);
    return cop_dataset_number_classes(out, base, most - base + 1);
}

static CopStatus add_pair(const CopDataOptions *options, Pair *pair, CopDataset *out, CopError *err)
{
    const int n = pair->images->n, base = options->label_base, classes = out->classes.n;
    int *label = g_new(int, n);
    CopStatus status = COP_OK;
    for (int i = 0; i < n && status == COP_OK; i++) {
        label[i] = labels_of(pair)[i] - base;
        if (label[i] < 0 || label[i] >= classes)
            status = cop_error_set(err, COP_ERR_DATA,
                                   "%s: picture %d has label %d, but labels of %d classes are %d "
                                   "to %d (data.label_base = %d)",
                                   pair->labels_path, i, label[i] + base, classes, base,
                                   base + classes - 1, base);
    }
    if (status == COP_OK) {
        CopPictureSet *set = pair->images;
        pair->images = NULL; /* taken */
        status = cop_dataset_add_set(out, options->root, pair->name, set, label, err);
    }
    g_free(label);
    return status;
}

static CopStatus load(const CopDataOptions *options, CopSplit split, CopDataset *out, CopError *err)
{
    const char *train_name = options->train_list[0] ? options->train_list : "train";
    const char *test_name = options->test_list[0] ? options->test_list : "t10k";
    Pair train = {0}, test = {0};
    CopStatus status = open_pair(&train, options, train_name, err);
    if (status == COP_OK)
        status = find_classes(options, &train, out, err);
    if (status == COP_OK && split == COP_SPLIT_TEST)
        status = open_pair(&test, options, test_name, err);
    if (status == COP_OK)
        status = add_pair(options, split == COP_SPLIT_TRAIN ? &train : &test, out, err);
    close_pair(&train);
    close_pair(&test);
    return status;
}

const CopDataDesc cop_data_idx = {
    .name = "idx",
    .summary = "IDX files, as MNIST's: grey pictures, clips of one frame",
    .reference = "LeCun, Cortes, Burges: The MNIST database of handwritten digits",
    .load = load,
};

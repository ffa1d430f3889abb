/* Loading, growing and identifying labelled lists of videos.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/data/dataset.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/rng.h"
#include "pipeline/data/list_file.h"
#include "pipeline/data/video_index.h"
#include "pipeline/media/decode.h"

static const char *const label_orders[] = {"classind", "byte", NULL};
static const char *const test_splits[] = {"val", "test", NULL};
const char *const cop_separator_names[] = {"blank", "comma", "semicolon", "tab", NULL};

const CopOption cop_data_options[] = {
    {"format", "how the data set is laid out", COP_TYPE_STRING, offsetof(CopDataOptions, format),
     .def = "folder"},
    {"root", "folder that holds the media", COP_TYPE_STRING, offsetof(CopDataOptions, root),
     .def = ""},
    {"annotation", "folder that holds the lists; empty where the format has none", COP_TYPE_STRING,
     offsetof(CopDataOptions, annotation), .def = ""},
    {"fold", "number of the split", COP_TYPE_INT, offsetof(CopDataOptions, fold), .def = "1",
     .min = 1, .max = 3},
    {"label_order", "classes as numbered by the list, or sorted by bytes", COP_TYPE_CHOICE,
     offsetof(CopDataOptions, label_order), .def = "classind", .choices = label_orders},
    {"test_split", "list that is the test split, where there is one for validation too",
     COP_TYPE_CHOICE, offsetof(CopDataOptions, test_split), .def = "val", .choices = test_splits},
    {"train_list", "name of the training list; empty: the format's own", COP_TYPE_STRING,
     offsetof(CopDataOptions, train_list), .def = ""},
    {"test_list", "name of the test list; empty: the format's own", COP_TYPE_STRING,
     offsetof(CopDataOptions, test_list), .def = ""},
    {"classes", "file with a class a line; empty: as lists have them", COP_TYPE_STRING,
     offsetof(CopDataOptions, classes), .def = ""},
    {"label_base", "least number of a class in lists that number classes", COP_TYPE_INT,
     offsetof(CopDataOptions, label_base), .def = "0", .min = 0, .max = 1},
    {"separator", "what stands between path and label (slowfast)", COP_TYPE_CHOICE,
     offsetof(CopDataOptions, separator), .def = "blank", .choices = cop_separator_names},
    {"coarse", "the 20 coarse classes (cifar100)", COP_TYPE_BOOL, offsetof(CopDataOptions, coarse),
     .def = "false"},
    {"rawframes", "lists name folders of pictures (mmaction)", COP_TYPE_BOOL,
     offsetof(CopDataOptions, rawframes), .def = "false"},
    {"frame_template", "names of these pictures", COP_TYPE_STRING,
     offsetof(CopDataOptions, frame_template), .def = "img_{:05}.jpg"},
    {"frame_start", "number of the first of these pictures", COP_TYPE_INT,
     offsetof(CopDataOptions, frame_start), .def = "1", .min = 0, .max = 1000000},
    {"train_fraction", "share of each class that trains, where folders do not say", COP_TYPE_DOUBLE,
     offsetof(CopDataOptions, train_fraction), .def = "0.8", .min = 0, .max = 1},
    {"max_skip", "share of clips that may be broken", COP_TYPE_DOUBLE,
     offsetof(CopDataOptions, max_skip), .def = "0.01", .min = 0, .max = 1,
     .flags = COP_OPTION_NO_EFFECT},
    {"timeout", "seconds that a file may take to give its next frame; 0: any time", COP_TYPE_DOUBLE,
     offsetof(CopDataOptions, timeout), .def = "30", .min = 0, .max = 86400,
     .flags = COP_OPTION_NO_EFFECT},
    {"index", "file of what verify found; empty: beside root, ROOT.index", COP_TYPE_STRING,
     offsetof(CopDataOptions, index), .def = "", .flags = COP_OPTION_NO_EFFECT},
    COP_OPTIONS_END,
};

static const CopDataDesc *find(const char *name, CopError *err)
{
    for (int i = 0; cop_data_registry[i]; i++)
        if (cop_name_equal(cop_data_registry[i]->name, name))
            return cop_data_registry[i];
    cop_error_set(err, COP_ERR_CONFIG, "data.format: there is no format \"%s\"", name);
    return NULL;
}

/* Classes are names, to be shown and written into models, whatever folders are called. */
static CopStatus make_names_valid(CopStrings *classes)
{
    for (int i = 0; i < classes->n; i++) {
        if (g_utf8_validate(classes->item[i], -1, NULL))
            continue;
        char *valid = g_utf8_make_valid(classes->item[i], -1), *copy = strdup(valid);
        g_free(valid);
        if (!copy)
            return COP_ERR_NOMEM;
        free(classes->item[i]);
        classes->item[i] = copy;
    }
    return COP_OK;
}

CopStatus cop_dataset_list(const CopDataOptions *options, CopSplit split, CopDataset *out,
                           CopError *err)
{
    *out = (CopDataset){0};
    const CopDataDesc *format = find(options->format, err);
    if (!format)
        return COP_ERR_CONFIG;
    if (!options->root[0])
        return cop_error_set(err, COP_ERR_CONFIG, "data.root is not set");
    if (!g_file_test(options->root, G_FILE_TEST_IS_DIR))
        return cop_error_set(err, COP_ERR_DATA, "%s: no such folder (data.root)", options->root);
    CopStatus status = format->load(options, split, out, err);
    if (status == COP_OK)
        status = make_names_valid(&out->classes);
    if (status == COP_OK && out->n == 0)
        status = cop_error_set(err, COP_ERR_DATA, "%s: no %s clips", options->root,
                               split == COP_SPLIT_TRAIN ? "training" : "test");
    cop_decoder_limit(options->timeout);
    if (status != COP_OK) {
        cop_dataset_free(out);
        cop_error_set(err, status, "%s: %s", options->root, cop_status_name(status));
    }
    return status;
}

CopStatus cop_dataset_load(const CopDataOptions *options, CopSplit split, CopDataset *out,
                           CopError *err)
{
    COP_TRY(cop_dataset_list(options, split, out, err));
    const CopStatus status = cop_index_apply(options, out, err);
    if (status != COP_OK)
        cop_dataset_free(out);
    return status;
}

void cop_dataset_free(CopDataset *dataset)
{
    if (!dataset)
        return;
    for (int i = 0; i < dataset->classes.n; i++)
        free(dataset->classes.item[i]);
    free(dataset->classes.item);
    for (int i = 0; i < dataset->n; i++) {
        free(dataset->item[i].path);
        free(dataset->item[i].relative);
    }
    free(dataset->item);
    free(dataset->pattern);
    for (int i = 0; i < dataset->n_sets; i++)
        cop_picture_set_close(&dataset->set[i]);
    free(dataset->set);
    *dataset = (CopDataset){0};
}

uint64_t cop_dataset_hash(const CopDataset *dataset)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < dataset->n; i++)
        g_string_append_printf(text, "%s\t%d\n", dataset->item[i].relative, dataset->item[i].label);
    const uint64_t hash = cop_fnv1a(text->str, text->len);
    g_string_free(text, TRUE);
    return hash;
}

CopStatus cop_dataset_add(CopDataset *dataset, const char *root, const char *relative, int label)
{
    const int n = dataset->n;
    /* Full exactly at powers of two, so that no capacity need be kept. */
    if ((n & (n - 1)) == 0) {
        const size_t capacity = n ? 2 * (size_t)n : 1;
        CopDataItem *grown = realloc(dataset->item, capacity * sizeof *grown);
        if (!grown)
            return COP_ERR_NOMEM;
        dataset->item = grown;
    }
    const size_t root_length = strlen(root), length = strlen(relative);
    CopDataItem item = {.path = malloc(root_length + length + 2),
                        .relative = strdup(relative),
                        .id = (uint32_t)cop_fnv1a(relative, length),
                        .label = label};
    if (!item.path || !item.relative) {
        free(item.path);
        free(item.relative);
        return COP_ERR_NOMEM;
    }
    memcpy(item.path, root, root_length);
    item.path[root_length] = '/';
    memcpy(item.path + root_length + 1, relative, length + 1);
    dataset->item[dataset->n++] = item;
    return COP_OK;
}

/* The dataset closes the set from here on. */
static CopStatus take_set(CopDataset *dataset, CopPictureSet *set)
{
    CopPictureSet **grown = realloc(dataset->set, ((size_t)dataset->n_sets + 1) * sizeof *grown);
    if (!grown) {
        cop_picture_set_close(&set);
        return COP_ERR_NOMEM;
    }
    dataset->set = grown;
    dataset->set[dataset->n_sets++] = set;
    return COP_OK;
}

CopStatus cop_dataset_add_set(CopDataset *dataset, const char *root, const char *file,
                              CopPictureSet *set, const int *label, CopError *err)
{
    COP_TRY(take_set(dataset, set));
    if (!cop_picture_set_fits(set))
        return cop_error_set(err, COP_ERR_DATA,
                             "%s/%s: %zu bytes, too few for %d pictures of %dx%d", root, file,
                             set->size, set->n, set->width, set->height);
    CopStatus status = COP_OK;
    for (int i = 0; i < set->n && status == COP_OK; i++) {
        char *name = g_strdup_printf("%s#%d", file, i);
        status = cop_dataset_add(dataset, root, name, label[i]);
        if (status == COP_OK)
            dataset->item[dataset->n - 1].source =
                (CopFrameSource){.set = set, .first = i, .frames = 1};
        g_free(name);
    }
    return status;
}

CopStatus cop_dataset_name_classes(CopDataset *dataset, const char *const *names, int n)
{
    CopStrings *classes = &dataset->classes;
    classes->item = calloc(n > 0 ? (size_t)n : 1, sizeof *classes->item);
    for (int i = 0; classes->item && i < n; i++) {
        classes->item[i] = strdup(names[i]);
        if (!classes->item[i])
            return COP_ERR_NOMEM;
        classes->n++;
    }
    return classes->item ? COP_OK : COP_ERR_NOMEM;
}

CopStatus cop_dataset_read_classes(CopDataset *dataset, const char *path, CopError *err)
{
    CopListFile list;
    CopStatus status = cop_list_open(&list, "", path, err);
    GPtrArray *names = g_ptr_array_new();
    for (int i = 0; status == COP_OK && i < list.n; i++)
        if (list.line[i][0]) {
            status = cop_list_once(&list, i + 1, list.line[i], err);
            g_ptr_array_add(names, list.line[i]);
        }
    if (status == COP_OK && names->len == 0)
        status = cop_error_set(err, COP_ERR_DATA, "%s: names no classes", list.path);
    if (status == COP_OK)
        status =
            cop_dataset_name_classes(dataset, (const char *const *)names->pdata, (int)names->len);
    g_ptr_array_unref(names);
    cop_list_close(&list);
    return status;
}

CopStatus cop_dataset_number_classes(CopDataset *dataset, int base, int n)
{
    char **names = g_new0(char *, (gsize)n + 1);
    for (int k = 0; k < n; k++)
        names[k] = g_strdup_printf("%d", base + k);
    const CopStatus status = cop_dataset_name_classes(dataset, (const char *const *)names, n);
    g_strfreev(names);
    return status;
}

CopStatus cop_data_needs_annotation(const CopDataOptions *options, CopError *err)
{
    if (options->annotation[0])
        return COP_OK;
    return cop_error_set(err, COP_ERR_CONFIG,
                         "data.annotation is not set; %s needs the folder of its lists",
                         options->format);
}

int cop_compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool cop_clip_is_broken(CopStatus status)
{
    return status == COP_ERR_DATA || status == COP_ERR_IO;
}

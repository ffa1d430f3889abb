/* Loading, growing and identifying labelled lists of videos.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/data/dataset.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/rng.h"
#include "pipeline/data/video_index.h"
#include "pipeline/media/decode.h"

static const char *const label_orders[] = {"classind", "byte", NULL};

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

CopStatus cop_dataset_load(const CopDataOptions *options, CopSplit split, CopDataset *out,
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
    if (status == COP_OK && out->n == 0)
        status = cop_error_set(err, COP_ERR_DATA, "%s: no %s clips", options->root,
                               split == COP_SPLIT_TRAIN ? "training" : "test");
    cop_decoder_limit(options->timeout);
    if (status == COP_OK)
        status = cop_index_apply(options, out, err);
    if (status != COP_OK) {
        cop_dataset_free(out);
        cop_error_set(err, status, "%s: %s", options->root, cop_status_name(status));
    }
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

bool cop_clip_is_broken(CopStatus status)
{
    return status == COP_ERR_DATA || status == COP_ERR_IO;
}

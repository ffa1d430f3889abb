/* Labelled videos: a registry of data-set formats.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_DATA_DATASET_H
#define COP_DATA_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "models/core/option.h"

/* The `data` block of a configuration. */
typedef struct CopDataOptions {
    char *format;          /* registry name */
    char *root;            /* folder that holds the media */
    char *annotation;      /* folder or file with lists; "" where the format has none */
    int fold;              /* UCF101: 1..3 */
    int label_order;       /* classind, byte */
    double train_fraction; /* folder without train/ and test/: share of each class that trains */
    double max_skip;       /* share of clips that may be broken before a run refuses to go on */
    double timeout;        /* seconds that a file may take to give its next frame; 0: any */
    char *index;           /* file of what verify found; "": beside root (cop_index_path()) */
} CopDataOptions;
extern const CopOption cop_data_options[];

typedef enum CopSplit { COP_SPLIT_TRAIN, COP_SPLIT_TEST } CopSplit;

typedef struct CopDataItem {
    char *path;     /* to open */
    char *relative; /* below root, '/' separators: the item's identity */
    uint32_t id;    /* low 32 bits of FNV-1a-64 of `relative` */
    int label;      /* 0-based; -1 where the list has none */
} CopDataItem;

typedef struct CopDataset {
    CopStrings classes;
    CopDataItem *item; /* order of the list; folders: byte order of names */
    int n;
} CopDataset;

typedef struct CopDataDesc {
    const char *name, *summary, *reference;
    CopStatus (*load)(const CopDataOptions *options, CopSplit split, CopDataset *out,
                      CopError *err);
} CopDataDesc;
extern const CopDataDesc *const cop_data_registry[];

/* Reads the split of the configured data set; media are not opened. A label out
 * of range, a list line that does not parse or a missing folder is an error with
 * file and line. What the index knows of the files is taken over into cop_video_recall(), and
 * data.timeout becomes the process's cop_decoder_limit(). `out` is overwritten; free it with
 * cop_dataset_free(). */
CopStatus cop_dataset_load(const CopDataOptions *options, CopSplit split, CopDataset *out,
                           CopError *err) COP_MUST_CHECK;
void cop_dataset_free(CopDataset *dataset);

/* True for a status that speaks of the clip itself: a run notes it and goes on. */
bool cop_clip_is_broken(CopStatus status);

/* FNV-1a-64 over relative paths and labels in order: identifies the manifest. */
uint64_t cop_dataset_hash(const CopDataset *dataset);

/* Appends an item (strings are copied); for the formats. */
CopStatus cop_dataset_add(CopDataset *dataset, const char *root, const char *relative,
                          int label) COP_MUST_CHECK;

#endif

/* Labelled videos: a registry of data-set formats.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_DATA_DATASET_H
#define COP_DATA_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "models/core/option.h"
#include "pipeline/media/frame_source.h"

/* The `data` block of a configuration. */
typedef struct CopDataOptions {
    char *format;     /* registry name */
    char *root;       /* folder that holds the media */
    char *annotation; /* folder with lists; "" where the format has none */
    int fold;         /* UCF101, HMDB51: 1..3 */
    int label_order;  /* classind, byte */
    int test_split;   /* CopTestSplit */
    char *train_list; /* name of the list of a split; "": the format's own */
    char *test_list;
    char *classes;         /* file with a class a line; "": as lists have them */
    int label_base;        /* least number of a class in lists */
    int separator;         /* CopSeparator */
    bool coarse;           /* CIFAR-100: the 20 superclasses */
    bool rawframes;        /* lists name folders of pictures */
    char *frame_template;  /* names of these, "img_{:05}.jpg" */
    int frame_start;       /* number of the first one */
    double train_fraction; /* folder without train/ and test/: share of each class that trains */
    double max_skip;       /* share of clips that may be broken before a run refuses to go on */
    double timeout;        /* seconds that a file may take to give its next frame; 0: any */
    char *index;           /* file of what verify found; "": beside root (cop_index_path()) */
} CopDataOptions;
extern const CopOption cop_data_options[];

/* The list that stands for the test split where there is one for validation, too. */
typedef enum CopTestSplit { COP_TEST_IS_VAL, COP_TEST_IS_TEST } CopTestSplit;

typedef enum CopSeparator {
    COP_SEPARATOR_BLANK, /* blanks or tabs */
    COP_SEPARATOR_COMMA,
    COP_SEPARATOR_SEMICOLON,
    COP_SEPARATOR_TAB
} CopSeparator;
extern const char *const cop_separator_names[]; /* "blank", ..., NULL */

typedef enum CopSplit { COP_SPLIT_TRAIN, COP_SPLIT_TEST } CopSplit;

typedef struct CopDataItem {
    char *path;            /* to open; of a picture in a set: its name */
    char *relative;        /* below root, '/' separators: the item's identity */
    CopFrameSource source; /* what it holds; zeroed: a video or a picture */
    uint32_t id;           /* low 32 bits of FNV-1a-64 of `relative` */
    int label;             /* 0-based; -1 where the list has none */
} CopDataItem;

typedef struct CopDataset {
    CopStrings classes;
    CopDataItem *item; /* order of the list; folders: byte order of names */
    int n;
    char *pattern;       /* of items that are folders of pictures */
    CopPictureSet **set; /* [n_sets] those that items point into */
    int n_sets;
} CopDataset;

typedef struct CopDataDesc {
    const char *name, *summary, *reference;
    CopStatus (*load)(const CopDataOptions *options, CopSplit split, CopDataset *out,
                      CopError *err);
} CopDataDesc;
extern const CopDataDesc *const cop_data_registry[];

/* Reads the split of the configured data set; media are not opened. A label out
 * of range, a list line that does not parse or a missing folder is an error with
 * file and line. data.timeout becomes the process's cop_decoder_limit(). `out` is overwritten;
 * free it with cop_dataset_free(). */
CopStatus cop_dataset_list(const CopDataOptions *options, CopSplit split, CopDataset *out,
                           CopError *err) COP_MUST_CHECK;

/* The same, and what the index knows of the files is taken over (cop_index_apply()). */
CopStatus cop_dataset_load(const CopDataOptions *options, CopSplit split, CopDataset *out,
                           CopError *err) COP_MUST_CHECK;
void cop_dataset_free(CopDataset *dataset);

/* True for a status that speaks of the clip itself: a run notes it and goes on. */
bool cop_clip_is_broken(CopStatus status);

/* FNV-1a-64 over relative paths and labels in order: identifies the manifest. */
uint64_t cop_dataset_hash(const CopDataset *dataset);

/* For the formats. Appends an item (strings are copied). */
CopStatus cop_dataset_add(CopDataset *dataset, const char *root, const char *relative,
                          int label) COP_MUST_CHECK;

/* Appends all pictures of a set (taken, also on failure), "file#0", "file#1", ..., with
 * label[set->n]. COP_ERR_DATA unless cop_picture_set_fits(). */
CopStatus cop_dataset_add_set(CopDataset *dataset, const char *root, const char *file,
                              CopPictureSet *set, const int *label, CopError *err) COP_MUST_CHECK;

/* Names the classes 0..n-1, once (strings are copied). */
CopStatus cop_dataset_name_classes(CopDataset *dataset, const char *const *names,
                                   int n) COP_MUST_CHECK;

/* The same by the lines of a file, or by numbers from `base` on. COP_ERR_DATA where the file
 * cannot be read, names a class twice or none. */
CopStatus cop_dataset_read_classes(CopDataset *dataset, const char *path,
                                   CopError *err) COP_MUST_CHECK;
CopStatus cop_dataset_number_classes(CopDataset *dataset, int base, int n) COP_MUST_CHECK;

/* Byte order of names, for qsort() and its like over an array of char *. */
int cop_compare_names(const void *a, const void *b);

/* COP_ERR_CONFIG unless data.annotation is set. */
CopStatus cop_data_needs_annotation(const CopDataOptions *options, CopError *err) COP_MUST_CHECK;

#endif

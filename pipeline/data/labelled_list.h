/* Lists of clips with labels, as numbers or names: what formats of that kind share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_DATA_LABELLED_LIST_H
#define COP_DATA_LABELLED_LIST_H

#include "pipeline/data/dataset.h"

/* A clip as its list has it. */
typedef struct CopListEntry {
    char *relative; /* below the root */
    char *label;    /* as written, "" where there is none */
    int line;       /* from 1 */
    int frames;     /* pictures in the folder `relative`; 0: it is a file */
} CopListEntry;

typedef struct CopListEntries {
    char *path; /* of the list, for errors */
    CopListEntry *item;
    int n;
} CopListEntries;

/* Appends an entry (strings are copied). */
void cop_entries_add(CopListEntries *entries, const char *relative, const char *label, int line,
                     int frames);

/* Reads the list `name` in the folder of lists: sets path and adds the entries. */
typedef CopStatus CopListRead(const CopDataOptions *options, const char *name, CopListEntries *out,
                              CopError *err);

/* Loads a split from the lists called `train` and `test` (or as data.train_list and
 * .test_list say). Classes are the lines of the file data.classes; without one, the names
 * in the training list in byte order, or its numbers, which must then run from
 * data.label_base without a gap. A label is a class's name or its number. Errors name file
 * and line, and say so where a list looks as if it counted from another number. */
CopStatus cop_labelled_load(const CopDataOptions *options, CopSplit split, const char *train,
                            const char *test, CopListRead *read, CopDataset *out,
                            CopError *err) COP_MUST_CHECK;

#endif

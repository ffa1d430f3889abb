/* Lists of clips with labels, as numbers or names: what formats of that kind share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_DATA_LABELLED_LIST_H
#define COP_DATA_LABELLED_LIST_H

#include "pipeline/data/dataset.h"
#include "pipeline/data/list_file.h"

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

/* Appends an entry (strings are copied) for a path as line i (from 0) of the list has it.
 * COP_ERR_DATA, with the line, unless it lies below data.root and stands there once. */
CopStatus cop_entries_add(CopListEntries *entries, const CopDataOptions *options, CopListFile *list,
                          int i, const char *path, const char *label, int frames,
                          CopError *err) COP_MUST_CHECK;

/* Reads the list `name` in the folder of lists: sets path and adds the entries. */
typedef CopStatus CopListRead(const CopDataOptions *options, const char *name, CopListEntries *out,
                              CopError *err);

/* A CopListRead for lists of a clip a line: opens `name` and has `line` take each line that is
 * not empty, list->line[i]. */
typedef CopStatus CopListLine(const CopDataOptions *options, CopListFile *list, int i,
                              CopListEntries *out, CopError *err);
CopStatus cop_entries_read(const CopDataOptions *options, const char *name, CopListLine *line,
                           CopListEntries *out, CopError *err) COP_MUST_CHECK;

/* Loads a split from the lists called `train` and `test` (or as data.train_list and
 * .test_list say). Classes are the lines of the file data.classes; without one, the names
 * in the training list in byte order, or its numbers, which must then run from
 * data.label_base without a gap. A label is a class's name or its number. Errors name file
 * and line, and say so where a list looks as if it counted from another number. */
CopStatus cop_labelled_load(const CopDataOptions *options, CopSplit split, const char *train,
                            const char *test, CopListRead *read, CopDataset *out,
                            CopError *err) COP_MUST_CHECK;

#endif

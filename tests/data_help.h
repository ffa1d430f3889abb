/* A folder of lists and files, and the data set that they make, for tests.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_DATA_HELP_H
#define COP_TESTS_DATA_HELP_H

#include "pipeline/data/dataset.h"

extern char *data_root; /* the folder, data.root of data_options */
extern CopDataOptions data_options;
extern CopDataset data_set; /* as loaded last */
extern CopError data_err;

/* Fixture: an empty folder and default options; and all of it gone. */
void data_set_up(void);
void data_tear_down(void);

void data_configure(const char *key, const char *value);

/* Sets the format, and a folder below the root for its lists. */
void data_use(const char *format, const char *lists);

/* Writes a file below the root, with its folders; text, or `size` bytes. */
void data_write(const char *name, const char *text);
void data_write_bytes(const char *name, const void *bytes, size_t size);

CopStatus data_load(CopSplit split);
void data_loads(CopSplit split); /* to be a success */

/* Item i and its path below the root. */
void data_item(int i, const char *relative, int label);

/* Loading ends with this status and a text that holds each of the words. */
void data_refused(CopSplit split, CopStatus status, const char *const *words);
#define DATA_REFUSED(split, status, ...)                                                           \
    data_refused(split, status, (const char *const[]){__VA_ARGS__, NULL})

#endif

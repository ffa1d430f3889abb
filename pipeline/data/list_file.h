/* Text files that list clips, a line each.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_DATA_LIST_FILE_H
#define COP_DATA_LIST_FILE_H

#include <stdbool.h>

#include "models/core/status.h"

typedef struct CopListFile {
    char *path;  /* as errors show it */
    char **line; /* [n], without CR, a byte-order mark, or blanks at their ends */
    int n;
    char *text;
    void *seen;
} CopListFile;

/* Reads folder/name whole. COP_ERR_DATA where it cannot be read or is no plain text.
 * Close it also after a failure. */
CopStatus cop_list_open(CopListFile *list, const char *folder, const char *name,
                        CopError *err) COP_MUST_CHECK;
void cop_list_close(CopListFile *list);

/* The first of `names` (ended by NULL) that is a file in `folder`; names[0] if none is. */
const char *cop_list_find(const char *folder, const char *const *names);

/* A clip's path is its identity, in results too: COP_ERR_DATA with both lines (counted
 * from 1) when `name` has been given to this list before. */
CopStatus cop_list_once(CopListFile *list, int line, const char *name,
                        CopError *err) COP_MUST_CHECK;

/* Ends `line` before the last of the `separators` in it, and before blanks there; returns
 * what stood behind. Names may hold blanks, so nothing else is cut. NULL, and the line as
 * it was, without a separator. */
char *cop_list_cut(char *line, const char *separators);

/* True for a path below some root: no leading '/', no empty, "." or ".." part. */
bool cop_list_is_relative(const char *path);

/* A path of a list as one below `root`: an absolute one loses the root in front of it, "./"
 * in front goes. NULL where what is left is not relative. A part of `path`, borrowed. */
const char *cop_list_below(const char *root, const char *path);

#endif

/* Joining result files: shards of one grid, or runs on several machines.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_MERGE_H
#define COP_EVAL_MERGE_H

#include "models/core/status.h"

typedef struct CopMergeResult {
    long predictions; /* rows of the part */
    long added;       /* of them not there before */
} CopMergeResult;

/* Adds what the result file `part` holds to the file `into`, which is made where there is none;
 * a part of an older schema is brought up to date first; one of this schema may lie where it cannot
 * be written. Models are known by their hash,
 * setups by their text, clips by path, identity and label. What is there already is left as it
 * is, so a part may be merged twice. Computed twice, an answer must be the same: COP_ERR_DATA
 * otherwise, and where one file knows a cell by other parameters. All in one transaction:
 * after a failure `into` is as it was. */
CopStatus cop_merge(const char *into, const char *part, CopMergeResult *result,
                    CopError *err) COP_MUST_CHECK;

/* A line for each setup of the file that leaves clips out, "R.db, setup 1: 1 of 4 clips skipped";
 * empty where none does. Shards know their own clips only, so this is where their skips come
 * together. g_malloc'ed in *out. */
CopStatus cop_merge_skips(const char *path, char **out, CopError *err) COP_MUST_CHECK;

#endif

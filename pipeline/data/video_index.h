/* The index of a data set: what was found when each of its files was decoded, so that it need
 * not be done again. SQLite, one table:
 *   video(path, size, mtime, ffmpeg, sha256, fault, reason, frames, width, height, rate_num,
 *         rate_den, errors, codec, seek, waited)
 * path: below data.root, the identity; size in bytes and mtime in nanoseconds since 1970: a
 * row holds while the file has both, and while FFmpeg has the version that decoded it. fault
 * (a name of cop_fault_names), reason and the numbers: CopVideoFacts; seek: a packed CopSeekTable.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_DATA_VIDEO_INDEX_H
#define COP_DATA_VIDEO_INDEX_H

#include <stdbool.h>

#include "pipeline/data/dataset.h"
#include "pipeline/media/decode.h"

enum { COP_SHA256_TEXT = 65 };

typedef struct CopIndex CopIndex;

typedef struct CopIndexRow {
    int64_t size, mtime;
    char sha256[COP_SHA256_TEXT]; /* "" unknown */
    CopVideoFacts facts;          /* freed by its owner */
} CopIndexRow;

/* data.index, or ROOT.index beside the folder data.root; g_malloc'ed and returned. */
char *cop_index_path(const CopDataOptions *options);

/* Opens an index to be read, or (with `write`) makes it where there is none. A file of another
 * kind is COP_ERR_DATA and left as it was; COP_ERR_IO where the system refuses. What a killed
 * writer left is rolled back; with `write`, a damaged index is thrown away and begun anew, and
 * one of an older schema is brought up. */
CopStatus cop_index_open(CopIndex **out, const char *path, bool write,
                         CopError *err) COP_MUST_CHECK;
void cop_index_close(CopIndex **index); /* what is not committed is lost */

/* The row of a file, whether or not it still holds; *found says whether there is one. */
CopStatus cop_index_find(CopIndex *index, const char *relative, CopIndexRow *row, bool *found,
                         CopError *err) COP_MUST_CHECK;

/* Adds or replaces a row (one of a slow file replaces none that says more): copied, kept in
 * memory and not found before cop_index_commit() writes all such rows in one transaction.
 * Others can use the index in between; of rows that cannot be written nothing is kept. */
CopStatus cop_index_put(CopIndex *index, const char *relative, const CopIndexRow *row,
                        CopError *err) COP_MUST_CHECK;
CopStatus cop_index_commit(CopIndex *index, CopError *err) COP_MUST_CHECK;

/* Takes what the configured index, if there is one, knows of a data set's files over into
 * the process's memory (cop_video_remember()). An index that cannot be read is no failure: all
 * it saves is time. One line on stderr says so, once a process. */
CopStatus cop_index_apply(const CopDataOptions *options, const CopDataset *dataset,
                          CopError *err) COP_MUST_CHECK;

#endif

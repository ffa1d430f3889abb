/* Files that are either whole or not there.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORE_FILE_H
#define COP_CORE_FILE_H

#include <stdio.h>

#include "models/core/status.h"

/* Opens a temporary file beside `path` for writing. cop_file_commit() syncs and
 * renames it into place; cop_file_abandon() removes it. The file that a link leads to
 * is replaced, not the link; a device or pipe is written directly. */
typedef struct CopFile {
    FILE *stream;
    char *path, *temporary;
} CopFile;

CopStatus cop_file_create(CopFile *file, const char *path, CopError *err) COP_MUST_CHECK;
CopStatus cop_file_commit(CopFile *file,
                          CopError *err) COP_MUST_CHECK; /* closes, also on failure */
void cop_file_abandon(CopFile *file);                    /* idempotent */

/* Appends `size` bytes to the stream. After a failure the file is still the
 * caller's to abandon. */
CopStatus cop_file_append(CopFile *file, const void *bytes, size_t size,
                          CopError *err) COP_MUST_CHECK;

/* Writes `size` bytes as a whole file in one call. */
CopStatus cop_file_write(const char *path, const void *bytes, size_t size,
                         CopError *err) COP_MUST_CHECK;

#endif

/* What is known of files that have been decoded once.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_VIDEO_MEMORY_H
#define COP_MEDIA_VIDEO_MEMORY_H

#include <stdatomic.h>

#include "pipeline/media/decode.h"

/* Size and modification time (nanoseconds since 1970) of a file; false if it has none. */
bool cop_video_stamp(const char *path, int64_t *size, int64_t *mtime);

/* As cop_video_recall(), without a copy: valid for the life of the process. NULL where nothing
 * is known. *unseekable may be set when the table of the facts has misled somebody. */
const CopVideoFacts *cop_video_known(const char *path, atomic_bool **unseekable);

#endif

/* Where the frames of a clip come from: a file that FFmpeg reads, numbered pictures in a
 * folder, or pictures of a file that holds many.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_FRAME_SOURCE_H
#define COP_MEDIA_FRAME_SOURCE_H

#include "pipeline/media/decode.h"
#include "pipeline/media/picture_set.h"

/* What stands beside a path; zeroed, the path is a video or picture. Pointers are borrowed. */
typedef struct CopFrameSource {
    const CopPictureSet *set; /* frames are pictures of it; the path only names them */
    const char *pattern;      /* frames are pictures called so in the folder `path` */
    int first, frames;        /* number of the first picture, and of pictures */
} CopFrameSource;

/* True for a file name with one field for a number, {}, {:5} or {:05} as in Python. */
bool cop_picture_pattern_valid(const char *pattern);

/* As cop_video_length(). Numbered pictures are not opened: the source says how many. */
CopStatus cop_source_length(const CopFrameSource *source, const char *path, CopVideoLength *out,
                            CopError *err) COP_MUST_CHECK;

/* As cop_video_bits(); of pictures nobody knows. */
double cop_source_bits(const CopFrameSource *source, const char *path);

/* As cop_video_read(). Pictures of a clip must have one size: COP_ERR_DATA. They come in the
 * format and colour of the first one read. */
CopStatus cop_source_read(const CopFrameSource *source, const char *path, int first, int last,
                          const bool *want, CopFrame *out, int *n, CopError *err) COP_MUST_CHECK;

/* True for a video or picture of its own, which an index of videos can know. */
bool cop_source_is_file(const CopFrameSource *source);

/* File of picture i (from 0) of a source with a pattern; g_malloc'ed and returned. */
char *cop_source_picture(const CopFrameSource *source, const char *path, int i);

/* As cop_video_scan(). Numbered pictures are decoded one after the other: the first that is not
 * as it should be is the fault. */
CopStatus cop_source_scan(const CopFrameSource *source, const char *path, CopVideoFacts *facts,
                          CopError *err) COP_MUST_CHECK;

#endif

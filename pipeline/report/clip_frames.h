/* A few small pictures of a clip, decoded when a report is made.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_REPORT_CLIP_FRAMES_H
#define COP_REPORT_CLIP_FRAMES_H

#include <stddef.h>

#include "pipeline/media/frame_source.h"

enum { COP_CLIP_FRAMES = 3 };

/* PNGs spread over the clip: the middles of its first, second and last third. */
typedef struct CopClipFrames {
    void *png[COP_CLIP_FRAMES];
    size_t size[COP_CLIP_FRAMES];
} CopClipFrames;

/* Decodes `path`, or reads what `source` (NULL: a file) has beside it; the short side becomes 96
 * at most. COP_ERR_DATA or COP_ERR_IO where it is not there or cannot be decoded; nothing is
 * left in *out then. */
CopStatus cop_clip_frames(CopClipFrames *out, const CopFrameSource *source, const char *path,
                          CopError *err) COP_MUST_CHECK;
void cop_clip_frames_free(CopClipFrames *frames);

#endif

/* The frames around each one of a stream, for what mixes neighbours.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_FRAME_WINDOW_H
#define COP_CORRUPT_FRAME_WINDOW_H

#include <stddef.h>

#include "pipeline/corrupt/frame_queue.h"

/* Zeroed is empty. Frames wait until enough of those after them are there; those before
 * them are held as long as their user says. */
typedef struct CopFrameWindow {
    CopFrameQueue frames; /* of consecutive index; the oldest is the first of the stream or of
                           * what is still held */
    int waiting;          /* frames not yet out: the newest ones */
    bool flushed;         /* no more will come */
} CopFrameWindow;

/* Appends a reference to `frame` (borrowed). */
CopStatus cop_frame_window_push(CopFrameWindow *window, const CopFrame *frame) COP_MUST_CHECK;

/* The frame that comes out next, borrowed; NULL when none waits. */
const CopFrame *cop_frame_window_next(const CopFrameWindow *window);

/* True when `after` frames after the next one are there, or the stream has ended. */
bool cop_frame_window_ready(const CopFrameWindow *window, int after);

/* What stands at `index`: the ends of what is held are repeated outwards. Borrowed. */
const CopFrame *cop_frame_window_at(const CopFrameWindow *window, int64_t index);

/* The next frame is out, and frames before `low` are wanted no more. */
void cop_frame_window_advance(CopFrameWindow *window, int64_t low);

/* Drops all frames; the window is empty and usable after. */
void cop_frame_window_clear(CopFrameWindow *window);

/* Bytes of a picture's rows without what lies between them. */
size_t cop_frame_row_bytes(const CopFrame *frame);

/* A new frame (returned) with everything of `frame` but its pixels. */
CopStatus cop_frame_alloc_like(CopFrame *out, const CopFrame *frame) COP_MUST_CHECK;

#endif

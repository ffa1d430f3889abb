/* A queue of frame references, first in, first out.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_FRAME_QUEUE_H
#define COP_CORRUPT_FRAME_QUEUE_H

#include <stdbool.h>

#include "pipeline/media/frame.h"

/* Zeroed is empty. Frame i of the queue is item[(first + i) % capacity]. */
typedef struct CopFrameQueue {
    CopFrame *item;
    int first, n, capacity;
} CopFrameQueue;

/* Appends *frame, whose reference is taken whatever the outcome; *frame is zeroed. */
CopStatus cop_frame_queue_push(CopFrameQueue *queue, CopFrame *frame) COP_MUST_CHECK;

/* Moves the oldest frame into *out (returned); false when the queue is empty. */
bool cop_frame_queue_pop(CopFrameQueue *queue, CopFrame *out);

/* Frame i, 0 being the oldest; borrowed until the queue changes. */
const CopFrame *cop_frame_queue_at(const CopFrameQueue *queue, int i);

/* Drops all frames and the memory; the queue is empty and usable after. */
void cop_frame_queue_clear(CopFrameQueue *queue);

#endif

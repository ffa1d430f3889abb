/* A queue of frame references, first in, first out.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/frame_queue.h"

#include <stdlib.h>

static CopStatus grow(CopFrameQueue *queue)
{
    const int capacity = queue->capacity ? 2 * queue->capacity : 8;
    CopFrame *item = malloc((size_t)capacity * sizeof *item);
    if (!item)
        return COP_ERR_NOMEM;
    for (int i = 0; i < queue->n; i++)
        item[i] = *cop_frame_queue_at(queue, i);
    free(queue->item);
    *queue = (CopFrameQueue){.item = item, .n = queue->n, .capacity = capacity};
    return COP_OK;
}

CopStatus cop_frame_queue_push(CopFrameQueue *queue, CopFrame *frame)
{
    if (queue->n == queue->capacity) {
        const CopStatus status = grow(queue);
        if (status != COP_OK) {
            cop_frame_unref(frame);
            return status;
        }
    }
    queue->item[(queue->first + queue->n++) % queue->capacity] = *frame;
    *frame = (CopFrame){0};
    return COP_OK;
}

bool cop_frame_queue_pop(CopFrameQueue *queue, CopFrame *out)
{
    if (!queue->n)
        return false;
    *out = queue->item[queue->first];
    queue->first = (queue->first + 1) % queue->capacity;
    queue->n--;
    return true;
}

const CopFrame *cop_frame_queue_at(const CopFrameQueue *queue, int i)
{
    return &queue->item[(queue->first + i) % queue->capacity];
}

void cop_frame_queue_clear(CopFrameQueue *queue)
{
    CopFrame frame;
    while (cop_frame_queue_pop(queue, &frame))
        cop_frame_unref(&frame);
    free(queue->item);
    *queue = (CopFrameQueue){0};
}

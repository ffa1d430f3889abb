/* The frames around each one of a stream.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/frame_window.h"

CopStatus cop_frame_window_push(CopFrameWindow *window, const CopFrame *frame)
{
    CopFrame held = {0};
    COP_TRY(cop_frame_ref(&held, frame));
    COP_TRY(cop_frame_queue_push(&window->frames, &held));
    window->waiting++;
    return COP_OK;
}

const CopFrame *cop_frame_window_next(const CopFrameWindow *window)
{
    if (!window->waiting)
        return NULL;
    return cop_frame_queue_at(&window->frames, window->frames.n - window->waiting);
}

bool cop_frame_window_ready(const CopFrameWindow *window, int after)
{
    return window->waiting > 0 && (window->flushed || window->waiting > after);
}

const CopFrame *cop_frame_window_at(const CopFrameWindow *window, int64_t index)
{
    const int64_t offset = index - cop_frame_queue_at(&window->frames, 0)->index;
    const int last = window->frames.n - 1;
    return cop_frame_queue_at(&window->frames, offset < 0 ? 0 : offset > last ? last : (int)offset);
}

void cop_frame_window_advance(CopFrameWindow *window, int64_t low)
{
    window->waiting--;
    while (window->frames.n > window->waiting &&
           cop_frame_queue_at(&window->frames, 0)->index < low) {
        CopFrame old;
        cop_frame_queue_pop(&window->frames, &old);
        cop_frame_unref(&old);
    }
}

void cop_frame_window_clear(CopFrameWindow *window)
{
    cop_frame_queue_clear(&window->frames);
    *window = (CopFrameWindow){0};
}

size_t cop_frame_row_bytes(const CopFrame *frame)
{
    size_t bytes = 0;
    for (int p = 0; p < cop_pixel_format_planes(frame->format); p++) {
        int row_bytes, rows;
        cop_plane_size(frame->format, frame->width, frame->height, p, &row_bytes, &rows);
        bytes += (size_t)row_bytes * (size_t)rows;
    }
    return bytes;
}

CopStatus cop_frame_alloc_like(CopFrame *out, const CopFrame *frame)
{
    COP_TRY(cop_frame_alloc(out, frame->format, frame->width, frame->height));
    out->colour = frame->colour;
    out->index = frame->index;
    out->pts = frame->pts;
    return COP_OK;
}

/* Clips out of a stream of frames that has no end: a window that slides.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_CLIP_WINDOW_H
#define COP_LIVE_CLIP_WINDOW_H

#include "pipeline/media/preprocess.h"
#include "pipeline/media/sample.h"

/* One frame of a window, shared between the windows that overlap in it. */
typedef struct CopClipPicture {
    CopFrame frame;  /* has no planes where it was prepared */
    float *prepared; /* [3][h][w] as a net takes it, or NULL */
} CopClipPicture;

/* A clip and, where they were asked for, the source frames around it. */
typedef struct CopLiveWindow {
    int64_t number;           /* counts the windows of a stream from 0 */
    CopClipPicture **picture; /* [lead + frames + trail], in order of time */
    int lead, frames, trail;  /* the clip is picture[lead] .. picture[lead + frames - 1] */
    int padded;               /* frames at the clip's end that repeat earlier ones */
    int64_t first, last;      /* indices of the clip's first and last source frame */
    int64_t pts, end_pts;     /* of these two; INT64_MIN where it is not known */
} CopLiveWindow;

/* Windows are counted by reference, from any thread. NULL-safe, idempotent. */
CopLiveWindow *cop_live_window_ref(CopLiveWindow *window);
void cop_live_window_unref(CopLiveWindow **window);

/* Zeros: consecutive frames, windows that touch, no frames around, a partial one dropped. */
typedef struct CopClipWindowOptions {
    int frames, stride;   /* of a clip; stride 0: 1 */
    double fps;           /* that the stride counts in, by the frames' times; 0: source frames */
    int hop;              /* source frames from one window's start to the next's */
    int64_t hop_us;       /* the same in microseconds, where hop is 0; both 0: the clip's span */
    int lead, trail;      /* frames kept before and behind the clip; need stride 1, fps 0 */
    bool pad;             /* at the end, repeat frames to fill a partial window by `policy` */
    CopEdgePolicy policy; /* see cop_clip_window_end() */
    const CopPrepare *prepare; /* copied. NULL: frames are kept; else only what it makes of them */
} CopClipWindowOptions;

typedef struct CopClipWindowCounts {
    int64_t frames;  /* pushed */
    int64_t windows; /* made, padded ones included */
    int64_t padded;
    int64_t broken; /* partial windows that a discontinuity or the end threw away */
    int kept;       /* pictures in memory for windows that are not complete */
} CopClipWindowCounts;

typedef struct CopClipWindow CopClipWindow;

/* COP_ERR_ARG for options outside 1 to 4096 frames, strides and hops, or that contradict.
 * Returned in *out. */
CopStatus cop_clip_window_create(CopClipWindow **out, const CopClipWindowOptions *options,
                                 CopError *err) COP_MUST_CHECK;
void cop_clip_window_destroy(CopClipWindow **window); /* NULL-safe, idempotent */

/* Source frames from a clip's first to its last; 0 where the fps is not 0. */
int cop_clip_window_span(const CopClipWindow *window);

/* The next frame of the stream (borrowed; one without a buffer is copied where it is needed).
 * An index that is not the last one's successor, another size or format and, where times
 * count, times that do not rise, are discontinuities. With fps, frame j of a clip is the last
 * one shown at pts of the clip's first + j stride / fps, give or take half a millisecond,
 * which is what times in milliseconds lose. COP_ERR_DATA for a frame without a time where
 * times count. Memory is bounded by span, lead and trail. */
CopStatus cop_clip_window_push(CopClipWindow *window, const CopFrame *frame,
                               CopError *err) COP_MUST_CHECK;

/* The oldest complete window that was not pulled (returned), or NULL. */
CopLiveWindow *cop_clip_window_pull(CopClipWindow *window);

/* A discontinuity: partial windows are dropped, the next frame begins a window. */
void cop_clip_window_break(CopClipWindow *window);

/* The stream's end. Windows that only lack frames behind their clip are complete. The oldest
 * partial one, if it shows frames that no window did, is padded: repeat and repeat_last show
 * its last frame again, loop and wrap its frames from the first on; what lies between the
 * strides is not kept, so the first two and the last two are the same here. The other ones are
 * dropped, with the policy error all. What is pushed next begins a new stream. */
void cop_clip_window_end(CopClipWindow *window);

void cop_clip_window_counts(const CopClipWindow *window, CopClipWindowCounts *counts);

#endif

/* A model beside a stream: frames in, now and then an answer out, from another thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_LIVE_CLASSIFIER_H
#define COP_LIVE_LIVE_CLASSIFIER_H

#include "pipeline/eval/store.h"
#include "pipeline/live/clip_window.h"
#include "pipeline/live/live_model.h"
#include "pipeline/live/live_queue.h"

/* What a model says of one window. All of it is borrowed for the call that hands it over. */
typedef struct CopLiveAnswer {
    const CopLiveWindow *window;
    const CopLiveModel *model;
    int n_top; /* min(COP_TOP, classes), by falling score, ties to the lower class */
    int top[COP_TOP];
    float score[COP_TOP]; /* probabilities */
    const float *p;       /* [classes] */
    const float *logits;  /* [classes] */
    double waited;        /* seconds in the queue */
    double seconds;       /* of the forward pass */
} CopLiveAnswer;

/* Both on the worker's thread, one call at a time, in the order of the windows. */
typedef struct CopLiveCalls {
    void (*answered)(void *ctx, const CopLiveAnswer *answer);
    void (*failed)(void *ctx, const CopError *err); /* a window without an answer; may be NULL */
    void *ctx;
} CopLiveCalls;

/* Zeros: tiles, all processors, two windows may wait, the oldest goes, windows touch, the end
 * drops a partial window. */
typedef struct CopLiveClassifierOptions {
    const char *model, *labels; /* files; labels may be NULL */
    bool batch;                 /* run a window in a lane of a batch, not as tiles */
    int threads;
    int depth; /* windows that may wait, 0: 2 */
    CopBackpressure policy;
    int hop; /* see CopClipWindowOptions */
    int64_t hop_us;
    bool pad; /* fill a partial window at the end, as the model's clip.policy says */
} CopLiveClassifierOptions;

typedef struct CopLiveClassifier CopLiveClassifier;

/* Opens the model and starts the thread. Clips are the model's: clip.frames, clip.stride, and
 * clip.fps by the frames' times. Strings are borrowed for the call. Returned in *out. */
CopStatus cop_live_classifier_create(CopLiveClassifier **out,
                                     const CopLiveClassifierOptions *options,
                                     const CopLiveCalls *calls, CopError *err) COP_MUST_CHECK;

/* Discards what waits and ends the thread. NULL-safe, idempotent. */
void cop_live_classifier_destroy(CopLiveClassifier **classifier);

/* The next frame (borrowed, any format). Resizing is done here, where a window shows the frame;
 * a window that is complete goes into the queue. *dropped (may be NULL) counts the windows that
 * fell out of it. COP_ERR_SHAPE for a picture that the model does not take. */
CopStatus cop_live_classifier_push(CopLiveClassifier *classifier, const CopFrame *frame,
                                   int *dropped, CopError *err) COP_MUST_CHECK;

/* A discontinuity: see cop_clip_window_break(). */
void cop_live_classifier_break(CopLiveClassifier *classifier);

/* A flush: the same, and no window of before is answered any more. */
void cop_live_classifier_flush(CopLiveClassifier *classifier);

/* The end of the stream: waits until every window, the last one included, is answered. */
void cop_live_classifier_end(CopLiveClassifier *classifier);

/* Waits until every window that is complete is answered. */
void cop_live_classifier_drain(CopLiveClassifier *classifier);

/* Another model from the next window on; it is opened here, before anything changes, so that
 * the stream goes on meanwhile. Windows that are complete are still the old model's, which is
 * freed after the last of them. A partial window goes on where the new model takes the same
 * clips, prepared in the same way; it is dropped otherwise. After an error all is as before. */
CopStatus cop_live_classifier_swap(CopLiveClassifier *classifier, const char *model,
                                   const char *labels, CopError *err) COP_MUST_CHECK;

/* The model of the next window; a reference, returned. */
CopLiveModel *cop_live_classifier_model(CopLiveClassifier *classifier);

void cop_live_classifier_set_policy(CopLiveClassifier *classifier, CopBackpressure policy);

/* Both may be NULL. */
void cop_live_classifier_stats(CopLiveClassifier *classifier, CopLiveStats *stats,
                               CopClipWindowCounts *counts);

#endif

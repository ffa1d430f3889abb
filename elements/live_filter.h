/* What the elements that watch a stream share: frames pass, answers come beside them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ELEMENTS_LIVE_FILTER_H
#define COP_ELEMENTS_LIVE_FILTER_H

#include <gst/gst.h>

#include "elements/raw_video.h"
#include "elements/stream_index.h"
#include "models/core/option.h"
#include "pipeline/live/clip_window.h"
#include "pipeline/live/live_queue.h"
#include "pipeline/live/overlay.h"

#define COP_TYPE_LIVE_FILTER (cop_live_filter_get_type())
G_DECLARE_DERIVABLE_TYPE(GstLiveFilter, cop_live_filter, COP, LIVE_FILTER, GstElement)

/* The base has the properties backpressure and overlay, and the counters. A subclass supplies the
 * rest: open() makes its core, with the policy block, and close() frees it, in READY; others run
 * only between the two. */
struct _GstLiveFilterClass {
    GstElementClass parent_class;
    const char *meta;      /* name of its custom meta */
    const CopOption *rows; /* its properties, from number 1 on */
    gsize settings;        /* where their struct lies in an instance */
    guint live;            /* the property that a core takes while it runs */
    /* The core takes that one; the old value stays in force after an error. */
    CopStatus (*take)(GstLiveFilter *self, CopError *err);
    CopStatus (*open)(GstLiveFilter *self, CopError *err);
    void (*close)(GstLiveFilter *self);
    /* The stream's frame rate is known, 0 where it has none; may be NULL. */
    CopStatus (*set_rate)(GstLiveFilter *self, double rate, CopError *err);
    CopStatus (*push)(GstLiveFilter *self, const CopFrame *frame, int *dropped, CopError *err);
    void (*interrupt)(GstLiveFilter *self); /* a discontinuity */
    void (*flush)(GstLiveFilter *self);     /* from any thread */
    void (*end)(GstLiveFilter *self);
    void (*set_policy)(GstLiveFilter *self, CopBackpressure policy);
    void (*stats)(GstLiveFilter *self, CopLiveStats *stats, CopClipWindowCounts *counts);
};

/* Makes properties of the class's rows, registers its meta, which every transform keeps, and adds
 * pads. The settings begin with the rows' defaults and are freed with the instance; `flags` goes to
 * all properties. */
void cop_live_filter_class_set_up(GstLiveFilterClass *klass, GParamFlags flags);

/* The instance's settings of this moment in *out, for cop_options_free(). */
CopStatus cop_live_filter_copy_settings(GstLiveFilter *self, void *out,
                                        CopError *err) COP_MUST_CHECK;

/* From the worker: tells what `content` (taken) says as an element message, and as a custom meta
 * of each buffer that passes until the next one. */
void cop_live_filter_answered(GstLiveFilter *self, GstStructure *content);
void cop_live_filter_failed(GstLiveFilter *self, const CopError *err);

/* Fields that tell which window an answer is about:
 *   window (uint64, from 0), first, last (int64, source frames), start, end (uint64, stream
 *   time of these in nanoseconds, GST_CLOCK_TIME_NONE where there is none), padded (int),
 *   waited, run (uint64, nanoseconds in the queue and of computing) */
GstStructure *cop_live_filter_content(const char *name, const CopLiveWindow *window, double waited,
                                      double run);

/* The overlay to be fed, or NULL; between the two it stays. */
CopOverlay *cop_live_filter_begin_overlay(GstLiveFilter *self);
void cop_live_filter_end_overlay(GstLiveFilter *self);

/* The core stays between the two; it is there where TRUE comes back. Several may hold it at once,
 * so that one who waits for an answer to be delivered keeps nobody from asking for figures. */
gboolean cop_live_filter_hold(GstLiveFilter *self);
void cop_live_filter_let_go(GstLiveFilter *self);

/* Nobody else uses the core between the two: for those who put another one in its place. */
void cop_live_filter_seize(GstLiveFilter *self);
void cop_live_filter_release(GstLiveFilter *self);

#endif

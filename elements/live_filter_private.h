/* What the files of the watching elements' base share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ELEMENTS_LIVE_FILTER_PRIVATE_H
#define COP_ELEMENTS_LIVE_FILTER_PRIVATE_H

#include "elements/live_filter.h"

typedef struct CopLiveFilterSettings {
    int backpressure; /* 0: auto; else 1 + CopBackpressure */
    bool overlay;
} CopLiveFilterSettings;

typedef struct GstLiveFilterPrivate {
    GstPad *sink, *src;

    /* Under the object lock. */
    CopLiveFilterSettings settings;
    guint64 frames;
    GstStructure *latest; /* answer that buffers carry; NULL: none yet */
    CopLiveStats stats;   /* of the last core, once that is gone */
    CopClipWindowCounts counts;

    GRWLock life; /* read by who uses the core, written by who makes and frees it */
    gboolean opened;

    GMutex overlay_lock; /* the overlay is not replaced while it is held */
    CopOverlay *overlay;

    /* Of the streaming thread. */
    gboolean negotiated, started, policy_known;
    CopRawVideo video;
    GstSegment segment;
    CopStreamIndex index;
} GstLiveFilterPrivate;

GstLiveFilterPrivate *cop_live_filter_private(GstLiveFilter *self);

/* The stream, live_filter_stream.c. */
GstFlowReturn cop_live_filter_chain(GstPad *pad, GstObject *parent, GstBuffer *buffer);
gboolean cop_live_filter_sink_event(GstPad *pad, GstObject *parent, GstEvent *event);

/* From any thread: lets the stream go where it waits for a model. */
void cop_live_filter_flush(GstLiveFilter *self);

/* The settings of this moment. */
CopLiveFilterSettings cop_live_filter_settings(GstLiveFilter *self);

/* Says what went wrong in terms of GStreamer, and `more` (NULL: nothing) beside it; `type` is that
 * of an error or of a warning. */
void cop_live_filter_tell(GstLiveFilter *self, GstMessageType type, const CopError *err,
                          const char *more);

/* 0 before there is anything, which is not a number. */
guint64 cop_live_filter_nanoseconds(double seconds);

GST_DEBUG_CATEGORY_EXTERN(cop_live_filter_debug);

#endif

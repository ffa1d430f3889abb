/* What the files of videocorrupt share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ELEMENTS_VIDEO_CORRUPT_PRIVATE_H
#define COP_ELEMENTS_VIDEO_CORRUPT_PRIVATE_H

#include <gst/gst.h>

#include "elements/corrupt_plan.h"
#include "elements/raw_video.h"
#include "elements/stream_index.h"

#define COP_TYPE_VIDEO_CORRUPT (cop_video_corrupt_get_type())
G_DECLARE_FINAL_TYPE(GstVideoCorrupt, cop_video_corrupt, COP, VIDEO_CORRUPT, GstElement)

struct _GstVideoCorrupt {
    GstElement parent;
    GstPad *sink, *src;

    /* Under the object lock. Properties are set one by one; those set together are published
     * together, so that the stream never sees half a change. */
    CopCorruptSettings asked, published;
    guint published_serial;
    guint64 frames;
    gint held;                   /* frames of latency */
    GstClockTime busy;           /* and what it takes to code a group of them */
    GstClockTime frame_duration; /* GST_CLOCK_TIME_NONE: not known */

    /* Of the streaming thread. */
    CopCorruptPlan plan;
    guint seen_serial;
    gboolean negotiated;
    CopRawVideo video;
    GstSegment segment;
    CopStreamIndex index;
    gboolean engaged;    /* frames are or were inside a corruption with memory... */
    gint64 expected;     /* ... which takes this one next */
    GQueue pending;      /* GstBuffer without memory of each frame inside; events between them */
    GstBufferPool *pool; /* of frames that come out of it */
};

/* The stream, video_corrupt_stream.c. All but _forget() run in the streaming thread. */
GstFlowReturn cop_video_corrupt_chain(GstPad *pad, GstObject *parent, GstBuffer *buffer);

/* Sends on all that is inside. What follows starts as at the head of a stream. */
GstFlowReturn cop_video_corrupt_drain(GstVideoCorrupt *self);

/* Drops all that is inside. */
void cop_video_corrupt_forget(GstVideoCorrupt *self);

/* Takes over published settings: the old ones stay where these are wrong. */
CopStatus cop_video_corrupt_update(GstVideoCorrupt *self, CopError *err) COP_MUST_CHECK;

/* Tells the pipeline how many frames are held back and what a group of them takes, where that has
 * changed. */
void cop_video_corrupt_set_latency(GstVideoCorrupt *self, gint frames, GstClockTime busy);

/* Events and queries, video_corrupt_events.c. */
gboolean cop_video_corrupt_sink_event(GstPad *pad, GstObject *parent, GstEvent *event);
gboolean cop_video_corrupt_sink_query(GstPad *pad, GstObject *parent, GstQuery *query);
gboolean cop_video_corrupt_src_query(GstPad *pad, GstObject *parent, GstQuery *query);

/* Nanoseconds that frames are held back, 0 where a frame's duration is not known. */
GstClockTime cop_video_corrupt_latency(GstVideoCorrupt *self);

GST_DEBUG_CATEGORY_EXTERN(cop_video_corrupt_debug);

#endif

/* Events and queries of videocorrupt.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elements/video_corrupt_private.h"

#define GST_CAT_DEFAULT cop_video_corrupt_debug

static void set_frame_duration(GstVideoCorrupt *self, const GstVideoInfo *info)
{
    const gint n = GST_VIDEO_INFO_FPS_N(info), d = GST_VIDEO_INFO_FPS_D(info);
    GST_OBJECT_LOCK(self);
    self->frame_duration =
        n > 0 ? gst_util_uint64_scale_int(GST_SECOND, d, n) : GST_CLOCK_TIME_NONE;
    GST_OBJECT_UNLOCK(self);
}

/* Pictures inside have the old shape. */
static gboolean set_caps(GstVideoCorrupt *self, GstEvent *event)
{
    GstCaps *caps;
    CopRawVideo video;
    gst_event_parse_caps(event, &caps);
    if (!cop_raw_video_parse(&video, caps)) {
        GST_ERROR_OBJECT(self, "caps that are no raw video of ours: %" GST_PTR_FORMAT,
                         (void *)caps);
        gst_event_unref(event);
        return FALSE;
    }
    if (self->negotiated && !gst_video_info_is_equal(&video.info, &self->video.info)) {
        (void)cop_video_corrupt_drain(self);
        if (self->pool) {
            gst_buffer_pool_set_active(self->pool, FALSE);
            gst_clear_object(&self->pool);
        }
    }
    self->video = video;
    self->negotiated = TRUE;
    set_frame_duration(self, &video.info);
    return gst_pad_event_default(self->sink, GST_OBJECT(self), event);
}

static void stop_flush(GstVideoCorrupt *self)
{
    cop_video_corrupt_forget(self);
    cop_stream_index_lose(&self->index);
    gst_segment_init(&self->segment, GST_FORMAT_UNDEFINED);
}

/* Waits for the frames inside that came before it. */
static gboolean queue_event(GstVideoCorrupt *self, GstEvent *event)
{
    GST_DEBUG_OBJECT(self, "queueing %" GST_PTR_FORMAT, (void *)event);
    g_queue_push_tail(&self->pending, event);
    return TRUE;
}

gboolean cop_video_corrupt_sink_event(GstPad *pad, GstObject *parent, GstEvent *event)
{
    GstVideoCorrupt *self = COP_VIDEO_CORRUPT(parent);
    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_CAPS:
        return set_caps(self, event);
    case GST_EVENT_STREAM_START:
        (void)cop_video_corrupt_drain(self);
        (void)cop_stream_index_start(&self->index, event);
        break;
    case GST_EVENT_SEGMENT:
        (void)cop_video_corrupt_drain(self);
        gst_event_copy_segment(event, &self->segment);
        cop_stream_index_lose(&self->index);
        break;
    case GST_EVENT_GAP:
        (void)cop_video_corrupt_drain(self);
        cop_stream_index_lose(&self->index);
        break;
    case GST_EVENT_EOS:
    case GST_EVENT_SEGMENT_DONE:
    case GST_EVENT_STREAM_GROUP_DONE:
        (void)cop_video_corrupt_drain(self);
        break;
    case GST_EVENT_FLUSH_STOP:
        stop_flush(self);
        break;
    default:
        if (GST_EVENT_IS_SERIALIZED(event) && !g_queue_is_empty(&self->pending))
            return queue_event(self, event);
    }
    return gst_pad_event_default(pad, parent, event);
}

gboolean cop_video_corrupt_sink_query(GstPad *pad, GstObject *parent, GstQuery *query)
{
    if (GST_QUERY_TYPE(query) == GST_QUERY_DRAIN)
        (void)cop_video_corrupt_drain(COP_VIDEO_CORRUPT(parent));
    return gst_pad_query_default(pad, parent, query);
}

GstClockTime cop_video_corrupt_latency(GstVideoCorrupt *self)
{
    GST_OBJECT_LOCK(self);
    const GstClockTime waited = GST_CLOCK_TIME_IS_VALID(self->frame_duration)
                                    ? (guint)self->held * self->frame_duration
                                    : 0;
    const GstClockTime latency = waited + self->busy;
    GST_OBJECT_UNLOCK(self);
    return latency;
}

gboolean cop_video_corrupt_src_query(GstPad *pad, GstObject *parent, GstQuery *query)
{
    GstVideoCorrupt *self = COP_VIDEO_CORRUPT(parent);
    if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY)
        return gst_pad_query_default(pad, parent, query);
    if (!gst_pad_peer_query(self->sink, query))
        return FALSE;
    gboolean live;
    GstClockTime least, most;
    const GstClockTime own = cop_video_corrupt_latency(self);
    gst_query_parse_latency(query, &live, &least, &most);
    gst_query_set_latency(query, live, least + own,
                          GST_CLOCK_TIME_IS_VALID(most) ? most + own : most);
    return TRUE;
}

/* The stream through an element that watches: buffers and events.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elements/live_filter_private.h"

#define GST_CAT_DEFAULT cop_live_filter_debug

/* --- events ------------------------------------------------------------------------- */

static void renew_overlay(GstLiveFilter *self)
{
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    const gint width = GST_VIDEO_INFO_WIDTH(&p->video.info);
    const gint height = GST_VIDEO_INFO_HEIGHT(&p->video.info);
    g_mutex_lock(&p->overlay_lock);
    if (!p->overlay || cop_overlay_width(p->overlay) != width ||
        cop_overlay_height(p->overlay) != height) {
        cop_overlay_destroy(&p->overlay);
        if (cop_overlay_create(&p->overlay, width, height) != COP_OK)
            GST_INFO_OBJECT(self, "no overlay on pictures of %d x %d", width, height);
    }
    g_mutex_unlock(&p->overlay_lock);
}

static gboolean set_caps(GstLiveFilter *self, GstEvent *event)
{
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    const GstLiveFilterClass *klass = COP_LIVE_FILTER_GET_CLASS(self);
    GstCaps *caps;
    CopRawVideo video;
    CopError err = {0};
    gst_event_parse_caps(event, &caps);
    if (!cop_raw_video_parse(&video, caps)) {
        GST_ERROR_OBJECT(self, "caps that are no raw video of ours: %" GST_PTR_FORMAT,
                         (void *)caps);
        gst_event_unref(event);
        return FALSE;
    }
    if (p->negotiated && !gst_video_info_is_equal(&video.info, &p->video.info))
        klass->interrupt(self); /* a window has one shape */
    p->video = video;
    p->negotiated = TRUE;
    const gint n = GST_VIDEO_INFO_FPS_N(&video.info), d = GST_VIDEO_INFO_FPS_D(&video.info);
    if (klass->set_rate && klass->set_rate(self, n > 0 ? (double)n / d : 0, &err) != COP_OK) {
        cop_live_filter_tell(self, GST_MESSAGE_ERROR, &err, NULL);
        gst_event_unref(event);
        return FALSE;
    }
    p->policy_known = FALSE; /* the core may be another one */
    renew_overlay(self);
    return gst_pad_event_default(p->sink, GST_OBJECT(self), event);
}

void cop_live_filter_flush(GstLiveFilter *self)
{
    if (!cop_live_filter_hold(self))
        return;
    COP_LIVE_FILTER_GET_CLASS(self)->flush(self);
    cop_live_filter_let_go(self);
}

/* Answers about the place before a seek say nothing of the one behind it. */
static void forget_answers(GstLiveFilter *self)
{
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    GST_OBJECT_LOCK(self);
    g_clear_pointer(&p->latest, gst_structure_free);
    GST_OBJECT_UNLOCK(self);
    g_mutex_lock(&p->overlay_lock);
    if (p->overlay)
        cop_overlay_clear(p->overlay);
    g_mutex_unlock(&p->overlay_lock);
}

gboolean cop_live_filter_sink_event(GstPad *pad, GstObject *parent, GstEvent *event)
{
    GstLiveFilter *self = COP_LIVE_FILTER(parent);
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    const GstLiveFilterClass *klass = COP_LIVE_FILTER_GET_CLASS(self);
    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_CAPS:
        return set_caps(self, event);
    case GST_EVENT_STREAM_START:
        if (cop_stream_index_start(&p->index, event))
            klass->interrupt(self);
        break;
    case GST_EVENT_SEGMENT:
        gst_event_copy_segment(event, &p->segment);
        cop_stream_index_lose(&p->index);
        break;
    case GST_EVENT_GAP:
        klass->interrupt(self);
        cop_stream_index_lose(&p->index);
        break;
    case GST_EVENT_EOS:
    case GST_EVENT_SEGMENT_DONE:
        klass->end(self);
        break;
    case GST_EVENT_FLUSH_START:
        cop_live_filter_flush(self);
        break;
    case GST_EVENT_FLUSH_STOP:
        cop_live_filter_flush(self);
        forget_answers(self);
        cop_stream_index_lose(&p->index);
        gst_segment_init(&p->segment, GST_FORMAT_UNDEFINED);
        break;
    default:
        break;
    }
    return gst_pad_event_default(pad, parent, event);
}

/* --- buffers ------------------------------------------------------------------------- */

/* Auto: behind a live source the oldest windows go, elsewhere the stream waits. */
static void set_policy(GstLiveFilter *self)
{
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    const GstLiveFilterClass *klass = COP_LIVE_FILTER_GET_CLASS(self);
    gboolean live = FALSE;
    p->policy_known = TRUE;
    const int place = cop_live_filter_settings(self).backpressure;
    if (place > 0) {
        klass->set_policy(self, (CopBackpressure)(place - 1));
        return;
    }
    GstQuery *query = gst_query_new_latency();
    if (gst_pad_peer_query(p->sink, query))
        gst_query_parse_latency(query, &live, NULL, NULL);
    gst_query_unref(query);
    GST_INFO_OBJECT(self, "%s source", live ? "live" : "no live");
    klass->set_policy(self, live ? COP_DROP_OLDEST : COP_BLOCK);
}

static void fill_in(const GstLiveFilterPrivate *p, CopFrame *frame, GstBuffer *buffer, gint64 index)
{
    const GstClockTime time = cop_stream_time(&p->segment, buffer);
    frame->index = index;
    frame->pts = GST_CLOCK_TIME_IS_VALID(time) ? (gint64)(time / 1000) : INT64_MIN;
}

/* Formats whose bytes must be turned are looked at in a copy. */
static CopStatus push_view(GstLiveFilter *self, const CopFrame *view, int *dropped, CopError *err)
{
    const GstLiveFilterPrivate *p = cop_live_filter_private(self);
    const GstLiveFilterClass *klass = COP_LIVE_FILTER_GET_CLASS(self);
    if (!p->video.turned)
        return klass->push(self, view, dropped, err);
    CopFrame copy;
    COP_TRY(cop_frame_alloc(&copy, view->format, view->width, view->height));
    copy.colour = view->colour;
    copy.index = view->index;
    copy.pts = view->pts;
    cop_frame_copy_pixels(&copy, view);
    cop_raw_video_turn(&p->video, &copy);
    const CopStatus status = klass->push(self, &copy, dropped, err);
    cop_frame_unref(&copy);
    return status;
}

static CopStatus look_at(GstLiveFilter *self, GstBuffer *buffer, gint64 index, int *dropped,
                         CopError *err)
{
    const GstLiveFilterPrivate *p = cop_live_filter_private(self);
    GstVideoFrame mapped;
    CopFrame view;
    if (!gst_video_frame_map(&mapped, &p->video.info, buffer, GST_MAP_READ))
        return cop_error_set(err, COP_ERR_NOMEM, "a buffer cannot be mapped");
    cop_raw_video_view(&p->video, &mapped, &view);
    fill_in(p, &view, buffer, index);
    CopStatus status = push_view(self, &view, dropped, err);
    gst_video_frame_unmap(&mapped);
    return status == COP_OK ? COP_OK
                            : cop_error_set(err, status, "frame %" G_GINT64_FORMAT ": %s", index,
                                            cop_status_name(status));
}

static void post_qos(GstLiveFilter *self, GstBuffer *buffer)
{
    const GstLiveFilterPrivate *p = cop_live_filter_private(self);
    CopLiveStats stats;
    CopClipWindowCounts counts;
    COP_LIVE_FILTER_GET_CLASS(self)->stats(self, &stats, &counts);
    GstMessage *message = gst_message_new_qos(
        GST_OBJECT(self), TRUE, cop_stream_running_time(&p->segment, buffer),
        cop_stream_time(&p->segment, buffer), GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer));
    gst_message_set_qos_stats(message, GST_FORMAT_BUFFERS, (guint64)stats.run,
                              (guint64)stats.dropped);
    gst_element_post_message(GST_ELEMENT(self), message);
}

static gboolean copy_field(GQuark field, const GValue *value, gpointer to)
{
    gst_structure_id_set_value(to, field, value);
    return TRUE;
}

/* The last answer there is, with how far it lies back: age (int64, frames). */
static GstBuffer *attach(GstLiveFilter *self, GstBuffer *buffer, gint64 index)
{
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    gint64 last = index;
    GST_OBJECT_LOCK(self);
    const gboolean answered = p->latest != NULL; /* only a flush, which is no frame, forgets it */
    GST_OBJECT_UNLOCK(self);
    if (!answered)
        return buffer;
    buffer = gst_buffer_make_writable(buffer);
    GstCustomMeta *meta = gst_buffer_add_custom_meta(buffer, COP_LIVE_FILTER_GET_CLASS(self)->meta);
    GstStructure *content = gst_custom_meta_get_structure(meta);
    GST_OBJECT_LOCK(self);
    gst_structure_foreach(p->latest, copy_field, content);
    GST_OBJECT_UNLOCK(self);
    gst_structure_get_int64(content, "last", &last);
    gst_structure_set(content, "age", G_TYPE_INT64, index - last, NULL);
    return buffer;
}

static GstBuffer *draw(GstLiveFilter *self, GstBuffer *buffer)
{
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    GstVideoFrame mapped;
    CopFrame view;
    if (!p->overlay || !cop_live_filter_settings(self).overlay)
        return buffer;
    buffer = gst_buffer_make_writable(buffer);
    if (!gst_video_frame_map(&mapped, &p->video.info, buffer,
                             GST_MAP_READWRITE | GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) {
        GST_WARNING_OBJECT(self, "a buffer cannot be drawn on");
        return buffer;
    }
    cop_raw_video_view(&p->video, &mapped, &view);
    cop_raw_video_turn(&p->video, &view);
    if (cop_overlay_draw(p->overlay, &view) != COP_OK)
        GST_WARNING_OBJECT(self, "nothing could be drawn");
    cop_raw_video_turn_back(&p->video, &view);
    gst_video_frame_unmap(&mapped);
    return buffer;
}

GstFlowReturn cop_live_filter_chain(GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
    GstLiveFilter *self = COP_LIVE_FILTER(parent);
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    CopError err = {0};
    int dropped = 0;
    (void)pad;
    if (!p->negotiated) {
        gst_buffer_unref(buffer);
        return GST_FLOW_NOT_NEGOTIATED;
    }
    if (!p->policy_known)
        set_policy(self);
    const GstClockTime time = cop_stream_time(&p->segment, buffer);
    if (GST_CLOCK_TIME_IS_VALID(time))
        gst_object_sync_values(GST_OBJECT(self), time);
    if (p->started && GST_BUFFER_IS_DISCONT(buffer))
        COP_LIVE_FILTER_GET_CLASS(self)->interrupt(self);
    p->started = TRUE;
    const gint64 index =
        cop_stream_index_next(&p->index, &p->segment, buffer, GST_VIDEO_INFO_FPS_N(&p->video.info),
                              GST_VIDEO_INFO_FPS_D(&p->video.info));
    GST_OBJECT_LOCK(self);
    p->frames++;
    GST_OBJECT_UNLOCK(self);
    if (look_at(self, buffer, index, &dropped, &err) != COP_OK) {
        gst_buffer_unref(buffer);
        cop_live_filter_tell(self, GST_MESSAGE_ERROR, &err, NULL);
        return GST_FLOW_ERROR;
    }
    if (dropped > 0)
        post_qos(self, buffer);
    return gst_pad_push(p->src, draw(self, attach(self, buffer, index)));
}

/* The stream of videocorrupt: buffers in, corrupted buffers out.
 *
 * A corruption without memory works where the picture lies. One with memory gets a copy, so
 * that no buffer of somebody else's pool is held for long; what a buffer says beside its
 * pixels waits in a queue until its picture comes out, together with the serialized events
 * between buffers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elements/video_corrupt_private.h"

#define GST_CAT_DEFAULT cop_video_corrupt_debug

static GstFlowReturn fail(GstVideoCorrupt *self, CopStatus status, const char *what)
{
    const CopCorrupt *corrupt = self->plan.corrupt;
    GST_ELEMENT_ERROR(self, LIBRARY, ENCODE,
                      ("%s: %s (%s)", corrupt ? corrupt->desc->name : "videocorrupt", what,
                       cop_status_name(status)),
                      (NULL));
    return GST_FLOW_ERROR;
}

static gboolean has_memory(const GstVideoCorrupt *self)
{
    return self->plan.corrupt && self->plan.corrupt->desc->push;
}

void cop_video_corrupt_set_latency(GstVideoCorrupt *self, gint frames, GstClockTime busy)
{
    GST_OBJECT_LOCK(self);
    const gboolean changed = self->held != frames || self->busy != busy;
    self->held = frames;
    self->busy = busy;
    GST_OBJECT_UNLOCK(self);
    if (!changed)
        return;
    GST_INFO_OBJECT(self, "latency is %d frames and %" GST_TIME_FORMAT, frames,
                    GST_TIME_ARGS(busy));
    gst_element_post_message(GST_ELEMENT(self), gst_message_new_latency(GST_OBJECT(self)));
}

/* Groups of pictures are coded at once, frames of the next one come meanwhile: all of a group
 * are late by what that takes. What is little is left to the sink's deadline. */
static void note_busy(GstVideoCorrupt *self, gint64 index, gint64 start)
{
    const CopCorrupt *corrupt = self->plan.corrupt;
    const GstClockTime spent = (guint64)(g_get_monotonic_time() - start) * GST_USECOND;
    const gboolean ends = corrupt->align > 1 && (index + 1) % corrupt->align == 0;
    if (ends && corrupt->latency && spent > self->busy &&
        GST_CLOCK_TIME_IS_VALID(self->frame_duration) && spent > self->frame_duration)
        cop_video_corrupt_set_latency(self, self->held, spent + spent / 4);
}

/* --- what comes out of a corruption with memory --------------------------------- */

/* All that a buffer says but pixels and how they lie. */
static gboolean copy_meta(GstBuffer *from, GstMeta **meta, gpointer to)
{
    static const gchar *const of_memory[] = {GST_META_TAG_MEMORY_STR,
                                             GST_META_TAG_MEMORY_REFERENCE_STR};
    const GstMetaInfo *info = (*meta)->info;
    if (!info->transform_func)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(of_memory); i++)
        if (gst_meta_api_type_has_tag(info->api, g_quark_from_string(of_memory[i])))
            return TRUE;
    GstMetaTransformCopy whole = {FALSE, 0, (gsize)-1};
    info->transform_func(to, *meta, from, _gst_meta_transform_copy, &whole);
    return TRUE;
}

static GstBuffer *header_of(GstBuffer *buffer)
{
    GstBuffer *header = gst_buffer_new();
    gst_buffer_copy_into(header, buffer, GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS, 0,
                         (gsize)-1);
    gst_buffer_foreach_meta(buffer, copy_meta, header);
    return header;
}

static gboolean start_pool(GstVideoCorrupt *self)
{
    if (self->pool)
        return TRUE;
    GstCaps *caps = gst_video_info_to_caps(&self->video.info);
    self->pool = gst_video_buffer_pool_new();
    GstStructure *config = gst_buffer_pool_get_config(self->pool);
    gst_buffer_pool_config_set_params(config, caps, (guint)GST_VIDEO_INFO_SIZE(&self->video.info),
                                      0, 0);
    gst_caps_unref(caps);
    if (gst_buffer_pool_set_config(self->pool, config) &&
        gst_buffer_pool_set_active(self->pool, TRUE))
        return TRUE;
    gst_clear_object(&self->pool);
    return FALSE;
}

/* A buffer (returned) of the frame's pixels that says what `header` does. */
static GstFlowReturn make_output(GstVideoCorrupt *self, const CopFrame *frame, GstBuffer *header,
                                 GstBuffer **out)
{
    GstVideoFrame mapped;
    CopFrame view;
    if (!start_pool(self))
        return fail(self, COP_ERR_NOMEM, "no buffers");
    const GstFlowReturn flow = gst_buffer_pool_acquire_buffer(self->pool, out, NULL);
    if (flow != GST_FLOW_OK)
        return flow;
    if (!gst_video_frame_map(&mapped, &self->video.info, *out, GST_MAP_WRITE)) {
        gst_clear_buffer(out);
        return fail(self, COP_ERR_NOMEM, "a new buffer cannot be mapped");
    }
    cop_raw_video_view(&self->video, &mapped, &view);
    cop_frame_copy_pixels(&view, frame);
    cop_raw_video_turn_back(&self->video, &view);
    gst_video_frame_unmap(&mapped);
    gst_buffer_copy_into(*out, header,
                         GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS | GST_BUFFER_COPY_META,
                         0, (gsize)-1);
    return GST_FLOW_OK;
}

/* Sends events that no frame comes before any more. */
static void send_events(GstVideoCorrupt *self)
{
    while (GST_IS_EVENT(g_queue_peek_head(&self->pending)))
        gst_pad_push_event(self->src, GST_EVENT(g_queue_pop_head(&self->pending)));
}

static GstFlowReturn send_frame(GstVideoCorrupt *self, const CopFrame *frame)
{
    GstBuffer *out = NULL;
    send_events(self);
    GstBuffer *header = g_queue_pop_head(&self->pending);
    if (!header)
        return fail(self, COP_ERR_DATA, "more frames came out than went in");
    GstFlowReturn flow = make_output(self, frame, header, &out);
    gst_buffer_unref(header);
    if (flow == GST_FLOW_OK)
        flow = gst_pad_push(self->src, out);
    return flow;
}

/* Sends on the frames that are ready. */
static GstFlowReturn send_ready(GstVideoCorrupt *self)
{
    GstFlowReturn flow = GST_FLOW_OK;
    while (flow == GST_FLOW_OK) {
        CopFrame frame = {0};
        const CopStatus status = cop_corrupt_pull(self->plan.corrupt, &frame);
        if (status == COP_AGAIN || status == COP_EOF)
            break;
        flow = status == COP_OK ? send_frame(self, &frame) : fail(self, status, "failed");
        cop_frame_unref(&frame);
    }
    send_events(self);
    return flow;
}

void cop_video_corrupt_forget(GstVideoCorrupt *self)
{
    GstMiniObject *item;
    while ((item = g_queue_pop_head(&self->pending)))
        gst_mini_object_unref(item);
    if (self->engaged && cop_corrupt_reset(self->plan.corrupt, self->plan.corrupt->clip) != COP_OK)
        cop_corrupt_plan_drop(&self->plan); /* made anew by the next frame */
    self->engaged = FALSE;
}

GstFlowReturn cop_video_corrupt_drain(GstVideoCorrupt *self)
{
    GstFlowReturn flow = GST_FLOW_OK;
    if (self->engaged) {
        const CopStatus status = cop_corrupt_flush(self->plan.corrupt);
        flow = status == COP_OK ? send_ready(self) : fail(self, status, "failed at its end");
    }
    send_events(self);
    cop_video_corrupt_forget(self);
    return flow;
}

/* --- what is due for a frame ---------------------------------------------------- */

CopStatus cop_video_corrupt_update(GstVideoCorrupt *self, CopError *err)
{
    CopCorruptSettings settings = {0};
    GST_OBJECT_LOCK(self);
    const guint serial = self->published_serial;
    CopStatus status = COP_OK;
    if (serial != self->seen_serial)
        status = cop_options_copy(cop_corrupt_settings_rows(), &settings, &self->published);
    GST_OBJECT_UNLOCK(self);
    if (serial == self->seen_serial)
        return COP_OK;
    self->seen_serial = serial;
    if (status == COP_OK)
        status = cop_corrupt_plan_take(&self->plan, &settings, err);
    cop_options_free(cop_corrupt_settings_rows(), &settings);
    return status == COP_OK ? COP_OK : cop_error_set(err, status, "out of memory");
}

/* Tells the application which corruption runs from this frame on. */
static void post_change(GstVideoCorrupt *self, const CopCorruptDue *due, const GstBuffer *buffer)
{
    GstStructure *text = gst_structure_new(
        "videocorrupt", "corruption", G_TYPE_STRING, due->desc ? due->desc->name : "none",
        "severity", G_TYPE_DOUBLE, due->severity, "timestamp", G_TYPE_UINT64,
        GST_BUFFER_PTS(buffer), "stream-time", G_TYPE_UINT64,
        cop_stream_time(&self->segment, buffer), "running-time", G_TYPE_UINT64,
        cop_stream_running_time(&self->segment, buffer), NULL);
    gst_element_post_message(GST_ELEMENT(self), gst_message_new_element(GST_OBJECT(self), text));
}

static GstFlowReturn change(GstVideoCorrupt *self, const CopCorruptDue *due,
                            const GstBuffer *buffer)
{
    CopError err = {0};
    const GstFlowReturn flow = cop_video_corrupt_drain(self);
    if (flow != GST_FLOW_OK)
        return flow;
    if (cop_corrupt_plan_make(&self->plan, due, &err) != COP_OK) {
        GST_ELEMENT_ERROR(self, LIBRARY, SETTINGS, ("%s", err.text), (NULL));
        return GST_FLOW_ERROR;
    }
    post_change(self, due, buffer);
    cop_video_corrupt_set_latency(self, self->plan.corrupt ? self->plan.corrupt->latency : 0, 0);
    return GST_FLOW_OK;
}

/* Groups keep the severity that they began with: cut at each step of a ramp, they would be single
 * frames. The latency of one corruption only grows: a severity that goes up and down would have
 * the pipeline distribute it anew each time. */
static GstFlowReturn set_severity(GstVideoCorrupt *self, double severity, gint64 index)
{
    CopCorrupt *corrupt = self->plan.corrupt;
    CopError err = {0};
    const gboolean inside = self->engaged && index % corrupt->align != 0;
    if (severity == corrupt->severity || (inside && severity > 0))
        return GST_FLOW_OK;
    const CopStatus status = cop_corrupt_set_severity(corrupt, severity, &err);
    if (status != COP_OK) {
        GST_ELEMENT_ERROR(self, LIBRARY, SETTINGS, ("%s", err.text), (NULL));
        return GST_FLOW_ERROR;
    }
    GstFlowReturn flow = GST_FLOW_OK;
    if (self->engaged && severity == 0) { /* all that was inside is ready */
        flow = send_ready(self);
        cop_video_corrupt_forget(self);
    }
    if (corrupt->latency > self->held)
        cop_video_corrupt_set_latency(self, corrupt->latency, self->busy);
    return flow;
}

/* Sees to it that the plan's instance does what is due for this frame. */
static GstFlowReturn prepare(GstVideoCorrupt *self, const GstBuffer *buffer, GstClockTime time,
                             gint64 index)
{
    CopError err = {0};
    if (cop_video_corrupt_update(self, &err) != COP_OK)
        GST_ELEMENT_WARNING(self, LIBRARY, SETTINGS, ("%s", err.text),
                            ("the settings before stay in force"));
    const double seconds = GST_CLOCK_TIME_IS_VALID(time) ? (double)time / GST_SECOND : -1;
    const CopCorruptDue due = cop_corrupt_plan_at(&self->plan, seconds);
    if (!cop_corrupt_plan_fits(&self->plan, &due))
        return change(self, &due, buffer);
    if (!self->plan.corrupt)
        return GST_FLOW_OK;
    if (self->engaged && index != self->expected) {
        const GstFlowReturn flow = cop_video_corrupt_drain(self);
        if (flow != GST_FLOW_OK || !self->plan.corrupt)
            return flow;
    }
    return set_severity(self, due.severity, index);
}

/* --- buffers -------------------------------------------------------------------- */

static void fill_in(CopFrame *frame, const GstBuffer *buffer, gint64 index)
{
    frame->index = index;
    frame->pts =
        GST_BUFFER_PTS_IS_VALID(buffer) ? (gint64)(GST_BUFFER_PTS(buffer) / 1000) : INT64_MIN;
}

static GstFlowReturn corrupt_in_place(GstVideoCorrupt *self, GstBuffer *buffer, gint64 index)
{
    GstVideoFrame mapped;
    CopFrame view;
    buffer = gst_buffer_make_writable(buffer);
    if (!gst_video_frame_map(&mapped, &self->video.info, buffer,
                             GST_MAP_READWRITE | GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) {
        gst_buffer_unref(buffer);
        return fail(self, COP_ERR_NOMEM, "a buffer cannot be mapped");
    }
    cop_raw_video_view(&self->video, &mapped, &view);
    fill_in(&view, buffer, index);
    cop_raw_video_turn(&self->video, &view);
    const CopStatus status = cop_corrupt_in_place(self->plan.corrupt, &view);
    cop_raw_video_turn_back(&self->video, &view);
    gst_video_frame_unmap(&mapped);
    if (status != COP_OK) {
        gst_buffer_unref(buffer);
        return fail(self, status, "failed");
    }
    return gst_pad_push(self->src, buffer);
}

/* The buffer's picture in memory of our own. */
static CopStatus copy_in(GstVideoCorrupt *self, GstBuffer *buffer, CopFrame *out)
{
    GstVideoFrame mapped;
    CopFrame view;
    if (!gst_video_frame_map(&mapped, &self->video.info, buffer, GST_MAP_READ))
        return COP_ERR_NOMEM;
    cop_raw_video_view(&self->video, &mapped, &view);
    const CopStatus status = cop_frame_alloc(out, view.format, view.width, view.height);
    if (status == COP_OK) {
        out->colour = view.colour;
        cop_frame_copy_pixels(out, &view);
        cop_raw_video_turn(&self->video, out);
    }
    gst_video_frame_unmap(&mapped);
    return status;
}

static GstFlowReturn push_through(GstVideoCorrupt *self, GstBuffer *buffer, gint64 index)
{
    CopFrame frame = {0};
    CopStatus status = copy_in(self, buffer, &frame);
    if (status == COP_OK) {
        fill_in(&frame, buffer, index);
        g_queue_push_tail(&self->pending, header_of(buffer));
        self->engaged = TRUE;
        self->expected = index + 1;
        const gint64 start = g_get_monotonic_time();
        status = cop_corrupt_push(self->plan.corrupt, &frame);
        note_busy(self, index, start);
    }
    cop_frame_unref(&frame);
    gst_buffer_unref(buffer);
    return status == COP_OK ? send_ready(self) : fail(self, status, "failed");
}

GstFlowReturn cop_video_corrupt_chain(GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
    GstVideoCorrupt *self = COP_VIDEO_CORRUPT(parent);
    const GstVideoInfo *info = &self->video.info;
    (void)pad;
    if (!self->negotiated) {
        gst_buffer_unref(buffer);
        return GST_FLOW_NOT_NEGOTIATED;
    }
    const GstClockTime time = cop_stream_time(&self->segment, buffer);
    if (GST_CLOCK_TIME_IS_VALID(time))
        gst_object_sync_values(GST_OBJECT(self), time);
    const gint64 index =
        cop_stream_index_next(&self->index, &self->segment, buffer, GST_VIDEO_INFO_FPS_N(info),
                              GST_VIDEO_INFO_FPS_D(info));
    GST_OBJECT_LOCK(self);
    self->frames++;
    if (GST_VIDEO_INFO_FPS_N(info) == 0)
        self->frame_duration = GST_BUFFER_DURATION(buffer);
    GST_OBJECT_UNLOCK(self);
    GST_LOG_OBJECT(self, "frame %" G_GINT64_FORMAT ", %" GST_PTR_FORMAT, index, (void *)buffer);

    const GstFlowReturn flow = prepare(self, buffer, time, index);
    if (flow != GST_FLOW_OK) {
        gst_buffer_unref(buffer);
        return flow;
    }
    if (!self->plan.corrupt || self->plan.corrupt->severity == 0)
        return gst_pad_push(self->src, buffer);
    return has_memory(self) ? push_through(self, buffer, index)
                            : corrupt_in_place(self, buffer, index);
}

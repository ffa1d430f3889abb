/* The element "videocorrupt": class, properties, states.
 *
 * A plain element, no base transform: frames may wait inside, and with them the events
 * between them. In place or not changes with the corruption while caps and allocation stay
 * those of downstream.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-videocorrupt
 * @title: videocorrupt
 * @short_description: corrupts video the way the world does
 *
 * Corrupts raw video by noise, blur, weather, codecs, damaged streams, camera motion and more:
 * the same code, and the same bytes for the same seed, as the command "coppice corrupt". At
 * severity 0 buffers pass untouched; else the picture is corrupted where it lies, or, by
 * corruptions that look at other frames, in a copy.
 *
 * What is drawn is addressed by the number of the frame. The first buffer of a stream is frame 0,
 * each next one the next; after a seek, a gap or a discontinuity the number follows from the
 * stream time and the frame rate, so that a place that is sought looks as it does in passing.
 *
 * Corruptions that look ahead hold frames back and report it as latency; those that code video
 * hold a group of pictures, unless params has delay=low.
 *
 * An element message "videocorrupt" says which corruption begins: corruption (string), severity
 * (double), timestamp, stream-time and running-time (uint64, nanoseconds).
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 videotestsrc ! videocorrupt corruption=fog ! videoconvert ! autovideosink
 * ]| Fog drifts over the test picture.
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=900 ! videocorrupt seed=7 \
 *     schedule="0:gaussian_noise:0;10:gaussian_noise:5;20:rain:3" ! videoconvert ! autovideosink
 * ]| Noise grows for ten seconds and stays for ten; then it rains.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! videocorrupt corruption=h264_crf severity=5 \
 *     params="delay=low" ! videoconvert ! autovideosink
 * ]| A camera behind a poor H.264 link, without latency.
 */
#include "elements/video_corrupt.h"

#include "elements/option_property.h"
#include "elements/video_corrupt_private.h"

GST_DEBUG_CATEGORY(cop_video_corrupt_debug);
#define GST_CAT_DEFAULT cop_video_corrupt_debug

G_DEFINE_TYPE(GstVideoCorrupt, cop_video_corrupt, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE(
    videocorrupt, "videocorrupt", GST_RANK_NONE, COP_TYPE_VIDEO_CORRUPT,
    GST_DEBUG_CATEGORY_INIT(cop_video_corrupt_debug, "videocorrupt", 0, "corruption of video"))

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(COP_RAW_VIDEO_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(COP_RAW_VIDEO_CAPS));

static guint frames_id, latency_id; /* of the properties that are no settings */

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    GstVideoCorrupt *self = COP_VIDEO_CORRUPT(object);
    CopError err = {0};
    (void)spec;
    GST_OBJECT_LOCK(self);
    const gboolean set =
        cop_property_set(&cop_corrupt_settings_rows()[id - 1], &self->asked, value, &err);
    GST_OBJECT_UNLOCK(self);
    if (!set)
        GST_WARNING_OBJECT(self, "%s", err.text);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    GstVideoCorrupt *self = COP_VIDEO_CORRUPT(object);
    (void)spec;
    if (id == latency_id) {
        g_value_set_uint64(value, cop_video_corrupt_latency(self));
        return;
    }
    GST_OBJECT_LOCK(self);
    if (id == frames_id)
        g_value_set_uint64(value, self->frames);
    else
        cop_property_get(&cop_corrupt_settings_rows()[id - 1], &self->asked, value);
    GST_OBJECT_UNLOCK(self);
}

/* Under the object lock. */
static void publish(GstVideoCorrupt *self)
{
    const CopOption *rows = cop_corrupt_settings_rows();
    cop_options_free(rows, &self->published);
    if (cop_options_copy(rows, &self->published, &self->asked) == COP_OK)
        self->published_serial++;
}

/* All properties of one g_object_set() are set by now. */
static void dispatch_properties_changed(GObject *object, guint n, GParamSpec **specs)
{
    GstVideoCorrupt *self = COP_VIDEO_CORRUPT(object);
    GST_OBJECT_LOCK(self);
    publish(self);
    GST_OBJECT_UNLOCK(self);
    G_OBJECT_CLASS(cop_video_corrupt_parent_class)->dispatch_properties_changed(object, n, specs);
}

/* What is wrong with the settings is said before any data flows. */
static gboolean start(GstVideoCorrupt *self)
{
    CopError err = {0};
    const CopStatus status = cop_video_corrupt_update(self, &err);
    GST_OBJECT_LOCK(self);
    self->frames = 0;
    GST_OBJECT_UNLOCK(self);
    if (status == COP_OK)
        return TRUE;
    if (status == COP_ERR_UNSUPPORTED)
        GST_ELEMENT_ERROR(self, LIBRARY, INIT, ("%s", err.text), (NULL));
    else
        GST_ELEMENT_ERROR(self, LIBRARY, SETTINGS, ("%s", err.text), (NULL));
    cop_corrupt_plan_clear(&self->plan); /* the same settings are refused again */
    self->seen_serial = 0;
    return FALSE;
}

static void stop(GstVideoCorrupt *self)
{
    cop_video_corrupt_forget(self);
    cop_corrupt_plan_clear(&self->plan);
    self->seen_serial = 0;
    if (self->pool)
        gst_buffer_pool_set_active(self->pool, FALSE);
    gst_clear_object(&self->pool);
    cop_stream_index_clear(&self->index);
    self->negotiated = FALSE;
    gst_segment_init(&self->segment, GST_FORMAT_UNDEFINED);
    GST_OBJECT_LOCK(self);
    self->held = 0;
    self->busy = 0;
    self->frame_duration = GST_CLOCK_TIME_NONE;
    GST_OBJECT_UNLOCK(self);
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange transition)
{
    GstVideoCorrupt *self = COP_VIDEO_CORRUPT(element);
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start(self))
        return GST_STATE_CHANGE_FAILURE;
    const GstStateChangeReturn result =
        GST_ELEMENT_CLASS(cop_video_corrupt_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
        stop(self);
    return result;
}

static void finalize(GObject *object)
{
    GstVideoCorrupt *self = COP_VIDEO_CORRUPT(object);
    stop(self);
    cop_options_free(cop_corrupt_settings_rows(), &self->asked);
    cop_options_free(cop_corrupt_settings_rows(), &self->published);
    G_OBJECT_CLASS(cop_video_corrupt_parent_class)->finalize(object);
}

static void cop_video_corrupt_class_init(GstVideoCorruptClass *klass)
{
    GObjectClass *object = G_OBJECT_CLASS(klass);
    GstElementClass *element = GST_ELEMENT_CLASS(klass);
    const CopOption *rows = cop_corrupt_settings_rows();
    object->set_property = set_property;
    object->get_property = get_property;
    object->dispatch_properties_changed = dispatch_properties_changed;
    object->finalize = finalize;
    element->change_state = change_state;

    /* With a line on each corruption; the property finds the type by its name. */
    cop_choice_type("GstVideoCorruptCorruption", rows[0].choices, cop_corrupt_settings_summary);
    frames_id = cop_properties_install(object, rows, GST_PARAM_MUTABLE_PLAYING);
    latency_id = frames_id + 1;
    g_object_class_install_property(
        object, frames_id,
        g_param_spec_uint64("frames", "Frames", "Frames that have come in since READY", 0,
                            G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
    g_object_class_install_property(
        object, latency_id,
        g_param_spec_uint64("latency", "Latency",
                            "How long frames are held back by a corruption that looks ahead, with "
                            "what it takes to code a group of them, in nanoseconds",
                            0, G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));

    gst_element_class_add_static_pad_template(element, &sink_template);
    gst_element_class_add_static_pad_template(element, &src_template);
    gst_element_class_set_static_metadata(element, "Video corruption", "Filter/Effect/Video",
                                          "Corrupts video by noise, blur, weather, codecs and "
                                          "more, the same bytes as coppice corrupt",
                                          "coppice developers");
}

static void cop_video_corrupt_init(GstVideoCorrupt *self)
{
    self->sink = gst_pad_new_from_static_template(&sink_template, "sink");
    gst_pad_set_chain_function(self->sink, cop_video_corrupt_chain);
    gst_pad_set_event_function(self->sink, cop_video_corrupt_sink_event);
    gst_pad_set_query_function(self->sink, cop_video_corrupt_sink_query);
    GST_PAD_SET_PROXY_CAPS(self->sink);
    GST_PAD_SET_PROXY_ALLOCATION(self->sink);
    gst_element_add_pad(GST_ELEMENT(self), self->sink);

    self->src = gst_pad_new_from_static_template(&src_template, "src");
    gst_pad_set_query_function(self->src, cop_video_corrupt_src_query);
    GST_PAD_SET_PROXY_CAPS(self->src);
    gst_element_add_pad(GST_ELEMENT(self), self->src);

    g_queue_init(&self->pending);
    gst_segment_init(&self->segment, GST_FORMAT_UNDEFINED);
    self->frame_duration = GST_CLOCK_TIME_NONE;
    if (cop_options_defaults(cop_corrupt_settings_rows(), &self->asked, NULL) == COP_OK)
        publish(self);
}

/* What the elements that watch a stream share: class, properties, states.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elements/live_filter.h"

#include <stddef.h>

#include "elements/live_filter_private.h"
#include "elements/option_property.h"

GST_DEBUG_CATEGORY(cop_live_filter_debug);
#define GST_CAT_DEFAULT cop_live_filter_debug

static const char *const policies[] = {"auto", "drop-oldest", "drop-newest", "block", NULL};

static const CopOption rows[] = {
    {"backpressure",
     "what becomes of a window for which there is no room; auto: drop-oldest behind a live source, "
     "else block",
     COP_TYPE_CHOICE, offsetof(CopLiveFilterSettings, backpressure), "auto", 0, 0, policies, 0},
    {"overlay", "draw what the models say into the picture", COP_TYPE_BOOL,
     offsetof(CopLiveFilterSettings, overlay), "false", 0, 0, NULL, 0},
    COP_OPTIONS_END,
};

G_DEFINE_ABSTRACT_TYPE_WITH_CODE(GstLiveFilter, cop_live_filter, GST_TYPE_ELEMENT,
                                 G_ADD_PRIVATE(GstLiveFilter)
                                     GST_DEBUG_CATEGORY_INIT(cop_live_filter_debug, "coppice-live",
                                                             0, "models beside a stream"))

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(COP_RAW_VIDEO_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(COP_RAW_VIDEO_CAPS));

enum {
    PROP_BACKPRESSURE = 1, /* the rows above */
    PROP_OVERLAY,
    PROP_FRAMES,
    PROP_WINDOWS,
    PROP_WINDOWS_RUN,
    PROP_WINDOWS_DROPPED,
    PROP_WINDOWS_BROKEN,
    PROP_CLIPS_PER_SECOND,
    PROP_LATENCY_P50,
    PROP_LATENCY_P95,
    PROP_LATENCY_P99
};

GstLiveFilterPrivate *cop_live_filter_private(GstLiveFilter *self)
{
    return cop_live_filter_get_instance_private(self);
}

gboolean cop_live_filter_hold(GstLiveFilter *self)
{
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    g_rw_lock_reader_lock(&p->life);
    if (p->opened)
        return TRUE;
    g_rw_lock_reader_unlock(&p->life);
    return FALSE;
}

void cop_live_filter_let_go(GstLiveFilter *self)
{
    g_rw_lock_reader_unlock(&cop_live_filter_private(self)->life);
}

void cop_live_filter_seize(GstLiveFilter *self)
{
    g_rw_lock_writer_lock(&cop_live_filter_private(self)->life);
}

void cop_live_filter_release(GstLiveFilter *self)
{
    g_rw_lock_writer_unlock(&cop_live_filter_private(self)->life);
}

/* --- properties -------------------------------------------------------------------- */

static void find_stats(GstLiveFilter *self, CopLiveStats *stats, CopClipWindowCounts *counts)
{
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    if (cop_live_filter_hold(self)) {
        COP_LIVE_FILTER_GET_CLASS(self)->stats(self, stats, counts);
        cop_live_filter_let_go(self);
        return;
    }
    GST_OBJECT_LOCK(self);
    *stats = p->stats;
    *counts = p->counts;
    GST_OBJECT_UNLOCK(self);
}

CopLiveFilterSettings cop_live_filter_settings(GstLiveFilter *self)
{
    GST_OBJECT_LOCK(self);
    const CopLiveFilterSettings settings = cop_live_filter_private(self)->settings;
    GST_OBJECT_UNLOCK(self);
    return settings;
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    GstLiveFilter *self = COP_LIVE_FILTER(object);
    (void)spec;
    GST_OBJECT_LOCK(self);
    cop_property_set(&rows[id - 1], &cop_live_filter_private(self)->settings, value, NULL);
    GST_OBJECT_UNLOCK(self);
    const int place = cop_live_filter_settings(self).backpressure;
    if (id != PROP_BACKPRESSURE || place == 0 || !cop_live_filter_hold(self))
        return;
    COP_LIVE_FILTER_GET_CLASS(self)->set_policy(self, (CopBackpressure)(place - 1));
    cop_live_filter_let_go(self);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    GstLiveFilter *self = COP_LIVE_FILTER(object);
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    CopLiveStats stats;
    CopClipWindowCounts counts;
    find_stats(self, &stats, &counts);
    switch (id) {
    case PROP_BACKPRESSURE:
    case PROP_OVERLAY:
        GST_OBJECT_LOCK(self);
        cop_property_get(&rows[id - 1], &p->settings, value);
        GST_OBJECT_UNLOCK(self);
        break;
    case PROP_FRAMES:
        GST_OBJECT_LOCK(self);
        g_value_set_uint64(value, p->frames);
        GST_OBJECT_UNLOCK(self);
        break;
    case PROP_WINDOWS:
        g_value_set_uint64(value, (guint64)counts.windows);
        break;
    case PROP_WINDOWS_RUN:
        g_value_set_uint64(value, (guint64)stats.run);
        break;
    case PROP_WINDOWS_DROPPED:
        g_value_set_uint64(value, (guint64)stats.dropped);
        break;
    case PROP_WINDOWS_BROKEN:
        g_value_set_uint64(value, (guint64)counts.broken);
        break;
    case PROP_CLIPS_PER_SECOND:
        g_value_set_double(value, stats.rate);
        break;
    case PROP_LATENCY_P50:
    case PROP_LATENCY_P95:
    case PROP_LATENCY_P99:
        g_value_set_uint64(value,
                           cop_live_filter_nanoseconds(stats.latency[id - PROP_LATENCY_P50]));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
}

/* --- properties of subclasses ------------------------------------------------------- */

static void *own_settings(GstLiveFilter *self)
{
    return (char *)self + COP_LIVE_FILTER_GET_CLASS(self)->settings;
}

CopStatus cop_live_filter_copy_settings(GstLiveFilter *self, void *out, CopError *err)
{
    GST_OBJECT_LOCK(self);
    const CopStatus status =
        cop_options_copy(COP_LIVE_FILTER_GET_CLASS(self)->rows, out, own_settings(self));
    GST_OBJECT_UNLOCK(self);
    return status == COP_OK ? COP_OK : cop_error_set(err, status, "out of memory");
}

/* Whoever hears a message may ask for anything: the core is let go before. */
static void take_setting(GstLiveFilter *self)
{
    CopError err = {0};
    if (!cop_live_filter_hold(self))
        return;
    const CopStatus status = COP_LIVE_FILTER_GET_CLASS(self)->take(self, &err);
    cop_live_filter_let_go(self);
    if (status != COP_OK)
        cop_live_filter_tell(self, GST_MESSAGE_WARNING, &err, "the setting before stays in force");
}

static void set_own_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    GstLiveFilter *self = COP_LIVE_FILTER(object);
    const GstLiveFilterClass *klass = COP_LIVE_FILTER_GET_CLASS(self);
    CopError err = {0};
    (void)spec;
    GST_OBJECT_LOCK(self);
    const gboolean set = cop_property_set(&klass->rows[id - 1], own_settings(self), value, &err);
    GST_OBJECT_UNLOCK(self);
    if (!set)
        GST_WARNING_OBJECT(self, "%s", err.text);
    if (set && id == klass->live)
        take_setting(self);
}

static void get_own_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    GstLiveFilter *self = COP_LIVE_FILTER(object);
    (void)spec;
    GST_OBJECT_LOCK(self);
    cop_property_get(&COP_LIVE_FILTER_GET_CLASS(self)->rows[id - 1], own_settings(self), value);
    GST_OBJECT_UNLOCK(self);
}

static void install_counter(GObjectClass *object, guint id, const char *name, const char *blurb)
{
    g_object_class_install_property(object, id,
                                    g_param_spec_uint64(name, NULL, blurb, 0, G_MAXUINT64, 0,
                                                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void install_properties(GObjectClass *object)
{
    cop_properties_install(object, rows, GST_PARAM_MUTABLE_PLAYING);
    install_counter(object, PROP_FRAMES, "frames", "Frames that have come in since READY");
    install_counter(object, PROP_WINDOWS, "windows", "Windows that were complete");
    install_counter(object, PROP_WINDOWS_RUN, "windows-run", "Windows that were answered");
    install_counter(object, PROP_WINDOWS_DROPPED, "windows-dropped",
                    "Windows that fell out because the models are too slow");
    install_counter(object, PROP_WINDOWS_BROKEN, "windows-broken",
                    "Partial windows that a discontinuity or the end threw away");
    install_counter(object, PROP_LATENCY_P50, "latency-p50",
                    "Half of the last 256 answers came within this time, in nanoseconds");
    install_counter(object, PROP_LATENCY_P95, "latency-p95",
                    "95 % of the last 256 answers came within this time, in nanoseconds");
    install_counter(object, PROP_LATENCY_P99, "latency-p99",
                    "99 % of the last 256 answers came within this time, in nanoseconds");
    g_object_class_install_property(
        object, PROP_CLIPS_PER_SECOND,
        g_param_spec_double("clips-per-second", NULL,
                            "Answers a second, over the last 256; 0: not known", 0, G_MAXDOUBLE, 0,
                            G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

/* --- states ------------------------------------------------------------------------- */

/* What is wrong with the settings is said before any data flows. */
static gboolean start(GstLiveFilter *self)
{
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    CopError err = {0};
    if (COP_LIVE_FILTER_GET_CLASS(self)->open(self, &err) != COP_OK) {
        cop_live_filter_tell(self, GST_MESSAGE_ERROR, &err, NULL);
        return FALSE;
    }
    cop_live_filter_seize(self);
    p->opened = TRUE;
    cop_live_filter_release(self);
    GST_OBJECT_LOCK(self);
    p->frames = 0;
    GST_OBJECT_UNLOCK(self);
    return TRUE;
}

static void stop(GstLiveFilter *self)
{
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    CopLiveStats stats;
    CopClipWindowCounts counts;
    find_stats(self, &stats, &counts);
    cop_live_filter_seize(self);
    const gboolean opened = p->opened;
    p->opened = FALSE;
    cop_live_filter_release(self);
    if (opened)
        COP_LIVE_FILTER_GET_CLASS(self)->close(self);
    cop_overlay_destroy(&p->overlay);
    cop_stream_index_clear(&p->index);
    p->negotiated = p->started = p->policy_known = FALSE;
    gst_segment_init(&p->segment, GST_FORMAT_UNDEFINED);
    GST_OBJECT_LOCK(self);
    p->stats = stats;
    p->counts = counts;
    g_clear_pointer(&p->latest, gst_structure_free);
    GST_OBJECT_UNLOCK(self);
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange transition)
{
    GstLiveFilter *self = COP_LIVE_FILTER(element);
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start(self))
        return GST_STATE_CHANGE_FAILURE;
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
        cop_live_filter_flush(self);
    const GstStateChangeReturn result =
        GST_ELEMENT_CLASS(cop_live_filter_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
        (transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE))
        stop(self);
    return result;
}

/* Before any property is set. */
static void constructed(GObject *object)
{
    GstLiveFilter *self = COP_LIVE_FILTER(object);
    G_OBJECT_CLASS(cop_live_filter_parent_class)->constructed(object);
    if (cop_options_defaults(COP_LIVE_FILTER_GET_CLASS(self)->rows, own_settings(self), NULL) !=
        COP_OK)
        GST_WARNING_OBJECT(self, "no memory for settings");
}

static void finalize(GObject *object)
{
    GstLiveFilter *self = COP_LIVE_FILTER(object);
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    cop_options_free(COP_LIVE_FILTER_GET_CLASS(self)->rows, own_settings(self));
    cop_overlay_destroy(&p->overlay);
    cop_stream_index_clear(&p->index);
    g_clear_pointer(&p->latest, gst_structure_free);
    g_rw_lock_clear(&p->life);
    g_mutex_clear(&p->overlay_lock);
    G_OBJECT_CLASS(cop_live_filter_parent_class)->finalize(object);
}

void cop_live_filter_class_set_up(GstLiveFilterClass *klass, GParamFlags flags)
{
    static const gchar *tags[] = {NULL}; /* none: no transform makes it untrue */
    GObjectClass *object = G_OBJECT_CLASS(klass);
    object->set_property = set_own_property;
    object->get_property = get_own_property;
    cop_properties_install(object, klass->rows, flags);
    if (!gst_meta_get_info(klass->meta))
        gst_meta_register_custom(klass->meta, tags, NULL, NULL, NULL);
    gst_element_class_add_static_pad_template(&klass->parent_class, &sink_template);
    gst_element_class_add_static_pad_template(&klass->parent_class, &src_template);
}

static void cop_live_filter_class_init(GstLiveFilterClass *klass)
{
    GObjectClass *object = G_OBJECT_CLASS(klass);
    object->set_property = set_property;
    object->get_property = get_property;
    object->constructed = constructed;
    object->finalize = finalize;
    GST_ELEMENT_CLASS(klass)->change_state = change_state;
    install_properties(object);
    gst_type_mark_as_plugin_api(COP_TYPE_LIVE_FILTER, 0);
}

static void cop_live_filter_init(GstLiveFilter *self)
{
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    p->sink = gst_pad_new_from_static_template(&sink_template, "sink");
    gst_pad_set_chain_function(p->sink, cop_live_filter_chain);
    gst_pad_set_event_function(p->sink, cop_live_filter_sink_event);
    GST_PAD_SET_PROXY_CAPS(p->sink);
    GST_PAD_SET_PROXY_ALLOCATION(p->sink);
    gst_element_add_pad(GST_ELEMENT(self), p->sink);
    p->src = gst_pad_new_from_static_template(&src_template, "src");
    GST_PAD_SET_PROXY_CAPS(p->src);
    gst_element_add_pad(GST_ELEMENT(self), p->src);
    gst_segment_init(&p->segment, GST_FORMAT_UNDEFINED);
    g_rw_lock_init(&p->life);
    g_mutex_init(&p->overlay_lock);
    if (cop_options_defaults(rows, &p->settings, NULL) != COP_OK)
        GST_WARNING_OBJECT(self, "no memory for settings");
}

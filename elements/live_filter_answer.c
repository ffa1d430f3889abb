/* What the elements that watch a stream say: answers, pictures of them, failures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elements/live_filter_private.h"

guint64 cop_live_filter_nanoseconds(double seconds)
{
    return seconds > 0 ? (guint64)(seconds * 1e9) : 0;
}

/* --- answers ------------------------------------------------------------------------ */

static guint64 stream_time(gint64 us)
{
    return us == INT64_MIN || us < 0 ? GST_CLOCK_TIME_NONE : (guint64)us * 1000;
}

GstStructure *cop_live_filter_content(const char *name, const CopLiveWindow *window, double waited,
                                      double run)
{
    return gst_structure_new(name, "window", G_TYPE_UINT64, (guint64)window->number, "first",
                             G_TYPE_INT64, window->first, "last", G_TYPE_INT64, window->last,
                             "start", G_TYPE_UINT64, stream_time(window->pts), "end", G_TYPE_UINT64,
                             stream_time(window->end_pts), "padded", G_TYPE_INT, window->padded,
                             "waited", G_TYPE_UINT64, cop_live_filter_nanoseconds(waited), "run",
                             G_TYPE_UINT64, cop_live_filter_nanoseconds(run), NULL);
}

void cop_live_filter_answered(GstLiveFilter *self, GstStructure *content)
{
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    GstStructure *told = gst_structure_copy(content);
    GST_OBJECT_LOCK(self);
    GstStructure *old = p->latest;
    p->latest = content;
    GST_OBJECT_UNLOCK(self);
    if (old)
        gst_structure_free(old);
    gst_element_post_message(GST_ELEMENT(self), gst_message_new_element(GST_OBJECT(self), told));
}

void cop_live_filter_failed(GstLiveFilter *self, const CopError *err)
{
    GST_ELEMENT_WARNING(self, STREAM, FAILED, ("%s", err->text), (NULL));
}

CopOverlay *cop_live_filter_begin_overlay(GstLiveFilter *self)
{
    GstLiveFilterPrivate *p = cop_live_filter_private(self);
    g_mutex_lock(&p->overlay_lock);
    return cop_live_filter_settings(self).overlay ? p->overlay : NULL;
}

void cop_live_filter_end_overlay(GstLiveFilter *self)
{
    g_mutex_unlock(&cop_live_filter_private(self)->overlay_lock);
}

/* --- what went wrong ----------------------------------------------------------------- */

void cop_live_filter_tell(GstLiveFilter *self, GstMessageType type, const CopError *err,
                          const char *more)
{
    GQuark domain = GST_RESOURCE_ERROR;
    gint code = GST_RESOURCE_ERROR_READ;
    switch (err->status) {
    case COP_ERR_MODEL:
    case COP_ERR_IO:
    case COP_ERR_DATA:
        break;
    case COP_ERR_NOMEM:
        code = GST_RESOURCE_ERROR_NO_SPACE_LEFT;
        break;
    case COP_ERR_SHAPE:
        domain = GST_STREAM_ERROR;
        code = GST_STREAM_ERROR_FORMAT;
        break;
    default:
        domain = GST_LIBRARY_ERROR;
        code = GST_LIBRARY_ERROR_SETTINGS;
    }
    GstStructure *details =
        gst_structure_new("details", "status", G_TYPE_INT, (gint)err->status, NULL);
    gst_element_message_full_with_details(GST_ELEMENT(self), type, domain, code,
                                          g_strdup(err->text), g_strdup(more), __FILE__,
                                          GST_FUNCTION, __LINE__, details);
}

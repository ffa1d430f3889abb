/* Which frame of its file a buffer is.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elements/stream_index.h"

gboolean cop_stream_index_start(CopStreamIndex *index, GstEvent *event)
{
    const gchar *id;
    gst_event_parse_stream_start(event, &id);
    if (g_strcmp0(id, index->stream) == 0)
        return FALSE;
    cop_stream_index_clear(index);
    index->stream = g_strdup(id);
    return TRUE;
}

void cop_stream_index_clear(CopStreamIndex *index)
{
    g_free(index->stream);
    *index = (CopStreamIndex){0};
}

/* Frames that lie between stream times, rounded; may be negative. */
static gint64 frames_between(gint64 from, gint64 to, gint fps_n, gint fps_d)
{
    const gboolean back = to < from;
    const guint64 span = (guint64)(back ? from - to : to - from);
    const guint64 unit = (guint64)fps_d * GST_SECOND;
    const gint64 frames = (gint64)gst_util_uint64_scale_round(span, (guint64)fps_n, unit);
    return back ? -frames : frames;
}

gint64 cop_stream_index_next(CopStreamIndex *index, const GstSegment *segment,
                             const GstBuffer *buffer, gint fps_n, gint fps_d)
{
    guint64 time = 0;
    int sign = 0;
    if (segment->format == GST_FORMAT_TIME && GST_BUFFER_PTS_IS_VALID(buffer))
        sign = gst_segment_to_stream_time_full(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer),
                                               &time);
    const gint64 at = sign < 0 ? -(gint64)time : (gint64)time;
    gboolean count = !index->lost && segment->rate > 0 && !GST_BUFFER_IS_DISCONT(buffer);
    if (!index->started) {
        const gboolean head = segment->rate > 0 && segment->time == 0;
        index->started = TRUE;
        index->origin = head && sign > 0 ? time : 0;
        count = head;
        index->next = 0;
    }
    if (!count && sign != 0 && fps_n > 0)
        index->next = MAX(0, frames_between((gint64)index->origin, at, fps_n, fps_d));
    index->lost = FALSE;
    return index->next++;
}

void cop_stream_index_lose(CopStreamIndex *index)
{
    index->lost = TRUE;
}

GstClockTime cop_stream_time(const GstSegment *segment, const GstBuffer *buffer)
{
    return segment->format == GST_FORMAT_TIME
               ? gst_segment_to_stream_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer))
               : GST_CLOCK_TIME_NONE;
}

GstClockTime cop_stream_running_time(const GstSegment *segment, const GstBuffer *buffer)
{
    return segment->format == GST_FORMAT_TIME
               ? gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer))
               : GST_CLOCK_TIME_NONE;
}

/* Which frame of its file a buffer is.
 *
 * The first buffer of a stream is frame 0, each next one the next frame. After a seek, a gap
 * or a discontinuity, and always in reverse playback, the number follows from the time:
 * (stream time - that of frame 0) times the frame rate, rounded. Where caps give no frame
 * rate, or a buffer no time, counting goes on. So a file that plays from its start is numbered as
 * it is decoded, and a place that is sought has the numbers of the file's constant rate.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ELEMENTS_STREAM_INDEX_H
#define COP_ELEMENTS_STREAM_INDEX_H

#include <gst/gst.h>

/* Zeroed: no stream yet. */
typedef struct CopStreamIndex {
    gboolean started;    /* there has been a frame */
    gboolean lost;       /* the next number is to be found by time */
    GstClockTime origin; /* stream time of frame 0 */
    gint64 next;
    gchar *stream; /* id of the stream */
} CopStreamIndex;

/* At a stream-start: another stream has frames of its own to number. False where upstream only
 * says again which one it is. */
gboolean cop_stream_index_start(CopStreamIndex *index, GstEvent *event);
void cop_stream_index_clear(CopStreamIndex *index);

/* The number of `buffer`, which comes next, in a stream of fps_n / fps_d frames a second. */
gint64 cop_stream_index_next(CopStreamIndex *index, const GstSegment *segment,
                             const GstBuffer *buffer, gint fps_n, gint fps_d);

/* Counting is interrupted: a new segment, a gap. */
void cop_stream_index_lose(CopStreamIndex *index);

/* Times of a buffer; GST_CLOCK_TIME_NONE where the stream has none, as one of bytes. */
GstClockTime cop_stream_time(const GstSegment *segment, const GstBuffer *buffer);
GstClockTime cop_stream_running_time(const GstSegment *segment, const GstBuffer *buffer);

#endif

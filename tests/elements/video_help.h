/* What tests of elements share: pictures as buffers of any format and layout, and a harness
 * around videocorrupt, registered from its own objects.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_VIDEO_HELP_H
#define COP_TESTS_VIDEO_HELP_H

#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#include "pipeline/media/frame.h"

enum { VIDEO_FPS = 25 };

/* gst_check_init() with no plugin but our own: nothing is scanned. */
void video_init(int *argc, char ***argv);

/* "video/x-raw" of 25 frames a second (returned). */
GstCaps *video_caps(GstVideoFormat format, int width, int height);

/* The formats that elements take, and how the pipeline holds the same components. */
typedef struct VideoFormat {
    GstVideoFormat theirs;
    CopPixelFormat ours;
} VideoFormat;
extern const VideoFormat video_formats[];
extern const int video_format_count;

/* A buffer (returned) with the frame's picture, 40 ms long, pts and offset of its index. With
 * `padding` rows are that much longer and planes lie apart, as a GstVideoMeta says, and what
 * lies between is filled with a pattern. */
GstBuffer *video_buffer(const GstVideoInfo *info, const CopFrame *frame, int padding);

/* Whether the buffer shows the frame's picture; whether its padding is still the pattern. */
gboolean video_shows(GstBuffer *buffer, const GstVideoInfo *info, const CopFrame *frame);
gboolean video_padding_kept(GstBuffer *buffer, const GstVideoInfo *info);

/* A running videocorrupt with pads of those caps (taken). Pairs of a property's name and
 * value as text follow, ended by NULL. */
GstHarness *video_corrupt_harness(GstCaps *caps, ...) G_GNUC_NULL_TERMINATED;

/* Frames that a file's pipeline makes of n frames (in: borrowed), into out[n] (returned). */
void video_corrupt_frames(const char *name, double severity, uint64_t seed, const char *params,
                          const CopFrame *in, int n, CopFrame *out);

/* Pushes frame `frame`, with no padding; the flow must be OK. */
void video_push(GstHarness *harness, const GstVideoInfo *info, const CopFrame *frame);

/* Pulls one buffer, which must be there, shows it to be `want` and drops it. */
void video_pull(GstHarness *harness, const GstVideoInfo *info, const CopFrame *want);

/* A bus (returned) that gets the element's messages. */
GstBus *video_bus(GstElement *element);

/* The element (taken) does not reach PAUSED, and an error tells why with the words `says`. */
void video_refuses(GstElement *element, const char *says);

/* What a seek sends through a stream: a flush and a new segment. */
void video_seek(GstHarness *harness);

#endif

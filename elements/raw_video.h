/* GStreamer's raw video as frames of the pipeline, where it lies.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ELEMENTS_RAW_VIDEO_H
#define COP_ELEMENTS_RAW_VIDEO_H

#include <gst/video/video.h>

#include "pipeline/media/frame.h"

#define COP_RAW_VIDEO_FORMATS                                                                      \
    "{ I420, YV12, NV12, NV21, Y42B, Y444, GRAY8, RGB, BGR, RGBx, BGRx, xRGB, xBGR, RGBA, BGRA, "  \
    "ARGB, ABGR }"
#define COP_RAW_VIDEO_CAPS                                                                         \
    "video/x-raw, format=(string)" COP_RAW_VIDEO_FORMATS                                           \
    ", width=(int)[ 1, 16384 ], height=(int)[ 1, 16384 ], framerate=(fraction)[ 0, max ]"

/* How the pipeline reads a stream. Of formats that it does not know, bytes are turned. */
typedef struct CopRawVideo {
    GstVideoInfo info;
    CopPixelFormat format;
    CopColour colour;
    gboolean turned; /* xRGB stands for RGBX, NV21 for NV12 */
} CopRawVideo;

/* False for caps outside COP_RAW_VIDEO_CAPS. */
gboolean cop_raw_video_parse(CopRawVideo *video, const GstCaps *caps);

/* The planes of a mapped frame (borrowed) in *view; index and pts are left to the caller. */
void cop_raw_video_view(const CopRawVideo *video, const GstVideoFrame *mapped, CopFrame *view);

/* Turns bytes of a writable view into those that its format means, and back; nothing is done
 * to formats that need none. */
void cop_raw_video_turn(const CopRawVideo *video, const CopFrame *view);
void cop_raw_video_turn_back(const CopRawVideo *video, const CopFrame *view);

#endif

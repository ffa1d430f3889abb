/* What the corruptions that damage an H.264 stream share: options, and how it is made.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_H264_STREAM_H
#define COP_CORRUPT_H264_STREAM_H

#include "pipeline/corrupt/stream_damage.h"
#include "pipeline/corrupt/x26x.h"

/* First member of the state of each. Damage restarts with each group, so that a hit in a key
 * frame is over with its group and severity means something for short clips. The decoder
 * conceals as FFmpeg's does by default, and knows the parameter sets. */
typedef struct CopH264Stream {
    CopGroupCodec codec;
    double crf;
    int gop, preset, b_frames, delay;
    int64_t group; /* index of the first frame of the open group, had it all its frames */
} CopH264Stream;

/* The option rows that all have; `state` begins with a CopH264Stream called `stream`. */
#define COP_H264_STREAM_OPTIONS(state, b_frames_default)                                           \
    {"crf",                                                                                        \
     "constant rate factor of the stream that is damaged",                                         \
     COP_TYPE_DOUBLE,                                                                              \
     offsetof(state, stream.crf),                                                                  \
     "23",                                                                                         \
     0,                                                                                            \
     51,                                                                                           \
     NULL,                                                                                         \
     COP_OPTION_CONTROLLABLE},                                                                     \
        {"gop",                                                                                    \
         "frames a group; codec and damage restart at its multiples",                              \
         COP_TYPE_INT,                                                                             \
         offsetof(state, stream.gop),                                                              \
         "16",                                                                                     \
         1,                                                                                        \
         250,                                                                                      \
         NULL,                                                                                     \
         0},                                                                                       \
        {"preset",                                                                                 \
         "the encoder's speed",                                                                    \
         COP_TYPE_CHOICE,                                                                          \
         offsetof(state, stream.preset),                                                           \
         "medium",                                                                                 \
         0,                                                                                        \
         0,                                                                                        \
         cop_x26x_presets,                                                                         \
         0},                                                                                       \
        {"b_frames",                                                                               \
         "at most so many B frames in a row; none with a low delay",                               \
         COP_TYPE_INT,                                                                             \
         offsetof(state, stream.b_frames),                                                         \
         b_frames_default,                                                                         \
         0,                                                                                        \
         16,                                                                                       \
         NULL,                                                                                     \
         0},                                                                                       \
    {                                                                                              \
        "delay", "group: groups are damaged as a whole, a group late; low: frame by frame",        \
            COP_TYPE_CHOICE, offsetof(state, stream.delay), "group", 0, 0, cop_x26x_delays, 0      \
    }

CopStatus cop_h264_stream_init(CopCorrupt *corrupt, CopError *err);

/* push(): the stream of a group goes through `damage`, whose ctx is `corrupt`. */
CopStatus cop_h264_stream_push(CopCorrupt *corrupt, const CopFrame *frame, CopGroupDamage *damage);

/* Address of the open group's draws, from `draw` on. */
CopRngAddress cop_h264_stream_address(const CopCorrupt *corrupt, uint32_t draw);

#endif

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
    CopX26x coder; /* at constant quality */
    int b_frames;
    int64_t group; /* index of the first frame of the open group, had it all its frames */
} CopH264Stream;

/* The option rows that all have. */
#define COP_H264_STREAM_OPTIONS(b_frames_default)                                                  \
    {"crf",                                                                                        \
     "constant rate factor of the stream that is damaged",                                         \
     COP_TYPE_DOUBLE,                                                                              \
     offsetof(CopX26x, crf),                                                                       \
     "23",                                                                                         \
     0,                                                                                            \
     51,                                                                                           \
     NULL,                                                                                         \
     COP_OPTION_CONTROLLABLE},                                                                     \
        COP_X26X_OPTIONS("frames a group; codec and damage restart at its multiples", "16", 1),    \
    {                                                                                              \
        "b_frames", "at most so many B frames in a row; none with a low delay", COP_TYPE_INT,      \
            offsetof(CopH264Stream, b_frames), b_frames_default, 0, 16, NULL, 0                    \
    }

CopStatus cop_h264_stream_init(CopCorrupt *corrupt, CopError *err);

/* push(): the stream of a group goes through `damage`, whose ctx is `corrupt`. */
CopStatus cop_h264_stream_push(CopCorrupt *corrupt, const CopFrame *frame, CopGroupDamage *damage);

/* Whether the next frame begins a group, and whether it is damaged frame by frame. */
bool cop_h264_stream_begins(const CopH264Stream *stream);
bool cop_h264_stream_is_low(const CopH264Stream *stream);

/* Address of the open group's draws, from `draw` on. */
CopRngAddress cop_h264_stream_address(const CopCorrupt *corrupt, uint32_t draw);

#endif

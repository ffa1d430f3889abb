/* What the corruptions by FFmpeg's own MPEG encoders share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_MPEG_H
#define COP_CORRUPT_MPEG_H

#include "pipeline/corrupt/group_codec.h"

/* State of each. */
typedef struct CopMpeg {
    CopGroupCodec codec;
    double q;
    int gop;
} CopMpeg;

/* 12 frames a group is what FFmpeg's encoders take by themselves. */
#define COP_MPEG_OPTIONS                                                                           \
    {"q",                                                                                          \
     "quantiser, 1 the finest",                                                                    \
     COP_TYPE_DOUBLE,                                                                              \
     offsetof(CopMpeg, q),                                                                         \
     "6",                                                                                          \
     1,                                                                                            \
     31,                                                                                           \
     NULL,                                                                                         \
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},                                            \
    {                                                                                              \
        "gop", "frames a group; the codec restarts at its multiples", COP_TYPE_INT,                \
            offsetof(CopMpeg, gop), "12", 1, 250, NULL, 0                                          \
    }

CopStatus cop_mpeg_init(CopCorrupt *corrupt, const char *encoder, CopError *err);

/* push() for an encoder that takes `formats`, as in CopCodedShape. */
CopStatus cop_mpeg_push(CopCorrupt *corrupt, const char *encoder, unsigned formats,
                        const CopFrame *frame);

/* A plan for groups of one frame at a constant quantiser, as of FFmpeg's command's -q:v, by an
 * encoder that takes `formats`; and the quantiser in FFmpeg's own unit, its global_quality. */
CopGroupPlan cop_mpeg_plan(const char *encoder, unsigned formats, double q);
int cop_mpeg_quality(double q);

#endif

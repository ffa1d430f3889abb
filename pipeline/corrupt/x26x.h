/* What the corruptions by libx264 and libx265 share: options, and how a group is coded.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_X26X_H
#define COP_CORRUPT_X26X_H

#include "pipeline/corrupt/group_codec.h"

/* First member of the state of each; `encoder` is set by cop_x26x_init(). */
typedef struct CopX26x {
    CopGroupCodec codec;
    const char *encoder; /* FFmpeg's name */
    double crf;          /* of those at constant quality */
    int gop, preset, delay;
} CopX26x;

/* Numbers of speeds, for severity tables. */
enum { COP_X26X_ULTRAFAST = 0, COP_X26X_SUPERFAST = 1 };

extern const char *const cop_x26x_presets[]; /* the encoders' speeds, ended by NULL */
extern const char *const cop_x26x_delays[];

/* The option rows that all have. */
#define COP_X26X_OPTIONS(gop_help, gop_default, gop_min)                                           \
    {"gop", gop_help, COP_TYPE_INT, offsetof(CopX26x, gop), gop_default, gop_min, 250, NULL, 0},   \
        {"preset",                                                                                 \
         "the encoder's speed",                                                                    \
         COP_TYPE_CHOICE,                                                                          \
         offsetof(CopX26x, preset),                                                                \
         "medium",                                                                                 \
         0,                                                                                        \
         0,                                                                                        \
         cop_x26x_presets,                                                                         \
         0},                                                                                       \
    {                                                                                              \
        "delay", "group: the encoder looks ahead, a group late; low: no frame waits",              \
            COP_TYPE_CHOICE, offsetof(CopX26x, delay), "group", 0, 0, cop_x26x_delays, 0           \
    }

/* The same of those that only code. */
#define COP_X26X_CODEC_OPTIONS                                                                     \
    COP_X26X_OPTIONS("frames a group; the codec restarts at its multiples. 0: one stream, whose "  \
                     "frames hang on all before them",                                             \
                     "32", 0)

/* For init(). */
CopStatus cop_x26x_init(CopCorrupt *corrupt, const char *encoder, CopError *err);

/* Sets the plan of the group that begins: coded at `rate` ("crf=23") with further options
 * (",bf=0" or ""), in one thread, by nothing that hangs on the machine. */
void cop_x26x_plan(CopX26x *codec, const char *rate, const char *more);

/* The same at constant quality, and a push() that does no more. */
void cop_x26x_plan_crf(CopX26x *codec, const char *more);
CopStatus cop_x26x_push_crf(CopCorrupt *corrupt, const CopFrame *frame);

#endif

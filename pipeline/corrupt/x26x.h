/* What the corruptions by libx264 and libx265 share: options, and how a group is coded.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_X26X_H
#define COP_CORRUPT_X26X_H

#include "pipeline/corrupt/group_codec.h"

/* State of each; crf or the bit rate is used. */
typedef struct CopX26x {
    CopGroupCodec codec;
    double crf;
    double bits_per_pixel, bitrate;
    int gop, preset, delay;
} CopX26x;

extern const char *const cop_x26x_presets[]; /* the encoders' speeds, ended by NULL */
extern const char *const cop_x26x_delays[];

/* The option rows that all have: `state` is the type of the state. */
#define COP_X26X_OPTIONS(state, gop_default)                                                       \
    {"gop",                                                                                        \
     "frames a group; the codec restarts at its multiples",                                        \
     COP_TYPE_INT,                                                                                 \
     offsetof(state, gop),                                                                         \
     gop_default,                                                                                  \
     1,                                                                                            \
     250,                                                                                          \
     NULL,                                                                                         \
     0},                                                                                           \
        {"preset",                                                                                 \
         "the encoder's speed",                                                                    \
         COP_TYPE_CHOICE,                                                                          \
         offsetof(state, preset),                                                                  \
         "medium",                                                                                 \
         0,                                                                                        \
         0,                                                                                        \
         cop_x26x_presets,                                                                         \
         0},                                                                                       \
    {                                                                                              \
        "delay", "group: the encoder looks ahead, a group late; low: no frame waits",              \
            COP_TYPE_CHOICE, offsetof(state, delay), "group", 0, 0, cop_x26x_delays, 0             \
    }

/* Options and severities of both at a bit rate, whose states are a CopX26x. */
extern const CopOption cop_x26x_abr_options[];
extern const CopSeverityTable cop_x26x_abr_tables[];

/* How libx264 or libx265 codes groups of `gop` frames with `rate` ("crf=23") and further
 * options (",bf=0" or ""): one thread, nothing that hangs on the machine. */
void cop_x26x_plan(CopGroupPlan *plan, const char *encoder, int gop, int preset, bool low_delay,
                   const char *rate, const char *more);

/* init() and push() at constant quality, and at a bit rate. */
CopStatus cop_x26x_init(CopCorrupt *corrupt, const char *encoder, CopError *err);
CopStatus cop_x26x_push_crf(CopCorrupt *corrupt, const char *encoder, const CopFrame *frame);
CopStatus cop_x26x_push_abr(CopCorrupt *corrupt, const char *encoder, const CopFrame *frame);

#endif

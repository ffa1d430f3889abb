/* Ramps: corruptions whose amount is a function of the frame's index.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_RAMP_H
#define COP_CORRUPT_RAMP_H

#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/warp.h"

/* ImageNet-P perturbs a picture by start + step (i - centre), i = 0 .. frames - 1. A
 * stream goes on, so it runs through the sequence forth and back: frame `index` stands
 * at i = 0, 1, .. frames - 1, frames - 2, .. 1, 0, 1, .. whatever clip it belongs to. */
typedef struct CopRamp {
    CopWarp warp; /* of those that do */
    double start, step;
    int centre, frames;
} CopRamp;

int64_t cop_ramp_place(int frames, int64_t index); /* i */
double cop_ramp_amount(const CopRamp *ramp, int64_t index);

/* Warps the frame by the linear map about its centre, moved by tx to the right. */
CopStatus cop_ramp_warp(CopRamp *ramp, const CopFrame *frame, const double linear[4],
                        double tx) COP_MUST_CHECK;

/* Severities of those whose step is an angle: a degree a frame in the original, severity 3. */
extern const CopSeverityTable cop_ramp_degree_tables[];

/* Option rows of all ramps, and of those that warp by cop_ramp_warp(). */
#define COP_RAMP_OPTIONS                                                                           \
    {"centre",                                                                                     \
     "frame of the sequence whose amount is the start's",                                          \
     COP_TYPE_INT,                                                                                 \
     offsetof(CopRamp, centre),                                                                    \
     "15",                                                                                         \
     0,                                                                                            \
     1000000,                                                                                      \
     NULL,                                                                                         \
     COP_OPTION_CONTROLLABLE},                                                                     \
    {                                                                                              \
        "frames", "length of the sequence, one way", COP_TYPE_INT, offsetof(CopRamp, frames),      \
            "31", 1, 1000000, NULL, COP_OPTION_CONTROLLABLE                                        \
    }
#define COP_RAMP_WARP_OPTIONS COP_WARP_OPTIONS("between pixels", "bilinear")

#endif

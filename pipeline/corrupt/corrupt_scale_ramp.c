/* Scale ramp: the picture grows out of a small one, black around it, and shrinks back
 * (ImageNet-P, scale). The original, from 0.4 to 1.15, is severity 3; the others have a
 * part or a multiple of its distances from 1.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/ramp.h"

static const CopOption options[] = {
    {"start", "scale at the centre of the sequence", COP_TYPE_DOUBLE, offsetof(CopRamp, start),
     "0.4", 0.01, 100, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"step", "added to the scale a frame", COP_TYPE_DOUBLE, offsetof(CopRamp, step), "0.025", -10,
     10, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_RAMP_OPTIONS,
    COP_RAMP_WARP_OPTIONS,
    COP_OPTIONS_END,
};

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    CopRamp *ramp = corrupt->state;
    const double scale = cop_ramp_amount(ramp, frame->index);
    const double back = 1 / (scale < 0.01 ? 0.01 : scale);
    const double linear[4] = {back, 0, 0, back};
    return cop_ramp_warp(ramp, frame, linear, 0);
}

static const char *const columns[] = {"start", "step", "centre", "frames", NULL};
static const double identity[] = {1, 0, 0, 31};
static const double at_224[] = {0.8, 1 / 120.0, 0, 31, 0.6, 1 / 60.0, 0, 31, 0.4, 0.025, 0, 31,
                                0.3, 3.5 / 120, 0, 31, 0.2, 1 / 30.0, 0, 31};
static const double at_32[] = {0.85, 0.01, 0,    31,   0.775, 0.015, 0,   31,   0.7, 0.02,
                               0,    31,   0.55, 0.03, 0,     31,    0.4, 0.04, 0,   31};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity,
     at_224},
    {"imagenet-p-224", "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity,
     at_224},
    {"imagenet-p-64", "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity,
     at_224},
    {"imagenet-p-32", "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity, at_32},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_scale_ramp = {
    .name = "scale_ramp",
    .summary = "the picture grows and shrinks",
    .reference = "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)",
    .family = COP_FAMILY_CAMERA,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_PARTIAL,
    .options = options,
    .tables = tables,
    .state_size = sizeof(CopRamp),
    .apply = apply,
    .close = cop_warp_close,
};

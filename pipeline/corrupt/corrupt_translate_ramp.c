/* Translation ramp: the picture slides from left to right and back, black beyond it
 * (ImageNet-P, translate). The original is severity 3; the others have a part or a multiple
 * of its step.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/ramp.h"

static const CopOption options[] = {
    {"step", "pixels to the right a frame", COP_TYPE_DOUBLE, offsetof(CopRamp, step), "1", -10000,
     10000, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    COP_RAMP_OPTIONS,
    COP_RAMP_WARP_OPTIONS,
    COP_OPTIONS_END,
};

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    CopRamp *ramp = corrupt->state;
    const double upright[4] = {1, 0, 0, 1};
    return cop_ramp_warp(ramp, frame, upright, cop_ramp_amount(ramp, frame->index));
}

static const char *const columns[] = {"step", "centre", "frames", NULL};
static const double identity[] = {0, 20, 41};
static const double at_224[] = {0.5, 20, 41, 0.75, 20, 41, 1, 20, 41, 1.5, 20, 41, 2, 20, 41};
static const double identity_64[] = {0, 15, 31};
static const double at_64[] = {0.5, 15, 31, 0.75, 15, 31, 1, 15, 31, 1.5, 15, 31, 2, 15, 31};
static const double identity_32[] = {0, 7, 16};
static const double at_32[] = {0.5, 7, 16, 0.75, 7, 16, 1, 7, 16, 1.5, 7, 16, 2, 7, 16};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity,
     at_224},
    {"imagenet-p-224", "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity,
     at_224},
    {"imagenet-p-64", "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity_64,
     at_64},
    {"imagenet-p-32", "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity_32,
     at_32},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_translate_ramp = {
    .name = "translate_ramp",
    .summary = "the picture slides from side to side",
    .reference = "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)",
    .family = COP_FAMILY_CAMERA,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_PARTIAL,
    .options = options,
    .tables = tables,
    .state_size = sizeof(CopRamp),
    .apply = apply,
    .close = cop_warp_close,
};

/* Brightness ramp: a growing, then shrinking constant is added to V of HSV (ImageNet-P,
 * brightness). The original is severity 3; the others have a part or a multiple of its step.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/hsv.h"
#include "pipeline/corrupt/ramp.h"

static const CopOption options[] = {
    {"step", "added to V a frame, of a range of 1", COP_TYPE_DOUBLE, offsetof(CopRamp, step),
     "0.02", -1, 1, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_RAMP_OPTIONS,
    COP_OPTIONS_END,
};

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    const CopRamp *ramp = corrupt->state;
    const CopHsvChange change = {.gain = 1, .lift = cop_ramp_amount(ramp, frame->index)};
    cop_hsv_change(frame, &change);
    return COP_OK;
}

static const char *const columns[] = {"step", "centre", "frames", NULL};
static const double identity[] = {0, 15, 31};
static const double at_224[] = {0.01, 15,   31, 0.015, 15,   31, 0.02, 15,
                                31,   0.03, 15, 31,    0.04, 15, 31};
static const double at_32[] = {0.0075, 15,     31, 0.01125, 15,   31, 0.015, 15,
                               31,     0.0225, 15, 31,      0.03, 15, 31};

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

const CopCorruptDesc cop_corrupt_brightness_ramp = {
    .name = "brightness_ramp",
    .summary = "the picture brightens and darkens",
    .reference = "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)",
    .family = COP_FAMILY_DIGITAL,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_PARTIAL,
    .options = options,
    .tables = tables,
    .state_size = sizeof(CopRamp),
    .apply = apply,
};

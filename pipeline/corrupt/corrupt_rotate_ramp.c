/* Rotation ramp: the picture turns clockwise and back, corners black (ImageNet-P,
 * rotate). The original is severity 3; the others have a part or a multiple of its step.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/ramp.h"

static const CopOption options[] = {
    {"step", "degrees clockwise a frame", COP_TYPE_DOUBLE, offsetof(CopRamp, step), "1", -360, 360,
     NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_RAMP_OPTIONS,
    COP_RAMP_WARP_OPTIONS,
    COP_OPTIONS_END,
};

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    CopRamp *ramp = corrupt->state;
    double turn[4];
    cop_warp_turn(-cop_ramp_amount(ramp, frame->index), turn);
    return cop_ramp_warp(ramp, frame, turn, 0);
}

const CopCorruptDesc cop_corrupt_rotate_ramp = {
    .name = "rotate_ramp",
    .summary = "the picture turns to and fro",
    .reference = "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)",
    .family = COP_FAMILY_CAMERA,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_PARTIAL,
    .options = options,
    .tables = cop_ramp_degree_tables,
    .state_size = sizeof(CopRamp),
    .apply = apply,
    .close = cop_warp_close,
};

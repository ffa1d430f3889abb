/* Shear ramp: rows slide against each other by the tangent of an angle and back
 * (ImageNet-P, shear). The original is severity 3; the others have a part or a multiple of
 * its step. (Its library of 2018 also stretched columns, by the angle's cosine: up to
 * 3.5 %. Later versions do not; nor does this.)
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/portable_math.h"
#include "pipeline/corrupt/ramp.h"

static const CopOption options[] = {
    {"step", "degrees a frame", COP_TYPE_DOUBLE, offsetof(CopRamp, step), "1", -80, 80, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_RAMP_OPTIONS,
    COP_RAMP_WARP_OPTIONS,
    COP_OPTIONS_END,
};

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    CopRamp *ramp = corrupt->state;
    double degrees = cop_ramp_amount(ramp, frame->index), sine, cosine;
    degrees = degrees < -80 ? -80 : degrees > 80 ? 80 : degrees;
    cop_sin_cos(degrees * (COP_PI / 180), &sine, &cosine);
    const double linear[4] = {1, sine / cosine, 0, 1};
    return cop_ramp_warp(ramp, frame, linear, 0);
}

const CopCorruptDesc cop_corrupt_shear_ramp = {
    .name = "shear_ramp",
    .summary = "rows slide against each other",
    .reference = "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)",
    .family = COP_FAMILY_CAMERA,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_PARTIAL,
    .options = options,
    .tables = cop_ramp_degree_tables,
    .state_size = sizeof(CopRamp),
    .apply = apply,
    .close = cop_warp_close,
};

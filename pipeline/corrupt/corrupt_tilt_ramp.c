/* Tilt ramp: the picture turns about its horizontal and its vertical middle line alike,
 * seen from as far away as its diagonal is long, black beyond it (ImageNet-P, tilt). The
 * original is severity 3; the others have a part or a multiple of its step.
 *
 * As there, the plane of the picture lies one pixel behind the axes it turns about, so
 * that it never stands quite where it was.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "models/core/portable_math.h"
#include "pipeline/corrupt/ramp.h"

static const CopOption options[] = {
    {"step", "degrees a frame, about both axes", COP_TYPE_DOUBLE, offsetof(CopRamp, step), "1", -60,
     60, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_RAMP_OPTIONS,
    COP_WARP_BORDER_OPTION,
    COP_OPTIONS_END,
};

/* From the upright picture to the tilted one. */
static void tilt(int width, int height, double degrees, double m[9])
{
    double s, c;
    cop_sin_cos(degrees * (COP_PI / 180), &s, &c);
    const double cx = width / 2.0, cy = height / 2.0;
    const double focal = sqrt((double)width * width + (double)height * height);
    /* x, y and the distance of a point (u - cx, v - cy, 1) turned about both axes */
    const double x[3] = {c, 0, -c * cx - s};
    const double y[3] = {-s * s, c, s * s * cx - c * cy - s * c};
    const double z[3] = {c * s, s, -c * s * cx - s * cy + c * c + focal};
    for (int i = 0; i < 3; i++) {
        m[i] = focal * x[i] + cx * z[i];
        m[3 + i] = focal * y[i] + cy * z[i];
        m[6 + i] = z[i];
    }
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    CopRamp *ramp = corrupt->state;
    double degrees = cop_ramp_amount(ramp, frame->index), map[9], inverse[9];
    degrees = degrees < -60 ? -60 : degrees > 60 ? 60 : degrees;
    tilt(frame->width, frame->height, degrees, map);
    cop_warp_invert(map, inverse);
    return cop_warp_projective(frame, inverse, (CopWarpBorder)ramp->warp.border,
                               &ramp->warp.scratch);
}

static const char *const columns[] = {"step", "centre", "frames", NULL};
static const double identity[] = {0, 15, 31};
static const double at_224[] = {0.5, 15, 31, 0.75, 15, 31, 1, 15, 31, 1.5, 15, 31, 2, 15, 31};
static const double at_32[] = {0.375, 15,    31, 0.5625, 15,  31, 0.75, 15,
                               31,    1.125, 15, 31,     1.5, 15, 31};

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

const CopCorruptDesc cop_corrupt_tilt_ramp = {
    .name = "tilt_ramp",
    .summary = "the picture tilts in space",
    .reference = "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)",
    .family = COP_FAMILY_CAMERA,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_PARTIAL,
    .options = options,
    .tables = tables,
    .state_size = sizeof(CopRamp),
    .apply = apply,
    .close = cop_warp_close,
};

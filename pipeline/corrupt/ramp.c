/* Ramps: corruptions whose amount is a function of the frame's index.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/ramp.h"

int64_t cop_ramp_place(int frames, int64_t index)
{
    const int64_t last = frames - 1, period = last > 0 ? 2 * last : 1;
    int64_t i = index % period;
    i = i < 0 ? i + period : i;
    return i > last ? period - i : i;
}

double cop_ramp_amount(const CopRamp *ramp, int64_t index)
{
    const int64_t i = cop_ramp_place(ramp->frames, index);
    return ramp->start + ramp->step * (double)(i - ramp->centre);
}

CopStatus cop_ramp_warp(CopRamp *ramp, const CopFrame *frame, const double linear[4], double tx)
{
    double map[6];
    cop_warp_about_centre(frame->width, frame->height, linear, tx, 0, map);
    return cop_warp_frame(&ramp->warp, frame, map);
}

static const char *const columns[] = {"step", "centre", "frames", NULL};
static const double identity[] = {0, 15, 31};
/* Step 1 is the original. */
static const double at_224[] = {0.5, 15, 31, 0.75, 15, 31, 1, 15, 31, 1.5, 15, 31, 2, 15, 31};

const CopSeverityTable cop_ramp_degree_tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity,
     at_224},
    {"imagenet-p-224", "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity,
     at_224},
    {"imagenet-p-64", "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity,
     at_224},
    {"imagenet-p-32", "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity,
     at_224},
    {.preset = NULL},
};

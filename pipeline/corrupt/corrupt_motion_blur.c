/* Motion blur: half a Gaussian along a line whose angle is drawn (Hendrycks and
 * Dietterich, ICLR 2019; the rule of the line in motion_line.h).
 *
 * A camera that shakes does so in one direction for a while: by default the angle is
 * drawn once a clip. Afresh in every frame it flickers, which the original does (and
 * Schiappa et al., CVPR 2023). In the third mode it walks: three sines of the frame
 * index, of periods that no shorter one divides, each begun at a phase of its own.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/motion_line.h"

#include "models/core/portable_math.h"

typedef struct MotionBlur {
    double radius, sigma, angle, spread;
} MotionBlur;

static const CopOption options[] = {
    {"radius", "half the length of the line, in pixels", COP_TYPE_DOUBLE,
     offsetof(MotionBlur, radius), "15", 0, COP_MOTION_RADIUS_MAX, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    {"sigma", "of the Gaussian along the line, in pixels; 0 is untouched", COP_TYPE_DOUBLE,
     offsetof(MotionBlur, sigma), "8", 0, 10000, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    {"angle", "middle of the angles, in degrees", COP_TYPE_DOUBLE, offsetof(MotionBlur, angle), "0",
     -360, 360, NULL, COP_OPTION_CONTROLLABLE},
    {"spread", "angles lie within this many degrees of the middle", COP_TYPE_DOUBLE,
     offsetof(MotionBlur, spread), "45", 0, 180, NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

/* In -1 .. 1, moving by 0.041 a frame at most. */
static double walk(const CopCorrupt *corrupt, int64_t frame)
{
    static const double share[] = {0.5, 0.3, 0.2};
    static const int period[] = {307, 139, 73};
    const double turn = 2 * COP_PI;
    double at = 0;
    for (int i = 0; i < 3; i++) {
        const double phase =
            cop_rng_uniform(corrupt->key, (uint32_t)i + 1, (CopRngAddress){.clip = corrupt->clip});
        double sine, cosine;
        cop_sin_cos(turn * ((double)(frame % period[i]) / period[i] + phase), &sine, &cosine);
        at += share[i] * sine;
    }
    return at;
}

static double angle_of(const CopCorrupt *corrupt, int64_t frame)
{
    const MotionBlur *blur = corrupt->state;
    if (corrupt->temporal == COP_TEMPORAL_COHERENT)
        return blur->angle + blur->spread * walk(corrupt, frame);
    const CopRngAddress at = {.frame = cop_corrupt_drawn_at(corrupt, frame), .clip = corrupt->clip};
    return blur->angle + blur->spread * (2 * cop_rng_uniform(corrupt->key, 0, at) - 1);
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    const MotionBlur *blur = corrupt->state;
    return cop_motion_line(frame->plane[0], 3, frame->width, frame->height, frame->stride[0],
                           blur->radius, blur->sigma, angle_of(corrupt, frame->index));
}

static const char *const columns[] = {"radius", "sigma", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){10, 0},
     (const double[]){10, 3, 15, 5, 15, 8, 15, 12, 20, 15}},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){10, 0},
     (const double[]){10, 3, 15, 5, 15, 8, 15, 12, 20, 15}},
    {"imagenet-c-299", "ImageNet-C for Inception, same authors", columns, (const double[]){12, 0},
     (const double[]){12, 4, 17, 6, 17, 9, 17, 13, 22, 16}},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, (const double[]){10, 0},
     (const double[]){10, 1, 10, 1.5, 10, 2, 10, 2.5, 12, 3}},
    {"cifar-32", "CIFAR-10-C, same authors", columns, (const double[]){6, 0},
     (const double[]){6, 1, 6, 1.5, 6, 2, 8, 2, 9, 2.5}},
    {"ucf101-p", "Schiappa et al., CVPR 2023; the angle there is drawn for each frame", columns,
     (const double[]){10, 0}, (const double[]){10, 3, 15, 5, 15, 8, 15, 12, 20, 15}},
    {"thumos14-c", "Zeng et al., CVPR 2024: of one strength, for burst", columns,
     (const double[]){20, 0}, (const double[]){20, 15, 20, 15, 20, 15, 20, 15, 20, 15}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_motion_blur = {
    .name = "motion_blur",
    .summary = "half a Gaussian along a line of random angle",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_BLUR,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC | 1u << COP_TEMPORAL_COHERENT,
    .temporal_default = COP_TEMPORAL_STATIC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(MotionBlur),
    .apply = apply,
};

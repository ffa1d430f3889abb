/* Blur ramp: a Gaussian that widens, then narrows (ImageNet-P, gaussian_blur). Even at its
 * widest the original is mild; it is severity 1, and the others have a multiple of its
 * sigmas. It cuts the kernel at 6 sigma, this at 4, which moves a level here and there.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/gaussian_rgb.h"
#include "pipeline/corrupt/ramp.h"

typedef struct BlurRamp {
    CopRamp ramp; /* first, where its option rows look for it */
    CopGaussianRgb gaussian;
} BlurRamp;

static const CopOption options[] = {
    {"start", "sigma at the centre of the sequence, in pixels", COP_TYPE_DOUBLE,
     offsetof(CopRamp, start), "0.25", 0, COP_GAUSSIAN_RGB_SIGMA_MAX, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    {"step", "added to sigma a frame", COP_TYPE_DOUBLE, offsetof(CopRamp, step), "0.035", -100, 100,
     NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    COP_RAMP_OPTIONS,
    COP_OPTIONS_END,
};

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    BlurRamp *blur = corrupt->state;
    const double sigma = cop_ramp_amount(&blur->ramp, frame->index);
    const double most = COP_GAUSSIAN_RGB_SIGMA_MAX;
    return cop_gaussian_rgb(&blur->gaussian, frame, sigma < 0 ? 0 : sigma > most ? most : sigma);
}

static void close_gaussian(CopCorrupt *corrupt)
{
    BlurRamp *blur = corrupt->state;
    cop_gaussian_rgb_free(&blur->gaussian);
}

static const char *const columns[] = {"start", "step", "centre", "frames", NULL};
static const double identity[] = {0, 0, 0, 31};
static const double at_224[] = {0.25, 0.035, 0, 31,   0.5, 0.07, 0,   31,   0.75, 0.105,
                                0,    31,    1, 0.14, 0,   31,   1.5, 0.21, 0,    31};
static const double at_64[] = {0.35, 0.014, 0,   31,    0.7, 0.028, 0,   31,    1.05, 0.042,
                               0,    31,    1.4, 0.056, 0,   31,    2.1, 0.084, 0,    31};
static const double at_32[] = {0.3, 0.015, 0,   31,   0.6, 0.03, 0,   31,   0.9, 0.045,
                               0,   31,    1.2, 0.06, 0,   31,   1.8, 0.09, 0,   31};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity,
     at_224},
    {"imagenet-p-224", "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity,
     at_224},
    {"imagenet-p-64", "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity, at_64},
    {"imagenet-p-32", "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity, at_32},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_blur_ramp = {
    .name = "blur_ramp",
    .summary = "a Gaussian blur that widens and narrows",
    .reference = "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)",
    .family = COP_FAMILY_BLUR,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_PARTIAL,
    .options = options,
    .tables = tables,
    .state_size = sizeof(BlurRamp),
    .apply = apply,
    .close = close_gaussian,
};

/* Gaussian blur: what skimage.filters.gaussian() gives, cut to whole levels (Hendrycks and
 * Dietterich, ICLR 2019; gaussian_rgb.h).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/gaussian_rgb.h"

typedef struct GaussianBlur {
    double sigma;
    CopGaussianRgb filter;
} GaussianBlur;

static const CopOption options[] = {
    {"sigma", "of the Gaussian, in pixels; under 1/8 is untouched", COP_TYPE_DOUBLE,
     offsetof(GaussianBlur, sigma), "3", 0, COP_GAUSSIAN_RGB_SIGMA_MAX, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    COP_OPTIONS_END,
};

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    GaussianBlur *blur = corrupt->state;
    return cop_gaussian_rgb(&blur->filter, frame, blur->sigma);
}

static void close(CopCorrupt *corrupt)
{
    GaussianBlur *blur = corrupt->state;
    cop_gaussian_rgb_free(&blur->filter);
}

static const char *const columns[] = {"sigma", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){0},
     (const double[]){1, 2, 3, 4, 6}},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){0},
     (const double[]){1, 2, 3, 4, 6}},
    {"imagenet-c-299", "ImageNet-C for Inception, same authors", columns, (const double[]){0},
     (const double[]){1.5, 2.5, 3.5, 4.5, 6.5}},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, (const double[]){0},
     (const double[]){0.5, 0.75, 1, 1.25, 1.5}},
    {"cifar-32", "CIFAR-10-C, same authors", columns, (const double[]){0},
     (const double[]){0.4, 0.6, 0.7, 0.8, 1}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_gaussian_blur = {
    .name = "gaussian_blur",
    .summary = "a Gaussian filter",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_BLUR,
    .flags = COP_CORRUPT_RGB,
    .options = options,
    .tables = tables,
    .state_size = sizeof(GaussianBlur),
    .apply = apply,
    .close = close,
};

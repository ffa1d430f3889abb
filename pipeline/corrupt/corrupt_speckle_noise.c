/* Speckle noise: y = trunc(255 clip(x / 255 + x / 255 N(0, sigma^2))) of every RGB
 * element (Hendrycks and Dietterich, ICLR 2019).
 *
 * y = clip(floor(x + x N)), x a whole level.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/noise_rows.h"
#include "pipeline/corrupt/speckle.h"

typedef struct SpeckleNoise {
    double sigma;
    CopSpeckle speckle;
} SpeckleNoise;

static const CopOption options[] = {
    {"sigma", "standard deviation, as a share of the element", COP_TYPE_DOUBLE,
     offsetof(SpeckleNoise, sigma), "0.15", 0, 4, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    (void)err;
    SpeckleNoise *state = corrupt->state;
    cop_speckle_init(&state->speckle, state->sigma);
    return COP_OK;
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    const SpeckleNoise *state = corrupt->state;
    cop_noise_rows(corrupt, frame, cop_speckle_row, &state->speckle);
    return COP_OK;
}

static const char *const columns[] = {"sigma", NULL};

/* ImageNet-P has three difficulties. Rows 4 and 5 are ours: they go on by about the
 * ratio of difficulties 2 and 3. */
static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){0},
     (const double[]){0.15, 0.2, 0.35, 0.45, 0.6}},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){0},
     (const double[]){0.15, 0.2, 0.35, 0.45, 0.6}},
    {"imagenet-c-299", "ImageNet-C for Inception, same authors", columns, (const double[]){0},
     (const double[]){0.16, 0.21, 0.36, 0.46, 0.61}},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, (const double[]){0},
     (const double[]){0.15, 0.2, 0.25, 0.3, 0.35}},
    {"cifar-32", "CIFAR-10-C, same authors", columns, (const double[]){0},
     (const double[]){0.06, 0.1, 0.12, 0.16, 0.2}},
    {"ucf101-p", "UCF101-P, Schiappa et al., CVPR 2023", columns, (const double[]){0},
     (const double[]){0.15, 0.2, 0.25, 0.3, 0.35}},
    {"imagenet-p-224", "ImageNet-P, same authors", columns, (const double[]){0},
     (const double[]){0.05, 0.1, 0.15, 0.225, 0.3375}},
    {"imagenet-p-64", "Tiny ImageNet-P, same authors", columns, (const double[]){0},
     (const double[]){0.05, 0.1, 0.15, 0.225, 0.3375}},
    {"imagenet-p-32", "CIFAR-10-P, same authors", columns, (const double[]){0},
     (const double[]){0.05, 0.07, 0.1, 0.14, 0.2}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_speckle_noise = {
    .name = "speckle_noise",
    .summary = "normal noise in proportion to each colour element",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_NOISE,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC,
    .temporal_default = COP_TEMPORAL_IID,
    .options = options,
    .tables = tables,
    .state_size = sizeof(SpeckleNoise),
    .init = init,
    .apply = apply,
};

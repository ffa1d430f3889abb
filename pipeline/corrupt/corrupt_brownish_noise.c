/* Brownish noise: y = trunc(clip(x + sigma N)), N of amplitude 1 / (f^2 + 1) at f cycles across
 * the shorter side and of standard deviation 1 in each channel (Mintun et al., NeurIPS
 * 2021: C-bar). Most of it is a few broad stains; the mean, which has an amplitude too,
 * shifts each channel on top.
 *
 * The field is drawn by frequency; transforms are floats by KissFFT with factors from
 * libm, and bytes are equal wherever these are.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/spectral_noise.h"

typedef struct BrownishNoise {
    double sigma;
    CopNoiseField field;
} BrownishNoise;

static const CopOption options[] = {
    {"sigma", "standard deviation, of a range of 1", COP_TYPE_DOUBLE,
     offsetof(BrownishNoise, sigma), "0.1", 0, 4, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static void amplitude(const void *context, int kx, int width, int height, float *out)
{
    (void)context;
    const double shorter = width < height ? width : height;
    const double fx = kx * shorter / width;
    for (int ky = 0; ky <= height / 2; ky++) {
        const double fy = ky * shorter / height;
        out[ky] = (float)(1 / (fx * fx + fy * fy + 1));
    }
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    BrownishNoise *noise = corrupt->state;
    const CopNoiseShape shape = {
        .amplitude = amplitude, .columns = frame->width / 2 + 1, .waves = true};
    COP_TRY(cop_noise_field_draw(&noise->field, frame->width, frame->height, 3, &shape,
                                 corrupt->key, corrupt->clip,
                                 cop_corrupt_drawn_at(corrupt, frame->index)));
    cop_noise_field_add(&noise->field, frame, 255 * noise->sigma, 0);
    return COP_OK;
}

static void close(CopCorrupt *corrupt)
{
    BrownishNoise *noise = corrupt->state;
    cop_noise_field_free(&noise->field);
}

static const char *const columns[] = {"sigma", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "ImageNet-C-bar, Mintun et al., NeurIPS 2021", columns,
     (const double[]){0},
     (const double[]){6.4 / 255, 12.8 / 255, 19.2 / 255, 25.6 / 255, 32. / 255}},
    {"imagenet-c-bar-224", "Mintun et al., NeurIPS 2021", columns, (const double[]){0},
     (const double[]){6.4 / 255, 12.8 / 255, 19.2 / 255, 25.6 / 255, 32. / 255}},
    {"cifar-c-bar-32", "CIFAR-10-C-bar, same authors", columns, (const double[]){0},
     (const double[]){16. / 255, 25.6 / 255, 35.2 / 255, 41.6 / 255, 44.8 / 255}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_brownish_noise = {
    .name = "brownish_noise",
    .summary = "broad coloured stains: noise whose amplitude falls with the square of frequency",
    .reference = "Mintun et al., NeurIPS 2021 (C-bar)",
    .family = COP_FAMILY_SPECTRAL,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC,
    .temporal_default = COP_TEMPORAL_STATIC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(BrownishNoise),
    .apply = apply,
    .close = close,
};

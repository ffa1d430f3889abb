/* Blue noise sample: pixels where blue noise lies above a threshold are kept, the others
 * black (Mintun et al., NeurIPS 2021: C-bar). Blue noise has an amplitude in proportion to
 * frequency and a standard deviation of 1, so the holes are many and small, spread evenly.
 *
 * The field is drawn by frequency; transforms are floats by KissFFT with factors from
 * libm, and bytes are equal wherever these are.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/spectral_noise.h"

#include <math.h>

typedef struct BlueNoiseSample {
    double threshold;
    CopNoiseField field;
} BlueNoiseSample;

static const CopOption options[] = {
    {"threshold", "noise at or below it is black, in standard deviations", COP_TYPE_DOUBLE,
     offsetof(BlueNoiseSample, threshold), "-2", -10, 10, NULL,
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
        out[ky] = (float)sqrt(fx * fx + fy * fy);
    }
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    BlueNoiseSample *sample = corrupt->state;
    const int width = frame->width;
    const CopNoiseShape shape = {.amplitude = amplitude, .columns = width / 2 + 1, .waves = true};
    COP_TRY(cop_noise_field_draw(&sample->field, width, frame->height, 1, &shape, corrupt->key,
                                 corrupt->clip, cop_corrupt_drawn_at(corrupt, frame->index)));
    const float threshold = (float)sample->threshold;
    for (int v = 0; v < frame->height; v++) {
        const float *value = sample->field.value + (ptrdiff_t)v * width;
        uint8_t *x = frame->plane[0] + (ptrdiff_t)v * frame->stride[0];
        for (int u = 0; u < width; u++)
            if (!(value[u] > threshold))
                x[3 * u] = x[3 * u + 1] = x[3 * u + 2] = 0;
    }
    return COP_OK;
}

static void close(CopCorrupt *corrupt)
{
    BlueNoiseSample *sample = corrupt->state;
    cop_noise_field_free(&sample->field);
}

static const char *const columns[] = {"threshold", NULL};

/* Four million pixels of normal noise have one below -5. */
static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "ImageNet-C-bar, Mintun et al., NeurIPS 2021", columns,
     (const double[]){-5}, (const double[]){-2.26, -2.02, -1.78, -1.3, -0.82}},
    {"imagenet-c-bar-224", "Mintun et al., NeurIPS 2021", columns, (const double[]){-5},
     (const double[]){-2.26, -2.02, -1.78, -1.3, -0.82}},
    {"cifar-c-bar-32", "CIFAR-10-C-bar, same authors", columns, (const double[]){-5},
     (const double[]){-2.29, -2.08, -1.87, -1.45, -1.24}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_blue_noise_sample = {
    .name = "blue_noise_sample",
    .summary = "small black holes, spread evenly, where blue noise is low",
    .reference = "Mintun et al., NeurIPS 2021 (C-bar)",
    .family = COP_FAMILY_SPECTRAL,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM | COP_CORRUPT_PARTIAL,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC,
    .temporal_default = COP_TEMPORAL_STATIC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(BlueNoiseSample),
    .apply = apply,
    .close = close,
};

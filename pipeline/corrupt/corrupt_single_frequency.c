/* Single frequency: a grey sine wave of drawn direction, frequency and phase is added,
 * y = trunc(clip(x + a sin(fx u + fy v + phase))) (Mintun et al., NeurIPS 2021: ImageNet-C-bar's
 * single_frequency_greyscale). As there one frequency is uniform in -pi .. pi, the other
 * within its absolute value, and which of them is fx is drawn. Frequencies are in radians
 * a pixel, so they are shares of Nyquist's at any size.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/portable_math.h"
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/grating.h"

#include <math.h>

typedef struct SingleFrequency {
    double amplitude, fx, fy, phase;
    bool draw;
    CopGrating grating;
} SingleFrequency;

static const CopOption options[] = {
    {"amplitude", "of the wave, of a range of 1", COP_TYPE_DOUBLE,
     offsetof(SingleFrequency, amplitude), "0.1", 0, 2, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"draw", "draws fx, fy and phase, which else are as given", COP_TYPE_BOOL,
     offsetof(SingleFrequency, draw), "true", 0, 0, NULL, COP_OPTION_CONTROLLABLE},
    {"fx", "radians a column", COP_TYPE_DOUBLE, offsetof(SingleFrequency, fx), "1", -4, 4, NULL,
     COP_OPTION_CONTROLLABLE},
    {"fy", "radians a row", COP_TYPE_DOUBLE, offsetof(SingleFrequency, fy), "1", -4, 4, NULL,
     COP_OPTION_CONTROLLABLE},
    {"phase", "of the sine, in radians", COP_TYPE_DOUBLE, offsetof(SingleFrequency, phase), "1", -7,
     7, NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    SingleFrequency *single = corrupt->state;
    double fx = single->fx, fy = single->fy, phase = single->phase;
    if (single->draw) {
        const CopRngAddress at = {.frame = cop_corrupt_drawn_at(corrupt, frame->index),
                                  .clip = corrupt->clip};
        const double one = COP_PI * (2 * cop_rng_uniform(corrupt->key, 0, at) - 1);
        const double other = fabs(one) * (2 * cop_rng_uniform(corrupt->key, 1, at) - 1);
        const bool swap = cop_rng_u32(corrupt->key, 3, at) >> 31;
        fx = swap ? other : one;
        fy = swap ? one : other;
        phase = 2 * COP_PI * cop_rng_uniform(corrupt->key, 2, at);
    }
    const CopWave wave = {.x_cycles = fx / (2 * COP_PI),
                          .x_span = 1,
                          .y_cycles = fy / (2 * COP_PI),
                          .y_span = 1,
                          .phase = phase / (2 * COP_PI) - 0.25,
                          .amplitude = 255 * single->amplitude,
                          .sign = {1, 1, 1},
                          .truncate = true};
    return cop_grating_add(&single->grating, frame, &wave);
}

static void close(CopCorrupt *corrupt)
{
    SingleFrequency *single = corrupt->state;
    cop_grating_free(&single->grating);
}

static const char *const columns[] = {"amplitude", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "ImageNet-C-bar, Mintun et al., NeurIPS 2021", columns,
     (const double[]){0},
     (const double[]){19.6 / 255, 29.4 / 255, 39.2 / 255, 88.2 / 255, 98. / 255}},
    {"imagenet-c-bar-224", "Mintun et al., NeurIPS 2021", columns, (const double[]){0},
     (const double[]){19.6 / 255, 29.4 / 255, 39.2 / 255, 88.2 / 255, 98. / 255}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_single_frequency = {
    .name = "single_frequency",
    .summary = "a grey sine wave of drawn frequency and direction added",
    .reference = "Mintun et al., NeurIPS 2021 (ImageNet-C-bar)",
    .family = COP_FAMILY_SPECTRAL,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC,
    .temporal_default = COP_TEMPORAL_STATIC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(SingleFrequency),
    .apply = apply,
    .close = close,
};

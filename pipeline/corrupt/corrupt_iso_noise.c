/* ISO noise: a sensor of few photons, amplified:
 * y = trunc(255 clip(clip(Poisson(c x / 255) / c) + N(0, sigma^2)))
 * of every RGB element (Kar et al., CVPR 2022).
 *
 * Each level meets a mixture of normal distributions; a table inverts that, so that one
 * word decides an element instead of two draws. Read noise has a fixed part in real
 * sensors, which the static mode stands for, if too strongly: photons have none.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/noise_rows.h"
#include "pipeline/corrupt/photon_noise.h"

typedef struct IsoNoise {
    double photons, sigma;
    CopLevelNoise levels;
} IsoNoise;

static const CopOption options[] = {
    {"photons", "mean number for white; 0: light without end", COP_TYPE_DOUBLE,
     offsetof(IsoNoise, photons), "25", 0, COP_PHOTONS_READ_MAX, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_RECIPROCAL | COP_OPTION_CONTROLLABLE},
    {"sigma", "standard deviation of the amplifier's noise, of a range of 1", COP_TYPE_DOUBLE,
     offsetof(IsoNoise, sigma), "0.056", 0, 4, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    IsoNoise *state = corrupt->state;
    CopPhotonNoise photons;
    const CopStatus status = cop_photon_noise_init(&photons, state->photons, state->sigma);
    if (status != COP_OK)
        return cop_error_set(err, status, "iso_noise: no memory for its tables");
    cop_photon_noise_levels(&photons, &state->levels);
    cop_photon_noise_free(&photons);
    return COP_OK;
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    const IsoNoise *state = corrupt->state;
    cop_noise_rows(corrupt, frame, cop_level_noise_row, &state->levels);
    return COP_OK;
}

static const char *const columns[] = {"photons", "sigma", NULL};

/* 0.7 of ImageNet-C's sigmas */
static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "3D Common Corruptions, Kar et al., CVPR 2022", columns,
     (const double[]){0, 0},
     (const double[]){25, 0.056, 25, 0.084, 25, 0.126, 25, 0.182, 25, 0.266}},
    {"3dcc", "3D Common Corruptions, Kar et al., CVPR 2022", columns, (const double[]){0, 0},
     (const double[]){25, 0.056, 25, 0.084, 25, 0.126, 25, 0.182, 25, 0.266}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_iso_noise = {
    .name = "iso_noise",
    .summary = "few photons and an amplifier's normal noise",
    .reference = "Kar et al., 3D Common Corruptions, CVPR 2022",
    .family = COP_FAMILY_NOISE,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC,
    .temporal_default = COP_TEMPORAL_IID,
    .options = options,
    .tables = tables,
    .state_size = sizeof(IsoNoise),
    .init = init,
    .apply = apply,
};

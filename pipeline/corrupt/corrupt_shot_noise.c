/* Shot noise: y = trunc(255 clip(Poisson(c x / 255) / c)) of every RGB element, c the
 * photons that white stands for (Hendrycks and Dietterich, ICLR 2019).
 *
 * A level's distribution of levels is inverted by a table, so that one word decides an
 * element. Photons are independent of each other: there is no fixed pattern to offer.
 * Between severities 1 / c is linear, and with it the variance, x / (255 c).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/noise_rows.h"
#include "pipeline/corrupt/photon_noise.h"

typedef struct ShotNoise {
    double photons;
    CopLevelNoise levels;
} ShotNoise;

static const CopOption options[] = {
    {"photons", "mean number for white; 0: light without end", COP_TYPE_DOUBLE,
     offsetof(ShotNoise, photons), "60", 0, COP_PHOTONS_MAX, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_RECIPROCAL | COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    ShotNoise *state = corrupt->state;
    CopPhotonNoise photons;
    const CopStatus status = cop_photon_noise_init(&photons, state->photons, 0);
    if (status != COP_OK)
        return cop_error_set(err, status, "shot_noise: no memory for the table");
    cop_photon_noise_levels(&photons, &state->levels);
    cop_photon_noise_free(&photons);
    return COP_OK;
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    const ShotNoise *state = corrupt->state;
    cop_noise_rows(corrupt, frame, cop_level_noise_row, &state->levels);
    return COP_OK;
}

static const char *const columns[] = {"photons", NULL};

/* ImageNet-P has three difficulties. Rows 4 and 5 are ours: they go on by the ratio of
 * difficulties 2 and 3. */
static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){0},
     (const double[]){60, 25, 12, 5, 3}},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){0},
     (const double[]){60, 25, 12, 5, 3}},
    {"imagenet-c-299", "ImageNet-C for Inception, same authors", columns, (const double[]){0},
     (const double[]){50, 20, 10, 5, 3}},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, (const double[]){0},
     (const double[]){250, 100, 50, 30, 15}},
    {"cifar-32", "CIFAR-10-C, same authors", columns, (const double[]){0},
     (const double[]){500, 250, 100, 75, 50}},
    {"kinetics-c", "Mini Kinetics-C, Yi et al., NeurIPS 2021", columns, (const double[]){0},
     (const double[]){60, 25, 12, 5, 3}},
    {"ssv2-c", "Mini SSV2-C, Yi et al., NeurIPS 2021", columns, (const double[]){0},
     (const double[]){60, 25, 12, 5, 3}},
    {"ucf101-p", "UCF101-P, Schiappa et al., CVPR 2023", columns, (const double[]){0},
     (const double[]){250, 100, 50, 30, 15}},
    {"imagenet-p-224", "ImageNet-P, same authors", columns, (const double[]){0},
     (const double[]){300, 120, 60, 30, 15}},
    {"imagenet-p-64", "Tiny ImageNet-P, same authors", columns, (const double[]){0},
     (const double[]){500, 250, 125, 62.5, 31.25}},
    {"imagenet-p-32", "CIFAR-10-P, same authors", columns, (const double[]){0},
     (const double[]){700, 400, 200, 100, 50}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_shot_noise = {
    .name = "shot_noise",
    .summary = "photons of each colour element counted",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_NOISE,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .options = options,
    .tables = tables,
    .state_size = sizeof(ShotNoise),
    .init = init,
    .apply = apply,
};

/* Low light: a dimmed picture of higher contrast with a sensor's noise:
 * light = gain ((x - low) / (high - low))^gamma,
 * y = trunc(255 clip(clip(Poisson(c light) / c) + N(0, sigma^2)))
 * of every RGB element; low and high are the least and the greatest element of the
 * frame where it is stretched, else 0 and 255 (Kar et al., CVPR 2022).
 *
 * The default does not stretch: in video, brightness would jump whenever something
 * bright comes or goes. A level's distribution is inverted by a table, which is made
 * when a frame first has that level. A flat frame has nothing to stretch.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "models/core/portable_math.h"
#include "pipeline/corrupt/noise_rows.h"
#include "pipeline/corrupt/photon_noise.h"

typedef struct LowLight {
    double gain, gamma, photons, sigma;
    bool stretch;
    CopPhotonNoise sensor;
    int low, high;        /* what `levels` stand for */
    bool set[COP_LEVELS]; /* which of them are made */
    CopLevelNoise levels;
} LowLight;

static const CopOption options[] = {
    {"gain", "light of white, of a range of 1", COP_TYPE_DOUBLE, offsetof(LowLight, gain), "0.6", 0,
     1, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"gamma", "exponent of light", COP_TYPE_DOUBLE, offsetof(LowLight, gamma), "2", 0.1, 10, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"photons", "mean number for a light of 1; 0: light without end", COP_TYPE_DOUBLE,
     offsetof(LowLight, photons), "120", 0, COP_PHOTONS_READ_MAX, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_RECIPROCAL | COP_OPTION_CONTROLLABLE},
    {"sigma", "standard deviation of the amplifier's noise, of a range of 1", COP_TYPE_DOUBLE,
     offsetof(LowLight, sigma), "0.018", 0, 4, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"stretch", "stretch each frame to its full range first", COP_TYPE_BOOL,
     offsetof(LowLight, stretch), "false", 0, 0, NULL, 0},
    COP_OPTIONS_END,
};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    LowLight *state = corrupt->state;
    cop_photon_noise_free(&state->sensor);
    memset(state->set, 0, sizeof state->set);
    const CopStatus status = cop_photon_noise_init(&state->sensor, state->photons, state->sigma);
    if (status != COP_OK)
        return cop_error_set(err, status, "low_light: no memory for its tables");
    return COP_OK;
}

static void mark_levels(const CopFrame *frame, bool seen[COP_LEVELS])
{
    for (int row = 0; row < frame->height; row++) {
        const uint8_t *x = frame->plane[0] + (ptrdiff_t)row * frame->stride[0];
        for (int i = 0; i < 3 * frame->width; i++)
            seen[x[i]] = true;
    }
}

static void set_range(LowLight *state, int low, int high)
{
    if (state->low != low || state->high != high)
        memset(state->set, 0, sizeof state->set);
    state->low = low;
    state->high = high;
}

static void set_level(LowLight *state, int level)
{
    const double range = state->high - state->low;
    const double unit = (level - state->low) / range; /* whose first power shall be exact */
    const double light = state->gain * (state->gamma == 1 ? unit : cop_pow(unit, state->gamma));
    double below[COP_LEVELS];
    cop_photon_noise_below(&state->sensor, light, below);
    cop_level_noise_set(&state->levels, level, below);
    state->set[level] = true;
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    LowLight *state = corrupt->state;
    bool seen[COP_LEVELS] = {false};
    mark_levels(frame, seen);
    int low = 0, high = COP_LEVELS - 1;
    if (state->stretch) {
        while (!seen[low])
            low++;
        while (!seen[high])
            high--;
    }
    if (low == high) {
        low = 0;
        high = COP_LEVELS - 1;
    }
    set_range(state, low, high);
    for (int level = 0; level < COP_LEVELS; level++)
        if (seen[level] && !state->set[level])
            set_level(state, level);
    cop_noise_rows(corrupt, frame, cop_level_noise_row, &state->levels);
    return COP_OK;
}

static void close_tables(CopCorrupt *corrupt)
{
    LowLight *state = corrupt->state;
    cop_photon_noise_free(&state->sensor);
    memset(state->set, 0, sizeof state->set);
}

static const char *const columns[] = {"gain", "gamma", "photons", "sigma", "stretch", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "3D Common Corruptions, Kar et al., CVPR 2022; not stretched", columns,
     (const double[]){1, 1, 0, 0, 0},
     (const double[]){
         0.6, 2, 120, 0.018, 0, /* severity 1 */
         0.5, 2, 120, 0.018, 0, /* 2 */
         0.4, 2, 120, 0.018, 0, /* 3 */
         0.3, 2, 120, 0.018, 0, /* 4 */
         0.2, 2, 120, 0.018, 0, /* 5 */
     }},
    {"3dcc", "3D Common Corruptions, Kar et al., CVPR 2022", columns,
     (const double[]){1, 1, 0, 0, 0},
     (const double[]){
         0.6, 2, 120, 0.018, 1, /* severity 1 */
         0.5, 2, 120, 0.018, 1, /* 2 */
         0.4, 2, 120, 0.018, 1, /* 3 */
         0.3, 2, 120, 0.018, 1, /* 4 */
         0.2, 2, 120, 0.018, 1, /* 5 */
     }},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_low_light = {
    .name = "low_light",
    .summary = "a dimmed picture with a sensor's noise",
    .reference = "Kar et al., 3D Common Corruptions, CVPR 2022",
    .family = COP_FAMILY_NOISE,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .options = options,
    .tables = tables,
    .state_size = sizeof(LowLight),
    .init = init,
    .apply = apply,
    .close = close_tables,
};

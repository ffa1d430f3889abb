/* Flicker: the whole picture's level swings, by rho sqrt(2) cos(2 pi kt t / period + phase)
 * of a range of 1 at frame t, root mean square rho: fourier_basis_3d without kx and ky,
 * but the same in all channels, as light is. `add` moves every level by as much;
 * `multiply` brightens and dims, x (1 + 2 d), which is as much as `add` at mid-grey.
 * The phase is drawn once a clip. Drawn afresh in each frame, d is normal of standard
 * deviation rho: a failing lamp instead of the mains.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <math.h>

#include "models/core/portable_math.h"

typedef struct Flicker {
    double rho, phase;
    int kt, period, mode;
    bool draw_phase;
} Flicker;

static const char *const modes[] = {"add", "multiply", NULL};

static const CopOption options[] = {
    {"rho", "root mean square of the swing, of a range of 1", COP_TYPE_DOUBLE,
     offsetof(Flicker, rho), "0.07", 0, 2, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"kt", "cycles in `period` frames", COP_TYPE_INT, offsetof(Flicker, kt), "1", -32768, 32768,
     NULL, COP_OPTION_CONTROLLABLE},
    {"period", "frames that kt is counted in", COP_TYPE_INT, offsetof(Flicker, period), "8", 1,
     65536, NULL, COP_OPTION_CONTROLLABLE},
    {"mode", "add to levels, or multiply them", COP_TYPE_CHOICE, offsetof(Flicker, mode), "add", 0,
     0, modes, COP_OPTION_CONTROLLABLE},
    {"phase", "of the cosine, in degrees", COP_TYPE_DOUBLE, offsetof(Flicker, phase), "0", -360,
     360, NULL, COP_OPTION_CONTROLLABLE},
    {"draw_phase", "adds a drawn angle to the phase", COP_TYPE_BOOL, offsetof(Flicker, draw_phase),
     "true", 0, 0, NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

/* What is added at this frame, of a range of 1. */
static double swing(const CopCorrupt *corrupt, int64_t index)
{
    const Flicker *flicker = corrupt->state;
    CopRngAddress at = {.clip = corrupt->clip};
    if (corrupt->temporal == COP_TEMPORAL_IID) {
        at.frame = (uint32_t)index;
        return flicker->rho * cop_rng_normal(corrupt->key, 0, at);
    }
    const int64_t period = flicker->period;
    double turns = (double)(index % period * flicker->kt % period) / (double)period;
    turns += flicker->phase / 360;
    if (flicker->draw_phase)
        turns += cop_rng_uniform(corrupt->key, 0, at);
    double sine, cosine;
    cop_sin_cos(2 * COP_PI * turns, &sine, &cosine);
    return flicker->rho * sqrt(2) * cosine;
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    const Flicker *flicker = corrupt->state;
    const double d = swing(corrupt, frame->index);
    const double half = 0.5 + 1e-9; /* what is half-way goes up, whatever its last bit */
    uint8_t table[256];
    for (int x = 0; x < 256; x++) {
        const double y = flicker->mode == 1 ? x * (1 + 2 * d) : x + 255 * d;
        table[x] = (uint8_t)(y < 0 ? 0 : y > 255 ? 255 : y + half);
    }
    const int n = 3 * frame->width;
    for (int v = 0; v < frame->height; v++) {
        uint8_t *x = frame->plane[0] + (ptrdiff_t)v * frame->stride[0];
        for (int i = 0; i < n; i++)
            x[i] = table[x[i]];
    }
    return COP_OK;
}

static const char *const columns[] = {"rho", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "ours", columns, (const double[]){0},
     (const double[]){0.02, 0.035, 0.07, 0.1, 0.14}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_flicker = {
    .name = "flicker",
    .summary = "the level of the whole picture swings from frame to frame",
    .reference = "ours: the temporal axis of Yin et al., NeurIPS 2019",
    .family = COP_FAMILY_SPECTRAL,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM | COP_CORRUPT_PARTIAL,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_COHERENT,
    .temporal_default = COP_TEMPORAL_COHERENT,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Flicker),
    .apply = apply,
};

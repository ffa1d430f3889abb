/* Band noise: white Gaussian noise of which one ring of spatial frequencies, an octave
 * wide, is kept and brought to a fixed root mean square rho in each channel. Six rings
 * reach from 1/64 of Nyquist's frequency up to it: ring b holds 2^(b - 7) < f <= 2^(b - 6).
 * It shows at which scale of pattern a model is weak, as the maps of Yin et al. (NeurIPS
 * 2019) do frequency by frequency.
 *
 * Values are rounded to the nearest level. The field is drawn by frequency, so that a
 * clip's noise looks alike at every size; transforms are floats by KissFFT with factors
 * from libm, and bytes are equal wherever these are. A picture under 64 pixels may
 * have no frequency in the lowest rings and then stays as it is.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/frequency_disc.h"
#include "pipeline/corrupt/spectral_noise.h"

#include <math.h>

enum { BANDS = 6 };

typedef struct BandNoise {
    double rho;
    int band;
    CopNoiseField field;
} BandNoise;

static const CopOption options[] = {
    {"rho", "root mean square of the noise, of a range of 1", COP_TYPE_DOUBLE,
     offsetof(BandNoise, rho), "0.07", 0, 4, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"band", "ring of frequencies: 6 is the octave below Nyquist's, 1 the lowest", COP_TYPE_INT,
     offsetof(BandNoise, band), "4", 1, BANDS, NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopFrequencyDisc edge(int band, int width, int height)
{
    return (CopFrequencyDisc){.width = width, .height = height, .radius = ldexp(1, band - BANDS)};
}

static void amplitude(const void *context, int kx, int width, int height, float *out)
{
    const int band = *(const int *)context;
    const CopFrequencyDisc outer = edge(band, width, height), inner = edge(band - 1, width, height);
    const int from = cop_frequency_disc_reach(&inner, kx) + 1;
    const int to = cop_frequency_disc_reach(&outer, kx);
    for (int ky = 0; ky <= height / 2; ky++)
        out[ky] = ky >= from && ky <= to;
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    BandNoise *noise = corrupt->state;
    const CopFrequencyDisc outer = edge(noise->band, frame->width, frame->height);
    const CopNoiseShape shape = {.amplitude = amplitude,
                                 .context = &noise->band,
                                 .variant = noise->band,
                                 .columns = cop_frequency_disc_columns(&outer)};
    COP_TRY(cop_noise_field_draw(&noise->field, frame->width, frame->height, 3, &shape,
                                 corrupt->key, corrupt->clip,
                                 cop_corrupt_drawn_at(corrupt, frame->index)));
    cop_noise_field_add(&noise->field, frame, 255 * noise->rho, 0.5);
    return COP_OK;
}

static void close(CopCorrupt *corrupt)
{
    BandNoise *noise = corrupt->state;
    cop_noise_field_free(&noise->field);
}

static const char *const columns[] = {"rho", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "ours", columns, (const double[]){0},
     (const double[]){0.02, 0.035, 0.07, 0.1, 0.14}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_band_noise = {
    .name = "band_noise",
    .summary = "coloured noise of one octave of spatial frequencies",
    .reference = "after Yin et al., NeurIPS 2019",
    .family = COP_FAMILY_SPECTRAL,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC,
    .temporal_default = COP_TEMPORAL_STATIC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(BandNoise),
    .apply = apply,
    .close = close,
};

/* Fourier basis noise: x' = clip(x + r_c v U_k), U_k the wave of unit norm
 * sqrt(2 / H W) cos(2 pi (kx u / W + ky v / H) + pi / 4) and r_c = +-1 drawn for each channel
 * (Yin et al., NeurIPS 2019, which maps a model's error over kx and ky). Given as
 * rho = v / sqrt(H W), the root mean square of a range of 1: v = 4 at 32 x 32 is 0.125,
 * v = 15.7 at 224 x 224 is 0.0701. A wave that is its own mirror image (0 or Nyquist's
 * frequency both ways) is cos / sqrt(H W).
 *
 * Waves are rounded to the nearest level. kx and ky count cycles across the picture, so a
 * frequency stays the same to a net whatever size its pictures are resized from.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/grating.h"

typedef struct FourierBasis {
    double rho, phase;
    int kx, ky;
    bool draw_phase;
    CopGrating grating;
} FourierBasis;

static const CopOption options[] = {
    {"rho", "root mean square of the wave, of a range of 1", COP_TYPE_DOUBLE,
     offsetof(FourierBasis, rho), "0.07", 0, 2, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"kx", "cycles across the width", COP_TYPE_INT, offsetof(FourierBasis, kx), "8", -32768, 32768,
     NULL, COP_OPTION_CONTROLLABLE},
    {"ky", "cycles across the height", COP_TYPE_INT, offsetof(FourierBasis, ky), "8", -32768, 32768,
     NULL, COP_OPTION_CONTROLLABLE},
    {"phase", "of the cosine, in degrees", COP_TYPE_DOUBLE, offsetof(FourierBasis, phase), "45",
     -360, 360, NULL, COP_OPTION_CONTROLLABLE},
    {"draw_phase", "adds a drawn angle to the phase", COP_TYPE_BOOL,
     offsetof(FourierBasis, draw_phase), "false", 0, 0, NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    FourierBasis *basis = corrupt->state;
    const CopRngAddress at = {.frame = cop_corrupt_drawn_at(corrupt, frame->index),
                              .clip = corrupt->clip};
    const double drawn = basis->draw_phase ? cop_rng_uniform(corrupt->key, 3, at) : 0;
    CopWave wave = cop_fourier_wave(frame->width, frame->height, basis->kx, basis->ky, 0, true,
                                    basis->phase / 360 + drawn, basis->rho);
    cop_wave_signs(wave.sign, corrupt->key, at);
    return cop_grating_add(&basis->grating, frame, &wave);
}

static void close(CopCorrupt *corrupt)
{
    FourierBasis *basis = corrupt->state;
    cop_grating_free(&basis->grating);
}

const CopCorruptDesc cop_corrupt_fourier_basis = {
    .name = "fourier_basis",
    .summary = "one wave of the Fourier basis added, its sign drawn for each channel",
    .reference = "Yin et al., NeurIPS 2019",
    .family = COP_FAMILY_SPECTRAL,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC,
    .temporal_default = COP_TEMPORAL_STATIC,
    .options = options,
    .tables = cop_wave_tables,
    .state_size = sizeof(FourierBasis),
    .apply = apply,
    .close = close,
};

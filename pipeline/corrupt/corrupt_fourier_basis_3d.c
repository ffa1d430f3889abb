/* Fourier basis noise in space and time: the wave of fourier_basis with kt cycles in
 * `period` frames, cos(2 pi (kx u / W + ky v / H + kt t / period) + phase), t the frame's
 * index; a closed form, so any frame can be computed alone. kt = 0 stands still, kt =
 * period / 2 changes its sign with every frame, others drift by kt W / (period kx)
 * columns a frame, to the left for kx and kt of one sign; kx = ky = 0 flickers. Compared
 * with fourier_basis it shows whether a model's temporal kernels average the noise out.
 * Signs are drawn once a clip: fresh ones would break the wave.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/grating.h"

typedef struct FourierBasis3d {
    double rho, phase;
    int kx, ky, kt, period;
    bool draw_phase;
    CopGrating grating;
} FourierBasis3d;

static const CopOption options[] = {
    {"rho", "root mean square of the wave, of a range of 1", COP_TYPE_DOUBLE,
     offsetof(FourierBasis3d, rho), "0.07", 0, 2, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"kx", "cycles across the width", COP_TYPE_INT, offsetof(FourierBasis3d, kx), "8", -32768,
     32768, NULL, COP_OPTION_CONTROLLABLE},
    {"ky", "cycles across the height", COP_TYPE_INT, offsetof(FourierBasis3d, ky), "8", -32768,
     32768, NULL, COP_OPTION_CONTROLLABLE},
    {"kt", "cycles in `period` frames", COP_TYPE_INT, offsetof(FourierBasis3d, kt), "2", -32768,
     32768, NULL, COP_OPTION_CONTROLLABLE},
    {"period", "frames that kt is counted in", COP_TYPE_INT, offsetof(FourierBasis3d, period), "16",
     1, 65536, NULL, COP_OPTION_CONTROLLABLE},
    {"phase", "of the cosine, in degrees", COP_TYPE_DOUBLE, offsetof(FourierBasis3d, phase), "45",
     -360, 360, NULL, COP_OPTION_CONTROLLABLE},
    {"draw_phase", "adds a drawn angle to the phase", COP_TYPE_BOOL,
     offsetof(FourierBasis3d, draw_phase), "false", 0, 0, NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    FourierBasis3d *basis = corrupt->state;
    const CopRngAddress at = {.clip = corrupt->clip};
    const double drawn = basis->draw_phase ? cop_rng_uniform(corrupt->key, 3, at) : 0;
    const int64_t period = basis->period;
    const double turns = (double)(frame->index % period * basis->kt % period) / (double)period;
    CopWave wave = cop_fourier_wave(frame->width, frame->height, basis->kx, basis->ky, turns,
                                    2 * (int64_t)basis->kt % period == 0,
                                    basis->phase / 360 + drawn, basis->rho);
    cop_wave_signs(wave.sign, corrupt->key, at);
    return cop_grating_add(&basis->grating, frame, &wave);
}

static void close(CopCorrupt *corrupt)
{
    FourierBasis3d *basis = corrupt->state;
    cop_grating_free(&basis->grating);
}

/* Without kx and ky a frame may fall where the cosine is zero. */
const CopCorruptDesc cop_corrupt_fourier_basis_3d = {
    .name = "fourier_basis_3d",
    .summary = "one wave in space and time added, its sign drawn for each channel",
    .reference = "after Yin et al., NeurIPS 2019",
    .family = COP_FAMILY_SPECTRAL,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM | COP_CORRUPT_PARTIAL,
    .options = options,
    .tables = cop_wave_tables,
    .state_size = sizeof(FourierBasis3d),
    .apply = apply,
    .close = close,
};

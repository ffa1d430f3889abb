/* Light that arrives in photons, read by an amplifier with noise of its own.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_PHOTON_NOISE_H
#define COP_CORRUPT_PHOTON_NOISE_H

#include "models/core/status.h"
#include "pipeline/corrupt/level_noise.h"

/* y = trunc(255 clip(clip(P / photons) + N)), P of Poisson(light photons), N of
 * N(0, sigma^2), with light on a scale of 1. 0 photons stand for light without end,
 * y = trunc(255 clip(light + N)). Uses IEEE + - * / in a fixed order, and no libm. */
typedef struct CopPhotonNoise {
    double photons, sigma;
    double *weight; /* [room] of counts first.. in turn, sum 1 */
    int room, first, n;
    double (*read)[COP_LEVELS]; /* [counts] P(y < level) of a count, where sigma > 0 */
    int counts;
} CopPhotonNoise;

enum { COP_PHOTONS_READ_MAX = 1000, COP_PHOTONS_MAX = 1000000 };

/* Sets a zeroed struct up. photons 0 .. COP_PHOTONS_MAX, and where sigma > 0 at most
 * COP_PHOTONS_READ_MAX. COP_ERR_NOMEM leaves nothing to free. */
CopStatus cop_photon_noise_init(CopPhotonNoise *noise, double photons, double sigma) COP_MUST_CHECK;

/* Frees what init made; zeroed after. Idempotent. */
void cop_photon_noise_free(CopPhotonNoise *noise);

/* below[y]: the probability of a level below y where `light` (0 .. 1) falls. */
void cop_photon_noise_below(CopPhotonNoise *noise, double light, double below[COP_LEVELS]);

/* Sets all levels, each meaning a light of level / 255. */
void cop_photon_noise_levels(CopPhotonNoise *noise, CopLevelNoise *levels);

#endif

/* Frequencies of clips, in floats: what lies within a radius, and how much lies beyond.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ANALYSE_SPECTRAL_FILTER_H
#define COP_ANALYSE_SPECTRAL_FILTER_H

#include "models/core/status.h"

/* How the radius of a frequency (kt, ky, kx), counted in cycles a clip, height and width, is
 * measured; a frequency and its negative have one. */
typedef enum CopBand {
    COP_BAND_SPATIAL,  /* sqrt(ky^2 + kx^2): cycles across the picture, frame by frame */
    COP_BAND_TEMPORAL, /* |kt|: cycles in the clip, pixel by pixel */
    COP_BAND_3D        /* sqrt((2 kt / t)^2 + (2 ky / h)^2 + (2 kx / w)^2): shares of Nyquist's */
} CopBand;

/* Plans and memory for volumes of t x h x w: one thread at a time. Returned in *out. */
typedef struct CopSpectral CopSpectral;
CopStatus cop_spectral_create(CopSpectral **out, int t, int h, int w) COP_MUST_CHECK;
void cop_spectral_destroy(CopSpectral **spectral);

/* y: what of x [t][h][w] lies within the radius, edge included (to 1e-9); nothing for one below 0.
 * x and y do not overlap. */
void cop_spectral_low(CopSpectral *spectral, CopBand band, double radius, const float *x, float *y);

typedef struct CopEnergy {
    double high, all; /* sums of squared magnitudes: beyond half of Nyquist's, and all */
} CopEnergy;

/* Of one picture x [h][w]: radius sqrt((2 ky / h)^2 + (2 kx / w)^2) above 1/2. */
CopEnergy cop_spectral_energy(CopSpectral *spectral, const float *x);
/* Of a clip x [t][h][w], pixel by pixel: |2 kt / t| above 1/2. */
CopEnergy cop_temporal_energy(CopSpectral *spectral, const float *x);

#endif

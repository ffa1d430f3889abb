/* Gratings: cosine waves across the picture, added to its channels.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_GRATING_H
#define COP_CORRUPT_GRATING_H

#include <stdbool.h>

#include "pipeline/corrupt/corrupt.h"

/* amplitude cos(2 pi (x_cycles u / x_span + y_cycles v / y_span + phase)) at column u, row v. */
typedef struct CopWave {
    double x_cycles, x_span; /* so many cycles in so many pixels */
    double y_cycles, y_span;
    double phase;     /* in turns */
    double amplitude; /* in levels; at most 1000 */
    int sign[3];      /* of what R, G and B get: -1, 0 or 1 */
    bool truncate;    /* levels are rounded down, not to the nearest */
} CopWave;

/* Tables of one row; zeroed before first use. */
typedef struct CopGrating {
    int width;
    double *cosine, *sine; /* of the columns' angles [width] */
    int16_t *step;         /* of the row's elements [3 width] */
} CopGrating;

/* Adds the wave, in whole levels, to an RGB frame and clips. Levels are rounded before the
 * sign, so that opposite waves are opposite to the bit. Bytes are equal on every
 * machine. COP_ERR_NOMEM. */
CopStatus cop_grating_add(CopGrating *grating, CopFrame *frame, const CopWave *wave) COP_MUST_CHECK;
void cop_grating_free(CopGrating *grating);

/* The wave of Yin et al. (NeurIPS 2019) of root mean square rho, of a range of 1: kx and ky
 * cycles across a picture of this size with `phase`, and in time `turns` further on.
 * What is its own mirror image - no frequency but 0 and Nyquist's; in time where `still`
 * says so - has another factor to be of the same norm, and no phase. */
CopWave cop_fourier_wave(int width, int height, int kx, int ky, double turns, bool still,
                         double phase, double rho);

/* Severities of the corruptions that add one such wave: their option rho. */
extern const CopSeverityTable cop_wave_tables[];

/* +-1 for each channel: words 0 .. 2 of the address. */
void cop_wave_signs(int sign[3], CopRngKey key, CopRngAddress at);

#endif

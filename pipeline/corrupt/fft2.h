/* Fourier and cosine transforms of planes of reals, of any size.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_FFT2_H
#define COP_CORRUPT_FFT2_H

#include "pipeline/corrupt/fft.h"

/* A plan for planes [height][width], with scratch memory: one thread at a time.
 * Precision and portability are cop_fft_create()'s. */
typedef struct CopFft2 CopFft2;
CopStatus cop_fft2_create(CopFft2 **out, int width, int height) COP_MUST_CHECK;
void cop_fft2_destroy(CopFft2 **fft);

/* Spectra lie column after column: [columns][height], column kx = 0 .. columns - 1 of
 * horizontal frequency kx, and in it ky = 0 .. height - 1 (ky above height / 2 means
 * ky - height). A real plane has width / 2 + 1 columns; a filter that needs only the
 * lowest asks for fewer and saves their time. */

/* X[kx][ky] = sum of x[v][u] exp(-2 pi i (kx u / width + ky v / height)) */
void cop_fft2_forward(CopFft2 *fft, const float *x, int columns, CopComplex *spectrum);

/* Its inverse, 1 / (width height) included; columns that are not given count as zero, and of
 * the first and of the one at width / 2 only what a real plane can hold is taken, as numpy's
 * irfft2 does. Destroys the spectrum. */
void cop_fft2_inverse(CopFft2 *fft, CopComplex *spectrum, int columns, float *x);

/* The cosine transform, which sees the plane mirrored at its borders instead of repeated:
 * X[kx][ky] = sum of x[v][u] cos(pi kx (u + 1/2) / width) cos(pi ky (v + 1/2) / height)
 * for kx below columns <= width. */
void cop_dct2_forward(CopFft2 *fft, const float *x, int columns, float *spectrum);
/* Its inverse; columns that are not given count as zero. Destroys the spectrum. */
void cop_dct2_inverse(CopFft2 *fft, float *spectrum, int columns, float *x);

#endif

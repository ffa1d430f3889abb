/* Complex Fourier transforms of any length in n log n, over KissFFT.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_FFT_H
#define COP_CORRUPT_FFT_H

#include <kiss_fft.h>

#include "models/core/status.h"

typedef kiss_fft_cpx CopComplex; /* floats r and i */

typedef struct CopFft CopFft;

/* A plan for length n >= 1. Lengths with large prime factors, which KissFFT transforms
 * in n^2, go by Bluestein's chirps (IEEE Trans. Audio Electroacoust. 18, 1970). Errors
 * are a few 1e-7 of the output's root mean square. KissFFT's factors are libm's sines
 * rounded to floats: two machines give the same bits where libm and KissFFT are the
 * same. Returned in *out; COP_ERR_NOMEM. */
CopStatus cop_fft_create(CopFft **out, int n) COP_MUST_CHECK;
void cop_fft_destroy(CopFft **fft);

/* y[k] = sum over j of x[j] exp(-2 pi i j k / n); backward has +2 pi i and no 1 / n.
 * x and y [n] do not overlap. The plan holds scratch memory: one thread at a time. */
void cop_fft_forward(CopFft *fft, const CopComplex *x, CopComplex *y);
void cop_fft_backward(CopFft *fft, const CopComplex *x, CopComplex *y);

#endif

/* What this machine's vector units do at best, to hold kernels against.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_KERNELS_PEAK_H
#define COP_KERNELS_PEAK_H

#include "models/core/pool.h"

/* `rounds` rounds of independent multiply-adds in registers, of one tier: *flops is what
 * they were. Every element tends to 1; returns their mean. */
float cop_multiply_adds_generic(int rounds, double *flops);
float cop_multiply_adds_avx2(int rounds, double *flops);
float cop_multiply_adds_avx512(int rounds, double *flops);

/* Floating-point operations a second of all threads of the pool (NULL: one) together, in
 * the tier that runs: the best of five measurements of seconds / 5 each. */
double cop_peak_flops(CopPool *pool, double seconds);

#endif

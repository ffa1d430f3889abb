/* The normal distribution function without libm.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_NORMAL_CDF_H
#define COP_CORRUPT_NORMAL_CDF_H

/* P(N(0,1) < z), absolute error below 1e-13. Uses + - * / of IEEE doubles only, so
 * that the value, and every byte that hangs on it, is the same on all machines. */
double cop_normal_cdf(double z);

#endif

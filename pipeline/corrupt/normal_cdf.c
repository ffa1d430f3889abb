/* The normal distribution function without libm.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/normal_cdf.h"

#include "models/core/portable_math.h"

double cop_normal_cdf(double z)
{
    if (!(z > -9)) /* 1 - P(9) is 1e-19 */
        return 0;
    if (z > 9)
        return 1;
    /* P(z) = 1/2 + p(z) (z + z^3/3 + z^5/(3 5) + ...), Abramowitz and Stegun
     * 26.2.11. All terms have one sign, so nothing cancels. */
    double term = z, sum = 0;
    for (int k = 1; sum + term != sum; k++) {
        sum += term;
        term *= z * z / (2 * k + 1);
    }
    const double root_two_pi = 2.50662827463100050242;
    return 0.5 + cop_exp(-z * z / 2) / root_two_pi * sum;
}

/* Elementary functions that give the same double on every machine.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/portable_math.h"

#include <math.h>

static const double log_two_high = 6.93147180369123816490e-01; /* 33 bits: products are exact */
static const double log_two_low = 1.90821492927058770002e-10;

double cop_exp(double x)
{
    if (x < -700)
        return 0;
    if (x > 700)
        x = 700;
    /* x = k log 2 + r, |r| <= log 2 / 2; the series of exp(r) ends below 2^-53. */
    const double k = floor(x / (log_two_high + log_two_low) + 0.5);
    const double r = (x - k * log_two_high) - k * log_two_low;
    double sum = 1;
    for (int i = 14; i > 0; i--)
        sum = 1 + r / i * sum;
    return ldexp(sum, (int)k);
}

double cop_log(double x)
{
    int k;
    double m = frexp(x, &k); /* x = m 2^k, 1/2 <= m < 1 */
    if (m < 0.70710678118654752440) {
        m *= 2;
        k--;
    }
    /* log m = 2 artanh(s), s = (m - 1) / (m + 1), |s| < 0.172 */
    const double s = (m - 1) / (m + 1), square = s * s;
    double sum = 0;
    for (int i = 23; i >= 3; i -= 2)
        sum = (1.0 / i + sum) * square;
    return k * log_two_high + (k * log_two_low + 2 * (s + s * sum));
}

void cop_sin_cos(double x, double *sine, double *cosine)
{
    /* pi/2 in three parts of 33, 33 and 53 bits: products with |k| < 2^20 are exact. */
    static const double first = 1.57079632673412561417e+00, second = 6.07710050630396597660e-11,
                        third = 2.02226624879595063154e-21;
    const double k = floor(x * 0.63661977236758134308 + 0.5);
    const double r = ((x - k * first) - k * second) - k * third;
    const double square = r * r;
    double s = 0, c = 0;
    for (int i = 17; i >= 3; i -= 2)
        s = -square / (i * (i - 1)) * (1 + s);
    for (int i = 18; i >= 2; i -= 2)
        c = -square / (i * (i - 1)) * (1 + c);
    s = r + r * s;
    c = 1 + c;
    const int quarter = (int)(k - 4 * floor(k / 4));
    *sine = quarter == 0 ? s : quarter == 1 ? c : quarter == 2 ? -s : -c;
    *cosine = quarter == 0 ? c : quarter == 1 ? -s : quarter == 2 ? -c : s;
}

double cop_pow(double x, double y)
{
    if (y == 0)
        return 1;
    return x > 0 ? cop_exp(y * cop_log(x)) : 0;
}

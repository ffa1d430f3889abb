/* Statistics of right and wrong answers: intervals and paired tests.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#define _DEFAULT_SOURCE /* lgamma_r */
#include "pipeline/eval/metrics.h"

#include <float.h>
#include <math.h>

static const double z95 = 1.959963984540054; /* 97.5 % point of the normal distribution */

CopInterval cop_wilson(int64_t right, int64_t n)
{
    if (n <= 0)
        return (CopInterval){NAN, NAN, NAN, 0};
    const double count = (double)n, share = (double)right / count, zz = z95 * z95;
    const double centre = (share + zz / (2 * count)) / (1 + zz / count);
    const double half =
        z95 / (1 + zz / count) * sqrt(share * (1 - share) / count + zz / (4 * count * count));
    /* At the ends the bound is exactly 0 or 1; rounding must not say otherwise. */
    return (CopInterval){share, right == 0 ? 0 : fmax(0, centre - half),
                         right == n ? 1 : fmin(1, centre + half), n};
}

/* Continued fraction of the incomplete beta function (Abramowitz and Stegun, 26.5.8),
 * evaluated by Lentz's method. */
static double beta_fraction(double a, double b, double x)
{
    enum { ROUNDS = 100000 };                                 /* it takes about sqrt(max(a, b)) */
    double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), f = d; /* x is below the mean: never zero */
    for (int m = 1; m < ROUNDS; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / (1 + even * d);
        c = 1 + even / c;
        f *= c * d;
        d = 1 / (1 + odd * d);
        c = 1 + odd / c;
        f *= c * d;
        if (fabs(c * d - 1) < DBL_EPSILON)
            break;
    }
    return f;
}

static double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

double cop_incomplete_beta(double a, double b, double x)
{
    if (x <= 0 || x >= 1)
        return x <= 0 ? 0 : 1;
    /* The fraction converges fast below the mean; above it the symmetric one does. */
    if (x > (a + 1) / (a + b + 2))
        return 1 - cop_incomplete_beta(b, a, 1 - x);
    const double front =
        exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
    return front * beta_fraction(a, b, x) / a;
}

/* Mass of Student's distribution outside -t..t. */
static double student_tails(double t, double freedom)
{
    return cop_incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t));
}

double cop_student_quantile(double p, double freedom)
{
    if (p == 0.5)
        return 0;
    const double tails = 2 * fmin(p, 1 - p);
    double low = 0, high = 1;
    while (student_tails(high, freedom) > tails && high < DBL_MAX / 4)
        high *= 2;
    for (int i = 0; i < 200 && low < high; i++) {
        const double middle = low + (high - low) / 2;
        if (middle == low || middle == high)
            break;
        if (student_tails(middle, freedom) > tails)
            low = middle;
        else
            high = middle;
    }
    return p < 0.5 ? -high : high;
}

void cop_moments_add(CopMoments *moments, double x)
{
    const double step = x - moments->mean;
    moments->n++;
    moments->mean += step / (double)moments->n;
    moments->square += step * (x - moments->mean);
}

CopSpread cop_spread(const CopMoments *m)
{
    return (CopSpread){m->n ? m->mean : NAN, m->n > 1 ? sqrt(m->square / (double)(m->n - 1)) : NAN,
                       m->n};
}

static double standard_error(const CopMoments *m)
{
    return sqrt(m->square / (double)(m->n - 1) / (double)m->n);
}

CopInterval cop_mean_interval(const CopMoments *moments)
{
    if (moments->n < 1)
        return (CopInterval){NAN, NAN, NAN, 0};
    CopInterval out = {moments->mean, NAN, NAN, moments->n};
    if (moments->n > 1) {
        const double half =
            cop_student_quantile(0.975, (double)(moments->n - 1)) * standard_error(moments);
        out.low = out.value - half;
        out.high = out.value + half;
    }
    return out;
}

CopInterval cop_share_interval(const CopMoments *moments, double value)
{
    if (value == 0 || value == 1)
        return cop_wilson(value == 1 ? moments->n : 0, moments->n);
    CopInterval out = cop_mean_interval(moments);
    out.value = value;
    if (out.n > 1) {
        out.low = fmax(out.low, 0);
        out.high = fmin(out.high, 1);
    }
    return out;
}

double cop_mean_p(const CopMoments *moments)
{
    if (moments->n < 2)
        return NAN;
    if (moments->mean == 0)
        return 1;
    /* Without any spread the quotient is infinite and p is 0, as it should be. */
    const double t = moments->mean / standard_error(moments);
    return isinf(t) ? 0 : student_tails(t, (double)(moments->n - 1));
}

CopMcNemar cop_mcnemar(int64_t only_a, int64_t only_b, int64_t n)
{
    CopMcNemar out = {.only_a = only_a, .only_b = only_b, .n = n, .p = 1, .p_corrected = 1};
    const int64_t fewer = only_a < only_b ? only_a : only_b, more = only_a + only_b - fewer;
    if (fewer == more)
        return out;
    const double gap = (double)(more - fewer) - 1;
    out.statistic = gap * gap / (double)(more + fewer);
    out.p_corrected = erfc(sqrt(out.statistic / 2));
    /* P(X <= fewer) = I_1/2(more, fewer + 1) for X binomial(more + fewer, 1/2). */
    out.p = fmin(1, 2 * cop_incomplete_beta((double)more, (double)fewer + 1, 0.5));
    return out;
}

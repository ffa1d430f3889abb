/* Statistics of right and wrong answers: intervals and paired tests.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_METRICS_H
#define COP_EVAL_METRICS_H

#include <stdint.h>

/* A share (0..1, or -1..1 for a difference) over n clips, with its 95 % interval.
 * All three are NaN where there is nothing to say. */
typedef struct CopInterval {
    double value, low, high;
    int64_t n;
} CopInterval;

/* Wilson's score interval of `right` out of `n` (Wilson, JASA 1927). */
CopInterval cop_wilson(int64_t right, int64_t n);

/* Running mean and sum of squared deviations (Welford, 1962); start from zero. */
typedef struct CopMoments {
    int64_t n;
    double mean, square;
} CopMoments;
void cop_moments_add(CopMoments *moments, double x);

/* Mean and standard deviation (n - 1); NaN where there are none, the deviation also of one. */
typedef struct CopSpread {
    double mean, deviation;
    int64_t n;
} CopSpread;
CopSpread cop_spread(const CopMoments *moments);

/* Student's t interval of the mean. NaN bounds below two values. */
CopInterval cop_mean_interval(const CopMoments *moments);

/* The same of a mean of shares, held to 0..1; `value` is that mean as counts give it. Where
 * all are 0, or all are 1, the spread says nothing: Wilson's interval. */
CopInterval cop_share_interval(const CopMoments *moments, double value);

/* Two-sided p of the hypothesis that the mean is 0; 1 where all values are 0. */
double cop_mean_p(const CopMoments *moments);

/* Two models on the same clips: only one of them right (McNemar, Psychometrika 1947). */
typedef struct CopMcNemar {
    int64_t only_a, only_b, n; /* n: clips that both answered */
    double statistic;          /* (|a - b| - 1)^2 / (a + b), 0 where a = b; chi-squared, 1 d.f. */
    double p_corrected;        /* of that statistic */
    double p;                  /* exact: binomial(a + b, 1/2), two-sided */
} CopMcNemar;
CopMcNemar cop_mcnemar(int64_t only_a, int64_t only_b, int64_t n);

/* Regularised incomplete beta function I_x(a, b); a, b > 0, x in 0..1. */
double cop_incomplete_beta(double a, double b, double x);

/* x such that Student's distribution with `freedom` > 0 has mass p below it; 0 < p < 1. */
double cop_student_quantile(double p, double freedom);

#endif

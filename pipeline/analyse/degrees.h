/* Counts of a layer's non-zeros, against those of a random mask.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ANALYSE_DEGREES_H
#define COP_ANALYSE_DEGREES_H

#include <stdint.h>

/* One layer's weight: out x in kernels of kt x ks weights, ks = kh kw; 1 where it has none.
 * GLib's memory. */
typedef struct CopLayerWeights {
    int out, in, kt, ks;
    float *value;    /* [out][in][kt][ks], zeros where inactive */
    uint8_t *active; /* the same, 1 or 0 */
} CopLayerWeights;

/* Active weights of each kernel, count[out][in]; of its temporal slice `t` alone, or of all with
 * t < 0. */
void cop_kernel_counts(const CopLayerWeights *w, int t, int *count);
/* Sums of count[out][in] over inputs, degree[out], and over outputs, degree[in]. */
void cop_output_degrees(const int *count, int out, int in, int *degree);
void cop_input_degrees(const int *count, int out, int in, int *degree);

/* Variance (n - 1) over mean of counts [n]; NaN below two, or with no mean. A random mask of
 * density d has 1 - d. */
double cop_dispersion(const int *count, int n);

/* P(X <= x) of Binomial(n, p). */
double cop_binomial_cdf(int n, double p, int x);

/* The q-quantile of the rank-th smallest (1..m) of m draws from Binomial(n, p): the least x with
 * P(at least `rank` of them <= x) >= q. */
int cop_binomial_order_quantile(int n, double p, int m, int rank, double q);

#endif

/* Counts of a layer's non-zeros, against those of a random mask.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/analyse/degrees.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "pipeline/eval/metrics.h"

void cop_kernel_counts(const CopLayerWeights *w, int t, int *count)
{
    const ptrdiff_t kernels = (ptrdiff_t)w->out * w->in, slice = w->ks;
    const int first = t < 0 ? 0 : t, last = t < 0 ? w->kt - 1 : t;
    for (ptrdiff_t k = 0; k < kernels; k++) {
        const uint8_t *active = w->active + (k * w->kt + first) * slice;
        count[k] = 0;
        for (ptrdiff_t i = 0; i < (last - first + 1) * slice; i++)
            count[k] += active[i];
    }
}

void cop_output_degrees(const int *count, int out, int in, int *degree)
{
    for (int o = 0; o < out; o++) {
        degree[o] = 0;
        for (int i = 0; i < in; i++)
            degree[o] += count[(ptrdiff_t)o * in + i];
    }
}

void cop_input_degrees(const int *count, int out, int in, int *degree)
{
    memset(degree, 0, (size_t)in * sizeof *degree);
    for (int o = 0; o < out; o++)
        for (int i = 0; i < in; i++)
            degree[i] += count[(ptrdiff_t)o * in + i];
}

double cop_dispersion(const int *count, int n)
{
    CopMoments moments = {0};
    for (int i = 0; i < n; i++)
        cop_moments_add(&moments, count[i]);
    return n > 1 && moments.mean > 0 ? moments.square / (n - 1) / moments.mean : NAN;
}

double cop_binomial_cdf(int n, double p, int x)
{
    if (x < 0 || x >= n || p <= 0 || p >= 1)
        return x < 0 || (p >= 1 && x < n) ? 0 : 1;
    return cop_incomplete_beta(n - x, x + 1, 1 - p);
}

/* At least `rank` of m draws are <= x with probability I_F(x)(rank, m - rank + 1). */
int cop_binomial_order_quantile(int n, double p, int m, int rank, double q)
{
    int low = 0, high = n;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        const double below = cop_binomial_cdf(n, p, middle);
        if (cop_incomplete_beta(rank, m - rank + 1, below) >= q)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

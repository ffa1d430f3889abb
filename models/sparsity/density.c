/* How many weights each masked layer keeps.
 * Erdos-Renyi: Mocanu et al., Nature Communications 9, 2018. Erdos-Renyi-Kernel
 * and the clamping in rounds: Evci et al., Rigging the Lottery, ICML 2020.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/sparsity/density.h"

#include <math.h>
#include <stdbool.h>

/* Shares nearer to each other than this, in weights, are equal but for rounding. */
static const double EQUAL = 1e-6;

const char *const cop_density_init_names[] = {[COP_DENSITY_UNIFORM] = "uniform",
                                              [COP_DENSITY_ER] = "er",
                                              [COP_DENSITY_ERK] = "erk",
                                              [COP_DENSITY_GIVEN] = "weights",
                                              NULL};

/* Density of a layer up to a factor common to all. The same quotient of exact
 * integers for equal shapes, so that ties compare equal. */
static double raw_density(CopDensityInit init, const CopParam *weight)
{
    const int dimensions = init == COP_DENSITY_ER && weight->rank > 2 ? 2 : weight->rank;
    double sum = 0, product = 1;
    for (int i = 0; i < dimensions; i++) {
        sum += weight->shape[i];
        product *= weight->shape[i];
    }
    return sum / product;
}

/* One round: the factor that spends `density` of all weights, when layers
 * marked 1 are full; 0 when every layer is. *peak is the largest raw density
 * among the others. */
static double spend(CopDensityInit init, double density, const CopParam *const *weights, int n,
                    const double *d, double *peak)
{
    double budget = 0, cost = 0;
    *peak = 0;
    for (int i = 0; i < n; i++) {
        const double numel = (double)weights[i]->numel;
        if (d[i] == 1) {
            budget -= (1 - density) * numel;
            continue;
        }
        const double raw = raw_density(init, weights[i]);
        budget += density * numel;
        cost += raw * numel;
        *peak = fmax(*peak, raw);
    }
    return cost > 0 ? budget / cost : 0;
}

CopStatus cop_density_layers(CopDensityInit init, double density, const CopParam *const *weights,
                             int n, double *d, CopError *err)
{
    if (!(density > 0 && density <= 1))
        return cop_error_set(err, COP_ERR_ARG, "density is %g; it must be above 0 and at most 1",
                             density);
    if (init == COP_DENSITY_GIVEN)
        return cop_error_set(err, COP_ERR_ARG, "there are no weights whose masks count");
    if (init == COP_DENSITY_UNIFORM || density == 1) {
        for (int i = 0; i < n; i++)
            d[i] = density;
        return COP_OK;
    }
    for (int i = 0; i < n; i++)
        d[i] = 0;
    double factor, peak;
    /* Only the current peak is clamped in a round: the others' factor falls with it. */
    while (factor = spend(init, density, weights, n, d, &peak), factor * peak > 1)
        for (int i = 0; i < n; i++)
            if (raw_density(init, weights[i]) == peak)
                d[i] = 1;
    for (int i = 0; i < n; i++)
        if (d[i] != 1)
            d[i] = factor * raw_density(init, weights[i]);
    return COP_OK;
}

/* The layer furthest below its share that has room for one more weight, or
 * above it with more than one to give. */
static int furthest(const CopParam *const *weights, int n, const double *d, const size_t *nnz,
                    bool below)
{
    int best = -1;
    double most = -INFINITY;
    for (int i = 0; i < n; i++) {
        const double over = (double)nnz[i] - d[i] * (double)weights[i]->numel;
        const double miss = below ? -over : over;
        if (miss > most + EQUAL && (below ? nnz[i] < weights[i]->numel : nnz[i] > 1)) {
            most = miss;
            best = i;
        }
    }
    return best;
}

CopStatus cop_density_counts(double density, const CopParam *const *weights, int n, const double *d,
                             size_t *nnz, CopError *err)
{
    if (!(density > 0 && density <= 1))
        return cop_error_set(err, COP_ERR_ARG, "density is %g; it must be above 0 and at most 1",
                             density);
    double all = 0;
    size_t sum = 0;
    for (int i = 0; i < n; i++) {
        const double numel = (double)weights[i]->numel;
        const double share = floor(d[i] * numel);
        nnz[i] = share < 1 ? 1 : (size_t)fmin(share, numel);
        sum += nnz[i];
        all += numel;
    }
    const size_t total = (size_t)round(density * all);
    if (total < (size_t)n)
        return cop_error_set(err, COP_ERR_ARG,
                             "density %g leaves %zu weights for %d layers; each needs one", density,
                             total, n);
    for (; sum < total; sum++)
        nnz[furthest(weights, n, d, nnz, true)]++;
    for (; sum > total; sum--)
        nnz[furthest(weights, n, d, nnz, false)]--;
    return COP_OK;
}

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

/* What is shared out: weights, or the multiply-adds that they cost. */
typedef struct Spread {
    CopDensityInit init;
    bool flops;
    double density;
    const CopParam *const *weights;
    int n;
} Spread;

static double cost_of(const Spread *spread, int i)
{
    const CopParam *weight = spread->weights[i];
    return (double)weight->numel * (spread->flops ? weight->positions : 1);
}

/* One round: the factor that spends `density` of all costs, when layers
 * marked 1 are full; 0 when every layer is. *peak is the largest raw density
 * among the others. */
static double spend(const Spread *spread, const double *d, double *peak)
{
    double budget = 0, cost = 0;
    *peak = 0;
    for (int i = 0; i < spread->n; i++) {
        const double whole = cost_of(spread, i);
        if (d[i] == 1) {
            budget -= (1 - spread->density) * whole;
            continue;
        }
        const double raw = raw_density(spread->init, spread->weights[i]);
        budget += spread->density * whole;
        cost += raw * whole;
        *peak = fmax(*peak, raw);
    }
    return cost > 0 ? budget / cost : 0;
}

static CopStatus spread_out(const Spread *spread, double *d, CopError *err)
{
    const int n = spread->n;
    if (!(spread->density > 0 && spread->density <= 1))
        return cop_error_set(err, COP_ERR_ARG, "density is %g; it must be above 0 and at most 1",
                             spread->density);
    if (spread->init == COP_DENSITY_GIVEN)
        return cop_error_set(err, COP_ERR_ARG, "there are no weights whose masks count");
    for (int i = 0; i < n && spread->flops; i++)
        if (!(spread->weights[i]->positions > 0))
            return cop_error_set(err, COP_ERR_ARG, "%s: nobody knows what its weights cost",
                                 spread->weights[i]->name);
    if (spread->init == COP_DENSITY_UNIFORM || spread->density == 1) {
        for (int i = 0; i < n; i++)
            d[i] = spread->density;
        return COP_OK;
    }
    for (int i = 0; i < n; i++)
        d[i] = 0;
    double factor, peak;
    /* Only the current peak is clamped in a round: the others' factor falls with it. */
    while (factor = spend(spread, d, &peak), factor * peak > 1)
        for (int i = 0; i < n; i++)
            if (raw_density(spread->init, spread->weights[i]) == peak)
                d[i] = 1;
    for (int i = 0; i < n; i++)
        if (d[i] != 1)
            d[i] = factor * raw_density(spread->init, spread->weights[i]);
    return COP_OK;
}

CopStatus cop_density_layers(CopDensityInit init, double density, const CopParam *const *weights,
                             int n, double *d, CopError *err)
{
    return spread_out(&(Spread){init, false, density, weights, n}, d, err);
}

CopStatus cop_density_layers_flops(CopDensityInit init, double share,
                                   const CopParam *const *weights, int n, double *d, CopError *err)
{
    return spread_out(&(Spread){init, true, share, weights, n}, d, err);
}

double cop_density_cubic(double initial, double final, double u)
{
    const double rest = 1 - u;
    return final + (initial - final) * rest * rest * rest;
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

/* What series of runs gain over the baseline.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/analyse/gain.h"

#include <math.h>

static double of_seed(uint64_t seed, const double *base, const uint64_t *base_seeds, int n_base)
{
    for (int i = 0; i < n_base; i++)
        if (base_seeds[i] == seed)
            return base[i];
    return NAN;
}

CopGain cop_gain_of(const double *own, const uint64_t *seeds, int n, const double *base,
                    const uint64_t *base_seeds, int n_base)
{
    CopGain gain = {.top1 = cop_mean_sd(own, n), .baseline = cop_mean_sd(base, n_base)};
    double *absolute = g_new(double, n), *relative = g_new(double, n);
    gain.paired = n > 0;
    for (int i = 0; i < n; i++)
        gain.paired &= isfinite(of_seed(seeds[i], base, base_seeds, n_base));
    for (int i = 0; i < n; i++) {
        const double beside =
            gain.paired ? of_seed(seeds[i], base, base_seeds, n_base) : gain.baseline.mean;
        absolute[i] = own[i] - beside;
        relative[i] = beside > 0 ? absolute[i] / beside : NAN;
    }
    gain.absolute = cop_mean_sd(absolute, n);
    gain.relative = cop_mean_sd(relative, n);
    g_free(absolute);
    g_free(relative);
    return gain;
}

static CopGain gain_by(const CopAnalysis *a, int series,
                       double (*score)(const CopAnalysis *, int run, int at), int at)
{
    const CopAnalysisSeries *s = &a->series[series], *b = &a->series[a->baseline];
    double *values = g_new(double, s->n + b->n);
    uint64_t *seeds = g_new(uint64_t, s->n + b->n);
    for (int i = 0; i < s->n; i++) {
        values[i] = score(a, s->run[i], at);
        seeds[i] = a->run[s->run[i]].seed;
    }
    for (int i = 0; i < b->n; i++) {
        values[s->n + i] = score(a, b->run[i], at);
        seeds[s->n + i] = a->run[b->run[i]].seed;
    }
    const CopGain gain = cop_gain_of(values, seeds, s->n, values + s->n, seeds + s->n, b->n);
    g_free(values);
    g_free(seeds);
    return gain;
}

CopGain cop_gain_scope(const CopAnalysis *a, int series, int scope)
{
    return gain_by(a, series, cop_run_score, scope);
}

CopGain cop_gain_column(const CopAnalysis *a, int series, int column)
{
    return gain_by(a, series, cop_run_top1, column);
}

bool cop_gain_has(const CopAnalysis *a, int series)
{
    const CopAnalysisSeries *s = &a->series[series];
    bool any = false;
    for (int i = 0; i < s->n; i++)
        any |= a->run[s->run[i]].result >= 0;
    return any && series != a->baseline;
}

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
    CopGain gain = {.top1 = cop_spread_of(own, n), .baseline = cop_spread_of(base, n_base)};
    double *beside = g_new(double, n), *absolute = g_new(double, n), *relative = g_new(double, n);
    gain.paired = n > 0;
    for (int i = 0; i < n; i++) {
        beside[i] = of_seed(seeds[i], base, base_seeds, n_base);
        gain.paired &= isfinite(beside[i]);
    }
    /* Other seeds of the baseline have nothing to do with these. */
    if (gain.paired)
        gain.baseline = cop_spread_of(beside, n);
    for (int i = 0; i < n; i++) {
        absolute[i] = own[i] - (gain.paired ? beside[i] : gain.baseline.mean);
        relative[i] = gain.baseline.mean > 0 ? absolute[i] / gain.baseline.mean : NAN;
    }
    gain.absolute = cop_spread_of(absolute, n);
    gain.relative = cop_spread_of(relative, n);
    int known = 0;
    for (int i = 0; i < n && gain.paired; i++)
        if (isfinite(absolute[i]))
            absolute[known++] = absolute[i];
    gain.test = cop_seed_gain(absolute, known);
    g_free(beside);
    g_free(absolute);
    g_free(relative);
    return gain;
}

CopGain cop_gain_by(const CopAnalysis *a, int series, CopRunValue *value, const void *ctx)
{
    const CopAnalysisSeries *s = &a->series[series],
                            *b = a->baseline >= 0 ? &a->series[a->baseline] : NULL;
    const int n = s->n, n_base = b ? b->n : 0;
    double *values = g_new(double, n + n_base);
    uint64_t *seeds = g_new(uint64_t, n + n_base);
    for (int i = 0; i < n + n_base; i++) {
        const int run = i < n ? s->run[i] : b->run[i - n];
        values[i] = value(ctx, run);
        seeds[i] = a->run[run].seed;
    }
    const CopGain gain = cop_gain_of(values, seeds, n, values + n, seeds + n, n_base);
    g_free(values);
    g_free(seeds);
    return gain;
}

void cop_tidy_gain(CopTidy *tidy, const CopGain *gain)
{
    cop_tidy_count(tidy, gain->top1.n);
    cop_tidy_number(tidy, gain->top1.mean);
    cop_tidy_number(tidy, gain->top1.deviation);
    cop_tidy_number(tidy, gain->baseline.mean);
    cop_tidy_number(tidy, gain->absolute.mean);
    cop_tidy_number(tidy, gain->absolute.deviation);
    cop_tidy_test(tidy, gain);
}

void cop_tidy_test(CopTidy *tidy, const CopGain *gain)
{
    cop_tidy_number(tidy, gain->test.mean.low);
    cop_tidy_number(tidy, gain->test.mean.high);
    cop_tidy_number(tidy, gain->test.p);
}

typedef struct Place {
    const CopAnalysis *a;
    int at; /* scope or column */
} Place;

static double score_at(const void *ctx, int run)
{
    const Place *place = ctx;
    return cop_run_score(place->a, run, place->at);
}

static double top1_at(const void *ctx, int run)
{
    const Place *place = ctx;
    return cop_run_top1(place->a, run, place->at);
}

CopGain cop_gain_scope(const CopAnalysis *a, int series, int scope)
{
    return cop_gain_by(a, series, score_at, &(const Place){a, scope});
}

CopGain cop_gain_column(const CopAnalysis *a, int series, int column)
{
    return cop_gain_by(a, series, top1_at, &(const Place){a, column});
}

bool cop_gain_has(const CopAnalysis *a, int series)
{
    const CopAnalysisSeries *s = &a->series[series];
    bool any = false;
    for (int i = 0; i < s->n; i++)
        any |= a->run[s->run[i]].result >= 0;
    return any && series != a->baseline;
}

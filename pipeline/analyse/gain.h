/* What series of runs gain over the baseline.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ANALYSE_GAIN_H
#define COP_ANALYSE_GAIN_H

#include "pipeline/analyse/analysis.h"
#include "pipeline/eval/seed_gain.h"

/* Shares of top-1. Gain: a run's top-1 less that of the baseline's run of the same seed, or, where
 * a seed has none, of all runs less the mean of all of the baseline's. `baseline` is over the runs
 * that were set beside these, and relative is the gain over its mean. */
typedef struct CopGain {
    CopSpread top1, baseline, absolute, relative; /* over seeds; NaN where a run has none */
    bool paired;
    CopSeedGain test; /* of absolute, over seeds; NaN where they are not paired */
} CopGain;

/* In one scope of the results (a corruption's index, COP_SCOPE_ROBUST, COP_SCOPE_CLEAN). */
CopGain cop_gain_scope(const CopAnalysis *a, int series, int scope);
/* In one column. */
CopGain cop_gain_column(const CopAnalysis *a, int series, int column);

/* The same of any value of a run; without a baseline only top1 is known. */
typedef double CopRunValue(const void *ctx, int run);
CopGain cop_gain_by(const CopAnalysis *a, int series, CopRunValue *value, const void *ctx);

/* The same of values that are given: own[n] and base[n_base] with their seeds. */
CopGain cop_gain_of(const double *own, const uint64_t *seeds, int n, const double *base,
                    const uint64_t *base_seeds, int n_base);

/* The cells seeds, the value's mean and deviation, and the gain's. */
#define COP_GAIN_COLUMNS(value)                                                                    \
    "seeds", value, value "_sd", "baseline", "gain", "gain_sd", COP_TEST_COLUMNS
void cop_tidy_gain(CopTidy *tidy, const CopGain *gain);

/* The test alone: the gain's 95 % interval over seeds, and its p. */
#define COP_TEST_COLUMNS "gain_low", "gain_high", "gain_p"
void cop_tidy_test(CopTidy *tidy, const CopGain *gain);

/* figure_gain_draw.c: the pictures of figure_gain.c. `relative`: of the baseline's top-1. */
CopPlot *cop_gain_draw(const CopAnalysis *a, bool relative, CopError *err);
CopPlot *cop_gain_draw_severities(const CopAnalysis *a, CopError *err);

/* A series that is set against the baseline: not the baseline, and in the results. */
bool cop_gain_has(const CopAnalysis *a, int series);

#endif

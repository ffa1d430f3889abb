/* What a recipe gains over another one, seed by seed.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_SEED_GAIN_H
#define COP_EVAL_SEED_GAIN_H

#include "pipeline/eval/results.h"

/* Gains in top-1, a seed each, that training runs of both recipes have: their mean with Student's
 * 95 % interval over seeds (n: how many), their standard deviation, and the two-sided p of the
 * paired t test. The unit is the training run, where cop_results_difference() has clips. */
typedef struct CopSeedGain {
    CopInterval mean;
    double deviation, p;
} CopSeedGain;

/* The same of given gains[n]. One has no interval, deviation and p. All are NaN where n is 0 or a
 * gain is. */
CopSeedGain cop_seed_gain(const double *gains, int n);

/* Top-1 over a scope of the recipe's models less that of the models of recipe `base` of the same
 * seeds. NaN where no seed is in both, where one of them lacks the score, and of base itself. */
CopSeedGain cop_results_seed_gain(const CopResults *results, int recipe, int base, int scope);

#endif

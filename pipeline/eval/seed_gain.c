/* What a recipe gains over another one, seed by seed.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/seed_gain.h"

#include <math.h>

static CopSeedGain gain_of(const CopMoments *moments)
{
    if (isnan(moments->mean))
        return (CopSeedGain){{NAN, NAN, NAN, moments->n}, NAN, NAN};
    return (CopSeedGain){cop_mean_interval(moments), cop_spread(moments).deviation,
                         cop_mean_p(moments)};
}

CopSeedGain cop_seed_gain(const double *gains, int n)
{
    CopMoments moments = {0};
    for (int i = 0; i < n; i++)
        cop_moments_add(&moments, gains[i]);
    return gain_of(&moments);
}

/* The model of a recipe that has this seed; -1: none. */
static int of_seed(const CopResults *results, int recipe, uint64_t seed)
{
    for (int i = 0; i < results->n_models; i++)
        if (results->models[i].recipe == recipe && results->models[i].about.seed == seed)
            return i;
    return -1;
}

CopSeedGain cop_results_seed_gain(const CopResults *results, int recipe, int base, int scope)
{
    CopMoments moments = {0};
    for (int i = 0; i < results->n_models && recipe != base; i++) {
        const CopResultModel *model = &results->models[i];
        const int beside = model->recipe == recipe ? of_seed(results, base, model->about.seed) : -1;
        if (beside >= 0)
            cop_moments_add(&moments, cop_results_value(results, i, scope) -
                                          cop_results_value(results, beside, scope));
    }
    return gain_of(&moments);
}

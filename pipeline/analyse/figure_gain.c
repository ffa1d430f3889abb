/* Gains over the dense net, a corruption each (Wu et al., ICLR 2025, figures 1 and 3): tables.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "pipeline/analyse/figures.h"
#include "pipeline/analyse/gain.h"

static const char *const columns[] = {COP_SERIES_COLUMNS,
                                      "scope",
                                      "corruption",
                                      "family",
                                      "severity",
                                      "seeds",
                                      "top1",
                                      "top1_sd",
                                      "baseline",
                                      "baseline_sd",
                                      "gain",
                                      "gain_sd",
                                      "relative",
                                      "relative_sd",
                                      "paired",
                                      COP_TEST_COLUMNS,
                                      NULL};

static void put_row(CopTidy *tidy, const CopAnalysis *a, int series, const char *scope,
                    const char *corruption, const char *family, double severity,
                    const CopGain *gain)
{
    cop_tidy_series(tidy, &a->series[series]);
    cop_tidy_text(tidy, scope);
    cop_tidy_text(tidy, corruption);
    cop_tidy_text(tidy, family);
    cop_tidy_number(tidy, severity);
    cop_tidy_count(tidy, gain->top1.n);
    const CopSpread *const pairs[] = {&gain->top1, &gain->baseline, &gain->absolute,
                                      &gain->relative};
    for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++) {
        cop_tidy_number(tidy, pairs[i]->mean);
        cop_tidy_number(tidy, pairs[i]->deviation);
    }
    cop_tidy_count(tidy, gain->paired);
    cop_tidy_test(tidy, gain);
}

static CopTidy *means(const CopAnalysis *a)
{
    CopTidy *tidy = cop_tidy_create(columns);
    const CopResults *r = a->results;
    for (int s = 0; s < a->n_series; s++) {
        if (!cop_gain_has(a, s))
            continue;
        for (int c = 0; c < r->n_corruptions; c++) {
            const CopGain gain = cop_gain_scope(a, s, c);
            put_row(tidy, a, s, "corruption", r->corruptions[c].name, r->corruptions[c].family, NAN,
                    &gain);
        }
        const CopGain robust = cop_gain_scope(a, s, COP_SCOPE_ROBUST);
        put_row(tidy, a, s, "robust", "robust", NULL, NAN, &robust);
        const CopGain clean = cop_gain_scope(a, s, COP_SCOPE_CLEAN);
        put_row(tidy, a, s, "clean", "clean", NULL, 0, &clean);
    }
    return tidy;
}

static CopTidy *severities(const CopAnalysis *a)
{
    CopTidy *tidy = cop_tidy_create(columns);
    const CopResults *r = a->results;
    for (int s = 0; s < a->n_series; s++)
        for (int k = 1; k < r->n_columns && cop_gain_has(a, s); k++) {
            const CopResultCorruption *c = &r->corruptions[r->columns[k].corruption];
            const CopGain gain = cop_gain_column(a, s, k);
            put_row(tidy, a, s, "cell", c->name, c->family, r->columns[k].severity, &gain);
        }
    return tidy;
}

static CopStatus check(const CopAnalysis *a, CopError *err)
{
    COP_TRY(cop_analysis_needs_results(a, err));
    if (a->baseline < 0)
        return cop_error_set(err, COP_ERR_DATA,
                             "no run is dense; --baseline names what the others are set against");
    if (a->results->n_corruptions == 0)
        return cop_error_set(err, COP_ERR_DATA, "%s: holds no corrupted cells", a->db);
    for (int s = 0; s < a->n_series; s++)
        if (cop_gain_has(a, s))
            return COP_OK;
    return cop_error_set(err, COP_ERR_DATA, "there is nothing but the baseline");
}

CopStatus cop_figure_gain(CopAnalysis *a, CopError *err)
{
    COP_TRY(check(a, err));
    cop_page_figure(a, "gain", "Gain over the baseline",
                    "Top-1 less the baseline’s, of the same seed where each has one, in points and "
                    "as a share of the baseline’s; mean and standard deviation over seeds. A "
                    "corruption is the mean over its severities, “all corruptions” the mean over "
                    "corruptions.");
    COP_TRY(cop_page_plot(a, cop_gain_draw(a, false, err), "gain", "Gain in points of top-1", err));
    COP_TRY(cop_page_plot(a, cop_gain_draw(a, true, err), "gain_relative",
                          "Gain as a share of the baseline’s top-1", err));
    COP_TRY(cop_page_plot(a, cop_gain_draw_severities(a, err), "gain_by_severity",
                          "Gain in points by severity", err));
    COP_TRY(cop_page_table(a, means(a), "gain", "gain a series and corruption", err));
    COP_TRY(cop_page_table(a, severities(a), "gain_by_severity",
                           "gain a series, corruption and severity", err));
    return COP_OK;
}

/* Tables of the report page: means over seeds, and parts of the grid.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "pipeline/eval/measures.h"
#include "pipeline/eval/seed_gain.h"
#include "pipeline/report/compare.h"
#include "pipeline/report/html.h"
#include "pipeline/report/terminal.h"

/* --- seeds ----------------------------------------------------------------------- */

static void put_spread(GString *out, const CopResults *results, int recipe, int scope, int baseline,
                       CopMeasure measure)
{
    const bool share = cop_measure_rows[measure].share;
    const CopSpread spread = cop_results_spread(results, recipe, scope, baseline, measure);
    char text[COP_NUMBER_SIZE];
    if (isnan(spread.mean)) {
        g_string_append(out, "<td class=\"num none\">–</td>");
        return;
    }
    g_string_append_printf(out, "<td class=\"num\"><span class=\"value\">%s</span>",
                           cop_text_measure(text, spread.mean, share));
    if (!isnan(spread.deviation))
        g_string_append_printf(out, "<span class=\"interval\">± %s</span>",
                               cop_text_measure(text, spread.deviation, share));
    g_string_append(out, "</td>");
}

static void put_recipe(GString *out, const CopResults *results, int recipe)
{
    const char *comma = cop_results_recipe_size(results, recipe) > 1 ? "seeds " : "seed ";
    char *name = cop_compare_recipe(results, recipe);
    g_string_append(out, "<th class=\"num\">");
    cop_html_text(out, name);
    g_string_append(out, "<span class=\"interval\">");
    g_free(name);
    for (int i = 0; i < results->n_models; i++) {
        if (results->models[i].recipe != recipe)
            continue;
        g_string_append_printf(out, "%s%llu", comma,
                               (unsigned long long)results->models[i].about.seed);
        comma = ", ";
    }
    g_string_append(out, "</span></th>");
}

void cop_html_seeds(GString *out, const CopResults *results, int baseline)
{
    static const struct {
        const char *head;
        int scope;
        CopMeasure measure;
    } rows[] = {{"Clean, %", COP_SCOPE_CLEAN, COP_MEASURE_TOP1},
                {"Robust, %", COP_SCOPE_ROBUST, COP_MEASURE_TOP1},
                {"Robust / clean", COP_SCOPE_ROBUST, COP_MEASURE_RPC},
                {"mCE", COP_SCOPE_ROBUST, COP_MEASURE_CE}};
    g_string_append(out, "<div class=\"scroll\"><table class=\"seeds\"><thead><tr><th></th>");
    for (int recipe = 0; recipe < results->n_recipes; recipe++)
        put_recipe(out, results, recipe);
    g_string_append(out, "</tr></thead><tbody>");
    for (int row = 0; row < (int)G_N_ELEMENTS(rows) + results->n_corruptions; row++) {
        const int scope = row - (int)G_N_ELEMENTS(rows);
        g_string_append(out, "<tr><th scope=\"row\">");
        if (scope < 0)
            g_string_append(out, rows[row].head);
        else
            cop_html_name(out, results->corruptions[scope].name);
        g_string_append(out, scope < 0 ? "</th>" : ", %</th>");
        for (int recipe = 0; recipe < results->n_recipes; recipe++)
            put_spread(out, results, recipe, scope < 0 ? rows[row].scope : scope, baseline,
                       scope < 0 ? rows[row].measure : COP_MEASURE_TOP1);
        g_string_append(out, "</tr>");
    }
    g_string_append(out, "</tbody></table></div>");
}

/* One pair says what differences of models say, unless these are left out. */
static bool shares_seeds(const CopResults *results, int recipe, int base)
{
    const int64_t least = cop_compare_pools(results) ? 1 : 2;
    return cop_results_seed_gain(results, recipe, base, COP_SCOPE_CLEAN).mean.n >= least;
}

void cop_html_seed_gains(GString *out, const CopResults *results, int baseline)
{
    const int base = results->models[baseline].recipe;
    bool any = false;
    for (int recipe = 0; recipe < results->n_recipes; recipe++)
        any |= shares_seeds(results, recipe, base);
    if (!any)
        return;
    char *name = cop_compare_recipe(results, base);
    g_string_append(out, "<h3>Gains, seed by seed</h3><p class=\"caption\">Points of top-1 above ");
    cop_html_text(out, name);
    g_free(name);
    g_string_append(out, " of the same seed: means with 95 % intervals and paired t tests over "
                         "seeds, so of other training runs on these clips. Not adjusted for the "
                         "number of tests.</p><div class=\"scroll\"><table class=\"changes "
                         "seeds\"><thead><tr><th></th>");
    for (int recipe = 0; recipe < results->n_recipes; recipe++)
        if (recipe != base)
            put_recipe(out, results, recipe);
    g_string_append(out, "</tr></thead><tbody>");
    for (int scope = COP_SCOPE_CLEAN; scope < results->n_corruptions; scope++) {
        cop_html_scope_row(out, results, scope);
        for (int recipe = 0; recipe < results->n_recipes; recipe++) {
            if (recipe == base)
                continue;
            const CopSeedGain gain = cop_results_seed_gain(results, recipe, base, scope);
            cop_html_change(out, gain.mean, gain.p);
        }
        g_string_append(out, "</tr>");
    }
    g_string_append(out, "</tbody></table></div>");
}

/* --- slices ---------------------------------------------------------------------- */

static double best_of(const CopResults *results, int scope)
{
    double best = -1;
    for (int i = 0; i < results->n_models; i++)
        best = fmax(best, cop_results_score(results, i, scope).value);
    return best;
}

static void put_slices(GString *out, const CopResults *results, CopSliceKind kind,
                       const char *prefix)
{
    g_string_append(out, "<tbody>");
    for (int scope = 0; scope < results->n_slices; scope++) {
        if (results->slices[scope].kind != kind)
            continue;
        const bool pools = cop_compare_pools(results);
        const double best = pools ? NAN : best_of(results, scope);
        g_string_append_printf(out, "<tr><th scope=\"row\">%s", prefix);
        cop_html_name(out, results->slices[scope].name);
        g_string_append(out, "</th>");
        for (int i = 0; i < cop_html_shown(results); i++) {
            if (pools) {
                put_spread(out, results, i, scope, 0, COP_MEASURE_TOP1);
                continue;
            }
            const CopInterval score = cop_results_score(results, i, scope);
            cop_html_interval(out, score, results->n_models > 1 && score.value == best);
        }
        g_string_append(out, "</tr>");
    }
    g_string_append(out, "</tbody>");
}

void cop_html_slices(GString *out, const CopResults *results)
{
    g_string_append(out, "<div class=\"scroll\"><table class=\"slices\"><thead><tr><th></th>");
    for (int i = 0; i < cop_html_shown(results); i++) {
        g_string_append(out, "<th class=\"num\">");
        cop_html_shown_name(out, results, i);
        g_string_append(out, "</th>");
    }
    g_string_append(out, "</tr></thead>");
    put_slices(out, results, COP_SLICE_FAMILY, "");
    put_slices(out, results, COP_SLICE_SEVERITY, "severity ");
    g_string_append(out, "</table></div>");
}

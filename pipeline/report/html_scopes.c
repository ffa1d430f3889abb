/* Tables of the report page: means over seeds, and parts of the grid.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "pipeline/eval/measures.h"
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
    const CopResultModel *first = &results->models[cop_results_recipe_first(results, recipe)];
    const CopStoreModel *about = &first->about;
    const char *comma = cop_results_recipe_size(results, recipe) > 1 ? "seeds " : "seed ";
    char text[COP_NUMBER_SIZE];
    g_string_append(out, "<th class=\"num\">");
    cop_html_text(out, first->seed_repeats ? first->label : about->method);
    g_string_append_printf(out, " %s<span class=\"interval\">",
                           cop_text_number(text, about->density, 3));
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
        const double best = best_of(results, scope);
        g_string_append_printf(out, "<tr><th scope=\"row\">%s", prefix);
        cop_html_name(out, results->slices[scope].name);
        g_string_append(out, "</th>");
        for (int i = 0; i < results->n_models; i++) {
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
    for (int i = 0; i < results->n_models; i++) {
        g_string_append(out, "<th class=\"num\">");
        cop_html_model(out, results, i);
        g_string_append(out, "</th>");
    }
    g_string_append(out, "</tr></thead>");
    put_slices(out, results, COP_SLICE_FAMILY, "");
    put_slices(out, results, COP_SLICE_SEVERITY, "severity ");
    g_string_append(out, "</table></div>");
}

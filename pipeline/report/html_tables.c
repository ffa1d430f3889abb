/* Tables of the report page: results, heat maps, differences.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "pipeline/eval/measures.h"
#include "pipeline/report/compare.h"
#include "pipeline/report/html.h"
#include "pipeline/report/terminal.h"

typedef struct Colour {
    double r, g, b; /* sRGB, 0..255 */
} Colour;

/* ColorBrewer's Blues (sequential) and PuOr (diverging, without its darkest ends): safe
 * for colour-blind readers and in grey print. */
static const Colour blues[] = {{247, 251, 255}, {222, 235, 247}, {198, 219, 239},
                               {158, 202, 225}, {107, 174, 214}, {66, 146, 198},
                               {33, 113, 181},  {8, 81, 156},    {8, 48, 107}};
static const Colour orange_purple[] = {
    {253, 184, 99}, {254, 224, 182}, {247, 247, 247}, {216, 218, 235}, {178, 171, 210}};

static Colour mix(const Colour *stops, int n, double x)
{
    const double at = fmin(fmax(x, 0), 1) * (n - 1);
    const int i = (int)fmin(floor(at), n - 2);
    const double part = at - i;
    return (Colour){stops[i].r + part * (stops[i + 1].r - stops[i].r),
                    stops[i].g + part * (stops[i + 1].g - stops[i].g),
                    stops[i].b + part * (stops[i + 1].b - stops[i].b)};
}

static double linear(double value)
{
    const double v = value / 255;
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

/* Whether white or near-black text stands out more (WCAG 2 relative luminance). */
static bool wants_white(Colour c)
{
    const double light = 0.2126 * linear(c.r) + 0.7152 * linear(c.g) + 0.0722 * linear(c.b);
    return 1.05 / (light + 0.05) > (light + 0.05) / 0.06;
}

static void put_coloured(GString *out, Colour c)
{
    g_string_append_printf(out, " style=\"background:rgb(%.0f,%.0f,%.0f);color:%s\"", c.r, c.g, c.b,
                           wants_white(c) ? "#fff" : "#16181c");
}

static double best_score(const CopResults *results, int scope)
{
    double best = -1;
    for (int i = 0; i < results->n_models; i++) {
        const double value = cop_results_score(results, i, scope).value;
        best = value > best ? value : best; /* a NaN is never greater */
    }
    return best;
}

/* A measure over the grid, with what it is on clean clips below where that says something. */
static void put_measure(GString *out, const CopResults *results, int model, int baseline,
                        CopMeasure measure)
{
    const bool share = cop_measure_rows[measure].share;
    const double robust =
        cop_results_measure(results, model, COP_SCOPE_ROBUST, baseline, measure).value;
    const double clean =
        cop_results_measure(results, model, COP_SCOPE_CLEAN, baseline, measure).value;
    char text[COP_NUMBER_SIZE];
    if (isnan(robust)) {
        g_string_append(out, "<td class=\"num none\">–</td>");
        return;
    }
    g_string_append_printf(out, "<td class=\"num\">%s", cop_text_measure(text, robust, share));
    if (!isnan(clean))
        g_string_append_printf(out, "<span class=\"interval\">clean %s</span>",
                               cop_text_measure(text, clean, share));
    g_string_append(out, "</td>");
}

/* A count, and of how many. */
static void put_part(GString *out, int64_t part, int64_t all)
{
    char text[COP_NUMBER_SIZE];
    g_string_append_printf(out, "<td class=\"num\">%s", cop_text_count(text, part));
    if (all != part)
        g_string_append_printf(out, "<span class=\"interval\">of %s</span>",
                               cop_text_count(text, all));
    g_string_append(out, "</td>");
}

static void put_result(GString *out, const CopResults *results, int i, int baseline)
{
    const CopResultModel *model = &results->models[i];
    const CopInterval clean = cop_results_score(results, i, COP_SCOPE_CLEAN);
    const CopInterval robust = cop_results_score(results, i, COP_SCOPE_ROBUST);
    char text[COP_NUMBER_SIZE];
    g_string_append(out, "<tr><th scope=\"row\">");
    cop_html_model(out, results, i);
    g_string_append(out, i == baseline && results->n_models > 1
                             ? " <span class=\"tag\">baseline</span></th><td>"
                             : "</th><td>");
    cop_html_text(out, model->about.method);
    g_string_append_printf(out, "<span class=\"interval\">density %s</span></td>",
                           cop_text_number(text, model->about.density, 3));
    cop_html_interval(out, clean, clean.value == best_score(results, COP_SCOPE_CLEAN));
    cop_html_interval(out, robust, robust.value == best_score(results, COP_SCOPE_ROBUST));
    cop_html_number(out, cop_text_measure(text, cop_results_rpc(results, i), false));
    put_measure(out, results, i, baseline, COP_MEASURE_CE);
    put_measure(out, results, i, baseline, COP_MEASURE_FLIPS);
    put_measure(out, results, i, baseline, COP_MEASURE_ECE);
    put_part(out, model->about.nonzeros, model->about.parameters);
    put_part(out, model->about.flops, model->about.flops_dense);
    cop_html_number(out, cop_text_number(text, model->seconds, 3));
    g_string_append(out, "</tr>");
}

void cop_html_results(GString *out, const CopResults *results, int baseline)
{
    g_string_append(out, "<div class=\"scroll\"><table class=\"results\"><thead><tr><th>Model</th>"
                         "<th>Method</th><th class=\"num\">Clean, %</th>"
                         "<th class=\"num\">Robust, %</th><th class=\"num\">Robust / clean</th>"
                         "<th class=\"num\">mCE</th><th class=\"num\">Flips, %</th>"
                         "<th class=\"num\">ECE, %</th><th class=\"num\">Non-zeros</th>"
                         "<th class=\"num\">FLOPs a clip</th><th class=\"num\">Compute, s</th>"
                         "</tr></thead><tbody>");
    for (int i = 0; i < results->n_models; i++)
        put_result(out, results, i, baseline);
    g_string_append(out, "</tbody></table></div>");
}

/* A model's cell that lacks clips is starred: it is another set of clips than its neighbours. */
static void put_heat(GString *out, double value, bool whole, const char *class, const char *title,
                     const char *exact)
{
    char text[COP_NUMBER_SIZE];
    if (isnan(value)) {
        g_string_append_printf(out, "<td class=\"%s none\" title=\"%s\">–</td>", class,
                               "not evaluated");
        return;
    }
    g_string_append_printf(out, "<td class=\"%s\" title=\"", class);
    cop_html_text(out, title);
    g_string_append_printf(out, " %s\"", exact);
    put_coloured(out, mix(blues, G_N_ELEMENTS(blues), value));
    g_string_append_printf(out, ">%s%s</td>", cop_text_percent(text, value), whole ? "" : "*");
}

static void put_model_heat(GString *out, const CopResults *results, CopInterval top1,
                           const char *class, const char *title)
{
    char text[COP_NUMBER_SIZE];
    char *exact = g_strdup_printf("%s %%, %d clips", cop_text_interval(text, top1), (int)top1.n);
    put_heat(out, top1.value, top1.n >= results->n_labelled, class, title, exact);
    g_free(exact);
}

static void put_recipe_heat(GString *out, CopSpread top1, const char *class, const char *title)
{
    char mean[COP_NUMBER_SIZE], deviation[COP_NUMBER_SIZE];
    char *exact = g_strdup_printf("%s ± %s %%, %d seeds", cop_text_percent(mean, top1.mean),
                                  cop_text_percent(deviation, top1.deviation), (int)top1.n);
    put_heat(out, top1.mean, true, class, title, exact);
    g_free(exact);
}

/* Severities that any corruption has, rising; returned as an array of double. */
static GArray *all_severities(const CopResults *results)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(double));
    for (int column = 1; column < results->n_columns; column++) {
        const double severity = results->columns[column].severity;
        guint at = 0;
        while (at < out->len && g_array_index(out, double, at) < severity)
            at++;
        if (at == out->len || g_array_index(out, double, at) > severity)
            g_array_insert_val(out, at, severity);
    }
    return out;
}

/* What was applied, and how far it took the clips. */
static char *column_note(const CopResultColumn *column)
{
    if (!column->measured)
        return g_strdup(column->detail);
    return g_strdup_printf("%s; PSNR %.1f dB, SSIM %.2f", column->detail, column->psnr,
                           column->ssim);
}

static void put_heat_row(GString *out, const CopResults *results, int shown, int corruption,
                         const GArray *severities)
{
    const bool pools = cop_compare_pools(results);
    const char *name = results->corruptions[corruption].name;
    g_string_append(out, "<tr><th scope=\"row\">");
    cop_html_name(out, name);
    g_string_append(out, "</th>");
    for (guint i = 0; i < severities->len; i++) {
        const double severity = g_array_index(severities, double, i);
        const int column = cop_results_column(results, corruption, severity);
        if (column < 0) {
            g_string_append(out, "<td class=\"heat none\"></td>");
            continue;
        }
        char *note = column_note(&results->columns[column]);
        if (pools)
            put_recipe_heat(out, cop_results_cell_spread(results, shown, column), "heat", note);
        else
            put_model_heat(out, results, cop_results_top1(results, shown, column), "heat", note);
        g_free(note);
    }
    if (pools)
        put_recipe_heat(out, cop_results_spread(results, shown, corruption, 0, COP_MEASURE_TOP1),
                        "heat mean", "mean");
    else
        put_model_heat(out, results, cop_results_score(results, shown, corruption), "heat mean",
                       "mean");
    g_string_append(out, "</tr>");
}

void cop_html_heat_maps(GString *out, const CopResults *results)
{
    GArray *severities = all_severities(results);
    g_string_append(out, "<div class=\"maps\">");
    for (int shown = 0; shown < cop_html_shown(results); shown++) {
        char text[COP_NUMBER_SIZE];
        const double clean = cop_compare_pools(results)
                                 ? cop_results_cell_spread(results, shown, 0).mean
                                 : cop_results_score(results, shown, COP_SCOPE_CLEAN).value;
        g_string_append(out, "<div class=\"scroll\"><table class=\"map\"><caption>");
        cop_html_shown_name(out, results, shown);
        g_string_append_printf(out,
                               "<span class=\"aside\">clean %s</span></caption><thead><tr><th>",
                               cop_text_percent(text, clean));
        g_string_append(out, "<span class=\"aside\">severity</span></th>");
        for (guint i = 0; i < severities->len; i++)
            g_string_append_printf(out, "<th>%s</th>",
                                   cop_text_exact(text, g_array_index(severities, double, i)));
        g_string_append(out, "<th class=\"mean\">mean</th></tr></thead><tbody>");
        for (int i = 0; i < results->n_corruptions; i++)
            put_heat_row(out, results, shown, i, severities);
        g_string_append(out, "</tbody></table></div>");
    }
    g_string_append(out, "</div>");
    g_array_unref(severities);
}

/* "−0.4", with the sign that is as wide as the plus. */
static void put_points(GString *out, double share)
{
    char text[COP_NUMBER_SIZE];
    cop_text_points(text, share);
    g_string_append_printf(out, "%s%s", text[0] == '-' ? "−" : "", text + (text[0] == '-'));
}

void cop_html_change(GString *out, CopInterval change, double p)
{
    if (isnan(change.value)) {
        g_string_append(out, "<td class=\"num none\">–</td>");
        return;
    }
    /* Full colour at 15 points either way: what a reader would call large. */
    const bool clear = change.low > 0 || change.high < 0;
    g_string_append_printf(out, "<td class=\"num%s\"", clear ? " clear" : "");
    put_coloured(out, mix(orange_purple, G_N_ELEMENTS(orange_purple), 0.5 + change.value / 0.3));
    g_string_append(out, "><span class=\"value\">");
    put_points(out, change.value);
    g_string_append(out, "</span>");
    if (!isnan(change.low)) {
        g_string_append(out, "<span class=\"interval\">");
        put_points(out, change.low);
        g_string_append(out, " to ");
        put_points(out, change.high);
        g_string_append(out, "</span>");
    }
    if (!isnan(p)) {
        char text[COP_NUMBER_SIZE];
        g_string_append(out, p < 0.001 ? "<span class=\"interval\">p "
                                       : "<span class=\"interval\">p = ");
        cop_html_text(out, cop_text_p(text, p));
        g_string_append(out, "</span>");
    }
    g_string_append(out, "</td>");
}

void cop_html_scope_row(GString *out, const CopResults *results, int scope)
{
    g_string_append_printf(out, "<tr%s><th scope=\"row\">",
                           scope == COP_SCOPE_ROBUST ? " class=\"last\"" : "");
    if (scope < 0)
        g_string_append(out, scope == COP_SCOPE_CLEAN ? "Clean" : "Robust");
    else
        cop_html_name(out, results->corruptions[scope].name);
    g_string_append(out, "</th>");
}

static void put_change(GString *out, const CopResults *results, int model, int baseline, int scope)
{
    double p;
    const CopInterval change = cop_results_difference(results, model, baseline, scope, &p);
    if (scope == COP_SCOPE_CLEAN)
        p = cop_results_mcnemar(results, model, baseline, 0).p;
    cop_html_change(out, change, scope < 0 ? p : NAN);
}

void cop_html_differences(GString *out, const CopResults *results, int baseline)
{
    g_string_append(out, "<div class=\"scroll\"><table class=\"changes\"><thead><tr><th></th>");
    for (int i = 0; i < results->n_models; i++) {
        if (i == baseline)
            continue;
        g_string_append(out, "<th class=\"num\">");
        cop_html_model(out, results, i);
        g_string_append(out, "</th>");
    }
    g_string_append(out, "</tr></thead><tbody>");
    for (int scope = COP_SCOPE_CLEAN; scope < results->n_corruptions; scope++) {
        cop_html_scope_row(out, results, scope);
        for (int i = 0; i < results->n_models; i++)
            if (i != baseline)
                put_change(out, results, i, baseline, scope);
        g_string_append(out, "</tr>");
    }
    g_string_append(out, "</tbody></table></div>");
}

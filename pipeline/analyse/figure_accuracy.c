/* Clean and robust top-1 against sparsity (Wu et al., ICLR 2025, figure 2), with what its reviewers
 * missed: static masks, dense nets of equal size, clean accuracy, deviations over seeds.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "pipeline/analyse/figures.h"
#include "pipeline/analyse/gain.h"

enum { MARGIN = 14, PANEL_W = 300, PANEL_H = 210, LEFT = 52, GAP = 66, HEAD = 24, FOOT = 48 };

static const int scopes[] = {COP_SCOPE_ROBUST, COP_SCOPE_CLEAN};
static const char *const scope_names[] = {"robust", "clean"};
static const char *const growth_names[] = {"random growth", "gradient growth"};

/* What the results hold of its first run that they know; NULL: of none. */
static const CopStoreModel *about(const CopAnalysis *a, int series)
{
    const CopAnalysisSeries *s = &a->series[series];
    for (int i = 0; i < s->n; i++)
        if (a->run[s->run[i]].result >= 0)
            return &a->results->models[a->run[s->run[i]].result].about;
    return NULL;
}

/* Which panel a method belongs to: 0 random growth, 1 gradients, -1 both. */
static int growth_of(const char *method)
{
    if (strcmp(method, "set") == 0 || g_str_has_suffix(method, "_r"))
        return 0;
    if (strcmp(method, "rigl") == 0 || g_str_has_suffix(method, "_g"))
        return 1;
    return -1;
}

static CopTidy *table(const CopAnalysis *a)
{
    static const char *const columns[] = {COP_SERIES_COLUMNS,
                                          "growth",
                                          "sparsity",
                                          "scope",
                                          "parameters",
                                          "nonzeros",
                                          "flops",
                                          "seeds",
                                          "top1",
                                          "top1_sd",
                                          NULL};
    static const char *const growths[] = {"random", "gradient"};
    CopTidy *tidy = cop_tidy_create(columns);
    for (int s = 0; s < a->n_series; s++)
        for (int k = 0; k < 2; k++) {
            const CopAnalysisRun *first = a->series[s].first;
            const CopSpread top1 = cop_gain_scope(a, s, scopes[k]).top1;
            const int growth = growth_of(first->method);
            const CopStoreModel *model = about(a, s);
            if (!model)
                continue;
            cop_tidy_series(tidy, &a->series[s]);
            cop_tidy_text(tidy, growth < 0 ? NULL : growths[growth]);
            cop_tidy_number(tidy, 1 - first->density);
            cop_tidy_text(tidy, scope_names[k]);
            cop_tidy_count(tidy, model->parameters);
            cop_tidy_count(tidy, model->nonzeros);
            cop_tidy_count(tidy, model->flops);
            cop_tidy_count(tidy, top1.n);
            cop_tidy_number(tidy, top1.mean);
            cop_tidy_number(tidy, top1.deviation);
        }
    return tidy;
}

/* --- the picture --------------------------------------------------------------------- */

static void put_baseline(CopPlot *plot, const CopAnalysis *a, const CopPanel *panel, int scope)
{
    const CopInk colour = cop_colour_method("dense");
    if (a->baseline < 0)
        return;
    const CopSpread base = cop_gain_scope(a, a->baseline, scope).top1;
    const double x[] = {panel->x0, panel->x1}, mean = 100 * base.mean, sd = 100 * base.deviation;
    const double y[] = {mean, mean}, low[] = {mean - sd, mean - sd},
                 high[] = {mean + sd, mean + sd};
    cop_panel_band(plot, panel, x, low, high, 2, colour);
    cop_panel_line(plot, panel, x, y, 2, (CopStroke){.colour = colour, .width = 1.6});
}

/* A series that is a point: in the results, and not the dense net whose line is the baseline. */
static bool is_point(const CopAnalysis *a, int series)
{
    const bool line = series == a->baseline && a->series[series].first->density >= 1;
    return !line && about(a, series);
}

/* All series of one method, by density, as a line with whiskers; others as marks. */
static void put_method(CopPlot *plot, const CopAnalysis *a, const CopPanel *panel, int first,
                       int scope, double aside)
{
    const CopAnalysisRun *run = a->series[first].first;
    double *x = g_new(double, a->n_series), *y = g_new(double, a->n_series);
    CopStroke stroke = cop_series_stroke(a, first);
    int n = 0;
    stroke.dash = strcmp(run->method, "static") == 0 ? 1 : 0;
    for (int s = first; s < a->n_series; s++) {
        if (!is_point(a, s) || !cop_series_same_method(a, s, first))
            continue;
        const CopSpread top1 = cop_gain_scope(a, s, scope).top1;
        const double at = 100 * (1 - a->series[s].first->density) + aside, mean = 100 * top1.mean,
                     sd = 100 * top1.deviation;
        x[n] = at;
        y[n++] = mean;
        if (isfinite(sd))
            cop_panel_segment(plot, panel, at, mean - sd, at, mean + sd,
                              (CopStroke){.colour = stroke.colour});
    }
    if (run->control == COP_CONTROL_NONE)
        cop_panel_line(plot, panel, x, y, n, stroke);
    for (int i = 0; i < n; i++)
        cop_panel_mark(plot, panel, x[i], y[i], cop_series_mark(&a->series[first]), stroke.colour);
    g_free(x);
    g_free(y);
}

static bool begins_method(const CopAnalysis *a, int series)
{
    for (int s = 0; s < series; s++)
        if (is_point(a, s) && cop_series_same_method(a, s, series))
            return false;
    return is_point(a, series);
}

static bool belongs(const CopAnalysis *a, int series, int growth)
{
    const int own = growth_of(a->series[series].first->method);
    return begins_method(a, series) && (own < 0 || own == growth);
}

/* A little beside each other, so that whiskers do not cover each other. */
static void put_methods(CopPlot *plot, const CopAnalysis *a, const CopPanel *panel, int growth,
                        int scope)
{
    const double step = 0.012 * (panel->x1 - panel->x0);
    int n = 0, at = 0;
    for (int s = 0; s < a->n_series; s++)
        n += belongs(a, s, growth);
    for (int s = 0; s < a->n_series; s++)
        if (belongs(a, s, growth))
            put_method(plot, a, panel, s, scope, step * (at++ - (n - 1) / 2.0));
}

static CopSpan range_of(const CopAnalysis *a, int scope)
{
    CopSpan range = COP_SPAN_NONE;
    for (int s = 0; s < a->n_series; s++) {
        const CopSpread top1 = cop_gain_scope(a, s, scope).top1;
        const double sd = isfinite(top1.deviation) ? top1.deviation : 0;
        cop_span_take(&range, 100 * (top1.mean - sd));
        cop_span_take(&range, 100 * (top1.mean + sd));
    }
    return cop_span_pad(range, 0.08);
}

static int legend(const CopAnalysis *a, CopLegendItem *items)
{
    int n = 0;
    if (a->baseline >= 0)
        items[n++] = (CopLegendItem){.text = a->series[a->baseline].label,
                                     .stroke = {.colour = cop_colour_method("dense")},
                                     .mark = -1};
    for (int s = 0; s < a->n_series; s++) {
        if (!begins_method(a, s))
            continue;
        const CopAnalysisRun *run = a->series[s].first;
        items[n] = (CopLegendItem){.text = cop_series_kind(&a->series[s]),
                                   .stroke = cop_series_stroke(a, s),
                                   .mark = (int)cop_series_mark(&a->series[s])};
        items[n].stroke.dash = strcmp(run->method, "static") == 0 ? 1 : 0;
        items[n++].stroke.width = run->control == COP_CONTROL_NONE ? 1.4 : -1;
    }
    return n;
}

static CopStatus draw(const CopAnalysis *a, CopPlot **plot, CopError *err)
{
    CopLegendItem *items = g_new0(CopLegendItem, a->n_series + 1);
    const int n = legend(a, items);
    CopSpan across = COP_SPAN_NONE;
    for (int s = 0; s < a->n_series; s++)
        if (is_point(a, s))
            cop_span_take(&across, 100 * (1 - a->series[s].first->density));
    across = cop_span_pad(across, 0.08);
    const double width = 2.0 * PANEL_W + LEFT + GAP + 2 * MARGIN, inner = width - LEFT - 2 * MARGIN;
    const double top = MARGIN + cop_legend_height(inner, items, n);
    const CopStatus status = cop_plot_create(plot, width, top + 2.0 * (HEAD + PANEL_H + FOOT), err);
    for (int i = 0; i < 4 && status == COP_OK; i++) {
        const int growth = i % 2, scope = scopes[i / 2];
        const CopSpan range = range_of(a, scope);
        const CopPanel panel = {MARGIN + LEFT + growth * (PANEL_W + GAP),
                                top + HEAD + i / 2 * (HEAD + PANEL_H + FOOT),
                                PANEL_W,
                                PANEL_H,
                                across.lo,
                                across.hi,
                                range.lo,
                                range.hi};
        char *label = g_strdup_printf("%s top-1, %%", scope_names[i / 2]);
        cop_panel_axes(
            *plot, &panel,
            &(CopAxes){.title = growth_names[growth], .x_label = "sparsity, %", .y_label = label});
        g_free(label);
        put_baseline(*plot, a, &panel, scope);
        put_methods(*plot, a, &panel, growth, scope);
    }
    if (status == COP_OK)
        cop_plot_legend(*plot, MARGIN + LEFT, MARGIN - 4, inner, items, n);
    g_free(items);
    return status;
}

CopStatus cop_figure_accuracy(CopAnalysis *a, CopError *err)
{
    CopPlot *plot = NULL;
    COP_TRY(cop_analysis_needs_results(a, err));
    cop_page_figure(
        a, "accuracy", "Accuracy against sparsity",
        "Robust top-1 is the mean over corruptions of the mean over severities. Mean and "
        "standard deviation over seeds; the line and its band are the baseline. Static "
        "masks and dense nets of equal size stand in both panels.");
    COP_TRY(draw(a, &plot, err));
    COP_TRY(cop_page_plot(a, plot, "accuracy", "Robust and clean top-1", err));
    COP_TRY(cop_page_table(a, table(a), "accuracy", "top-1 a series and scope", err));
    return COP_OK;
}

/* Radius-accuracy curves: the picture. A row a band: low-pass, high-pass, absolute and relative.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "pipeline/analyse/radius.h"

enum {
    MARGIN = 14,
    LEFT = 50,
    PANEL_W = 220,
    PANEL_H = 170,
    GAP = 52,
    HEAD = 24,
    FOOT = 46,
    FEW = 6
};

static CopSpread over_seeds(const CopRadius *r, int series, const CopCurve *curve, int i,
                            bool relative)
{
    const CopAnalysisSeries *s = &r->probes.a->series[series];
    double *values = g_new(double, s->n);
    for (int k = 0; k < s->n; k++)
        values[k] = 100 * cop_radius_at(r, s->run[k], curve, i, relative);
    const CopSpread result = cop_spread_of(values, s->n);
    g_free(values);
    return result;
}

/* The high-pass of no radius is the clean clip: its curve starts from there, at the axis. */
static void put_series(CopPlot *plot, const CopRadius *r, const CopPanel *panel, int series,
                       const CopCurve *curve, bool relative)
{
    const int n = curve->n;
    double *x = g_new(double, n), *y = g_new(double, n), *low = g_new(double, n),
           *high = g_new(double, n);
    const CopStroke stroke = cop_series_stroke(r->probes.a, series);
    for (int i = 0; i < n; i++) {
        const CopSpread value = over_seeds(r, series, curve, i, relative);
        const double radius = r->probes.item[curve->first + i].level;
        x[i] = radius < 0 ? panel->x0 : radius;
        y[i] = value.mean;
        low[i] = value.mean - value.deviation;
        high[i] = value.mean + value.deviation;
    }
    if (r->probes.a->n_series <= FEW)
        cop_panel_band(plot, panel, x, low, high, n, stroke.colour);
    cop_panel_line(plot, panel, x, y, n, stroke);
    g_free(x);
    g_free(y);
    g_free(low);
    g_free(high);
}

static void put_panel(CopPlot *plot, const CopRadius *r, const CopPanel *panel,
                      const CopCurve *curve, bool relative)
{
    static const char *const units[] = {"radius, cycles across the picture",
                                        "radius, cycles in the clip", "radius, share of Nyquist’s"};
    static const char *const words[] = {"spatial", "temporal", "3-D"};
    char *title = g_strdup_printf("%s %s-pass", words[curve->band], curve->high ? "high" : "low");
    cop_panel_axes(plot, panel,
                   &(CopAxes){.title = title,
                              .x_label = units[curve->band],
                              .y_label = relative ? "top-1, % of clean" : "top-1, %"});
    g_free(title);
    for (int s = r->probes.a->n_series - 1; s >= 0; s--) /* dense on top */
        put_series(plot, r, panel, s, curve, relative);
}

CopStatus cop_radius_draw(const CopRadius *r, CopPlot **plot, CopError *err)
{
    const CopAnalysis *a = r->probes.a;
    CopLegendItem *items = g_new0(CopLegendItem, a->n_series);
    for (int s = 0; s < a->n_series; s++)
        items[s] = (CopLegendItem){
            .text = a->series[s].label, .stroke = cop_series_stroke(a, s), .mark = -1};
    const double inner = 4.0 * PANEL_W + 3.0 * GAP, width = 2 * MARGIN + LEFT + inner;
    const double top = MARGIN + cop_legend_height(inner, items, a->n_series);
    CopStatus status =
        cop_plot_create(plot, width, top + r->n_curves / 2 * (HEAD + PANEL_H + FOOT), err);
    for (int i = 0; i < 2 * r->n_curves && status == COP_OK; i++) {
        const CopCurve *curve = &r->curve[i / 2];
        const bool relative = i % 2 == 1;
        CopSpan x = COP_SPAN_NONE, y = {0, 0};
        for (int k = 0; k < curve->n; k++) {
            cop_span_take(&x, fmax(0, r->probes.item[curve->first + k].level));
            for (int s = 0; s < a->n_series; s++)
                cop_span_take(&y, over_seeds(r, s, curve, k, relative).mean);
        }
        if (curve->high) /* room for no radius */
            x.lo -= 0.06 * (x.hi - x.lo);
        const CopPanel panel = {MARGIN + LEFT + i % 4 * (PANEL_W + GAP),
                                top + HEAD + i / 4 * (HEAD + PANEL_H + FOOT),
                                PANEL_W,
                                PANEL_H,
                                x.lo,
                                x.hi,
                                0,
                                fmax(1, 1.06 * y.hi)};
        put_panel(*plot, r, &panel, curve, relative);
    }
    if (status == COP_OK)
        cop_plot_legend(*plot, MARGIN + LEFT, MARGIN - 4, inner, items, a->n_series);
    g_free(items);
    return status;
}

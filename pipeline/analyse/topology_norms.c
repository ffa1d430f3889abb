/* Norms of a layer's kernels and filters: histograms, dense beside sparse.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "pipeline/analyse/layer_topology.h"

enum { BINS = 40, MARGIN = 14, PANEL_W = 320, PANEL_H = 220, LEFT = 52, GAP = 62 };

void cop_layer_norms(const CopLayerWeights *w, bool filters, double *norm)
{
    const size_t kernels = (size_t)w->out * (size_t)w->in;
    const size_t size = (size_t)w->kt * (size_t)w->ks * (filters ? (size_t)w->in : 1);
    const size_t n = filters ? (size_t)w->out : kernels;
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t k = 0; k < size; k++)
            sum += (double)w->value[i * size + k] * w->value[i * size + k];
        norm[i] = sqrt(sum);
    }
}

static size_t units_of(const CopLayerWeights *w, bool filters)
{
    return (size_t)w->out * (filters ? 1 : (size_t)w->in);
}

/* Norms of a series, all its seeds one after the other; g_malloc'ed. */
static double *norms_of(const CopTopologyFigure *figure, int series, bool filters, size_t *n)
{
    double *norm = NULL;
    *n = 0;
    for (int i = 0; i < figure->n; i++) {
        const CopLayerWeights *w = &figure->item[i].weights;
        if (figure->a->run[figure->item[i].run].series != series)
            continue;
        norm = g_renew(double, norm, *n + units_of(w, filters));
        cop_layer_norms(w, filters, norm + *n);
        *n += units_of(w, filters);
    }
    return norm;
}

/* The largest norm of all, in which the bins have one width; 1 where all are zero. */
static double top_of(const CopTopologyFigure *figure, bool filters)
{
    double top = 0;
    for (int s = 0; s < figure->a->n_series; s++) {
        size_t n;
        double *norm = norms_of(figure, s, filters, &n);
        for (size_t i = 0; i < n; i++)
            top = fmax(top, norm[i]);
        g_free(norm);
    }
    return top > 0 ? top : 1;
}

/* Shares [BINS] of the norms that are not zero, in all norms; *zero: of those that are. */
static bool histogram(const CopTopologyFigure *figure, int series, bool filters, double top,
                      double *share, double *zero)
{
    size_t n;
    double *norm = norms_of(figure, series, filters, &n);
    *zero = 0;
    for (int b = 0; b < BINS; b++)
        share[b] = 0;
    for (size_t i = 0; i < n; i++)
        if (norm[i] > 0)
            share[MIN(BINS - 1, (int)(norm[i] / top * BINS))] += 1.0 / (double)n;
        else
            *zero += 1.0 / (double)n;
    g_free(norm);
    return n > 0;
}

CopTidy *cop_topology_norms(const CopTopologyFigure *figure)
{
    static const char *const columns[] = {
        COP_SERIES_COLUMNS, "layer", "unit", "low", "high", "share", NULL};
    CopTidy *tidy = cop_tidy_create(columns);
    for (int side = 0; side < 2; side++) {
        const double top = top_of(figure, side == 1);
        for (int s = 0; s < figure->a->n_series; s++) {
            double share[BINS], zero;
            if (!histogram(figure, s, side == 1, top, share, &zero))
                continue;
            for (int b = -1; b < BINS; b++) {
                cop_tidy_series(tidy, &figure->a->series[s]);
                cop_tidy_text(tidy, figure->layer);
                cop_tidy_text(tidy, side ? "filter" : "kernel");
                cop_tidy_number(tidy, b < 0 ? 0 : top * b / BINS);
                cop_tidy_number(tidy, b < 0 ? 0 : top * (b + 1) / BINS);
                cop_tidy_number(tidy, b < 0 ? zero : share[b]);
            }
        }
    }
    return tidy;
}

/* --- the picture --------------------------------------------------------------------- */

static void put_steps(CopPlot *plot, const CopPanel *panel, const double *share, double top,
                      CopStroke stroke)
{
    double x[2 * BINS + 2], y[2 * BINS + 2];
    for (int b = 0; b < BINS; b++) {
        x[2 * b + 1] = top * b / BINS;
        x[2 * b + 2] = top * (b + 1) / BINS;
        y[2 * b + 1] = y[2 * b + 2] = 100 * share[b];
    }
    x[0] = 0;
    x[2 * BINS + 1] = top;
    y[0] = y[2 * BINS + 1] = 0;
    cop_panel_line(plot, panel, x, y, 2 * BINS + 2, stroke);
}

CopPlot *cop_topology_draw_norms(const CopTopologyFigure *figure, CopError *err)
{
    const CopAnalysis *a = figure->a;
    CopLegendItem *items = g_new0(CopLegendItem, a->n_series);
    char **texts = g_new0(char *, a->n_series + 1);
    CopPlot *plot = NULL;
    int n = 0;
    const double width = 2 * MARGIN + LEFT + 2.0 * PANEL_W + GAP, inner = width - 2 * MARGIN - LEFT;
    for (int s = 0; s < a->n_series; s++) {
        double share[BINS], zero;
        if (!histogram(figure, s, false, 1, share, &zero))
            continue;
        texts[n] = zero > 0 ? g_strdup_printf("%s (%.1f %% empty)", a->series[s].label, 100 * zero)
                            : g_strdup(a->series[s].label);
        items[n] = (CopLegendItem){.text = texts[n], .stroke = cop_series_stroke(a, s), .mark = -1};
        n++;
    }
    const double top = MARGIN + cop_legend_height(inner, items, n) + 24;
    if (cop_plot_create(&plot, width, top + PANEL_H + 46, err) == COP_OK)
        cop_plot_legend(plot, MARGIN + LEFT, MARGIN - 4, inner, items, n);
    for (int side = 0; side < 2 && plot; side++) {
        const double norm = top_of(figure, side == 1);
        CopSpan range = {0, 0};
        double share[BINS], zero;
        for (int s = 0; s < a->n_series; s++)
            if (histogram(figure, s, side == 1, norm, share, &zero))
                for (int b = 0; b < BINS; b++)
                    cop_span_take(&range, 100 * share[b]);
        const CopPanel panel = {MARGIN + LEFT + side * (PANEL_W + GAP),
                                top,
                                PANEL_W,
                                PANEL_H,
                                0,
                                norm,
                                0,
                                fmax(1, 1.06 * range.hi)};
        cop_panel_axes(plot, &panel,
                       &(CopAxes){.title = side ? "filters" : "kernels",
                                  .x_label = side ? "norm of a filter" : "norm of a kernel",
                                  .y_label = side ? "share of filters, %" : "share of kernels, %"});
        for (int s = 0; s < a->n_series; s++)
            if (histogram(figure, s, side == 1, norm, share, &zero))
                put_steps(plot, &panel, share, norm, cop_series_stroke(a, s));
    }
    g_strfreev(texts);
    g_free(items);
    return plot;
}

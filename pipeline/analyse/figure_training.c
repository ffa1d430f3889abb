/* How masks moved while the runs were trained: density, ITOP rate (Liu et al., ICML 2021), drop
 * fraction and overlap over optimiser steps, and the layers' densities before and after.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "pipeline/analyse/figures.h"
#include "pipeline/model/update_log.h"

enum { MARGIN = 14, PANEL_W = 270, PANEL_H = 165, LEFT = 50, GAP = 58, HEAD = 24, FOOT = 46 };

typedef struct Training {
    const CopAnalysis *a;
    CopUpdateLog **log; /* [n_runs]; NULL: no metrics.jsonl */
} Training;

static const CopUpdatePoint *point_at(const GArray *points, guint i)
{
    return &g_array_index(points, CopUpdatePoint, i);
}

/* --- what is shown of a point, as shares ----------------------------------------------- */

static double density(const CopUpdatePoint *p)
{
    return p->nnz / p->weights;
}

static double itop(const CopUpdatePoint *p)
{
    return p->explored / p->weights;
}

static double itop_open(const CopUpdatePoint *p)
{
    return p->open_weights > 0 ? p->open_explored / p->open_weights : NAN;
}

static double drop_fraction(const CopUpdatePoint *p)
{
    return p->drop_fraction;
}

static double overlap_last(const CopUpdatePoint *p)
{
    return p->overlap_last;
}

static double overlap_start(const CopUpdatePoint *p)
{
    return p->overlap_start;
}

/* In the order of the table's columns. */
static const struct {
    const char *title;
    double (*value)(const CopUpdatePoint *);
} shown[] = {
    {"density", density},
    {"ITOP rate: weights ever active", itop},
    {"ITOP rate of layers not full", itop_open},
    {"drop fraction", drop_fraction},
    {"mutated: new among active", cop_update_mutated},
    {"overlap with the mask before", overlap_last},
    {"overlap with the first mask", overlap_start},
};
enum { SHOWN = G_N_ELEMENTS(shown) };

/* --- tables -------------------------------------------------------------------------- */

static CopTidy *updates(const Training *t)
{
    static const char *const columns[] = {
        COP_RUN_COLUMNS, "step",    "masked_density", "itop_rate",     "itop_rate_open",
        "drop_fraction", "mutated", "overlap_last",   "overlap_start", NULL};
    CopTidy *tidy = cop_tidy_create(columns);
    for (int i = 0; i < t->a->n_runs; i++)
        for (guint k = 0; t->log[i] && k < t->log[i]->all->len; k++) {
            const CopUpdatePoint *p = point_at(t->log[i]->all, k);
            cop_tidy_run(tidy, t->a, i);
            cop_tidy_number(tidy, p->step);
            for (int v = 0; v < SHOWN; v++)
                cop_tidy_number(tidy, shown[v].value(p));
        }
    return tidy;
}

static CopTidy *layers(const Training *t)
{
    static const char *const columns[] = {
        COP_RUN_COLUMNS, "step",    "layer",    "weights",      "nonzeros",      "dropped",
        "grown",         "regrown", "explored", "overlap_last", "overlap_start", NULL};
    CopTidy *tidy = cop_tidy_create(columns);
    for (int i = 0; i < t->a->n_runs; i++)
        for (guint l = 0; t->log[i] && l < t->log[i]->layers->len; l++) {
            const CopUpdateLayer *layer = g_ptr_array_index(t->log[i]->layers, l);
            for (guint k = 0; k < layer->points->len; k++) {
                const CopUpdatePoint *p = point_at(layer->points, k);
                const double numbers[] = {p->weights,      p->nnz,          p->dropped,
                                          p->grown,        p->regrown,      p->explored,
                                          p->overlap_last, p->overlap_start};
                cop_tidy_run(tidy, t->a, i);
                cop_tidy_number(tidy, p->step);
                cop_tidy_text(tidy, layer->name);
                for (gsize n = 0; n < G_N_ELEMENTS(numbers); n++)
                    cop_tidy_number(tidy, numbers[n]);
            }
        }
    return tidy;
}

static CopTidy *epochs(const Training *t)
{
    static const char *const columns[] = {COP_RUN_COLUMNS, "epoch",     "step",        "loss",
                                          "train_top1",    "test_top1", "net_density", "itop_rate",
                                          "flops",         NULL};
    CopTidy *tidy = cop_tidy_create(columns);
    for (int i = 0; i < t->a->n_runs; i++)
        for (guint k = 0; t->log[i] && k < t->log[i]->epochs->len; k++) {
            const CopUpdateEpoch *e = &g_array_index(t->log[i]->epochs, CopUpdateEpoch, k);
            const double numbers[] = {e->epoch,     e->step,    e->loss,     e->train_top1,
                                      e->test_top1, e->density, e->explored, e->flops};
            cop_tidy_run(tidy, t->a, i);
            for (gsize n = 0; n < G_N_ELEMENTS(numbers); n++)
                cop_tidy_number(tidy, numbers[n]);
        }
    return tidy;
}

/* --- pictures ------------------------------------------------------------------------ */

static bool moves(const Training *t, int run)
{
    return t->log[run] && t->log[run]->all->len > 0;
}

static int legend(const Training *t, CopLegendItem *items)
{
    int n = 0;
    for (int s = 0; s < t->a->n_series; s++) {
        bool any = false;
        for (int i = 0; i < t->a->series[s].n; i++)
            any |= moves(t, t->a->series[s].run[i]);
        if (any)
            items[n++] = (CopLegendItem){
                .text = t->a->series[s].label, .stroke = cop_series_stroke(t->a, s), .mark = -1};
    }
    return n;
}

static void range_of(const Training *t, int what, CopSpan *x, CopSpan *y)
{
    *x = *y = COP_SPAN_NONE;
    for (int i = 0; i < t->a->n_runs; i++)
        for (guint k = 0; moves(t, i) && k < t->log[i]->all->len; k++) {
            const CopUpdatePoint *p = point_at(t->log[i]->all, k);
            cop_span_take(x, p->step);
            cop_span_take(y, 100 * shown[what].value(p));
        }
}

static void put_curves(CopPlot *plot, const Training *t, const CopPanel *panel, int what)
{
    for (int i = 0; i < t->a->n_runs; i++) {
        if (!moves(t, i))
            continue;
        const GArray *all = t->log[i]->all;
        double *x = g_new(double, all->len), *y = g_new(double, all->len);
        for (guint k = 0; k < all->len; k++) {
            x[k] = point_at(all, k)->step;
            y[k] = 100 * shown[what].value(point_at(all, k));
        }
        const CopStroke stroke = cop_series_stroke(t->a, t->a->run[i].series);
        cop_panel_line(plot, panel, x, y, (int)all->len, stroke);
        if (all->len == 1) /* a line of one point is none */
            cop_panel_mark(plot, panel, x[0], y[0], COP_MARK_DISC, stroke.colour);
        g_free(x);
        g_free(y);
    }
}

static CopStatus draw_updates(const Training *t, CopPlot **plot, CopError *err)
{
    enum { ACROSS = 3 };
    CopLegendItem *items = g_new0(CopLegendItem, t->a->n_series);
    const int n_items = legend(t, items);
    int list[SHOWN], n = 0;
    CopSpan x, y;
    for (int v = 0; v < SHOWN; v++) {
        range_of(t, v, &x, &y);
        if (y.lo <= y.hi)
            list[n++] = v;
    }
    const int across = MIN(n, ACROSS), down = (n + ACROSS - 1) / ACROSS;
    const double inner = across * (PANEL_W + GAP) - GAP, width = 2 * MARGIN + LEFT + inner;
    const double top = MARGIN + cop_legend_height(inner, items, n_items);
    const CopStatus status =
        cop_plot_create(plot, width, top + down * (HEAD + PANEL_H + FOOT + 0.0), err);
    for (int i = 0; i < n && status == COP_OK; i++) {
        range_of(t, list[i], &x, &y);
        x = cop_span_pad(x, 0.02);
        y = cop_span_pad(y, 0.07);
        const CopPanel panel = {MARGIN + LEFT + i % ACROSS * (PANEL_W + GAP),
                                top + HEAD + i / ACROSS * (HEAD + PANEL_H + FOOT),
                                PANEL_W,
                                PANEL_H,
                                x.lo,
                                x.hi,
                                y.lo,
                                y.hi};
        cop_panel_axes(*plot, &panel,
                       &(CopAxes){.title = shown[list[i]].title,
                                  .x_label = "optimiser step",
                                  .y_label = i % ACROSS == 0 ? "%" : NULL});
        put_curves(*plot, t, &panel, list[i]);
    }
    if (status == COP_OK)
        cop_plot_legend(*plot, MARGIN + LEFT, MARGIN - 4, inner, items, n_items);
    g_free(items);
    return status;
}

/* Density after the last update; where it was another after the first, that as rings. */
static void put_profile(CopPlot *plot, const Training *t, const CopPanel *panel, int series,
                        const CopUpdateLog *log)
{
    const guint n = log->layers->len;
    const CopStroke stroke = cop_series_stroke(t->a, series);
    double *x = g_new(double, n), *first = g_new(double, n), *last = g_new(double, n);
    bool moved = false;
    for (guint l = 0; l < n; l++) {
        const GArray *points = ((const CopUpdateLayer *)g_ptr_array_index(log->layers, l))->points;
        x[l] = l + 0.05 * (series - t->a->n_series / 2.0); /* or equal ones would hide each other */
        first[l] = 100 * density(point_at(points, 0));
        last[l] = 100 * density(point_at(points, points->len - 1));
        moved |= fabs(first[l] - last[l]) > 0.5;
    }
    for (guint l = 0; l < n && moved; l++) {
        cop_panel_segment(plot, panel, x[l], first[l], x[l], last[l],
                          (CopStroke){.colour = stroke.colour, .width = 0.7});
        cop_panel_mark(plot, panel, x[l], first[l], COP_MARK_RING, stroke.colour);
    }
    cop_panel_line(plot, panel, x, last, (int)n, stroke);
    for (guint l = 0; l < n; l++)
        cop_panel_mark(plot, panel, x[l], last[l], cop_series_mark(&t->a->series[series]),
                       stroke.colour);
    g_free(x);
    g_free(first);
    g_free(last);
}

/* Density of each layer after the last update, of each series' first run that has updates. */
static CopStatus draw_layers(const Training *t, CopPlot **plot, CopError *err)
{
    CopLegendItem *items = g_new0(CopLegendItem, t->a->n_series);
    const int n_items = legend(t, items);
    const GPtrArray *names = NULL; /* of the run with most layers */
    double label = 0;
    for (int i = 0; i < t->a->n_runs; i++)
        if (moves(t, i) && (!names || t->log[i]->layers->len > names->len))
            names = t->log[i]->layers;
    for (guint l = 0; names && l < names->len; l++) {
        const CopUpdateLayer *layer = g_ptr_array_index(names, l);
        label = fmax(label, cop_text_width(layer->name, 8));
    }
    const guint n = names ? names->len : 0;
    const double w = fmax(420, 15.0 * n), width = 2 * MARGIN + LEFT + w;
    const double top = MARGIN + cop_legend_height(w, items, n_items) + 6;
    const CopStatus status = cop_plot_create(plot, width, top + 220 + label + 16, err);
    if (status == COP_OK) {
        const CopPanel panel = {MARGIN + LEFT, top, w, 220, -0.5, n - 0.5, 0, 104};
        cop_panel_axes(*plot, &panel, &(CopAxes){.no_x = true, .y_label = "density, %"});
        for (guint l = 0; l < n; l++) {
            const CopUpdateLayer *layer = g_ptr_array_index(names, l);
            cop_plot_text(*plot, cop_panel_x(&panel, l), panel.y + panel.h + 6, layer->name,
                          (CopTextStyle){.size = 8,
                                         .align = 1,
                                         .valign = 0.5,
                                         .turned = true,
                                         .colour = {0.36, 0.39, 0.44}});
        }
        for (int s = 0; s < t->a->n_series; s++) {
            const int run = t->a->series[s].run[0];
            if (moves(t, run))
                put_profile(*plot, t, &panel, s, t->log[run]);
        }
        cop_plot_legend(*plot, MARGIN + LEFT, MARGIN - 4, w, items, n_items);
    }
    g_free(items);
    return status;
}

/* --- the figure ---------------------------------------------------------------------- */

static CopStatus publish(CopAnalysis *a, const Training *t, CopError *err)
{
    CopPlot *plot = NULL;
    cop_page_figure(a, "training", "Masks in training",
                    "From metrics.jsonl, a line a run. The ITOP rate is the share of "
                    "weights that were ever active. Overlap is intersection over union of two "
                    "masks. Of runs that do not log the planned drop fraction it is what was "
                    "dropped of what was active, in layers that are not full.");
    COP_TRY(draw_updates(t, &plot, err));
    COP_TRY(cop_page_plot(a, plot, "training", "Masks over optimiser steps", err));
    COP_TRY(draw_layers(t, &plot, err));
    COP_TRY(cop_page_plot(a, plot, "training_layers", "Density of each layer after the last update",
                          err));
    COP_TRY(cop_page_table(a, updates(t), "training", "updates, all layers together", err));
    COP_TRY(cop_page_table(a, layers(t), "training_layers", "updates a layer", err));
    COP_TRY(cop_page_table(a, epochs(t), "training_epochs", "epochs", err));
    return COP_OK;
}

CopStatus cop_figure_training(CopAnalysis *a, CopError *err)
{
    const Training t = {a, g_new0(CopUpdateLog *, a->n_runs)};
    bool any = false;
    for (int i = 0; i < a->n_runs; i++) {
        t.log[i] = cop_update_log_read(a->run[i].folder);
        any |= moves(&t, i);
    }
    const CopStatus status =
        any ? publish(a, &t, err)
            : cop_error_set(err, COP_ERR_DATA, "no run's metrics.jsonl has an update of masks");
    for (int i = 0; i < a->n_runs; i++)
        cop_update_log_free(t.log[i]);
    g_free(t.log);
    return status;
}

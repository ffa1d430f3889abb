/* Topology of a layer: maps of kernels and sorted degrees.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "pipeline/analyse/layer_topology.h"

enum { MARGIN = 14, HEAD = 24 };

static const CopInk ink = {0.12, 0.13, 0.15}, soft = {0.36, 0.39, 0.44};

/* The series that have a mask in this layer, in order; [n_series]. */
static int list_series(const CopTopologyFigure *figure, int *list)
{
    int n = 0;
    for (int s = 0; s < figure->a->n_series; s++) {
        bool masked = false;
        for (int i = 0; i < figure->n; i++)
            masked |=
                figure->a->run[figure->item[i].run].series == s && figure->item[i].density < 1;
        if (masked)
            list[n++] = s;
    }
    return n;
}

static const CopTopologyRun *first_of(const CopTopologyFigure *figure, int series)
{
    for (int i = 0; i < figure->n; i++)
        if (figure->a->run[figure->item[i].run].series == series)
            return &figure->item[i];
    return NULL;
}

/* --- maps ---------------------------------------------------------------------------- */

enum { MAP = 150, MAP_GAP = 16, NAME = 96, ROW_GAP = 40 };

static void put_map(CopPlot *plot, const CopTopologyRun *item, const CopPanel *panel, int slice,
                    bool first, bool last, bool titled)
{
    const CopLayerWeights *w = &item->weights;
    const gsize kernels = (gsize)w->out * (gsize)w->in;
    int *count = g_new(int, kernels);
    double *share = g_new(double, kernels);
    char title[64];
    const int size = slice < 0 ? w->kt * w->ks : w->ks;
    cop_kernel_counts(w, slice, count);
    for (gsize i = 0; i < kernels; i++)
        share[i] = (double)count[i] / size;
    cop_panel_cells(plot, panel, share, w->out, w->in, 0, 1, cop_colour_amount);
    if (slice < 0)
        g_snprintf(title, sizeof title, "all %d weights", size);
    else
        g_snprintf(title, sizeof title, "t = %d, %d weights", slice, size);
    if (titled)
        cop_plot_text(plot, panel->x, panel->y - 4, title,
                      (CopTextStyle){.valign = 1, .colour = soft});
    cop_panel_axes(plot, panel,
                   &(CopAxes){.no_grid_x = true,
                              .no_grid_y = true,
                              .no_y = slice >= 0,
                              .ticks_x = 3,
                              .ticks_y = 3,
                              .x_label = last ? "input channel" : NULL,
                              .y_label = first ? "output channel" : NULL});
    g_free(count);
    g_free(share);
}

/* Where maps go: a row a series and a column a slice, or without slices as many as fit in a row. */
typedef struct Board {
    int slices, across, down;
    double left, top, step, row, map_h;
} Board;

static Board plan_maps(const CopLayerWeights *shape, int n)
{
    enum { ACROSS = 4 };
    Board b = {.slices = shape->kt > 1 ? shape->kt : 0};
    const int wanted = b.slices ? 1 : MIN(n, ACROSS);
    b.down = (n + wanted - 1) / wanted;
    b.across = (n + b.down - 1) / b.down;
    /* Kernels are square cells unless that makes a map a line. */
    b.map_h = fmin(2 * MAP, fmax(MAP / 2.0, (double)MAP * shape->out / shape->in));
    b.left = MARGIN + 46 + (b.slices ? NAME : 0);
    b.top = MARGIN + (b.slices ? 14 : 28);
    b.step = MAP + MAP_GAP + (b.slices ? 0 : 26);
    b.row = b.map_h + ROW_GAP + (b.slices ? 0 : 24);
    return b;
}

static void put_name(CopPlot *plot, const CopTopologyFigure *figure, int series, double x, double y)
{
    const CopTopologyRun *item = first_of(figure, series);
    char density[64];
    cop_plot_text(
        plot, x, y, figure->a->series[series].label,
        (CopTextStyle){.size = COP_TEXT_TITLE, .valign = 0.5, .bold = true, .colour = ink});
    g_snprintf(density, sizeof density, "layer density %.3g", item->density);
    cop_plot_text(plot, x, y + 15, density, (CopTextStyle){.valign = 0.5, .colour = soft});
}

CopPlot *cop_topology_draw_maps(const CopTopologyFigure *figure, CopError *err)
{
    int *list = g_new(int, figure->a->n_series + 1);
    const int n = list_series(figure, list);
    CopPlot *plot = NULL;
    if (n == 0) {
        cop_error_set(err, COP_ERR_DATA, "%s: no run masks it", figure->layer);
        g_free(list);
        return NULL;
    }
    const Board b = plan_maps(&first_of(figure, list[0])->weights, n);
    const int columns = b.across * (1 + b.slices);
    if (cop_plot_create(&plot, b.left + columns * b.step + 60, b.top + b.down * b.row + 16, err) !=
        COP_OK) {
        g_free(list);
        return NULL;
    }
    for (int i = 0; i < n; i++) {
        const CopTopologyRun *item = first_of(figure, list[i]);
        const double x = b.left + i % b.across * b.step, y = b.top + i / b.across * b.row;
        if (b.slices)
            put_name(plot, figure, list[i], MARGIN, y + b.map_h / 2 - 8);
        else
            put_name(plot, figure, list[i], x, y - 25);
        for (int t = -1; t < b.slices; t++) {
            const CopPanel panel = {x + (t + 1) * b.step, y, MAP, b.map_h, 0, item->weights.in,
                                    item->weights.out,    0};
            put_map(plot, item, &panel, t, t < 0 && i % b.across == 0, i + b.across >= n,
                    b.slices > 0);
        }
    }
    cop_plot_scale(plot, b.left + columns * b.step - (b.slices ? 0 : 20), b.top, 10,
                   fmin(b.map_h, MAP), 0, 1, cop_colour_amount, "active share");
    g_free(list);
    return plot;
}

/* --- degrees ------------------------------------------------------------------------- */

enum { PANEL_W = 290, PANEL_H = 130, LEFT = 52, GAP = 62, FOOT = 44 };

/* Sorted curves of all seeds, over the band of a random mask of the first one's density. */
static void put_degrees(CopPlot *plot, const CopTopologyFigure *figure, int series,
                        const CopPanel *panel, bool inputs)
{
    const CopTopologyRun *first = first_of(figure, series);
    const CopLayerWeights *w = &first->weights;
    const int n = inputs ? w->in : w->out, size = w->kt * w->ks * (inputs ? w->out : w->in);
    double *x = g_new(double, n), *low = g_new(double, n), *high = g_new(double, n),
           *middle = g_new(double, n);
    const double percent = 100.0 / size;
    for (int i = 0; i < n; i++) {
        x[i] = i + 1;
        low[i] = percent * cop_binomial_order_quantile(size, first->density, n, n - i, 0.025);
        high[i] = percent * cop_binomial_order_quantile(size, first->density, n, n - i, 0.975);
        middle[i] = percent * cop_binomial_order_quantile(size, first->density, n, n - i, 0.5);
    }
    cop_panel_band(plot, panel, x, low, high, n, (CopInk){0.3, 0.3, 0.3});
    cop_panel_line(plot, panel, x, middle, n,
                   (CopStroke){.colour = {0.45, 0.45, 0.45}, .width = 1, .dash = 1});
    for (int k = 0; k < figure->n; k++) {
        const CopTopologyRun *item = &figure->item[k];
        if (figure->a->run[item->run].series != series)
            continue;
        for (int i = 0; i < n; i++)
            low[i] = percent * (inputs ? item->input : item->output)[i];
        CopStroke stroke = cop_series_stroke(figure->a, series);
        stroke.dash = 0;
        cop_panel_line(plot, panel, x, low, n, stroke);
    }
    g_free(x);
    g_free(low);
    g_free(high);
    g_free(middle);
}

/* "rigl 0.5: inputs, dispersion 1.31 times a random mask's" */
static char *title_of(const CopTopologyFigure *figure, int series, bool inputs)
{
    const CopTopologyRun *first = first_of(figure, series);
    const CopLayerWeights *w = &first->weights;
    const double ratio =
        cop_dispersion(inputs ? first->input : first->output, inputs ? w->in : w->out) /
        (1 - first->density);
    return g_strdup_printf("%s: dispersion %.2f × random", figure->a->series[series].label, ratio);
}

static CopSpan range_of(const CopTopologyFigure *figure, int series)
{
    CopSpan range = COP_SPAN_NONE;
    for (int i = 0; i < figure->n; i++) {
        const CopTopologyRun *item = &figure->item[i];
        const CopLayerWeights *w = &item->weights;
        const double of_input = 100.0 / (w->kt * w->ks * w->out);
        const double of_output = 100.0 / (w->kt * w->ks * w->in);
        if (figure->a->run[item->run].series != series)
            continue;
        cop_span_take(&range, of_input * item->input[0]);
        cop_span_take(&range, of_input * item->input[w->in - 1]);
        cop_span_take(&range, of_output * item->output[0]);
        cop_span_take(&range, of_output * item->output[w->out - 1]);
        /* The band, too. */
        const int size = w->kt * w->ks * w->out, n = w->in;
        cop_span_take(&range,
                      of_input * cop_binomial_order_quantile(size, item->density, n, n, 0.975));
        cop_span_take(&range,
                      of_input * cop_binomial_order_quantile(size, item->density, n, 1, 0.025));
    }
    return cop_span_pad(range, 0.08);
}

CopPlot *cop_topology_draw_degrees(const CopTopologyFigure *figure, CopError *err)
{
    int *list = g_new(int, figure->a->n_series + 1);
    const int n = list_series(figure, list);
    CopPlot *plot = NULL;
    const double width = 2 * MARGIN + LEFT + 2.0 * PANEL_W + GAP, legend = 22;
    if (cop_plot_create(&plot, width, MARGIN + legend + n * (HEAD + PANEL_H + FOOT + 0.0), err) !=
        COP_OK) {
        g_free(list);
        return NULL;
    }
    const CopLegendItem items[] = {
        {.text = "a seed’s channels, sorted", .stroke = {.colour = {0, 0.45, 0.70}}, .mark = -1},
        {.text = "random mask, median",
         .stroke = {.colour = {0.45, 0.45, 0.45}, .width = 1, .dash = 1},
         .mark = -1},
        {.text = "95 % of random masks",
         .stroke = {.colour = {0.3, 0.3, 0.3}, .fade = 0.82},
         .mark = -1,
         .box = true}};
    cop_plot_legend(plot, MARGIN + LEFT, MARGIN - 4, width, items, 3);
    for (int i = 0; i < n; i++) {
        const CopSpan range = range_of(figure, list[i]);
        for (int side = 0; side < 2; side++) {
            const CopTopologyRun *first = first_of(figure, list[i]);
            const int channels = side == 0 ? first->weights.in : first->weights.out;
            const CopPanel panel = {MARGIN + LEFT + side * (PANEL_W + GAP),
                                    MARGIN + legend + HEAD + i * (HEAD + PANEL_H + FOOT),
                                    PANEL_W,
                                    PANEL_H,
                                    0.5,
                                    channels + 0.5,
                                    range.lo,
                                    range.hi};
            char *title = title_of(figure, list[i], side == 0);
            cop_panel_axes(plot, &panel,
                           &(CopAxes){.title = title,
                                      .x_label = side == 0 ? "rank of the input channel"
                                                           : "rank of the output channel",
                                      .y_label = "active, %"});
            g_free(title);
            put_degrees(plot, figure, list[i], &panel, side == 0);
        }
    }
    g_free(list);
    return plot;
}

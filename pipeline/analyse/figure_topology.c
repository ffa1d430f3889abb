/* Topology of a layer (Wu et al., ICLR 2025, figure 5): where its non-zeros are, and whether that
 * is chance. Tables; pictures are topology_draw.c's.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdlib.h>

#include "pipeline/analyse/figures.h"
#include "pipeline/analyse/layer_topology.h"

static const double band_low = 0.025, band_high = 0.975;

/* --- numbers ------------------------------------------------------------------------- */

typedef struct Ranked {
    int degree, channel;
} Ranked;

static int by_degree(const void *x, const void *y)
{
    const Ranked *a = x, *b = y;
    return a->degree != b->degree ? b->degree - a->degree : a->channel - b->channel;
}

/* Sorts degrees [n] in place; returns the channels, in the new order. */
static int *sort_degrees(int *degree, int n)
{
    Ranked *ranked = g_new(Ranked, n);
    int *channel = g_new(int, n);
    for (int i = 0; i < n; i++)
        ranked[i] = (Ranked){degree[i], i};
    qsort(ranked, (size_t)n, sizeof *ranked, by_degree);
    for (int i = 0; i < n; i++) {
        degree[i] = ranked[i].degree;
        channel[i] = ranked[i].channel;
    }
    g_free(ranked);
    return channel;
}

static CopStatus read_item(CopTopologyFigure *figure, int run, CopError *err)
{
    CopTopologyRun item = {.run = run};
    COP_TRY(cop_layer_weights_read(&figure->a->run[run], figure->layer, &item.weights, err));
    const CopLayerWeights *w = &item.weights;
    item.density = cop_layer_density(w);
    item.count = g_new(int, (gsize)w->out *(gsize)w->in);
    item.input = g_new(int, w->in);
    item.output = g_new(int, w->out);
    cop_kernel_counts(w, -1, item.count);
    cop_input_degrees(item.count, w->out, w->in, item.input);
    cop_output_degrees(item.count, w->out, w->in, item.output);
    item.input_channel = sort_degrees(item.input, w->in);
    item.output_channel = sort_degrees(item.output, w->out);
    figure->item[figure->n++] = item;
    return COP_OK;
}

static void free_figure(CopTopologyFigure *figure)
{
    for (int i = 0; i < figure->n; i++) {
        CopTopologyRun *item = &figure->item[i];
        cop_layer_weights_free(&item->weights);
        g_free(item->count);
        g_free(item->input);
        g_free(item->output);
        g_free(item->input_channel);
        g_free(item->output_channel);
    }
    g_free(figure->item);
    g_free(figure->layer);
}

/* --- tables -------------------------------------------------------------------------- */

static void put_run(CopTidy *tidy, const CopTopologyFigure *figure, const CopTopologyRun *item)
{
    cop_tidy_run(tidy, figure->a, item->run);
    cop_tidy_text(tidy, figure->layer);
}

static void put_spread(CopTidy *tidy, const CopTopologyFigure *figure, const CopTopologyRun *item,
                       int slice, const char *unit, const int *count, int n, int size)
{
    int64_t sum = 0, empty = 0;
    for (int i = 0; i < n; i++) {
        sum += count[i];
        empty += count[i] == 0;
    }
    const double density = (double)sum / ((double)n * size), dispersion = cop_dispersion(count, n);
    put_run(tidy, figure, item);
    if (slice < 0)
        cop_tidy_text(tidy, "all");
    else
        cop_tidy_count(tidy, slice);
    cop_tidy_text(tidy, unit);
    cop_tidy_count(tidy, n);
    cop_tidy_count(tidy, size);
    cop_tidy_count(tidy, sum);
    cop_tidy_number(tidy, density);
    cop_tidy_number(tidy, (double)empty / n);
    cop_tidy_number(tidy, dispersion);
    cop_tidy_number(tidy, 1 - density);
    cop_tidy_number(tidy, density < 1 ? dispersion / (1 - density) : NAN);
}

/* Kernels, input and output channels, of the whole and of each temporal slice. */
static CopTidy *spreads(const CopTopologyFigure *figure)
{
    static const char *const columns[] = {COP_RUN_COLUMNS,
                                          "layer",
                                          "slice",
                                          "unit",
                                          "units",
                                          "size",
                                          "nonzeros",
                                          "layer_density",
                                          "empty",
                                          "dispersion",
                                          "dispersion_random",
                                          "ratio",
                                          NULL};
    CopTidy *tidy = cop_tidy_create(columns);
    for (int i = 0; i < figure->n; i++) {
        const CopTopologyRun *item = &figure->item[i];
        const CopLayerWeights *w = &item->weights;
        int *count = g_new(int, (gsize)w->out *(gsize)w->in);
        int *degree = g_new(int, MAX(w->out, w->in));
        for (int t = -1; t < (w->kt > 1 ? w->kt : 0); t++) {
            const int size = t < 0 ? w->kt * w->ks : w->ks;
            cop_kernel_counts(w, t, count);
            put_spread(tidy, figure, item, t, "kernel", count, w->out * w->in, size);
            cop_input_degrees(count, w->out, w->in, degree);
            put_spread(tidy, figure, item, t, "input", degree, w->in, size * w->out);
            cop_output_degrees(count, w->out, w->in, degree);
            put_spread(tidy, figure, item, t, "output", degree, w->out, size * w->in);
        }
        g_free(count);
        g_free(degree);
    }
    return tidy;
}

static void put_degrees(CopTidy *tidy, const CopTopologyFigure *figure, const CopTopologyRun *item,
                        bool inputs)
{
    const CopLayerWeights *w = &item->weights;
    const int n = inputs ? w->in : w->out, size = w->kt * w->ks * (inputs ? w->out : w->in);
    const int *degree = inputs ? item->input : item->output;
    const int *channel = inputs ? item->input_channel : item->output_channel;
    const double d = item->density;
    for (int i = 0; i < n; i++) {
        put_run(tidy, figure, item);
        cop_tidy_text(tidy, inputs ? "input" : "output");
        cop_tidy_count(tidy, i + 1);
        cop_tidy_count(tidy, channel[i]);
        cop_tidy_count(tidy, degree[i]);
        cop_tidy_number(tidy, (double)degree[i] / size);
        cop_tidy_count(tidy, cop_binomial_order_quantile(size, d, n, n - i, 0.5));
        cop_tidy_count(tidy, cop_binomial_order_quantile(size, d, n, n - i, band_low));
        cop_tidy_count(tidy, cop_binomial_order_quantile(size, d, n, n - i, band_high));
    }
}

static CopTidy *degrees(const CopTopologyFigure *figure)
{
    static const char *const columns[] = {COP_RUN_COLUMNS, "layer",       "unit",  "rank",
                                          "channel",       "degree",      "share", "random",
                                          "random_low",    "random_high", NULL};
    CopTidy *tidy = cop_tidy_create(columns);
    for (int i = 0; i < figure->n; i++)
        for (int side = 0; side < 2 && figure->item[i].density < 1; side++)
            put_degrees(tidy, figure, &figure->item[i], side == 0);
    return tidy;
}

/* One run a series: the maps of all seeds would be large, and say the same. */
static CopTidy *kernels(const CopTopologyFigure *figure)
{
    static const char *const columns[] = {COP_RUN_COLUMNS, "layer",    "output", "input",
                                          "slice",         "nonzeros", NULL};
    CopTidy *tidy = cop_tidy_create(columns);
    for (int k = 0; k < figure->n; k++) {
        const CopTopologyRun *item = &figure->item[k];
        const CopLayerWeights *w = &item->weights;
        const CopAnalysisRun *run = &figure->a->run[item->run];
        if (figure->a->series[run->series].first != run || item->density >= 1)
            continue;
        int *count = g_new(int, (gsize)w->out *(gsize)w->in);
        for (int t = 0; t < w->kt; t++) {
            cop_kernel_counts(w, t, count);
            for (int o = 0; o < w->out; o++)
                for (int i = 0; i < w->in; i++) {
                    put_run(tidy, figure, item);
                    cop_tidy_count(tidy, o);
                    cop_tidy_count(tidy, i);
                    cop_tidy_count(tidy, t);
                    cop_tidy_count(tidy, count[(gsize)o * (gsize)w->in + (gsize)i]);
                }
        }
        g_free(count);
    }
    return tidy;
}

/* --- the figure ---------------------------------------------------------------------- */

static CopStatus publish(CopAnalysis *a, const CopTopologyFigure *figure, CopError *err)
{
    char *caption = g_strdup_printf(
        "Layer %s. Maps show how many weights of each kernel are active, of the first "
        "seed. Degrees are the active weights of a channel, sorted; the band holds 95 %% of what "
        "each rank has where the mask is random. Dispersion: variance over mean; its ratio is 1 "
        "for a random mask, larger where pruning is concentrated.",
        figure->layer);
    cop_page_figure(a, "topology", "Topology", caption);
    g_free(caption);
    COP_TRY(cop_page_plot(a, cop_topology_draw_maps(figure, err), "topology_map",
                          "Active weights of each kernel", err));
    COP_TRY(cop_page_plot(a, cop_topology_draw_degrees(figure, err), "topology_degrees",
                          "Degrees of channels against a random mask", err));
    COP_TRY(cop_page_plot(a, cop_topology_draw_norms(figure, err), "topology_norms",
                          "Norms of kernels and filters", err));
    COP_TRY(
        cop_page_table(a, spreads(figure), "topology", "dispersion a run, unit and slice", err));
    COP_TRY(cop_page_table(a, degrees(figure), "topology_degrees", "degrees, sorted", err));
    COP_TRY(cop_page_table(a, kernels(figure), "topology_kernels",
                           "non-zeros a kernel and temporal slice, first seeds", err));
    COP_TRY(cop_page_table(a, cop_topology_norms(figure), "topology_norms", "histograms of norms",
                           err));
    return COP_OK;
}

CopStatus cop_figure_topology(CopAnalysis *a, CopError *err)
{
    CopTopologyFigure figure = {.a = a, .item = g_new0(CopTopologyRun, a->n_runs)};
    CopStatus status = COP_OK;
    if (a->options->layer)
        figure.layer = g_strdup(a->options->layer);
    else
        status = cop_layer_choose(a, &figure.layer, err);
    CopError why = {0}; /* of the first run that cannot be taken */
    for (int i = 0; i < a->n_runs && status == COP_OK; i++) {
        /* Nets of another width have another layer of that name, other nets may have none. */
        if (a->run[i].control == COP_CONTROL_NONE)
            status = read_item(&figure, i, &why);
        if (status == COP_ERR_DATA)
            status = COP_OK;
    }
    if (status == COP_OK && figure.n == 0)
        status = COP_ERR_DATA;
    if (status == COP_OK)
        status = publish(a, &figure, err);
    else
        cop_error_set(err, status, "%s",
                      why.text[0] ? why.text : "all runs are dense nets of another width");
    free_figure(&figure);
    return status;
}

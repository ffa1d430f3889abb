/* Gain by severity, corruptions ordered by what of their energy is of high frequency (Wu et al.,
 * ICLR 2025, figure 3; the order after Saikia et al., ICCV 2021), measured on the runs' own test
 * clips.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/analyse/clip_walk.h"
#include "pipeline/analyse/figures.h"
#include "pipeline/analyse/gain.h"
#include "pipeline/analyse/spectral_filter.h"

enum { CLIPS = 64, SEVERITY = 3 };

/* One corruption: shares over pictures, and over clips. */
typedef struct Share {
    int variant;           /* 1 and up */
    CopMoments high, fast; /* E_hf of each picture; energy above half of Nyquist's over time */
} Share;

typedef struct Energy {
    CopAnalysis *a;
    CopClipWalk walk;
    CopVariants variants;
    CopSpectral *spectral;
    Share *share; /* [variants - 1] */
    int n, clips;
    float *clean, *corrupt; /* [3][t][h][w] */
} Energy;

/* --- measuring ------------------------------------------------------------------------- */

/* E_hf of a picture adds its channels up before it divides; one that the corruption leaves as it is
 * says nothing. */
static void measure(Energy *e, Share *share, const float *difference)
{
    const CopGridInput *input = &e->walk.input;
    const size_t picture = (size_t)input->h * (size_t)input->w;
    const int frames = input->sample.frames;
    CopEnergy time = {0};
    for (int t = 0; t < frames; t++) {
        CopEnergy sum = {0};
        for (int c = 0; c < 3; c++) {
            const CopEnergy part = cop_spectral_energy(
                e->spectral, difference + ((size_t)c * (size_t)frames + (size_t)t) * picture);
            sum.high += part.high;
            sum.all += part.all;
        }
        /* Rounding of floats is not corruption. */
        if (sum.all > 1e-9 * (double)picture)
            cop_moments_add(&share->high, sum.high / sum.all);
    }
    for (int c = 0; c < 3 && frames > 1; c++) {
        const CopEnergy part =
            cop_temporal_energy(e->spectral, difference + (size_t)c * (size_t)frames * picture);
        time.high += part.high;
        time.all += part.all;
    }
    if (time.all > 1e-9 * (double)picture)
        cop_moments_add(&share->fast, time.high / time.all);
}

static CopStatus visit(void *ctx, const CopGridSlot *slot, int place, CopError *err)
{
    Energy *e = ctx;
    const CopPrepare *prepare = &e->walk.input.prepare;
    const CopTensor *x = &slot->x[0];
    const size_t volume = (size_t)x->t * (size_t)x->h * (size_t)x->w;
    (void)place;
    (void)err;
    if (slot->error.status != COP_OK)
        return COP_OK;
    e->clips++;
    /* The first view: lane of variant v is v. */
    cop_tensor_store_lane(x, 0, e->clean);
    for (int i = 0; i < e->n; i++) {
        cop_tensor_store_lane(x, e->share[i].variant, e->corrupt);
        for (size_t k = 0; k < 3 * volume; k++)
            e->corrupt[k] = (e->corrupt[k] - e->clean[k]) * (float)prepare->std[k / volume];
        measure(e, &e->share[i], e->corrupt);
    }
    return COP_OK;
}

/* The corruptions of the results, or else of the configuration, at one severity. */
static CopStatus make_variants(Energy *e, CopError *err)
{
    const CopResults *r = e->a->results;
    CopCorruptOptions options = e->walk.config->corrupt;
    double severity = SEVERITY;
    char **names = r ? g_new0(char *, r->n_corruptions + 1) : NULL;
    for (int i = 0; r && i < r->n_corruptions; i++)
        names[i] = g_strdup(r->corruptions[i].name);
    if (r && r->n_corruptions)
        options.corruptions = (CopStrings){.item = names, .n = r->n_corruptions};
    options.severities = (CopDoubles){.item = &severity, .n = 1};
    const CopStatus status = cop_variants_create(&e->variants, &options, NULL, err);
    g_strfreev(names);
    COP_TRY(status);
    e->n = e->variants.n - 1;
    e->share = g_new0(Share, e->n + 1);
    for (int i = 0; i < e->n; i++)
        e->share[i].variant = i + 1;
    return e->n ? COP_OK : cop_error_set(err, COP_ERR_DATA, "the runs name no corruption");
}

/* The highest share first; unknown ones last. */
static int by_share(const void *x, const void *y)
{
    const Share *a = x, *b = y;
    const double p = a->high.n ? a->high.mean : -1, q = b->high.n ? b->high.mean : -1;
    return p != q ? (p < q ? 1 : -1) : a->variant - b->variant;
}

static CopStatus measure_all(Energy *e, CopError *err)
{
    const int limit = e->a->options->limit ? e->a->options->limit : CLIPS;
    COP_TRY(cop_clip_walk_open(&e->walk, e->a, 1, limit, err));
    COP_TRY(make_variants(e, err));
    const CopGridInput *input = &e->walk.input;
    const gsize floats = (gsize)3 * (gsize)input->sample.frames * (gsize)input->h * (gsize)input->w;
    e->clean = g_new(float, floats);
    e->corrupt = g_new(float, floats);
    COP_TRY(cop_spectral_create(&e->spectral, input->sample.frames, input->h, input->w));
    COP_TRY(cop_clip_walk_run(&e->walk, &e->variants, NULL, "energy", visit, e, err));
    qsort(e->share, (size_t)e->n, sizeof *e->share, by_share);
    return COP_OK;
}

/* --- table ----------------------------------------------------------------------------- */

static const char *name_at(const Energy *e, int i)
{
    return cop_variant_name(&e->variants.item[e->share[i].variant]);
}

static CopTidy *table(const Energy *e)
{
    static const char *const columns[] = {"rank",     "corruption",  "family", "severity",
                                          "clips",    "pictures",    "high",   "high_sd",
                                          "temporal", "temporal_sd", NULL};
    CopTidy *tidy = cop_tidy_create(columns);
    for (int i = 0; i < e->n; i++) {
        const Share *s = &e->share[i];
        const CopSpread high = cop_spread(&s->high), fast = cop_spread(&s->fast);
        const CopVariant *variant = &e->variants.item[s->variant];
        cop_tidy_count(tidy, i + 1);
        cop_tidy_text(tidy, cop_variant_name(variant));
        cop_tidy_text(tidy, cop_variant_family(variant));
        cop_tidy_number(tidy, variant->severity);
        cop_tidy_count(tidy, e->clips);
        cop_tidy_count(tidy, s->high.n);
        cop_tidy_number(tidy, high.mean);
        cop_tidy_number(tidy, high.deviation);
        cop_tidy_number(tidy, fast.mean);
        cop_tidy_number(tidy, fast.deviation);
    }
    return tidy;
}

/* --- picture: shares on top, a row of bars a series below ------------------------------- */

enum { MARGIN = 14, LEFT = 52, SLOT = 46, TOP_H = 110, ROW_H = 96, HEAD = 24, GAP = 14 };

static const CopInk ink = {0.12, 0.13, 0.15}, soft = {0.36, 0.39, 0.44};

static bool has_gains(const Energy *e, int series)
{
    return e->a->results && e->a->baseline >= 0 && cop_gain_has(e->a, series) &&
           cop_series_is_sparse(&e->a->series[series]);
}

static void put_shares(CopPlot *plot, const Energy *e, const CopPanel *panel)
{
    const CopInk spatial = cop_colour_method("rigl"), temporal = cop_colour_method("mest_r");
    const bool clips = e->walk.input.sample.frames > 1;
    cop_panel_axes(plot, panel,
                   &(CopAxes){.title = "energy above half of Nyquist’s frequency",
                              .no_x = true,
                              .y_label = "share, %"});
    for (int i = 0; i < e->n; i++) {
        const Share *s = &e->share[i];
        const double split = clips ? 0 : 0.3;
        cop_panel_box(plot, panel, i - 0.3, 0, i + split, s->high.n ? 100 * s->high.mean : NAN,
                      spatial);
        if (clips)
            cop_panel_box(plot, panel, i + 0.02, 0, i + 0.3, s->fast.n ? 100 * s->fast.mean : NAN,
                          temporal);
    }
    const CopLegendItem items[] = {
        {.text = "in space", .stroke = {.colour = spatial}, .mark = -1, .box = true},
        {.text = "in time", .stroke = {.colour = temporal}, .mark = -1, .box = true}};
    if (clips)
        cop_plot_legend(plot, panel->x + panel->w - 170, panel->y + 2, 170, items, 2);
}

static int corruption_of(const Energy *e, int i)
{
    const CopResults *r = e->a->results;
    for (int c = 0; c < r->n_corruptions; c++)
        if (strcmp(r->corruptions[c].name, name_at(e, i)) == 0)
            return c;
    return -1;
}

static CopInk severity_colour(double severity)
{
    return cop_colour_step((severity - 1) / (COP_SEVERITIES - 1));
}

/* Bars of relative gain, a severity each; their whiskers are a deviation over seeds. */
static void put_gains(CopPlot *plot, const Energy *e, const CopPanel *panel, int series)
{
    const CopResults *r = e->a->results;
    char *title = g_strdup(e->a->series[series].label);
    cop_panel_axes(
        plot, panel,
        &(CopAxes){.title = title, .no_x = true, .ticks_y = 4, .y_label = "relative gain, %"});
    g_free(title);
    for (int i = 0; i < e->n; i++) {
        const int c = corruption_of(e, i);
        if (c < 0)
            continue;
        const int n = r->corruptions[c].n;
        for (int k = 0; k < n; k++) {
            const CopSpread gain =
                cop_gain_column(e->a, series, r->corruptions[c].first + k).relative;
            const double at = i - 0.4 + 0.8 * k / n, mean = 100 * gain.mean,
                         sd = 100 * gain.deviation;
            cop_panel_box(plot, panel, at, 0, at + 0.8 / n, mean,
                          severity_colour(r->columns[r->corruptions[c].first + k].severity));
            if (isfinite(sd))
                cop_panel_segment(plot, panel, at + 0.4 / n, mean - sd, at + 0.4 / n, mean + sd,
                                  (CopStroke){.colour = soft, .width = 0.7});
        }
    }
    cop_panel_segment(plot, panel, panel->x0, 0, panel->x1, 0,
                      (CopStroke){.colour = ink, .width = 1});
}

static int by_value(const void *x, const void *y)
{
    const double *a = x, *b = y;
    return *a < *b ? -1 : *a > *b;
}

/* Where the baseline is nearly always wrong, gains are many times it: what lies far beyond nearly
 * all bars is cut off, so that the others can be seen. */
static CopSpan gains_span(const Energy *e, int *rows)
{
    const int columns = e->a->results ? e->a->results->n_columns : 0;
    double *size = g_new(double, e->a->n_series *MAX(columns, 1));
    CopSpan span = {0, 0}, all = {0, 0}; /* all: with their deviations */
    int n = 0;
    *rows = 0;
    for (int s = 0; s < e->a->n_series; s++) {
        if (!has_gains(e, s))
            continue;
        ++*rows;
        for (int k = 1; k < columns; k++) {
            const CopSpread gain = cop_gain_column(e->a, s, k).relative;
            const double sd = isfinite(gain.deviation) ? gain.deviation : 0;
            cop_span_take(&all, 100 * (gain.mean - sd));
            cop_span_take(&all, 100 * (gain.mean + sd));
            cop_span_take(&span, 100 * fmin(0, gain.mean)); /* no less than -100 */
            if (isfinite(gain.mean))
                size[n++] = 100 * fabs(gain.mean);
        }
    }
    qsort(size, (size_t)n, sizeof *size, by_value);
    const double most = n ? 1.5 * size[(n - 1) * 9 / 10] + 1 : 1;
    cop_span_take(&span, fmax(all.lo, -most));
    cop_span_take(&span, fmin(all.hi, most));
    g_free(size);
    return cop_span_pad(span, 0.06);
}

static void put_names(CopPlot *plot, const Energy *e, const CopPanel *panel)
{
    for (int i = 0; i < e->n; i++) {
        char *name = g_strdelimit(g_strdup(name_at(e, i)), "_", ' ');
        cop_plot_text(plot, cop_panel_x(panel, i), panel->y + panel->h + 6, name,
                      (CopTextStyle){.align = 1, .valign = 0.5, .turned = true, .colour = ink});
        g_free(name);
    }
}

static void put_severities(CopPlot *plot, const Energy *e, double x, double y, double w)
{
    const CopResults *r = e->a->results;
    CopLegendItem *items = g_new0(CopLegendItem, r->n_slices + 1);
    char **texts = g_new0(char *, r->n_slices + 1);
    int n = 0;
    for (int i = 0; i < r->n_slices; i++) {
        if (r->slices[i].kind != COP_SLICE_SEVERITY)
            continue;
        texts[n] = g_strdup_printf("%s%g", n ? "" : "severity ", r->slices[i].severity);
        items[n] = (CopLegendItem){.text = texts[n],
                                   .stroke = {.colour = severity_colour(r->slices[i].severity)},
                                   .mark = -1,
                                   .box = true};
        n++;
    }
    cop_plot_legend(plot, x, y, w, items, n);
    g_strfreev(texts);
    g_free(items);
}

static CopStatus draw(const Energy *e, CopPlot **plot, CopError *err)
{
    int rows, at = 0;
    const CopSpan span = gains_span(e, &rows);
    const double w = fmax(360, SLOT * e->n), width = 2 * MARGIN + LEFT + w;
    double names = 0;
    for (int i = 0; i < e->n; i++)
        names = fmax(names, cop_text_width(name_at(e, i), 0));
    const double legend = rows ? 20 : 0;
    const double height = MARGIN + HEAD + TOP_H + legend + rows * (HEAD + ROW_H + GAP) + names + 20;
    COP_TRY(cop_plot_create(plot, width, height, err));
    const CopPanel top = {MARGIN + LEFT, MARGIN + HEAD - 8, w, TOP_H, -0.5, e->n - 0.5, 0, 104};
    CopPanel panel = top;
    put_shares(*plot, e, &top);
    for (int s = 0; s < e->a->n_series; s++) {
        if (!has_gains(e, s))
            continue;
        panel = (CopPanel){MARGIN + LEFT,
                           top.y + TOP_H + legend + HEAD + at++ * (HEAD + ROW_H + GAP) + 6,
                           w,
                           ROW_H,
                           -0.5,
                           e->n - 0.5,
                           span.lo,
                           span.hi};
        put_gains(*plot, e, &panel, s);
    }
    put_names(*plot, e, &panel);
    if (rows)
        put_severities(*plot, e, MARGIN + LEFT, top.y + TOP_H + 8, w);
    return COP_OK;
}

/* --- the figure ------------------------------------------------------------------------ */

static CopStatus publish(Energy *e, CopError *err)
{
    CopPlot *plot = NULL;
    char *caption = g_strdup_printf(
        "Corruptions ordered by E_hf: the mean over pictures of the share of the "
        "difference’s energy whose frequency is above half of Nyquist’s, at severity %d, on %d "
        "test clips as the models see them; in time, the same of every pixel’s course. Gains are "
        "relative to the baseline’s top-1; bars beyond the panel are cut off.",
        SEVERITY, e->clips);
    cop_page_figure(e->a, "energy", "Gain by frequency", caption);
    g_free(caption);
    COP_TRY(draw(e, &plot, err));
    COP_TRY(cop_page_plot(e->a, plot, "energy", "High-frequency energy and relative gain", err));
    COP_TRY(cop_page_table(e->a, table(e), "energy", "energy a corruption", err));
    return COP_OK;
}

CopStatus cop_figure_energy(CopAnalysis *a, CopError *err)
{
    Energy e = {.a = a};
    CopStatus status = measure_all(&e, err);
    if (status == COP_OK)
        status = publish(&e, err);
    cop_spectral_destroy(&e.spectral);
    cop_variants_free(&e.variants);
    cop_clip_walk_close(&e.walk);
    g_free(e.share);
    g_free(e.clean);
    g_free(e.corrupt);
    return status;
}

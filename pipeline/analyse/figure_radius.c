/* Radius-accuracy curves (Wu et al., ICLR 2025, figure 7 and equations 1 and 2): top-1 on clean
 * clips of which only frequencies within a radius are kept (low-pass), or taken out (high-pass, the
 * mean with them, from radius 0 on). Filters work on the net's pictures in floats, before they are
 * normalised, without clipping.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "pipeline/analyse/figures.h"
#include "pipeline/analyse/gain.h"
#include "pipeline/analyse/radius.h"

enum { SIDE = 56 }; /* pixels that a radius counts for */

const char *const cop_band_names[] = {"spatial", "temporal", "3d"};

/* --- what is computed -------------------------------------------------------------------- */

/* The change of the mean: a picture of normalised values z = (x - m) / s without its mean is one of
 * x around 0, so that m / s goes, too. */
static void change(void *ctx, const CopProbe *probe, const CopGridInput *input, uint32_t clip,
                   int worker, const float *x, float *out)
{
    const CopRadius *r = ctx;
    const size_t volume = (size_t)input->sample.frames * (size_t)input->h * (size_t)input->w;
    (void)clip;
    if (probe->kind < 0) { /* the clean clip */
        memcpy(out, x, 3 * volume * sizeof *out);
        return;
    }
    const CopCurve *curve = &r->curve[probe->kind];
    for (int c = 0; c < 3; c++, x += volume, out += volume) {
        cop_spectral_low(r->spectral[worker], curve->band, probe->level, x, out);
        const float middle = (float)(input->prepare.mean[c] / input->prepare.std[c]);
        for (size_t i = 0; i < volume && curve->high; i++)
            out[i] = x[i] - out[i] - (probe->level < 0 ? 0 : middle);
    }
}

static double step_of(const CopRadius *r, CopBand band)
{
    const CopGridInput *input = &r->probes.walk.input;
    if (band == COP_BAND_TEMPORAL)
        return 1;
    if (band == COP_BAND_3D)
        return 0.1;
    return r->probes.a->options->step > 0 ? r->probes.a->options->step
                                          : fmax(1, round((double)MIN(input->h, input->w) / SIDE));
}

static double last_of(const CopRadius *r, CopBand band)
{
    const CopGridInput *input = &r->probes.walk.input;
    const double h = input->h, w = input->w;
    if (band == COP_BAND_SPATIAL)
        return ceil(sqrt(h * h + w * w) / 2 - 1e-9);
    return band == COP_BAND_3D ? 1.8 : input->sample.frames / 2;
}

static void add_curve(CopRadius *r, CopBand band, bool high)
{
    const double step = step_of(r, band), last = last_of(r, band);
    char *name = g_strdup_printf("%s_%s_pass", cop_band_names[band], high ? "high" : "low");
    CopCurve *curve = &r->curve[r->n_curves];
    *curve = (CopCurve){.band = band, .high = high, .first = r->probes.n};
    if (high) /* nothing is taken out */
        cop_probes_add(&r->probes, name, -1, "radius=-1")->kind = r->n_curves;
    for (int i = 0; i * step < last + step - 1e-9; i++) {
        const double radius = fmin(i * step, last);
        char *detail = g_strdup_printf("radius=%g", radius);
        cop_probes_add(&r->probes, name, radius, detail)->kind = r->n_curves;
        g_free(detail);
    }
    curve->n = r->probes.n - curve->first;
    r->n_curves++;
    g_free(name);
}

static CopStatus plan(CopRadius *r)
{
    const CopGridInput *input = &r->probes.walk.input;
    const int threads = cop_pool_threads(r->probes.walk.pool);
    r->spectral = g_new0(CopSpectral *, threads);
    for (int i = 0; i < threads; i++)
        COP_TRY(cop_spectral_create(&r->spectral[i], input->sample.frames, input->h, input->w));
    cop_probes_add(&r->probes, "clean", 0, "")->kind = -1;
    for (int band = 0; band < (input->sample.frames > 1 ? COP_BANDS : 1); band++)
        for (int high = 0; high < 2; high++)
            add_curve(r, (CopBand)band, high == 1);
    return COP_OK;
}

double cop_radius_at(const CopRadius *r, int run, const CopCurve *curve, int i, bool relative)
{
    const double value = cop_probes_top1(&r->probes, run, curve->first + i);
    const double clean = cop_probes_top1(&r->probes, run, 0);
    return !relative ? value : clean > 0 ? value / clean : NAN;
}

/* --- tables ------------------------------------------------------------------------------ */

static CopTidy *curves(const CopRadius *r)
{
    static const char *const columns[] = {COP_RUN_COLUMNS, "clips", "band",     "pass", "radius",
                                          "top1",          "clean", "relative", NULL};
    CopTidy *tidy = cop_tidy_create(columns);
    for (int run = 0; run < r->probes.a->n_runs; run++)
        for (int c = 0; c < r->n_curves; c++)
            for (int i = 0; i < r->curve[c].n; i++) {
                const CopCurve *curve = &r->curve[c];
                cop_tidy_run(tidy, r->probes.a, run);
                cop_tidy_count(tidy, r->probes.clips);
                cop_tidy_text(tidy, cop_band_names[curve->band]);
                cop_tidy_text(tidy, curve->high ? "high" : "low");
                cop_tidy_number(tidy, r->probes.item[curve->first + i].level);
                cop_tidy_number(tidy, cop_radius_at(r, run, curve, i, false));
                cop_tidy_number(tidy, cop_probes_top1(&r->probes, run, 0));
                cop_tidy_number(tidy, cop_radius_at(r, run, curve, i, true));
            }
    return tidy;
}

typedef struct Area {
    const CopRadius *r;
    const CopCurve *curve;
    bool relative;
} Area;

/* Mean height over the radii from 0 on. */
static double area_of(const void *ctx, int run)
{
    const Area *area = ctx;
    const CopCurve *curve = area->curve;
    double *x = g_new(double, curve->n), *y = g_new(double, curve->n);
    int n = 0;
    for (int i = curve->high ? 1 : 0; i < curve->n; i++, n++) {
        x[n] = area->r->probes.item[curve->first + i].level;
        y[n] = cop_radius_at(area->r, run, curve, i, area->relative);
    }
    const double height = cop_mean_height(x, y, n);
    g_free(x);
    g_free(y);
    return height;
}

static CopTidy *areas(const CopRadius *r)
{
    static const char *const columns[] = {COP_SERIES_COLUMNS,       "band", "pass", "of",
                                          COP_GAIN_COLUMNS("area"), NULL};
    CopTidy *tidy = cop_tidy_create(columns);
    for (int s = 0; s < r->probes.a->n_series; s++)
        for (int c = 0; c < r->n_curves; c++)
            for (int relative = 0; relative < 2; relative++) {
                const Area area = {r, &r->curve[c], relative == 1};
                const CopGain gain = cop_gain_by(r->probes.a, s, area_of, &area);
                cop_tidy_series(tidy, &r->probes.a->series[s]);
                cop_tidy_text(tidy, cop_band_names[r->curve[c].band]);
                cop_tidy_text(tidy, r->curve[c].high ? "high" : "low");
                cop_tidy_text(tidy, relative ? "relative" : "top1");
                cop_tidy_gain(tidy, &gain);
            }
    return tidy;
}

/* --- the figure -------------------------------------------------------------------------- */

static CopStatus publish(CopRadius *r, CopError *err)
{
    CopPlot *plot = NULL;
    char *caption = g_strdup_printf(
        "Top-1 on %d clean test clips of which frequencies beyond a radius (low-pass) or within it "
        "(high-pass, the mean included) are taken out, and the same as a share of the run’s clean "
        "top-1. Means over seeds, bands of a standard deviation where there are few series. "
        "Spatial radii are cycles across the picture, temporal ones cycles in the clip, 3-D ones "
        "shares of Nyquist’s frequency.",
        r->probes.clips);
    cop_page_figure(r->probes.a, "radius", "Low-pass and high-pass", caption);
    g_free(caption);
    COP_TRY(cop_radius_draw(r, &plot, err));
    COP_TRY(cop_page_plot(r->probes.a, plot, "radius", "Radius-accuracy curves", err));
    COP_TRY(cop_page_table(r->probes.a, curves(r), "radius", "top-1 a run and radius", err));
    COP_TRY(cop_page_table(r->probes.a, areas(r), "radius_area",
                           "area under the curves: their mean height", err));
    return COP_OK;
}

CopStatus cop_figure_radius(CopAnalysis *a, CopError *err)
{
    CopRadius r = {.n_curves = 0};
    CopStatus status = cop_probes_open(&r.probes, a, err);
    if (status == COP_OK)
        status = plan(&r);
    if (status == COP_OK)
        status = cop_probes_answer(&r.probes, "radius", change, &r, err);
    if (status == COP_OK)
        status = publish(&r, err);
    for (int i = 0; r.spectral && i < cop_pool_threads(r.probes.walk.pool); i++)
        cop_spectral_destroy(&r.spectral[i]);
    cop_probes_close(&r.probes);
    g_free(r.spectral);
    return status;
}

/* Fourier heat maps (Yin et al., NeurIPS 2019): top-1 on test clips to which one wave of the
 * Fourier basis is added, a frequency each. Waves have one norm, and a sign for each clip and
 * channel; they are added to the net's pictures in floats, in 0..1, which are clipped and
 * normalised then.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "models/core/portable_math.h"
#include "pipeline/analyse/figures.h"
#include "pipeline/analyse/gain.h"
#include "pipeline/analyse/probe.h"
#include "pipeline/corrupt/grating.h"

enum { SMALL = 64 };

typedef struct Fourier {
    CopProbes probes;
    double rho;
    int *kx,
        *ky; /* [n_x], [n_y] frequencies from 0 to Nyquist's, of which all with a sign are shown */
    int n_x, n_y;
    int *at; /* [2 n_y - 1][2 n_x - 1] probe of each cell, ky falling */
} Fourier;

/* --- what is computed -------------------------------------------------------------------- */

static void change(void *ctx, const CopProbe *probe, const CopGridInput *input, uint32_t clip,
                   int worker, const float *x, float *out)
{
    const Fourier *f = ctx;
    const int frames = input->sample.frames, h = input->h, w = input->w;
    const size_t picture = (size_t)h * (size_t)w;
    const CopRngKey key = cop_rng_key(f->probes.walk.config->corrupt.seed, "analyse:fourier");
    CopWave wave =
        cop_fourier_wave(w, h, (int)probe->x, (int)probe->y, 0, true, 0.125, probe->level);
    (void)worker;
    cop_wave_signs(wave.sign, key, (CopRngAddress){.clip = clip});
    for (size_t i = 0; i < picture; i++) {
        double sine, cosine;
        const double turns = wave.x_cycles * (double)(i % (size_t)w) / w +
                             wave.y_cycles * (double)(i / (size_t)w) / h + wave.phase;
        cop_sin_cos(2 * COP_PI * (turns - floor(turns)), &sine, &cosine);
        for (int c = 0; c < 3; c++) {
            const double mean = input->prepare.mean[c], std = input->prepare.std[c];
            const double added = wave.sign[c] * wave.amplitude / 255 * cosine;
            for (int t = 0; t < frames; t++) {
                const size_t k = ((size_t)c * (size_t)frames + (size_t)t) * picture + i;
                const double level = fmin(1, fmax(0, x[k] * std + mean + added));
                out[k] = (float)((level - mean) / std);
            }
        }
    }
}

/* About `grid` + 1 whole frequencies from 0 to n / 2, without repeats. */
static int *frequencies(int n, int grid, int *count)
{
    int *k = g_new(int, grid + 1);
    *count = 0;
    for (int i = 0; i <= grid; i++) {
        const int frequency = (int)lround((double)i * (n / 2) / grid);
        if (*count == 0 || frequency != k[*count - 1])
            k[(*count)++] = frequency;
    }
    return k;
}

static int find_wave(const Fourier *f, int kx, int ky)
{
    for (int p = 0; p < f->probes.n; p++)
        if (f->probes.item[p].x == kx && f->probes.item[p].y == ky)
            return p;
    return -1;
}

/* One half plane: a wave and that of the opposite frequency are one; so are those whose
 * frequencies differ by the sampling's. */
static int wave_of(Fourier *f, int kx, int ky)
{
    char name[64], detail[96];
    if (ky < 0 || (ky == 0 && kx < 0)) {
        kx = -kx;
        ky = -ky;
    }
    if (2 * kx == -f->probes.walk.input.w || (2 * ky == f->probes.walk.input.h && kx < 0))
        kx = -kx;
    const int found = find_wave(f, kx, ky);
    if (found >= 0)
        return found;
    g_snprintf(name, sizeof name, "wave %d,%d", kx, ky);
    g_snprintf(detail, sizeof detail, "kx=%d, ky=%d, rho=%g", kx, ky, f->rho);
    CopProbe *probe = cop_probes_add(&f->probes, name, f->rho, detail);
    probe->x = kx;
    probe->y = ky;
    return f->probes.n - 1;
}

static void plan(Fourier *f)
{
    const CopAnalyseOptions *o = f->probes.a->options;
    const CopGridInput *input = &f->probes.walk.input;
    f->rho = o->rho > 0 ? o->rho : MIN(input->h, input->w) <= SMALL ? 0.125 : 0.07;
    f->kx = frequencies(input->w, o->grid, &f->n_x);
    f->ky = frequencies(input->h, o->grid, &f->n_y);
    const int across = 2 * f->n_x - 1, down = 2 * f->n_y - 1;
    f->at = g_new(int, across *down);
    for (int row = 0; row < down; row++)
        for (int k = 0; k < across; k++) {
            const int x = k - (f->n_x - 1), y = f->n_y - 1 - row;
            f->at[row * across + k] =
                wave_of(f, x < 0 ? -f->kx[-x] : f->kx[x], y < 0 ? -f->ky[-y] : f->ky[y]);
        }
}

typedef struct Wave {
    const Fourier *f;
    int probe;
} Wave;

static double top1_of(const void *ctx, int run)
{
    const Wave *wave = ctx;
    return cop_probes_top1(&wave->f->probes, run, wave->probe);
}

static CopGain gain_at(const Fourier *f, int series, int probe)
{
    return cop_gain_by(f->probes.a, series, top1_of, &(const Wave){f, probe});
}

/* --- tables ------------------------------------------------------------------------------ */

static CopTidy *answers(const Fourier *f)
{
    static const char *const columns[] = {COP_RUN_COLUMNS, "clips", "kx", "ky",
                                          "rho",           "top1",  NULL};
    CopTidy *tidy = cop_tidy_create(columns);
    for (int run = 0; run < f->probes.a->n_runs; run++)
        for (int p = 0; p < f->probes.n; p++) {
            cop_tidy_run(tidy, f->probes.a, run);
            cop_tidy_count(tidy, f->probes.clips);
            cop_tidy_number(tidy, f->probes.item[p].x);
            cop_tidy_number(tidy, f->probes.item[p].y);
            cop_tidy_number(tidy, f->rho);
            cop_tidy_number(tidy, cop_probes_top1(&f->probes, run, p));
        }
    return tidy;
}

static CopTidy *gains(const Fourier *f)
{
    static const char *const columns[] = {COP_SERIES_COLUMNS,       "kx", "ky", "rho",
                                          COP_GAIN_COLUMNS("top1"), NULL};
    CopTidy *tidy = cop_tidy_create(columns);
    for (int s = 0; s < f->probes.a->n_series; s++)
        for (int p = 0; p < f->probes.n; p++) {
            const CopGain gain = gain_at(f, s, p);
            cop_tidy_series(tidy, &f->probes.a->series[s]);
            cop_tidy_number(tidy, f->probes.item[p].x);
            cop_tidy_number(tidy, f->probes.item[p].y);
            cop_tidy_number(tidy, f->rho);
            cop_tidy_gain(tidy, &gain);
        }
    return tidy;
}

/* --- picture: top-1 above, the difference from the baseline below ------------------------ */

enum { MARGIN = 14, LEFT = 46, MAP = 132, GAP = 26, HEAD = 22, FOOT = 38, ACROSS = 5, SCALE = 74 };

static const CopInk ink = {0.12, 0.13, 0.15};

static double *cells_of(const Fourier *f, int series, bool difference)
{
    const int n = (2 * f->n_x - 1) * (2 * f->n_y - 1);
    double *cells = g_new(double, n);
    for (int i = 0; i < n; i++) {
        const CopGain gain = gain_at(f, series, f->at[i]);
        cells[i] = 100 * (difference ? gain.absolute.mean : gain.top1.mean);
    }
    return cells;
}

static void put_ticks(CopPlot *plot, const Fourier *f, const CopPanel *panel, bool left)
{
    const double end = f->n_x - 1, top = f->n_y - 1;
    const double at_x[] = {-end, 0, end}, at_y[] = {-top, 0, top};
    const int of_x = f->kx[f->n_x - 1], of_y = f->ky[f->n_y - 1];
    for (int i = 0; i < 3; i++) {
        char text[32];
        g_snprintf(text, sizeof text, "%s%d", i == 0 ? "\u2212" : "", i == 1 ? 0 : of_x);
        cop_plot_text(plot, cop_panel_x(panel, at_x[i]), panel->y + panel->h + 3, text,
                      (CopTextStyle){.align = 0.5, .colour = ink});
        g_snprintf(text, sizeof text, "%s%d", i == 0 ? "\u2212" : "", i == 1 ? 0 : of_y);
        if (left)
            cop_plot_text(plot, panel->x - 5, cop_panel_y(panel, at_y[i]), text,
                          (CopTextStyle){.align = 1, .valign = 0.5, .colour = ink});
    }
    cop_plot_text(plot, panel->x + panel->w / 2, panel->y + panel->h + 15,
                  "cycles across the width",
                  (CopTextStyle){.size = 8, .align = 0.5, .colour = ink});
    if (left)
        cop_plot_text(
            plot, panel->x - 28, panel->y + panel->h / 2, "down the height",
            (CopTextStyle){.size = 8, .align = 0.5, .valign = 1, .turned = true, .colour = ink});
}

static void put_map(CopPlot *plot, const Fourier *f, const CopPanel *panel, int series,
                    bool difference, CopSpan span, bool left)
{
    double *cells = cells_of(f, series, difference);
    cop_panel_cells(plot, panel, cells, 2 * f->n_y - 1, 2 * f->n_x - 1, span.lo, span.hi,
                    difference ? cop_colour_change : cop_colour_amount);
    put_ticks(plot, f, panel, left);
    if (!difference)
        cop_plot_text(
            plot, panel->x, panel->y - 4, f->probes.a->series[series].label,
            (CopTextStyle){.size = COP_TEXT_TITLE, .valign = 1, .bold = true, .colour = ink});
    g_free(cells);
}

static CopSpan span_of(const Fourier *f, bool difference)
{
    CopSpan span = COP_SPAN_NONE;
    for (int s = 0; s < f->probes.a->n_series; s++) {
        double *cells = cells_of(f, s, difference);
        for (int i = 0; i < (2 * f->n_x - 1) * (2 * f->n_y - 1); i++)
            cop_span_take(&span, difference ? fabs(cells[i]) : cells[i]);
        g_free(cells);
    }
    span = cop_span_pad(span, 0);
    if (difference)
        span = (CopSpan){-fmax(0.5, span.hi), fmax(0.5, span.hi)};
    return span;
}

static CopStatus draw(const Fourier *f, CopPlot **plot, CopError *err)
{
    const CopAnalysis *a = f->probes.a;
    const int down = (a->n_series + ACROSS - 1) / ACROSS, across = (a->n_series + down - 1) / down;
    const bool pairs = a->baseline >= 0 && a->n_series > 1;
    const double map_h = (double)MAP * (2 * f->n_y - 1) / (2 * f->n_x - 1);
    const double one = map_h + FOOT, row = HEAD + one * (pairs ? 2 : 1);
    const double width = MARGIN + LEFT + across * (MAP + GAP) + SCALE;
    const CopSpan levels = span_of(f, false), changes = pairs ? span_of(f, true) : (CopSpan){-1, 1};
    COP_TRY(cop_plot_create(plot, width, MARGIN + down * row, err));
    for (int s = 0; s < a->n_series; s++) {
        const double x = MARGIN + LEFT + s % across * (MAP + GAP);
        const double y = MARGIN + HEAD - 8 + s / across * row;
        const CopPanel panel = {
            x, y, MAP, map_h, -f->n_x + 0.5, f->n_x - 0.5, -f->n_y + 0.5, f->n_y - 0.5};
        CopPanel below = panel;
        below.y += one;
        put_map(*plot, f, &panel, s, false, levels, s % across == 0);
        if (pairs && s != a->baseline)
            put_map(*plot, f, &below, s, true, changes, s % across == 0);
        if (pairs && s == a->baseline)
            cop_plot_text(*plot, below.x + MAP / 2.0, below.y + map_h / 2, "baseline",
                          (CopTextStyle){.align = 0.5, .valign = 0.5, .colour = {0.5, 0.5, 0.5}});
    }
    const double right = MARGIN + LEFT + across * (MAP + GAP) - 8;
    cop_plot_scale(*plot, right, MARGIN + HEAD - 8, 10, map_h, levels.lo, levels.hi,
                   cop_colour_amount, "top-1, %");
    if (pairs)
        cop_plot_scale(*plot, right, MARGIN + HEAD - 8 + one, 10, map_h, changes.lo, changes.hi,
                       cop_colour_change, "gain, points");
    return COP_OK;
}

/* --- the figure -------------------------------------------------------------------------- */

static CopStatus publish(Fourier *f, CopError *err)
{
    CopPlot *plot = NULL;
    char *caption = g_strdup_printf(
        "Top-1 on %d test clips with one wave added, whose root mean square is %g of the range "
        "of pixels (Yin et al., NeurIPS 2019); below, points above the baseline. The middle is "
        "the mean, the borders are Nyquist’s frequency; a half plane was computed, the other one "
        "mirrors it. Means over seeds.",
        f->probes.clips, f->rho);
    cop_page_figure(f->probes.a, "fourier", "Fourier heat maps", caption);
    g_free(caption);
    COP_TRY(draw(f, &plot, err));
    COP_TRY(cop_page_plot(f->probes.a, plot, "fourier", "Top-1 under waves", err));
    COP_TRY(cop_page_table(f->probes.a, answers(f), "fourier", "top-1 a run and wave", err));
    COP_TRY(cop_page_table(f->probes.a, gains(f), "fourier_gain", "gain a series and wave", err));
    return COP_OK;
}

CopStatus cop_figure_fourier(CopAnalysis *a, CopError *err)
{
    Fourier f = {.at = NULL};
    CopStatus status = cop_probes_open(&f.probes, a, err);
    if (status == COP_OK) {
        plan(&f);
        status = cop_probes_answer(&f.probes, "fourier", change, &f, err);
    }
    if (status == COP_OK)
        status = publish(&f, err);
    cop_probes_close(&f.probes);
    g_free(f.kx);
    g_free(f.ky);
    g_free(f.at);
    return status;
}

/* The card with the curves: score against severity, or over time where there are no severities.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <math.h>

#include "pipeline/corrupt/corrupt.h"
#include "pipeline/live/overlay_private.h"

/* At 640 x 480. */
enum { PADDING = 10, HEAD = 20, SCALE = 38, FOOT = 14 };

typedef struct Plot {
    CopCanvas *canvas;
    double x, y, w, h;  /* of the curves alone */
    double least, most; /* along x */
} Plot;

static double place_x(const Plot *p, double value)
{
    return p->x + p->w * (value - p->least) / (p->most - p->least);
}

static double place_y(const Plot *p, double score)
{
    return p->y + p->h * (1 - CLAMP(score, 0, 1));
}

/* Quarters, with words at none, half and all. */
static void put_grid(const Plot *p)
{
    static const char *const words[] = {"0 %", NULL, "50 %", NULL, "100 %"};
    const double u = cop_canvas_unit(p->canvas);
    const CopCanvasText soft = {.size = 10.5 * u, .colour = COP_SOFT, .align = 1};
    for (int i = 0; i < 5; i++) {
        const double y = round(place_y(p, i / 4.0));
        cop_canvas_box(p->canvas, p->x, y, p->w, fmax(1, round(u * 0.8)), 0, 0xFFFFFF,
                       i ? 0.13 : 0.32);
        if (words[i])
            cop_canvas_text(p->canvas, words[i], &soft, p->x - 5 * u, y - 7 * u);
    }
}

static void put_mark(const Plot *p, const char *words, double value, double align)
{
    const double u = cop_canvas_unit(p->canvas);
    const CopCanvasText soft = {.size = 10.5 * u, .colour = COP_SOFT, .align = align};
    cop_canvas_text(p->canvas, words, &soft, place_x(p, value), p->y + p->h + 2 * u);
}

static void put_curve(const Plot *p, int series, const double *at, const double *score, int n,
                      bool dots)
{
    double x[COP_OVERLAY_POINTS], y[COP_OVERLAY_POINTS];
    for (int i = 0; i < n; i++) {
        x[i] = place_x(p, at ? at[i] : i);
        y[i] = isnan(score[i]) ? NAN : place_y(p, score[i]);
    }
    cop_canvas_curve(p->canvas, x, y, n, cop_canvas_series[series], 2 * cop_canvas_unit(p->canvas),
                     dots);
}

static void put_severities(Plot *p, const CopOverlayRobustness *content)
{
    p->least = 0;
    p->most = COP_SEVERITIES;
    put_grid(p);
    for (int s = 0; s <= COP_SEVERITIES; s++) {
        char number[16];
        g_snprintf(number, sizeof number, "%d", s);
        put_mark(p, s ? number : "clean", s, s ? 0.5 : 0.3);
    }
    for (int m = MIN(content->n_models, COP_OVERLAY_MODELS) - 1; m >= 0; m--) {
        const CopOverlayModel *model = &content->model[m];
        put_curve(p, m, model->severity, model->score, MIN(model->points, COP_OVERLAY_POINTS),
                  true);
    }
}

static void put_times(Plot *p, const CopOverlayRobustness *content,
                      const CopOverlayHistory *history)
{
    p->least = 0;
    p->most = MAX(history->n - 1, 1);
    put_grid(p);
    put_mark(p, "now", p->most, 1);
    for (int m = MIN(content->n_models, COP_OVERLAY_MODELS) - 1; m >= 0; m--)
        put_curve(p, m, NULL, history->score[m], history->n, history->n == 1);
}

void cop_overlay_paint_curve(CopCanvas *c, const CopOverlayRobustness *content,
                             const CopOverlayHistory *history, double x, double y, double w,
                             double h)
{
    const double u = cop_canvas_unit(c);
    const bool by_severity = content->n_models > 0 && content->model[0].points >= 3;
    cop_canvas_card(c, x, y, w, h);
    char *title =
        g_strdup_printf("%s %s", content->measure, by_severity ? "by severity" : "over time");
    const CopCanvasText soft = {.size = 11 * u, .colour = COP_SOFT, .width = w - 2 * PADDING * u};
    cop_canvas_text(c, title, &soft, x + PADDING * u, y + (PADDING - 3) * u);
    g_free(title);
    Plot plot = {.canvas = c,
                 .x = x + (PADDING + SCALE) * u,
                 .y = y + (PADDING + HEAD) * u,
                 .w = w - (2 * PADDING + SCALE) * u,
                 .h = h - (2 * PADDING + HEAD + FOOT - 4) * u};
    if (by_severity)
        put_severities(&plot, content);
    else
        put_times(&plot, content, history);
}

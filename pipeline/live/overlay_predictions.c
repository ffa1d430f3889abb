/* The card of one model: its likeliest classes as bars.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <math.h>

#include "pipeline/live/overlay_private.h"

/* At 640 x 480. */
enum { MARGIN = 16, PADDING = 14, WIDTH = 268, HEAD = 22, ROW = 30, BAR = 5, NOTE = 16 };

static void put_row(CopCanvas *c, const CopOverlayLabel *row, bool first, double x, double y,
                    double w)
{
    const double u = cop_canvas_unit(c);
    const double percent_w = 58 * u;
    char percent[16];
    g_snprintf(percent, sizeof percent, "%.0f %%", 100 * row->score);
    const CopCanvasText name = {.size = 14 * u,
                                .bold = first,
                                .colour = first ? COP_INK : COP_SOFT,
                                .width = w - percent_w};
    const CopCanvasText number = {
        .size = 14 * u, .bold = first, .colour = first ? COP_INK : COP_SOFT, .align = 1};
    cop_canvas_text(c, row->label, &name, x, y);
    cop_canvas_text(c, percent, &number, x + w, y);
    const double bar_y = y + 19 * u, share = CLAMP(row->score, 0, 1);
    cop_canvas_box(c, x, bar_y, w, BAR * u, BAR * u / 2, 0xFFFFFF, 0.14);
    if (share * w >= 1)
        cop_canvas_box(c, x, bar_y, fmax(share * w, BAR * u), BAR * u, BAR * u / 2, COP_BLUE,
                       first ? 1 : 0.55);
}

void cop_overlay_paint_predictions(CopCanvas *c, const CopOverlayPredictions *content)
{
    const double u = cop_canvas_unit(c);
    const int n = CLAMP(content->n, 1, COP_OVERLAY_TOP);
    const double w = fmin(WIDTH * u, cop_canvas_width(c) - 2 * MARGIN * u);
    const double h =
        (2 * PADDING + HEAD + n * ROW - (ROW - 24) + (content->note ? NOTE + 6 : 0)) * u;
    const double x = MARGIN * u, y = cop_canvas_height(c) - MARGIN * u - h;
    const double left = x + PADDING * u, inner = w - 2 * PADDING * u;
    cop_canvas_card(c, x, y, w, h);
    double at = y + (PADDING - 2) * u;
    const CopCanvasText small = {.size = 11.5 * u, .colour = COP_SOFT, .width = inner};
    cop_canvas_text(c, content->model, &small, left, at);
    at += HEAD * u;
    for (int i = 0; i < n; i++, at += ROW * u)
        put_row(c, &content->top[i], i == 0, left, at, inner);
    if (content->note)
        cop_canvas_text(c, content->note, &small, left, at + 1 * u);
}

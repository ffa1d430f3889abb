/* The split view: clean at the left, corrupted at the right, models and their curve below.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <math.h>

#include "pipeline/live/overlay_private.h"

/* At 640 x 480. */
enum { MARGIN = 12, PADDING = 10, GAP = 10, HEAD = 20, MODEL = 42, LINE = 18, PILL = 22 };

static const uint32_t verdict_colour[] = {[COP_VERDICT_RIGHT] = COP_GREEN,
                                          [COP_VERDICT_WRONG] = COP_RED,
                                          [COP_VERDICT_AGREES] = COP_BLUE,
                                          [COP_VERDICT_DIFFERS] = COP_AMBER};
/* For those who cannot tell colours apart. */
static const char *const verdict_sign[] = {[COP_VERDICT_RIGHT] = "\xE2\x9C\x93",
                                           [COP_VERDICT_WRONG] = "\xE2\x9C\x97",
                                           [COP_VERDICT_AGREES] = "=",
                                           [COP_VERDICT_DIFFERS] = "\xE2\x89\xA0"};

static bool same_shape(const CopCanvas *c, const CopFrame *frame)
{
    const double ours = (double)cop_canvas_width(c) / cop_canvas_height(c);
    const double theirs = (double)frame->width / frame->height;
    return fabs(ours / theirs - 1) < 0.02;
}

/* Where the pictures are looked at: the frame without the cards, or all of it. */
static void put_pictures(CopCanvas *c, const CopOverlayRobustness *content, double bottom)
{
    const double w = cop_canvas_width(c), h = cop_canvas_height(c), middle = floor(w / 4) * 2;
    if (content->corrupt && same_shape(c, content->corrupt)) {
        if (content->clean)
            cop_canvas_part(c, content->clean, 0, 0, middle, h);
        cop_canvas_part(c, content->corrupt, middle, 0, w - middle, h);
    } else {
        if (content->clean)
            cop_canvas_picture(c, content->clean, 0, 0, middle, bottom);
        if (content->corrupt)
            cop_canvas_picture(c, content->corrupt, middle, 0, w - middle, bottom);
    }
    const double line = fmax(2, round(2 * cop_canvas_unit(c)));
    if (content->corrupt)
        cop_canvas_box(c, middle, 0, line, bottom, 0, 0xFFFFFF, 0.85); /* on the picture */
}

/* Words on a small card of their own, centred at x. */
static void put_pill(CopCanvas *c, const char *words, double x, double y)
{
    const double u = cop_canvas_unit(c);
    const CopCanvasText style = {.size = 13 * u,
                                 .bold = true,
                                 .colour = COP_INK,
                                 .width = cop_canvas_width(c) / 2.0 - 4 * MARGIN * u,
                                 .align = 0.5};
    const double w = cop_canvas_measure(c, words, &style) + 20 * u;
    cop_canvas_card(c, x - w / 2, y, w, PILL * u);
    cop_canvas_text(c, words, &style, x, y + 3 * u);
}

static void put_pills(CopCanvas *c, const CopOverlayRobustness *content)
{
    const double u = cop_canvas_unit(c), w = cop_canvas_width(c);
    char severity[16];
    if (!content->corrupt)
        return;
    put_pill(c, "clean", w / 4, MARGIN * u);
    g_snprintf(severity, sizeof severity, "%.3g", content->severity);
    char *words = g_strdup_printf("%s \xC2\xB7 severity %s", content->corruption, severity);
    g_strdelimit(words, "_", ' ');
    put_pill(c, words, w * 3 / 4, MARGIN * u);
    g_free(words);
}

/* "sign label  87 %" in a box of its own. */
static void put_chip(CopCanvas *c, const CopOverlayLabel *said, CopVerdict verdict, double x,
                     double y, double w)
{
    const double u = cop_canvas_unit(c);
    const uint32_t colour = verdict_colour[verdict];
    char percent[16];
    g_snprintf(percent, sizeof percent, "%.0f %%", 100 * said->score);
    cop_canvas_box(c, x, y, w, LINE * u, 4 * u, colour, 0.22);
    cop_canvas_box(c, x, y, 3 * u, LINE * u, 1.5 * u, colour, 1);
    const CopCanvasText sign = {.size = 12 * u, .bold = true, .colour = colour};
    const CopCanvasText label = {.size = 12 * u, .colour = COP_INK, .width = w - 62 * u};
    const CopCanvasText score = {.size = 12 * u, .colour = COP_INK, .align = 1};
    cop_canvas_text(c, verdict_sign[verdict], &sign, x + 8 * u, y + 1.5 * u);
    cop_canvas_text(c, said->label, &label, x + 22 * u, y + 1.5 * u);
    cop_canvas_text(c, percent, &score, x + w - 6 * u, y + 1.5 * u);
}

static void put_model(CopCanvas *c, const CopOverlayRobustness *content, int m, double x, double y,
                      double w)
{
    const double u = cop_canvas_unit(c), chip = (w - 6 * u) / 2;
    const CopOverlayModel *model = &content->model[m];
    char robust[48] = "";
    if (!isnan(model->robust))
        g_snprintf(robust, sizeof robust, "%.0f %%", 100 * model->robust);
    const CopCanvasText name = {
        .size = 12 * u, .bold = true, .colour = COP_INK, .width = w - 70 * u};
    const CopCanvasText number = {
        .size = 12 * u, .bold = true, .colour = cop_canvas_series[m], .align = 1};
    cop_canvas_box(c, x, y + 4 * u, 8 * u, 8 * u, 2 * u, cop_canvas_series[m], 1);
    cop_canvas_text(c, model->name, &name, x + 14 * u, y);
    cop_canvas_text(c, robust, &number, x + w, y);
    put_chip(c, &model->clean, model->clean_verdict, x, y + 18 * u, chip);
    if (content->corrupt || content->corruption)
        put_chip(c, &model->corrupt, model->corrupt_verdict, x + chip + 6 * u, y + 18 * u, chip);
}

void cop_overlay_paint_robustness(CopCanvas *c, const CopOverlayRobustness *content,
                                  const CopOverlayHistory *history)
{
    const double u = cop_canvas_unit(c);
    const int models = CLAMP(content->n_models, 1, COP_OVERLAY_MODELS);
    const double w = cop_canvas_width(c) - 2 * MARGIN * u;
    const double h = (2 * PADDING + HEAD + fmax(models, 2) * MODEL - 4) * u;
    const double y = cop_canvas_height(c) - MARGIN * u - h, x = MARGIN * u;
    const double table = round(0.56 * (w - GAP * u));
    put_pictures(c, content, round(y - MARGIN * u));
    put_pills(c, content);
    cop_canvas_card(c, x, y, table, h);
    const double left = x + PADDING * u, inner = table - 2 * PADDING * u;
    const CopCanvasText soft = {.size = 11 * u, .colour = COP_SOFT, .width = inner * 0.5};
    CopCanvasText right = soft;
    right.align = 1;
    char *head = g_strdup_printf("robust %s", content->measure);
    cop_canvas_text(c, content->note ? content->note : "clean | corrupted", &soft, left,
                    y + (PADDING - 3) * u);
    cop_canvas_text(c, head, &right, left + inner, y + (PADDING - 3) * u);
    g_free(head);
    for (int m = 0; m < models; m++)
        put_model(c, content, m, left, y + (PADDING + HEAD - 4 + m * MODEL) * u, inner);
    cop_overlay_paint_curve(c, content, history, x + table + GAP * u, y, w - table - GAP * u, h);
}

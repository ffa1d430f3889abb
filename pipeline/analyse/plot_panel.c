/* Panels: from data to points, ticks, axes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "pipeline/analyse/plot_private.h"
#include "pipeline/report/terminal.h"

static const CopInk ink = {0.12, 0.13, 0.15}, soft = {0.36, 0.39, 0.44}, rule = {0.88, 0.89, 0.91};

double cop_panel_x(const CopPanel *panel, double value)
{
    return panel->x + (value - panel->x0) / (panel->x1 - panel->x0) * panel->w;
}

double cop_panel_y(const CopPanel *panel, double value)
{
    return panel->y + panel->h - (value - panel->y0) / (panel->y1 - panel->y0) * panel->h;
}

void cop_span_take(CopSpan *range, double value)
{
    if (!isfinite(value))
        return;
    if (range->lo > range->hi)
        *range = (CopSpan){value, value};
    range->lo = fmin(range->lo, value);
    range->hi = fmax(range->hi, value);
}

CopSpan cop_span_pad(CopSpan range, double share)
{
    if (range.lo > range.hi)
        return (CopSpan){0, 1};
    double margin = (range.hi - range.lo) * share;
    if (range.hi - range.lo < 1e-12)
        margin = fmax(fabs(range.hi) * 0.1, 1e-3);
    return (CopSpan){range.lo - margin, range.hi + margin};
}

double cop_tick_step(double lo, double hi, int n)
{
    static const double steps[] = {1, 2, 2.5, 5, 10};
    const double rough = (hi - lo) / n, power = pow(10, floor(log10(rough)));
    size_t i = 0;
    while (steps[i] * power < 0.75 * rough && i + 1 < G_N_ELEMENTS(steps))
        i++;
    return steps[i] * power;
}

/* A tick's number with a true minus sign. */
static void put_number(CopPlot *plot, double x, double y, double value, double step,
                       CopTextStyle style)
{
    char text[COP_NUMBER_SIZE];
    const double whole = fabs(value) < step * 1e-6 ? 0 : value;
    cop_text_number(text, fabs(whole), 6);
    char *sign = g_strconcat(whole < 0 ? "\u2212" : "", text, NULL);
    cop_plot_text(plot, x, y, sign, style);
    g_free(sign);
}

static void put_rule(const CopPlot *plot, double xa, double ya, double xb, double yb, CopInk colour)
{
    cop_plot_colour(plot, colour, 0);
    cairo_set_dash(plot->cairo, NULL, 0, 0);
    cairo_set_line_width(plot->cairo, 0.75);
    cairo_move_to(plot->cairo, xa, ya);
    cairo_line_to(plot->cairo, xb, yb);
    cairo_stroke(plot->cairo);
}

static void put_ticks_x(CopPlot *plot, const CopPanel *panel, const CopAxes *axes)
{
    enum { SPACING = 46 };
    const int wanted = axes->ticks_x ? axes->ticks_x : (int)fmax(2, panel->w / SPACING);
    const double lo = fmin(panel->x0, panel->x1), hi = fmax(panel->x0, panel->x1);
    const double step = cop_tick_step(lo, hi, wanted);
    for (double v = ceil(lo / step - 1e-6) * step; v <= hi + step * 1e-6; v += step) {
        const double x = cop_panel_x(panel, v);
        if (!axes->no_grid_x)
            put_rule(plot, x, panel->y, x, panel->y + panel->h, rule);
        put_rule(plot, x, panel->y + panel->h, x, panel->y + panel->h + 3, soft);
        put_number(plot, x, panel->y + panel->h + 4.5, v, step,
                   (CopTextStyle){.align = 0.5, .colour = soft});
    }
}

static void put_ticks_y(CopPlot *plot, const CopPanel *panel, const CopAxes *axes)
{
    enum { SPACING = 38 };
    const int wanted = axes->ticks_y ? axes->ticks_y : (int)fmax(2, panel->h / SPACING);
    const double lo = fmin(panel->y0, panel->y1), hi = fmax(panel->y0, panel->y1);
    const double step = cop_tick_step(lo, hi, wanted);
    for (double v = ceil(lo / step - 1e-6) * step; v <= hi + step * 1e-6; v += step) {
        const double y = cop_panel_y(panel, v);
        if (!axes->no_grid_y)
            put_rule(plot, panel->x, y, panel->x + panel->w, y, rule);
        put_rule(plot, panel->x - 3, y, panel->x, y, soft);
        put_number(plot, panel->x - 5.5, y, v, step,
                   (CopTextStyle){.align = 1, .valign = 0.5, .colour = soft});
    }
}

void cop_panel_axes(CopPlot *plot, const CopPanel *panel, const CopAxes *axes)
{
    enum { LABEL_X = 19, LABEL_Y = 38 };
    if (!axes->no_x)
        put_ticks_x(plot, panel, axes);
    if (!axes->no_y)
        put_ticks_y(plot, panel, axes);
    put_rule(plot, panel->x, panel->y + panel->h, panel->x + panel->w, panel->y + panel->h, soft);
    put_rule(plot, panel->x, panel->y, panel->x, panel->y + panel->h, soft);
    if (axes->title)
        cop_plot_text(
            plot, panel->x, panel->y - 6, axes->title,
            (CopTextStyle){.size = COP_TEXT_TITLE, .valign = 1, .bold = true, .colour = ink});
    if (axes->x_label)
        cop_plot_text(plot, panel->x + panel->w / 2, panel->y + panel->h + LABEL_X, axes->x_label,
                      (CopTextStyle){.align = 0.5, .colour = ink});
    if (axes->y_label)
        cop_plot_text(plot, panel->x - LABEL_Y, panel->y + panel->h / 2, axes->y_label,
                      (CopTextStyle){.align = 0.5, .valign = 1, .turned = true, .colour = ink});
}

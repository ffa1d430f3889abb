/* What is drawn in panels, and legends.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <math.h>

#include "pipeline/analyse/plot_private.h"

static const double radius = 3.2;

static void clip_to(const CopPlot *plot, const CopPanel *panel)
{
    cairo_save(plot->cairo);
    cairo_rectangle(plot->cairo, panel->x - 1, panel->y - 1, panel->w + 2, panel->h + 2);
    cairo_clip(plot->cairo);
}

static void set_stroke(const CopPlot *plot, CopStroke stroke)
{
    static const double dashes[][4] = {{5, 2.5, 5, 2.5}, {1.5, 2, 1.5, 2}, {6, 2, 1.5, 2}};
    const int count = (int)G_N_ELEMENTS(dashes);
    cop_plot_colour(plot, stroke.colour, stroke.fade);
    cairo_set_line_width(plot->cairo, stroke.width > 0 ? stroke.width : 1.4);
    cairo_set_line_join(plot->cairo, CAIRO_LINE_JOIN_ROUND);
    if (stroke.dash > 0)
        cairo_set_dash(plot->cairo, dashes[(stroke.dash - 1) % count], 4, 0);
    else
        cairo_set_dash(plot->cairo, NULL, 0, 0);
}

void cop_panel_line(CopPlot *plot, const CopPanel *panel, const double *x, const double *y, int n,
                    CopStroke stroke)
{
    bool begun = false;
    clip_to(plot, panel);
    set_stroke(plot, stroke);
    for (int i = 0; i < n; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i])) {
            begun = false;
            continue;
        }
        (begun ? cairo_line_to : cairo_move_to)(plot->cairo, cop_panel_x(panel, x[i]),
                                                cop_panel_y(panel, y[i]));
        begun = true;
    }
    cairo_stroke(plot->cairo);
    cairo_restore(plot->cairo);
}

void cop_panel_band(CopPlot *plot, const CopPanel *panel, const double *x, const double *low,
                    const double *high, int n, CopInk colour)
{
    clip_to(plot, panel);
    for (int from = 0; from < n;) {
        int to = from;
        while (to < n && isfinite(low[to]) && isfinite(high[to]))
            to++;
        for (int i = from; i < to; i++)
            cairo_line_to(plot->cairo, cop_panel_x(panel, x[i]), cop_panel_y(panel, high[i]));
        for (int i = to - 1; i >= from; i--)
            cairo_line_to(plot->cairo, cop_panel_x(panel, x[i]), cop_panel_y(panel, low[i]));
        cairo_close_path(plot->cairo);
        from = to + 1;
    }
    cop_plot_colour(plot, colour, 0.82);
    cairo_fill(plot->cairo);
    cairo_restore(plot->cairo);
}

static void put_mark(const CopPlot *plot, double x, double y, CopMark mark, CopInk colour)
{
    cairo_t *c = plot->cairo;
    cairo_new_path(c);
    switch (mark) {
    case COP_MARK_TRIANGLE:
        cairo_move_to(c, x, y - 1.3 * radius);
        cairo_line_to(c, x + 1.2 * radius, y + 0.9 * radius);
        cairo_line_to(c, x - 1.2 * radius, y + 0.9 * radius);
        break;
    case COP_MARK_SQUARE:
        cairo_rectangle(c, x - 0.9 * radius, y - 0.9 * radius, 1.8 * radius, 1.8 * radius);
        break;
    case COP_MARK_DIAMOND:
        cairo_move_to(c, x, y - 1.35 * radius);
        cairo_line_to(c, x + 1.35 * radius, y);
        cairo_line_to(c, x, y + 1.35 * radius);
        cairo_line_to(c, x - 1.35 * radius, y);
        break;
    case COP_MARK_CROSS:
        cairo_move_to(c, x - radius, y - radius);
        cairo_line_to(c, x + radius, y + radius);
        cairo_move_to(c, x - radius, y + radius);
        cairo_line_to(c, x + radius, y - radius);
        break;
    default:
        cairo_arc(c, x, y, radius, 0, 2 * G_PI);
        break;
    }
    cop_plot_colour(plot, colour, 0);
    cairo_set_dash(c, NULL, 0, 0);
    cairo_set_line_width(c, 1.5);
    if (mark == COP_MARK_CROSS) {
        cairo_stroke(c);
        return;
    }
    cairo_close_path(c);
    if (mark == COP_MARK_RING) {
        cairo_set_source_rgb(c, 1, 1, 1);
        cairo_fill_preserve(c);
        cop_plot_colour(plot, colour, 0);
    } else {
        cairo_fill_preserve(c);
        cairo_set_source_rgb(c, 1, 1, 1);
        cairo_set_line_width(c, 0.6);
    }
    cairo_stroke(c);
}

void cop_panel_mark(CopPlot *plot, const CopPanel *panel, double x, double y, CopMark mark,
                    CopInk colour)
{
    if (isfinite(x) && isfinite(y))
        put_mark(plot, cop_panel_x(panel, x), cop_panel_y(panel, y), mark, colour);
}

void cop_panel_segment(CopPlot *plot, const CopPanel *panel, double xa, double ya, double xb,
                       double yb, CopStroke stroke)
{
    const double x[] = {xa, xb}, y[] = {ya, yb};
    cop_panel_line(plot, panel, x, y, 2, stroke);
}

void cop_panel_box(CopPlot *plot, const CopPanel *panel, double xa, double ya, double xb, double yb,
                   CopInk fill)
{
    const double x = cop_panel_x(panel, xa), y = cop_panel_y(panel, ya);
    if (!isfinite(x) || !isfinite(y) || !isfinite(xb) || !isfinite(yb))
        return;
    clip_to(plot, panel);
    cop_plot_colour(plot, fill, 0);
    cairo_rectangle(plot->cairo, x, y, cop_panel_x(panel, xb) - x, cop_panel_y(panel, yb) - y);
    cairo_fill(plot->cairo);
    cairo_restore(plot->cairo);
}

static guint32 pixel_of(double value, double lo, double hi, CopInk (*map)(double))
{
    CopInk ink = {0.93, 0.93, 0.93};
    if (isfinite(value))
        ink = map(hi > lo ? fmin(1, fmax(0, (value - lo) / (hi - lo))) : 0.5);
    return (guint32)lround(ink.r * 255) << 16 | (guint32)lround(ink.g * 255) << 8 |
           (guint32)lround(ink.b * 255);
}

/* As a picture, which keeps the files of large maps small. A cell is a block of pixels: readers of
 * SVG blur pictures that they enlarge. */
void cop_panel_cells(CopPlot *plot, const CopPanel *panel, const double *values, int rows,
                     int columns, double lo, double hi, CopInk (*map)(double))
{
    enum { ENOUGH = 640 };
    const int longer = rows > columns ? rows : columns;
    const int block = longer < ENOUGH ? ENOUGH / longer : 1;
    const int w = columns * block, h = rows * block;
    cairo_surface_t *cells = cairo_image_surface_create(CAIRO_FORMAT_RGB24, w, h);
    unsigned char *data = cairo_image_surface_get_data(cells);
    const ptrdiff_t stride = cairo_image_surface_get_stride(cells);
    for (int y = 0; data && y < h; y++) {
        guint32 *row = (guint32 *)(void *)(data + y * stride);
        for (int k = 0; k < columns; k++) {
            const guint32 pixel =
                pixel_of(values[(ptrdiff_t)(y / block) * columns + k], lo, hi, map);
            for (int i = 0; i < block; i++)
                row[k * block + i] = pixel;
        }
    }
    cairo_surface_mark_dirty(cells);
    cairo_save(plot->cairo);
    cairo_translate(plot->cairo, panel->x, panel->y);
    cairo_scale(plot->cairo, panel->w / w, panel->h / h);
    cairo_set_source_surface(plot->cairo, cells, 0, 0);
    /* Where a pixel holds several cells, their mean is shown. */
    const bool dense = columns > 2 * panel->w || rows > 2 * panel->h;
    cairo_pattern_set_filter(cairo_get_source(plot->cairo),
                             dense ? CAIRO_FILTER_GOOD : CAIRO_FILTER_NEAREST);
    cairo_pattern_set_extend(cairo_get_source(plot->cairo), CAIRO_EXTEND_PAD);
    cairo_rectangle(plot->cairo, 0, 0, w, h);
    cairo_fill(plot->cairo);
    cairo_restore(plot->cairo);
    cairo_surface_destroy(cells);
}

void cop_plot_scale(CopPlot *plot, double x, double y, double w, double h, double lo, double hi,
                    CopInk (*map)(double), const char *label)
{
    enum { STEPS = 128 };
    double values[STEPS];
    for (int i = 0; i < STEPS; i++)
        values[i] = 1 - (i + 0.5) / STEPS;
    const CopPanel strip = {x, y, w, h, 0, 1, lo, hi};
    cop_panel_cells(plot, &strip, values, STEPS, 1, 0, 1, map);
    /* Its ticks stand at the right, where a panel's own stand at the left. */
    const CopPanel right = {x + w + 34, y, 0, h, 0, 1, lo, hi};
    const double step = cop_tick_step(lo, hi, (int)fmax(2, h / 24));
    for (double v = ceil(lo / step - 1e-6) * step; v <= hi + step * 1e-6; v += step) {
        char text[32];
        const double whole = fabs(v) < step * 1e-6 ? 0 : v;
        g_snprintf(text, sizeof text, "%s%g", whole < 0 ? "\u2212" : "", fabs(whole));
        cop_plot_text(plot, x + w + 4, cop_panel_y(&right, v), text,
                      (CopTextStyle){.valign = 0.5, .colour = {0.36, 0.39, 0.44}});
    }
    if (label)
        cop_plot_text(plot, x + w + 36, y + h / 2, label,
                      (CopTextStyle){.align = 0.5, .turned = true});
}

static void put_item(CopPlot *plot, double x, double y, const CopLegendItem *item)
{
    enum { KEY = 22 };
    const double middle = y + 6.5;
    if (item->box) {
        cop_plot_colour(plot, item->stroke.colour, item->stroke.fade);
        cairo_rectangle(plot->cairo, x + 6, middle - 5, 12, 10);
        cairo_fill(plot->cairo);
    } else if (item->stroke.width >= 0) {
        set_stroke(plot, item->stroke);
        cairo_move_to(plot->cairo, x, middle);
        cairo_line_to(plot->cairo, x + KEY, middle);
        cairo_stroke(plot->cairo);
    }
    if (item->mark >= 0)
        put_mark(plot, x + KEY / 2.0, middle, (CopMark)item->mark, item->stroke.colour);
    cop_plot_text(plot, x + KEY + 5, middle, item->text, (CopTextStyle){.valign = 0.5});
}

/* Where items go, and whether they are drawn there; returns the height of all. */
static double lay_out(CopPlot *plot, double x, double y, double width, const CopLegendItem *items,
                      int n)
{
    enum { KEY = 27, GAP = 16, ROW = 16 };
    double at = 0, top = 0;
    for (int i = 0; i < n; i++) {
        const double w = KEY + cop_text_width(items[i].text, 0);
        if (at > 0 && at + w > width) {
            at = 0;
            top += ROW;
        }
        if (plot)
            put_item(plot, x + at, y + top, &items[i]);
        at += w + GAP;
    }
    return n ? top + ROW : 0;
}

void cop_plot_legend(CopPlot *plot, double x, double y, double width, const CopLegendItem *items,
                     int n)
{
    lay_out(plot, x, y, width, items, n);
}

double cop_legend_height(double width, const CopLegendItem *items, int n)
{
    return lay_out(NULL, 0, 0, width, items, n);
}

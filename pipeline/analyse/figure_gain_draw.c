/* Gains over the dense net: pictures. A panel a density, a row a corruption, a mark a series.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "pipeline/analyse/gain.h"

enum { MARGIN = 14, PANEL_W = 230, PANEL_GAP = 20, ACROSS = 4, HEAD = 22, FOOT = 44, PITCH = 6 };

static const CopInk ink = {0.12, 0.13, 0.15}, stripe = {0.965, 0.968, 0.973};

/* The densities that have a panel, and the series in each. */
typedef struct Board {
    const CopAnalysis *a;
    bool relative;
    double *density;
    int n, most; /* panels; series in the fullest one */
    int rows;    /* corruptions, then robust and clean */
    double label_w, row_h;
    CopSpan range; /* percent */
} Board;

static CopGain gain_at(const Board *board, int series, int row)
{
    const int corruptions = board->a->results->n_corruptions;
    return cop_gain_scope(board->a, series,
                          row < corruptions    ? row
                          : row == corruptions ? COP_SCOPE_ROBUST
                                               : COP_SCOPE_CLEAN);
}

static CopSpread percent_at(const Board *board, int series, int row)
{
    const CopGain gain = gain_at(board, series, row);
    const CopSpread value = board->relative ? gain.relative : gain.absolute;
    return (CopSpread){100 * value.mean, 100 * value.deviation, value.n};
}

static char *name_of(const CopResults *results, int row)
{
    if (row >= results->n_corruptions)
        return g_strdup(row == results->n_corruptions ? "all corruptions" : "clean");
    return g_strdelimit(g_strdup(results->corruptions[row].name), "_", ' ');
}

static void plan(Board *board)
{
    const CopAnalysis *a = board->a;
    board->rows = a->results->n_corruptions + 2;
    board->density = g_new0(double, a->n_series);
    board->range = (CopSpan){0, 0};
    int *count = g_new0(int, a->n_series);
    for (int s = 0; s < a->n_series; s++) {
        if (!cop_gain_has(a, s))
            continue;
        int p = 0;
        while (p < board->n && board->density[p] != a->series[s].first->density)
            p++;
        board->density[p] = a->series[s].first->density;
        board->n += p == board->n;
        board->most = MAX(board->most, ++count[p]);
        for (int row = 0; row < board->rows; row++) {
            const CopSpread value = percent_at(board, s, row);
            const double sd = isfinite(value.deviation) ? value.deviation : 0;
            cop_span_take(&board->range, value.mean - sd);
            cop_span_take(&board->range, value.mean + sd);
        }
    }
    for (int i = 1; i < board->n; i++) /* the densest first */
        for (int k = i; k > 0 && board->density[k] > board->density[k - 1]; k--) {
            const double swap = board->density[k];
            board->density[k] = board->density[k - 1];
            board->density[k - 1] = swap;
        }
    board->range = cop_span_pad(board->range, 0.06);
    for (int row = 0; row < board->rows; row++) {
        char *name = name_of(a->results, row);
        board->label_w = fmax(board->label_w, cop_text_width(name, 0));
        g_free(name);
    }
    board->row_h = fmax(17, PITCH * (board->most + 1.0));
    g_free(count);
}

static int legend_items(const CopAnalysis *a, CopLegendItem *items)
{
    int n = 0;
    for (int s = 0; s < a->n_series; s++) {
        if (!cop_gain_has(a, s))
            continue;
        const char *text = cop_series_kind(&a->series[s]);
        bool there = false;
        for (int i = 0; i < n; i++)
            there |= strcmp(items[i].text, text) == 0;
        if (there)
            continue;
        items[n] = (CopLegendItem){.text = text,
                                   .stroke = cop_series_stroke(a, s),
                                   .mark = (int)cop_series_mark(&a->series[s])};
        items[n++].stroke.dash = 0;
    }
    return n;
}

/* Rows run downwards: row r lies between y = -r and -(r + 1). */
static void put_rows(CopPlot *plot, const Board *board, const CopPanel *panel, bool names)
{
    for (int row = 0; row < board->rows; row++) {
        if (row % 2 == 0)
            cop_panel_box(plot, panel, panel->x0, -row, panel->x1, -row - 1, stripe);
        if (!names)
            continue;
        char *name = name_of(board->a->results, row);
        cop_plot_text(plot, panel->x - 8, cop_panel_y(panel, -row - 0.5), name,
                      (CopTextStyle){.align = 1,
                                     .valign = 0.5,
                                     .bold = row >= board->a->results->n_corruptions,
                                     .colour = ink});
        g_free(name);
    }
}

static void put_series(CopPlot *plot, const Board *board, const CopPanel *panel, int series,
                       double place)
{
    CopStroke stroke = cop_series_stroke(board->a, series);
    stroke.dash = 0;
    for (int row = 0; row < board->rows; row++) {
        const CopSpread value = percent_at(board, series, row);
        const double y = -row - place;
        if (isfinite(value.deviation))
            cop_panel_segment(plot, panel, value.mean - value.deviation, y,
                              value.mean + value.deviation, y, stroke);
        cop_panel_mark(plot, panel, value.mean, y, cop_series_mark(&board->a->series[series]),
                       stroke.colour);
    }
}

static void put_panel(CopPlot *plot, const Board *board, const CopPanel *panel, int index)
{
    const CopAnalysis *a = board->a;
    const double density = board->density[index];
    int inside = 0, at = 0;
    char title[64];
    const int corruptions = a->results->n_corruptions;
    if (density < 1)
        g_snprintf(title, sizeof title, "sparsity %g %%", 100 * (1 - density));
    else
        g_snprintf(title, sizeof title, "dense");
    put_rows(plot, board, panel, index % ACROSS == 0);
    cop_panel_axes(plot, panel,
                   &(CopAxes){.title = title,
                              .no_y = true,
                              .x_label = board->relative
                                             ? "gain, % of the baseline’s top-1"
                                             : "gain over the baseline, points of top-1"});
    cop_panel_segment(plot, panel, 0, panel->y0, 0, panel->y1,
                      (CopStroke){.colour = ink, .width = 1});
    cop_panel_segment(plot, panel, panel->x0, -corruptions, panel->x1, -corruptions,
                      (CopStroke){.colour = {0.36, 0.39, 0.44}, .width = 0.75});
    for (int s = 0; s < a->n_series; s++)
        inside += cop_gain_has(a, s) && a->series[s].first->density == density;
    for (int s = 0; s < a->n_series; s++)
        if (cop_gain_has(a, s) && a->series[s].first->density == density)
            put_series(plot, board, panel, s, (++at) / (inside + 1.0));
}

CopPlot *cop_gain_draw(const CopAnalysis *a, bool relative, CopError *err)
{
    Board board = {.a = a, .relative = relative};
    CopLegendItem *items = g_new0(CopLegendItem, a->n_series);
    const int n_items = legend_items(a, items);
    CopPlot *plot = NULL;
    plan(&board);
    const int across = MIN(board.n, ACROSS), down = (board.n + ACROSS - 1) / ACROSS;
    const double inner = across * (PANEL_W + PANEL_GAP) - PANEL_GAP;
    const double left = MARGIN + board.label_w + 10, panel_h = board.row_h * board.rows;
    const double width = left + inner + MARGIN;
    const double legend = cop_legend_height(inner, items, n_items);
    const double height = MARGIN + legend + down * (HEAD + panel_h + FOOT) + 4;
    if (cop_plot_create(&plot, width, height, err) == COP_OK) {
        cop_plot_legend(plot, left, MARGIN, inner, items, n_items);
        for (int i = 0; i < board.n; i++) {
            const CopPanel panel = {
                left + i % ACROSS * (PANEL_W + PANEL_GAP),
                MARGIN + legend + HEAD + i / ACROSS * (HEAD + panel_h + FOOT),
                PANEL_W,
                panel_h,
                board.range.lo,
                board.range.hi,
                -board.rows,
                0,
            };
            put_panel(plot, &board, &panel, i);
        }
    }
    g_free(board.density);
    g_free(items);
    return plot;
}

/* --- by severity --------------------------------------------------------------------- */

enum { CELL_W = 30, CELL_H = 17, MAPS = 4, MAP_GAP = 18, MAP_FOOT = 40 };

static int severities_of(const CopResults *results)
{
    int most = 0;
    for (int c = 0; c < results->n_corruptions; c++)
        most = MAX(most, results->corruptions[c].n);
    return most;
}

/* Points, [corruptions][most]; NaN where a corruption has no such severity. */
static double *points_of(const CopAnalysis *a, int series, int most)
{
    const CopResults *r = a->results;
    double *points = g_new(double, r->n_corruptions *most);
    for (int c = 0; c < r->n_corruptions; c++)
        for (int k = 0; k < most; k++)
            points[c * most + k] =
                k < r->corruptions[c].n
                    ? 100 * cop_gain_column(a, series, r->corruptions[c].first + k).absolute.mean
                    : NAN;
    return points;
}

static void put_map(CopPlot *plot, const CopAnalysis *a, int series, const CopPanel *panel,
                    double most, bool names)
{
    const CopResults *r = a->results;
    const int columns = (int)panel->x1;
    double *points = points_of(a, series, columns);
    cop_panel_cells(plot, panel, points, r->n_corruptions, columns, -most, most, cop_colour_change);
    for (int c = 0; c < r->n_corruptions; c++) {
        char *name = name_of(r, c), text[32];
        if (names)
            cop_plot_text(plot, panel->x - 8, cop_panel_y(panel, -c - 0.5), name,
                          (CopTextStyle){.align = 1, .valign = 0.5, .colour = ink});
        for (int k = 0; k < columns; k++) {
            const double value = points[c * columns + k];
            g_snprintf(text, sizeof text, "%s%.1f", value < -0.05 ? "\u2212" : "", fabs(value));
            if (isfinite(value))
                cop_plot_text(
                    plot, cop_panel_x(panel, k + 0.5), cop_panel_y(panel, -c - 0.5), text,
                    (CopTextStyle){.size = 7.5,
                                   .align = 0.5,
                                   .valign = 0.5,
                                   .colour = fabs(value) > 0.6 * most ? (CopInk){1, 1, 1} : ink});
        }
        g_free(name);
    }
    for (int k = 0; k < columns; k++) {
        char text[32];
        double severity = NAN; /* as the first corruption that has so many calls it */
        for (int c = r->n_corruptions - 1; c >= 0; c--)
            if (k < r->corruptions[c].n)
                severity = r->columns[r->corruptions[c].first + k].severity;
        g_snprintf(text, sizeof text, "%g", severity);
        cop_plot_text(plot, cop_panel_x(panel, k + 0.5), panel->y + panel->h + 3, text,
                      (CopTextStyle){.align = 0.5, .colour = ink});
    }
    cop_plot_text(plot, panel->x, panel->y - 5, a->series[series].label,
                  (CopTextStyle){.size = COP_TEXT_TITLE, .valign = 1, .bold = true, .colour = ink});
    cop_plot_text(plot, panel->x + panel->w / 2, panel->y + panel->h + 17, "severity",
                  (CopTextStyle){.align = 0.5, .colour = ink});
    g_free(points);
}

CopPlot *cop_gain_draw_severities(const CopAnalysis *a, CopError *err)
{
    const int columns = severities_of(a->results), rows = a->results->n_corruptions;
    CopPlot *plot = NULL;
    double label = 0, most = 0.5, title = 0;
    int n = 0, at = 0;
    for (int s = 0; s < a->n_series; s++) {
        if (!cop_gain_has(a, s))
            continue;
        n++;
        title = fmax(title, 1.25 * cop_text_width(a->series[s].label, COP_TEXT_TITLE));
        double *points = points_of(a, s, columns);
        for (int i = 0; i < rows * columns; i++)
            most = isfinite(points[i]) ? fmax(most, fabs(points[i])) : most;
        g_free(points);
    }
    for (int c = 0; c < rows; c++) {
        char *name = name_of(a->results, c);
        label = fmax(label, cop_text_width(name, 0));
        g_free(name);
    }
    const double map_w = CELL_W * columns, step_w = fmax(map_w, title) + MAP_GAP;
    const double map_h = CELL_H * rows, left = MARGIN + label + 10;
    const int across = MIN(n, MAPS), down = (n + MAPS - 1) / MAPS;
    const double width = left + across * step_w + 70, height = 8 + down * (HEAD + map_h + MAP_FOOT);
    if (cop_plot_create(&plot, width, height, err) != COP_OK)
        return NULL;
    for (int s = 0; s < a->n_series; s++) {
        if (!cop_gain_has(a, s))
            continue;
        const CopPanel panel = {left + at % MAPS * step_w,
                                8 + HEAD + at / MAPS * (HEAD + map_h + MAP_FOOT),
                                map_w,
                                map_h,
                                0,
                                columns,
                                -rows,
                                0};
        put_map(plot, a, s, &panel, most, at % MAPS == 0);
        at++;
    }
    cop_plot_scale(plot, left + across * step_w, 8 + HEAD, 10, fmax(map_h, 90), -most, most,
                   cop_colour_change, "points of top-1");
    return plot;
}

/* Pictures of figures: panels with axes, what is drawn in them, legends. Drawn once by cairo,
 * written as PNG at twice the size and as SVG. Lengths are points of 1/96 inch, y runs downwards;
 * for the files of pipeline/analyse/.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ANALYSE_PLOT_H
#define COP_ANALYSE_PLOT_H

#include <stdbool.h>

#include "models/core/status.h"

typedef struct CopPlot CopPlot;

typedef struct CopInk {
    double r, g, b;
} CopInk;

/* A white sheet. COP_ERR_DATA where it would be too large for a picture. Returned in *out. */
CopStatus cop_plot_create(CopPlot **out, double width, double height, CopError *err) COP_MUST_CHECK;
void cop_plot_destroy(CopPlot **plot);

/* Writes FOLDER/NAME.png and FOLDER/NAME.svg, each whole or not at all; once, and nothing is drawn
 * afterwards. COP_ERR_IO. */
CopStatus cop_plot_write(CopPlot *plot, const char *folder, const char *name,
                         CopError *err) COP_MUST_CHECK;

/* --- text ---------------------------------------------------------------------------- */

enum { COP_TEXT_SIZE = 9, COP_TEXT_TITLE = 10 };

typedef struct CopTextStyle {
    double size; /* 0: COP_TEXT_SIZE */
    double align,
        valign;        /* where (x, y) lies in the text's box: 0 left or top, 1 right or bottom */
    bool bold, turned; /* turned: read from below */
    CopInk colour;     /* zeroed: black */
} CopTextStyle;

void cop_plot_text(CopPlot *plot, double x, double y, const char *text, CopTextStyle style);
double cop_text_width(const char *text, double size);

/* --- panels -------------------------------------------------------------------------- */

/* A box of the sheet, and the data at its edges; y0 lies at the bottom. */
typedef struct CopPanel {
    double x, y, w, h;
    double x0, x1, y0, y1;
} CopPanel;

double cop_panel_x(const CopPanel *panel, double value);
double cop_panel_y(const CopPanel *panel, double value);

/* Smallest and largest of values that are finite; start from COP_SPAN_NONE. */
typedef struct CopSpan {
    double lo, hi;
} CopSpan;
#define COP_SPAN_NONE ((CopSpan){1, 0})
void cop_span_take(CopSpan *range, double value);
/* The range with `share` of its width added at both ends; an empty one becomes 0..1. */
CopSpan cop_span_pad(CopSpan range, double share);

/* Between ticks of about `n` intervals: 1, 2, 2.5 or 5 times a power of ten. */
double cop_tick_step(double lo, double hi, int n);

typedef struct CopAxes {
    const char *title, *x_label, *y_label; /* NULL: none */
    bool no_x, no_y;                       /* no ticks there: the caller names what there is */
    bool no_grid_x, no_grid_y;
    int ticks_x, ticks_y; /* 0: by size */
} CopAxes;
void cop_panel_axes(CopPlot *plot, const CopPanel *panel, const CopAxes *axes);

/* --- what is drawn in a panel: data beyond its edges are cut off ---------------------- */

typedef enum CopMark {
    COP_MARK_DISC,
    COP_MARK_TRIANGLE,
    COP_MARK_SQUARE,
    COP_MARK_DIAMOND,
    COP_MARK_RING,
    COP_MARK_CROSS,
    COP_MARK_COUNT
} CopMark;

typedef struct CopStroke {
    CopInk colour;
    double width; /* 0: 1.4 */
    int dash;     /* 0: none, then three patterns */
    double fade;  /* 0: opaque, 1: not there */
} CopStroke;

/* Lines through points; a NaN breaks them. */
void cop_panel_line(CopPlot *plot, const CopPanel *panel, const double *x, const double *y, int n,
                    CopStroke stroke);
/* The area between two lines, without its gaps. */
void cop_panel_band(CopPlot *plot, const CopPanel *panel, const double *x, const double *low,
                    const double *high, int n, CopInk colour);
void cop_panel_mark(CopPlot *plot, const CopPanel *panel, double x, double y, CopMark mark,
                    CopInk colour);
/* A line between two points of the data. */
void cop_panel_segment(CopPlot *plot, const CopPanel *panel, double xa, double ya, double xb,
                       double yb, CopStroke stroke);
/* A filled box between two corners of the data. */
void cop_panel_box(CopPlot *plot, const CopPanel *panel, double xa, double ya, double xb, double yb,
                   CopInk fill);
/* values[rows][columns] as colours that fill the panel, row 0 at the top; NaN is grey. lo and hi
 * are the ends of the scale. */
void cop_panel_cells(CopPlot *plot, const CopPanel *panel, const double *values, int rows,
                     int columns, double lo, double hi, CopInk (*map)(double));
/* A scale beside a panel of cells: a strip of `w` by `h` at (x, y), lo at the bottom. */
void cop_plot_scale(CopPlot *plot, double x, double y, double w, double h, double lo, double hi,
                    CopInk (*map)(double), const char *label);

typedef struct CopLegendItem {
    const char *text;
    CopStroke stroke; /* width < 0: no line */
    int mark;         /* CopMark; -1: none */
    bool box;         /* a filled box instead */
} CopLegendItem;
/* Items side by side from (x, y) on, in rows no longer than `width`. */
void cop_plot_legend(CopPlot *plot, double x, double y, double width, const CopLegendItem *items,
                     int n);
/* Its height. */
double cop_legend_height(double width, const CopLegendItem *items, int n);

/* --- colours ------------------------------------------------------------------------- */

/* 0 to 1: cividis (Nunez et al., PLOS ONE 2018), for amounts. */
CopInk cop_colour_amount(double share);
/* 0 to 1 around 0.5: orange, white, purple (ColorBrewer's PuOr), for differences. */
CopInk cop_colour_change(double share);
/* White to blue, for the steps of an order. */
CopInk cop_colour_step(double share);
/* Okabe and Ito's, one a method, the same in every figure; unknown names get grey. */
CopInk cop_colour_method(const char *method);

#endif

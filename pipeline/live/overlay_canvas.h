/* A transparent sheet the size of a frame to draw cards, words and curves on. Words are rendered
 * once and kept. Lengths are pixels; whoever draws multiplies by `unit`, so that a card takes the
 * same share of every frame.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_OVERLAY_CANVAS_H
#define COP_LIVE_OVERLAY_CANVAS_H

#include <cairo.h>
#include <stdbool.h>
#include <stdint.h>

#include "pipeline/media/frame.h"

enum { COP_CANVAS_RECTS = 24 };

/* Where something may have been drawn. */
typedef struct CopCanvasRect {
    int x, y, w, h;
    bool opaque; /* every pixel of it covers what lies under the sheet */
} CopCanvasRect;

typedef struct CopCanvas CopCanvas;

/* Colours are 0xRRGGBB and opaque; distinct for people who see few colours, as in reports. */
enum {
    COP_INK = 0xF2F4F7,   /* words */
    COP_SOFT = 0xA9B3C0,  /* words beside them */
    COP_GREEN = 0x2DBD8E, /* right */
    COP_RED = 0xF07F45,   /* wrong */
    COP_BLUE = 0x56B4E9,  /* as on the clean clip */
    COP_AMBER = 0xF0B429  /* not so */
};
extern const uint32_t cop_canvas_series[]; /* of models, in turn */
enum { COP_CANVAS_SERIES = 6 };

/* Sides of 16 .. 16384 pixels. Returned in *out. */
CopStatus cop_canvas_create(CopCanvas **out, int width, int height) COP_MUST_CHECK;
void cop_canvas_destroy(CopCanvas **canvas); /* NULL-safe, idempotent */

int cop_canvas_width(const CopCanvas *canvas);
int cop_canvas_height(const CopCanvas *canvas);

/* Pixels that stand for one of a 640 x 480 frame, by the side that is scarcer. */
double cop_canvas_unit(const CopCanvas *canvas);

/* Premultiplied ARGB32 of cairo: on the little-endian machines that are supported blue first. */
const uint8_t *cop_canvas_pixels(CopCanvas *canvas, int *stride);
int cop_canvas_rects(const CopCanvas *canvas, const CopCanvasRect **rects);

/* Makes all of it transparent again; rendered words stay. */
void cop_canvas_clear(CopCanvas *canvas);

/* A dark translucent card with round corners. */
void cop_canvas_card(CopCanvas *canvas, double x, double y, double w, double h);

/* A box of one colour with corners of `radius`. Must lie in a card or a picture. */
void cop_canvas_box(CopCanvas *canvas, double x, double y, double w, double h, double radius,
                    uint32_t colour, double alpha);

typedef struct CopCanvasText {
    double size; /* of the font, in pixels */
    bool bold;
    uint32_t colour;
    double width; /* what is longer ends in an ellipsis; 0: as long as it is */
    double align; /* of the place: 0 its left end, 1 its right end, 0.5 the middle */
} CopCanvasText;

/* One line of words in DejaVu Sans, whose upper edge is y; returns how wide it is. */
double cop_canvas_text(CopCanvas *canvas, const char *words, const CopCanvasText *style, double x,
                       double y);

/* How wide the words are. */
double cop_canvas_measure(CopCanvas *canvas, const char *words, const CopCanvasText *style);

/* A frame of any format, whole, as large as fits and in the middle, on black. Small ones are
 * shown pixel by pixel. */
void cop_canvas_picture(CopCanvas *canvas, const CopFrame *frame, double x, double y, double w,
                        double h);

/* The part of a frame that lies in the box (whole pixels), where the frame covers the sheet. */
void cop_canvas_part(CopCanvas *canvas, const CopFrame *frame, double x, double y, double w,
                     double h);

/* A line through n points, with a dot at each where `dots`; a NaN leaves a gap. */
void cop_canvas_curve(CopCanvas *canvas, const double *x, const double *y, int n, uint32_t colour,
                      double width, bool dots);

/* For tests: words that were rendered so far, not taken from what was kept. */
long cop_canvas_rendered(const CopCanvas *canvas);
void cop_canvas_forget(CopCanvas *canvas); /* drops what was kept */

#endif

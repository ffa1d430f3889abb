/* What the files of a plot share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ANALYSE_PLOT_PRIVATE_H
#define COP_ANALYSE_PLOT_PRIVATE_H

#include <glib.h>
#include <pango/pangocairo.h>

#include "pipeline/analyse/plot.h"

struct CopPlot {
    double width, height;
    cairo_surface_t *surface; /* a recording: replayed into the PNG */
    cairo_surface_t *svg;     /* drawn into at the same time */
    GByteArray *bytes;        /* of the SVG */
    cairo_t *cairo;
    PangoLayout *layout;
};

/* Becomes the colour of what is drawn next. */
void cop_plot_colour(const CopPlot *plot, CopInk colour, double fade);

#endif

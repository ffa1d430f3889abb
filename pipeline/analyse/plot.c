/* Pictures of figures: the sheet, text on it, and its files.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <cairo-svg.h>
#include <cairo-tee.h>
#include <glib.h>
#include <pango/pangocairo.h>

#include "models/core/file.h"
#include "pipeline/analyse/plot_private.h"

enum { SIDE_MAX = 12000, PNG_SCALE = 2 };

/* Whole-pixel widths would space the letters of the larger picture unevenly. */
static void set_unhinted(PangoContext *context)
{
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(context, options);
    cairo_font_options_destroy(options);
}

static cairo_status_t collect(void *closure, const unsigned char *bytes, unsigned int n)
{
    g_byte_array_append(closure, bytes, n);
    return CAIRO_STATUS_SUCCESS;
}

CopStatus cop_plot_create(CopPlot **out, double width, double height, CopError *err)
{
    *out = NULL;
    if (width > SIDE_MAX || height > SIDE_MAX)
        return cop_error_set(err, COP_ERR_DATA,
                             "a figure of %.0f x %.0f points is too large (at most %d a side): "
                             "analyse fewer runs at once",
                             width, height, SIDE_MAX);
    const cairo_rectangle_t extents = {0, 0, width, height};
    CopPlot *plot = g_new0(CopPlot, 1);
    plot->width = width;
    plot->height = height;
    /* Both at once: cairo 1.16 leaks recordings that are replayed into SVG. */
    plot->surface = cairo_recording_surface_create(CAIRO_CONTENT_COLOR_ALPHA, &extents);
    plot->bytes = g_byte_array_new();
    plot->svg = cairo_svg_surface_create_for_stream(collect, plot->bytes, width, height);
    cairo_svg_surface_set_document_unit(plot->svg, CAIRO_SVG_UNIT_PX);
    cairo_surface_t *both = cairo_tee_surface_create(plot->surface);
    cairo_tee_surface_add(both, plot->svg);
    plot->cairo = cairo_create(both);
    cairo_surface_destroy(both);
    cairo_set_source_rgb(plot->cairo, 1, 1, 1);
    cairo_paint(plot->cairo);
    plot->layout = pango_cairo_create_layout(plot->cairo);
    set_unhinted(pango_layout_get_context(plot->layout));
    *out = plot;
    return COP_OK;
}

void cop_plot_destroy(CopPlot **plot)
{
    if (!plot || !*plot)
        return;
    g_object_unref((*plot)->layout);
    cairo_destroy((*plot)->cairo);
    cairo_surface_destroy((*plot)->surface);
    cairo_surface_destroy((*plot)->svg);
    g_byte_array_unref((*plot)->bytes);
    g_free(*plot);
    *plot = NULL;
}

/* --- text ---------------------------------------------------------------------------- */

static void set_text(PangoLayout *layout, const char *text, double size, bool bold)
{
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family(font, "DejaVu Sans");
    pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_absolute_size(font, (size > 0 ? size : COP_TEXT_SIZE) * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    char *valid = g_utf8_make_valid(text, -1);
    pango_layout_set_text(layout, valid, -1);
    g_free(valid);
}

void cop_plot_text(CopPlot *plot, double x, double y, const char *text, CopTextStyle style)
{
    int w, h;
    set_text(plot->layout, text, style.size, style.bold);
    pango_layout_get_size(plot->layout, &w, &h);
    cairo_save(plot->cairo);
    cairo_translate(plot->cairo, x, y);
    if (style.turned)
        cairo_rotate(plot->cairo, -G_PI / 2);
    cairo_translate(plot->cairo, -style.align * w / PANGO_SCALE, -style.valign * h / PANGO_SCALE);
    cop_plot_colour(plot, style.colour, 0);
    pango_cairo_show_layout(plot->cairo, plot->layout);
    cairo_restore(plot->cairo);
}

double cop_text_width(const char *text, double size)
{
    int w;
    PangoContext *context = pango_font_map_create_context(pango_cairo_font_map_get_default());
    set_unhinted(context);
    PangoLayout *layout = pango_layout_new(context);
    set_text(layout, text, size, false);
    pango_layout_get_size(layout, &w, NULL);
    g_object_unref(layout);
    g_object_unref(context);
    return (double)w / PANGO_SCALE;
}

void cop_plot_colour(const CopPlot *plot, CopInk colour, double fade)
{
    cairo_set_source_rgba(plot->cairo, colour.r, colour.g, colour.b, 1 - fade);
}

/* --- files --------------------------------------------------------------------------- */

static cairo_status_t make_png(const CopPlot *plot, GByteArray *out)
{
    cairo_surface_t *surface = cairo_image_surface_create(
        CAIRO_FORMAT_RGB24, (int)(plot->width * PNG_SCALE), (int)(plot->height * PNG_SCALE));
    cairo_t *cairo = cairo_create(surface);
    cairo_scale(cairo, PNG_SCALE, PNG_SCALE);
    cairo_set_source_surface(cairo, plot->surface, 0, 0);
    cairo_paint(cairo);
    cairo_status_t status = cairo_status(cairo);
    cairo_destroy(cairo);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(surface, collect, out);
    cairo_surface_destroy(surface);
    return status;
}

static CopStatus write_one(const char *folder, const char *name, const char *suffix,
                           cairo_status_t code, const GByteArray *bytes, CopError *err)
{
    char *file = g_strconcat(name, suffix, NULL), *path = g_build_filename(folder, file, NULL);
    CopStatus status = COP_OK;
    if (code != CAIRO_STATUS_SUCCESS)
        status = cop_error_set(err, COP_ERR_NOMEM, "%s: cannot be drawn: %s", path,
                               cairo_status_to_string(code));
    else
        status = cop_file_write(path, bytes->data, bytes->len, err);
    g_free(file);
    g_free(path);
    return status;
}

CopStatus cop_plot_write(CopPlot *plot, const char *folder, const char *name, CopError *err)
{
    GByteArray *png = g_byte_array_new();
    const cairo_status_t code = make_png(plot, png);
    const CopStatus status = write_one(folder, name, ".png", code, png, err);
    g_byte_array_unref(png);
    COP_TRY(status);
    cairo_surface_finish(plot->svg);
    return write_one(folder, name, ".svg", cairo_surface_status(plot->svg), plot->bytes, err);
}

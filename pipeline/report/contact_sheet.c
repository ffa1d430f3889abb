/* A sheet of small pictures in rows and columns, with words around them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/report/contact_sheet.h"

#include <pango/pangocairo.h>
#include <stdlib.h>

#include "models/core/file.h"
#include "pipeline/media/convert.h"
#include "pipeline/media/png_write.h"

enum { GAP = 4, MARGIN = 14, HEAD = 26, TITLE = 30, SIDE_MAX = 16384 };

struct CopContactSheet {
    cairo_surface_t *surface;
    cairo_t *cairo;
    PangoLayout *layout;
    int tile_w, tile_h, label; /* label: width of the words at the left */
};

static int left_of(const CopContactSheet *sheet, int column)
{
    return MARGIN + sheet->label + column * (sheet->tile_w + GAP);
}

static int top_of(const CopContactSheet *sheet, int row)
{
    return MARGIN + TITLE + HEAD + row * (sheet->tile_h + GAP);
}

/* Words inside a box: `align` 0 left, 0.5 centred; always centred top to bottom. */
static void put_text(CopContactSheet *sheet, const char *text, const char *font, double grey, int x,
                     int y, int w, int h, double align)
{
    int text_w, text_h;
    PangoFontDescription *description = pango_font_description_from_string(font);
    pango_layout_set_font_description(sheet->layout, description);
    pango_font_description_free(description);
    pango_layout_set_width(sheet->layout, w * PANGO_SCALE);
    pango_layout_set_wrap(sheet->layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_alignment(sheet->layout, align > 0 ? PANGO_ALIGN_CENTER : PANGO_ALIGN_LEFT);
    pango_layout_set_text(sheet->layout, text, -1);
    pango_layout_get_pixel_size(sheet->layout, &text_w, &text_h);
    cairo_set_source_rgb(sheet->cairo, grey, grey, grey);
    cairo_move_to(sheet->cairo, x, y + (h - text_h) / 2.0);
    pango_cairo_show_layout(sheet->cairo, sheet->layout);
}

CopStatus cop_contact_sheet_create(CopContactSheet **out, int rows, int columns, int width,
                                   int height, int tile, const char *title, CopError *err)
{
    enum { LABEL = 148 };
    *out = NULL;
    CopContactSheet *sheet = calloc(1, sizeof *sheet);
    if (!sheet)
        return cop_error_set(err, COP_ERR_NOMEM, "out of memory");
    const double shrink = (double)tile / (width > height ? width : height);
    sheet->tile_w = width * shrink > 1 ? (int)(width * shrink + 0.5) : 1;
    sheet->tile_h = height * shrink > 1 ? (int)(height * shrink + 0.5) : 1;
    sheet->label = LABEL;
    const double w = left_of(sheet, 0) + (double)columns * (sheet->tile_w + GAP) + MARGIN;
    const double h = top_of(sheet, 0) + (double)rows * (sheet->tile_h + GAP) + MARGIN;
    if (w > SIDE_MAX || h > SIDE_MAX) {
        free(sheet);
        return cop_error_set(err, COP_ERR_ARG,
                             "a sheet of %d x %d pictures of %d pixels would have %.0f x %.0f "
                             "pixels; at most %d a side are drawn",
                             rows, columns, tile, w, h, SIDE_MAX);
    }
    sheet->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)w, (int)h);
    sheet->cairo = cairo_create(sheet->surface);
    sheet->layout = pango_cairo_create_layout(sheet->cairo);
    if (cairo_status(sheet->cairo) != CAIRO_STATUS_SUCCESS) {
        cop_contact_sheet_destroy(&sheet);
        return cop_error_set(err, COP_ERR_NOMEM, "a sheet of %.0f x %.0f pixels: out of memory", w,
                             h);
    }
    cairo_set_source_rgb(sheet->cairo, 1, 1, 1);
    cairo_paint(sheet->cairo);
    put_text(sheet, title, "Sans Bold 11", 0.1, MARGIN, MARGIN, (int)w - 2 * MARGIN, TITLE, 0);
    *out = sheet;
    return COP_OK;
}

void cop_contact_sheet_destroy(CopContactSheet **sheet)
{
    if (!sheet || !*sheet)
        return;
    if ((*sheet)->layout)
        g_object_unref((*sheet)->layout);
    cairo_destroy((*sheet)->cairo);
    cairo_surface_destroy((*sheet)->surface);
    free(*sheet);
    *sheet = NULL;
}

void cop_contact_sheet_row(CopContactSheet *sheet, int row, const char *text)
{
    put_text(sheet, text, "Sans 9", 0.2, MARGIN, top_of(sheet, row), sheet->label - 8,
             sheet->tile_h, 0);
}

void cop_contact_sheet_column(CopContactSheet *sheet, int column, const char *text)
{
    put_text(sheet, text, "Sans 9", 0.2, left_of(sheet, column), MARGIN + TITLE, sheet->tile_w,
             HEAD, 0.5);
}

void cop_contact_sheet_remark(CopContactSheet *sheet, int row, int column, const char *text)
{
    const int x = left_of(sheet, column), y = top_of(sheet, row);
    cairo_set_source_rgb(sheet->cairo, 0.94, 0.94, 0.94);
    cairo_rectangle(sheet->cairo, x, y, sheet->tile_w, sheet->tile_h);
    cairo_fill(sheet->cairo);
    put_text(sheet, text, "Sans 8", 0.45, x + 4, y, sheet->tile_w - 8, sheet->tile_h, 0.5);
}

CopStatus cop_contact_sheet_put(CopContactSheet *sheet, int row, int column, const CopFrame *frame)
{
    CopFrame pixels;
    COP_TRY(cop_convert_new(&pixels, COP_PIXEL_BGRX, frame));
    /* cairo's RGB24 is a 32-bit number: blue first on little-endian machines only, which all
     * that are supported are. Strides are multiples of 64. */
    cairo_surface_t *picture = cairo_image_surface_create_for_data(
        pixels.plane[0], CAIRO_FORMAT_RGB24, pixels.width, pixels.height, pixels.stride[0]);
    const int x = left_of(sheet, column), y = top_of(sheet, row);
    cairo_save(sheet->cairo);
    cairo_translate(sheet->cairo, x, y);
    cairo_scale(sheet->cairo, (double)sheet->tile_w / pixels.width,
                (double)sheet->tile_h / pixels.height);
    cairo_set_source_surface(sheet->cairo, picture, 0, 0);
    /* Small pictures are shown pixel by pixel: blur is for corruptions to make. */
    cairo_pattern_set_filter(cairo_get_source(sheet->cairo), pixels.width < sheet->tile_w
                                                                 ? CAIRO_FILTER_NEAREST
                                                                 : CAIRO_FILTER_GOOD);
    cairo_pattern_set_extend(cairo_get_source(sheet->cairo), CAIRO_EXTEND_PAD);
    cairo_rectangle(sheet->cairo, 0, 0, pixels.width, pixels.height);
    cairo_fill(sheet->cairo);
    cairo_restore(sheet->cairo);
    const cairo_status_t code = cairo_surface_status(picture);
    cairo_surface_destroy(picture);
    cop_frame_unref(&pixels);
    return code == CAIRO_STATUS_SUCCESS ? COP_OK : COP_ERR_NOMEM;
}

CopStatus cop_contact_sheet_write(CopContactSheet *sheet, const char *path, CopError *err)
{
    void *png = NULL;
    size_t size = 0;
    CopFrame rgb = {0};
    cairo_surface_flush(sheet->surface);
    const CopFrame pixels = {.format = COP_PIXEL_BGRX,
                             .width = cairo_image_surface_get_width(sheet->surface),
                             .height = cairo_image_surface_get_height(sheet->surface),
                             .plane = {cairo_image_surface_get_data(sheet->surface)},
                             .stride = {cairo_image_surface_get_stride(sheet->surface)}};
    CopStatus status = cop_convert_new(&rgb, COP_PIXEL_RGB, &pixels);
    if (status == COP_OK)
        status = cop_png_encode(&rgb, &png, &size);
    cop_frame_unref(&rgb);
    if (status != COP_OK)
        return cop_error_set(err, status, "%s: %s", path, cop_status_name(status));
    status = cop_file_write(path, png, size, err);
    free(png);
    return status;
}

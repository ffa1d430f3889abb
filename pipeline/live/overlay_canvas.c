/* A transparent sheet the size of a frame to draw cards, words and curves on.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/overlay_canvas.h"

#include <glib.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <stdlib.h>

#include "pipeline/media/convert.h"

enum { SIDE_MIN = 16, SIDE_MAX = 16384, WORDS_MOST = 512 };

const uint32_t cop_canvas_series[COP_CANVAS_SERIES] = {0x56B4E9, 0xF0B429, 0x2DBD8E,
                                                       0xCC79A7, 0xF07F45, 0xB9C2CE};

/* Rendered words, as coverage alone: any colour paints through them. */
typedef struct Words {
    cairo_surface_t *mask;
    int width;
} Words;

struct CopCanvas {
    int width, height;
    cairo_surface_t *surface;
    cairo_t *cairo;
    PangoContext *pango;
    GHashTable *words; /* key text to Words */
    long rendered;
    CopCanvasRect rect[COP_CANVAS_RECTS];
    int n_rects;
};

static void free_words(void *memory)
{
    Words *words = memory;
    cairo_surface_destroy(words->mask);
    g_free(words);
}

CopStatus cop_canvas_create(CopCanvas **out, int width, int height)
{
    *out = NULL;
    if (width < SIDE_MIN || height < SIDE_MIN || width > SIDE_MAX || height > SIDE_MAX)
        return COP_ERR_ARG;
    CopCanvas *c = g_new0(CopCanvas, 1);
    c->width = width;
    c->height = height;
    c->surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    c->cairo = cairo_create(c->surface);
    c->pango = pango_cairo_create_context(c->cairo);
    pango_context_set_round_glyph_positions(c->pango, TRUE);
    c->words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_words);
    if (cairo_status(c->cairo) != CAIRO_STATUS_SUCCESS)
        cop_canvas_destroy(&c);
    *out = c;
    return c ? COP_OK : COP_ERR_NOMEM;
}

void cop_canvas_destroy(CopCanvas **out)
{
    if (!out || !*out)
        return;
    CopCanvas *c = *out;
    g_hash_table_unref(c->words);
    g_object_unref(c->pango);
    cairo_destroy(c->cairo);
    cairo_surface_destroy(c->surface);
    g_free(c);
    *out = NULL;
}

int cop_canvas_width(const CopCanvas *c)
{
    return c->width;
}

int cop_canvas_height(const CopCanvas *c)
{
    return c->height;
}

double cop_canvas_unit(const CopCanvas *c)
{
    return fmin(c->width / 640.0, c->height / 480.0);
}

const uint8_t *cop_canvas_pixels(CopCanvas *c, int *stride)
{
    cairo_surface_flush(c->surface);
    *stride = cairo_image_surface_get_stride(c->surface);
    return cairo_image_surface_get_data(c->surface);
}

int cop_canvas_rects(const CopCanvas *c, const CopCanvasRect **rects)
{
    *rects = c->rect;
    return c->n_rects;
}

/* --- what is drawn ------------------------------------------------------------------- */

static bool add_rect(CopCanvas *c, int x0, int y0, int x1, int y1, bool opaque)
{
    if (c->n_rects == COP_CANVAS_RECTS)
        return false;
    c->rect[c->n_rects++] = (CopCanvasRect){x0, y0, x1 - x0, y1 - y0, opaque};
    return true;
}

/* Adds what rectangles from number `from` on do not cover yet: none may be blended twice. */
static bool add_rest(CopCanvas *c, int from, int x0, int y0, int x1, int y1, bool opaque)
{
    if (x1 <= x0 || y1 <= y0)
        return true;
    for (int i = from; i < c->n_rects; i++) {
        const CopCanvasRect *r = &c->rect[i];
        const int left = MAX(x0, r->x), right = MIN(x1, r->x + r->w);
        const int top = MAX(y0, r->y), bottom = MIN(y1, r->y + r->h);
        if (left >= right || top >= bottom)
            continue;
        return add_rest(c, i + 1, x0, y0, x1, top, opaque) &&
               add_rest(c, i + 1, x0, bottom, x1, y1, opaque) &&
               add_rest(c, i + 1, x0, top, left, bottom, opaque) &&
               add_rest(c, i + 1, right, top, x1, bottom, opaque);
    }
    return add_rect(c, x0, y0, x1, y1, opaque);
}

/* Even sides, so that halved chroma fits; where there are too many rectangles, one stands for
 * all. */
static void touch(CopCanvas *c, double x, double y, double w, double h, bool opaque)
{
    const int x0 = MAX(0, (int)floor(x) & ~1), y0 = MAX(0, (int)floor(y) & ~1);
    const int x1 = MIN(c->width, ((int)ceil(x + w) + 1) & ~1);
    const int y1 = MIN(c->height, ((int)ceil(y + h) + 1) & ~1);
    /* What sides were rounded to is not covered. */
    const bool whole = opaque && x0 == x && y0 == y && x1 == x + w && y1 == y + h;
    if (add_rest(c, 0, x0, y0, x1, y1, whole))
        return;
    c->rect[0] = (CopCanvasRect){0, 0, c->width, c->height, false};
    c->n_rects = 1;
}

void cop_canvas_clear(CopCanvas *c)
{
    cairo_set_operator(c->cairo, CAIRO_OPERATOR_CLEAR);
    for (int i = 0; i < c->n_rects; i++) {
        const CopCanvasRect *r = &c->rect[i];
        cairo_rectangle(c->cairo, r->x, r->y, r->w, r->h);
    }
    cairo_fill(c->cairo);
    cairo_set_operator(c->cairo, CAIRO_OPERATOR_OVER);
    /* On what it knows to be empty cairo rounds in another way: it shall not know. */
    cairo_surface_mark_dirty(c->surface);
    c->n_rects = 0;
}

static void set_colour(cairo_t *cairo, uint32_t colour, double alpha)
{
    cairo_set_source_rgba(cairo, (colour >> 16) / 255.0, (colour >> 8 & 255) / 255.0,
                          (colour & 255) / 255.0, alpha);
}

static void round_box(cairo_t *cairo, double x, double y, double w, double h, double radius)
{
    const double r = fmin(radius, fmin(w, h) / 2);
    cairo_new_sub_path(cairo);
    cairo_arc(cairo, x + w - r, y + r, r, -G_PI / 2, 0);
    cairo_arc(cairo, x + w - r, y + h - r, r, 0, G_PI / 2);
    cairo_arc(cairo, x + r, y + h - r, r, G_PI / 2, G_PI);
    cairo_arc(cairo, x + r, y + r, r, G_PI, 1.5 * G_PI);
    cairo_close_path(cairo);
}

void cop_canvas_box(CopCanvas *c, double x, double y, double w, double h, double radius,
                    uint32_t colour, double alpha)
{
    if (!(w > 0) || !(h > 0))
        return;
    set_colour(c->cairo, colour, alpha);
    if (radius > 0)
        round_box(c->cairo, x, y, w, h, radius);
    else
        cairo_rectangle(c->cairo, x, y, w, h);
    cairo_fill(c->cairo);
}

void cop_canvas_card(CopCanvas *c, double x, double y, double w, double h)
{
    const double unit = cop_canvas_unit(c);
    touch(c, x - unit, y - unit, w + 2 * unit, h + 2 * unit, false);
    round_box(c->cairo, x, y, w, h, 8 * unit);
    set_colour(c->cairo, 0x0D1014, 0.8);
    cairo_fill_preserve(c->cairo);
    set_colour(c->cairo, 0xFFFFFF, 0.10);
    cairo_set_line_width(c->cairo, unit);
    cairo_stroke(c->cairo);
}

/* --- words --------------------------------------------------------------------------- */

static Words *render(CopCanvas *c, const char *text, const CopCanvasText *style)
{
    int w, h;
    Words *words = g_new0(Words, 1);
    PangoLayout *layout = pango_layout_new(c->pango);
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family(font, "DejaVu Sans");
    pango_font_description_set_absolute_size(font, style->size * PANGO_SCALE);
    pango_font_description_set_weight(font, style->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_single_paragraph_mode(layout, TRUE);
    pango_layout_set_text(layout, text, -1);
    if (style->width > 0) {
        pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
        pango_layout_set_width(layout, (int)(style->width * PANGO_SCALE));
    }
    pango_layout_get_pixel_size(layout, &w, &h);
    words->width = w;
    words->mask = cairo_image_surface_create(CAIRO_FORMAT_A8, MAX(w, 1) + 2, MAX(h, 1) + 2);
    cairo_t *cairo = cairo_create(words->mask);
    cairo_move_to(cairo, 1, 1);
    pango_cairo_show_layout(cairo, layout);
    cairo_destroy(cairo);
    g_object_unref(layout);
    c->rendered++;
    return words;
}

static const Words *find_words(CopCanvas *c, const char *text, const CopCanvasText *style)
{
    char *valid = g_utf8_make_valid(text, -1); /* labels come from files */
    char *key = g_strdup_printf("%.2f %d %.1f %s", style->size, style->bold, style->width, valid);
    Words *words = g_hash_table_lookup(c->words, key);
    if (!words) {
        if (g_hash_table_size(c->words) >= WORDS_MOST) /* numbers change all the time */
            g_hash_table_remove_all(c->words);
        words = render(c, valid, style);
        g_hash_table_insert(c->words, g_steal_pointer(&key), words);
    }
    g_free(key);
    g_free(valid);
    return words;
}

double cop_canvas_measure(CopCanvas *c, const char *text, const CopCanvasText *style)
{
    return find_words(c, text, style)->width;
}

double cop_canvas_text(CopCanvas *c, const char *text, const CopCanvasText *style, double x,
                       double y)
{
    const Words *words = find_words(c, text, style);
    set_colour(c->cairo, style->colour, 1);
    /* At whole pixels, as they were rendered. */
    cairo_mask_surface(c->cairo, words->mask, round(x - style->align * words->width) - 1,
                       round(y) - 1);
    return words->width;
}

long cop_canvas_rendered(const CopCanvas *c)
{
    return c->rendered;
}

void cop_canvas_forget(CopCanvas *c)
{
    g_hash_table_remove_all(c->words);
}

/* --- pictures and curves -------------------------------------------------------------- */

/* Paints the frame, scaled and moved, where it falls into the box. */
static void paint(CopCanvas *c, const CopFrame *frame, double left, double top, double scale_x,
                  double scale_y, const double box[4])
{
    CopFrame pixels;
    if (cop_convert_new(&pixels, COP_PIXEL_BGRX, frame) != COP_OK)
        return; /* a picture less */
    cairo_surface_t *picture = cairo_image_surface_create_for_data(
        pixels.plane[0], CAIRO_FORMAT_RGB24, pixels.width, pixels.height, pixels.stride[0]);
    cairo_save(c->cairo);
    cairo_rectangle(c->cairo, box[0], box[1], box[2], box[3]);
    cairo_clip(c->cairo);
    cairo_translate(c->cairo, left, top);
    cairo_scale(c->cairo, scale_x, scale_y);
    cairo_set_source_surface(c->cairo, picture, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(c->cairo),
                             scale_x >= 1 ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_BILINEAR);
    cairo_pattern_set_extend(cairo_get_source(c->cairo), CAIRO_EXTEND_PAD);
    cairo_paint(c->cairo);
    cairo_restore(c->cairo);
    cairo_surface_destroy(picture);
    cop_frame_unref(&pixels);
}

void cop_canvas_picture(CopCanvas *c, const CopFrame *frame, double x, double y, double w, double h)
{
    const double scale = fmin(w / frame->width, h / frame->height);
    const double shown_w = round(scale * frame->width), shown_h = round(scale * frame->height);
    const double left = round(x + (w - shown_w) / 2), top = round(y + (h - shown_h) / 2);
    const double box[4] = {left, top, shown_w, shown_h};
    touch(c, x, y, w, h, true);
    cop_canvas_box(c, x, y, w, h, 0, 0x0D1014, 1);
    paint(c, frame, left, top, shown_w / frame->width, shown_h / frame->height, box);
}

/* The part of a frame of the sheet's size alone; sides are even, for chroma. */
static CopFrame crop(const CopFrame *frame, int x, int y, int w, int h)
{
    CopFrame part = *frame;
    part.width = w;
    part.height = h;
    part.buffer = NULL;
    for (int p = 0; p < cop_pixel_format_planes(frame->format); p++) {
        int bytes, rows;
        cop_plane_size(frame->format, x, y, p, &bytes, &rows);
        part.plane[p] += (ptrdiff_t)rows * part.stride[p] + bytes;
    }
    return part;
}

void cop_canvas_part(CopCanvas *c, const CopFrame *frame, double x, double y, double w, double h)
{
    const double box[4] = {x, y, w, h};
    const bool even = fmod(x, 2) == 0 && fmod(y, 2) == 0;
    touch(c, x, y, w, h, true);
    if (even && frame->width == c->width && frame->height == c->height) {
        const CopFrame part = crop(frame, (int)x, (int)y, (int)w, (int)h);
        paint(c, &part, x, y, 1, 1, box);
    } else {
        paint(c, frame, 0, 0, (double)c->width / frame->width, (double)c->height / frame->height,
              box);
    }
}

void cop_canvas_curve(CopCanvas *c, const double *x, const double *y, int n, uint32_t colour,
                      double width, bool dots)
{
    set_colour(c->cairo, colour, 1);
    cairo_set_line_width(c->cairo, width);
    cairo_set_line_join(c->cairo, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(c->cairo, CAIRO_LINE_CAP_ROUND);
    cairo_new_path(c->cairo);
    for (int i = 0; i < n; i++) {
        if (isnan(y[i]))
            cairo_new_sub_path(c->cairo);
        else
            cairo_line_to(c->cairo, x[i], y[i]);
    }
    cairo_stroke(c->cairo);
    for (int i = 0; i < n && dots; i++)
        if (!isnan(y[i])) {
            cairo_new_sub_path(c->cairo);
            cairo_arc(c->cairo, x[i], y[i], 1.5 * width, 0, 2 * G_PI);
        }
    cairo_fill(c->cairo);
}

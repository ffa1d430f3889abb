/* The figures of `coppice analyse`, as a page of their own and as a section of the report.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "pipeline/report/html.h"

/* Where the figures stand: alone beside their files, or on a page that anybody may carry away. */
typedef struct Place {
    const CopFigureList *list;
    const CopResults *results; /* of the report; NULL: a page of their own */
} Place;

static void put_code(GString *out, const char *text)
{
    g_string_append(out, "<code>");
    cop_html_text(out, text);
    g_string_append(out, "</code>");
}

/* Below the page's heading, or below the section's. */
static void put_heading(GString *out, const Place *place, const char *id, const char *title)
{
    const int level = place->results ? 3 : 2;
    g_string_append_printf(out, "<section id=\"figure-%s\"><h%d>", id, level);
    cop_html_text(out, title);
    g_string_append_printf(out, "</h%d>", level);
}

/* Names are those of files: cop_figure_list_read() lets no others pass. */
static void put_links(GString *out, const char *name, const char *first, const char *second)
{
    char *upper[2] = {g_ascii_strup(first, -1), g_ascii_strup(second, -1)};
    g_string_append_printf(out, "<a href=\"%s.%s\">%s</a> <a href=\"%s.%s\">%s</a>", name, first,
                           upper[0], name, second, upper[1]);
    g_free(upper[0]);
    g_free(upper[1]);
}

static void put_picture(GString *out, const Place *place, const CopFigurePicture *picture)
{
    char *bytes = g_base64_encode((const guchar *)picture->png, picture->size);
    g_string_append(out, "<figure class=\"picture\"><figcaption>");
    cop_html_text(out, picture->what);
    if (!place->results) {
        g_string_append(out, "<span class=\"aside\">");
        put_links(out, picture->name, "png", "svg");
        g_string_append(out, "</span>");
    }
    g_string_append(out, "</figcaption><div class=\"scroll\"><img alt=\"");
    cop_html_text(out, picture->what);
    g_string_append_printf(out,
                           "\" width=\"%d\" height=\"%d\" src=\"data:image/png;base64,%s\"></div>"
                           "</figure>",
                           picture->width, picture->height, bytes);
    g_free(bytes);
}

static void put_table(GString *out, const Place *place, const CopFigureTable *table)
{
    g_string_append(out, "<p class=\"data\">");
    char *file = place->results ? g_strconcat(table->name, ".csv", NULL) : g_strdup(table->name);
    put_code(out, file);
    g_free(file);
    g_string_append_c(out, ' ');
    cop_html_text(out, table->what);
    g_string_append_printf(out, ", %" G_GINT64_FORMAT " rows", table->rows);
    if (!place->results) {
        g_string_append(out, ": ");
        put_links(out, table->name, "csv", "json");
    }
    g_string_append(out, "</p>");
}

static void put_entry(GString *out, const Place *place, const CopFigureEntry *entry)
{
    put_heading(out, place, entry->name, entry->title);
    g_string_append(out, "<p class=\"caption\">");
    cop_html_text(out, entry->caption);
    g_string_append(out, "</p>");
    for (guint i = 0; i < entry->pictures->len; i++)
        put_picture(out, place, g_ptr_array_index(entry->pictures, i));
    for (guint i = 0; i < entry->tables->len; i++)
        put_table(out, place, g_ptr_array_index(entry->tables, i));
    g_string_append(out, "</section>\n");
}

static void put_runs(GString *out, const Place *place)
{
    put_heading(out, place, "runs", "Runs");
    g_string_append(out, "<p class=\"caption\">A series holds the runs that differ in their seed "
                         "alone.</p><div class=\"scroll\"><table class=\"plain\"><thead><tr>"
                         "<th>Series</th><th>Seed</th><th>Model</th><th>Folder</th><th>SHA-256</th>"
                         "</tr></thead><tbody>");
    for (guint i = 0; i < place->list->runs->len; i++) {
        const CopFigureRun *run = g_ptr_array_index(place->list->runs, i);
        g_string_append(out, "<tr><td>");
        cop_html_text(out, run->series);
        g_string_append_printf(out, "</td><td>%" G_GUINT64_FORMAT "</td><td>", run->seed);
        cop_html_text(out, run->model);
        g_string_append(out, "</td><td>");
        put_code(out, run->folder);
        g_string_append(out, "</td><td>");
        put_code(out, run->sha256);
        g_string_append(out, "</td></tr>");
    }
    g_string_append(out, "</tbody></table></div>");
    if (place->list->command) {
        g_string_append(out, "<pre>");
        cop_html_text(out, place->list->command);
        g_string_append(out, "</pre>");
    }
    g_string_append(out, "</section>\n");
}

static void put_lines(GString *out, const Place *place, const char *id, const char *title,
                      const GPtrArray *lines)
{
    if (lines->len == 0)
        return;
    put_heading(out, place, id, title);
    g_string_append(out, "<ul>");
    for (guint i = 0; i < lines->len; i++) {
        g_string_append(out, "<li>");
        cop_html_text(out, g_ptr_array_index(lines, i));
        g_string_append(out, "</li>");
    }
    g_string_append(out, "</ul></section>\n");
}

static void put_figures(GString *out, const Place *place)
{
    const CopFigureList *list = place->list;
    for (guint i = 0; i < list->entries->len; i++)
        put_entry(out, place, g_ptr_array_index(list->entries, i));
    put_lines(out, place, "notes", "Left out", list->notes);
    put_runs(out, place);
    put_lines(out, place, "broken", "Runs that could not be used", list->broken);
}

static void put_extent(GString *out, const CopFigureList *list)
{
    cop_html_plural(out, (int)list->runs->len, "run");
    g_string_append_printf(out, " in %" G_GINT64_FORMAT " series", list->series);
    if (list->baseline) {
        g_string_append(out, "; baseline: ");
        cop_html_text(out, list->baseline);
    }
}

/* --- in the report ----------------------------------------------------------------------- */

static bool has_run(const CopFigureList *list, const char *sha256)
{
    for (guint i = 0; i < list->runs->len; i++)
        if (strcmp(((const CopFigureRun *)g_ptr_array_index(list->runs, i))->sha256, sha256) == 0)
            return true;
    return false;
}

/* Figures may be older than the results, or of other runs: the reader shall know. */
static void put_differences(GString *out, const Place *place)
{
    const CopResults *results = place->results;
    const CopFigureList *list = place->list;
    int missing = 0, others = 0;
    for (guint i = 0; i < list->runs->len; i++) {
        const CopFigureRun *run = g_ptr_array_index(list->runs, i);
        others += cop_results_find(results, run->sha256) < 0;
    }
    for (int i = 0; i < results->n_models; i++) {
        if (has_run(list, results->models[i].about.sha256))
            continue;
        g_string_append(out, missing++ ? ", " : "<p class=\"note\">Models that the figures lack: ");
        cop_html_model(out, results, i);
    }
    if (missing)
        g_string_append(out, ".</p>");
    if (others) {
        g_string_append(out, "<p class=\"note\">Of the figures’ runs ");
        g_string_append_printf(out, "%d %s not on this page.</p>", others,
                               others == 1 ? "is" : "are");
    }
    char *setup = cop_figure_setup(results->setup_text);
    if (list->setup && strcmp(list->setup, setup) != 0)
        g_string_append(out, "<p class=\"note\">What the figures say of cells is of another setup "
                             "than this page.</p>");
    g_free(setup);
}

void cop_html_figures(GString *out, const CopFigureList *list, const CopResults *results)
{
    const Place place = {list, results};
    cop_html_section(out, "figures", "Figures");
    g_string_append(out, "<p class=\"caption\">By <code>coppice analyse</code>, of ");
    put_extent(out, list);
    g_string_append(out, ". Vector pictures, and tables as CSV and JSON, are in ");
    put_code(out, list->folder);
    g_string_append(out, ".</p>");
    put_differences(out, &place);
    put_figures(out, &place);
    g_string_append(out, "</section>\n");
}

/* --- alone ------------------------------------------------------------------------------- */

void cop_html_figures_page(GString *out, const CopFigureList *list)
{
    const Place place = {list, NULL};
    g_string_append(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
                         "'none'; img-src data:; style-src 'unsafe-inline'\"><meta "
                         "name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                         "<title>coppice: figures</title><style>\n");
    cop_html_asset(out, "report.css");
    g_string_append(out, "</style></head>\n<body><main><header><h1>Figures</h1><p class=\"what\">");
    put_extent(out, list);
    g_string_append(out, "</p></header>\n");
    put_figures(out, &place);
    g_string_append(out,
                    "<footer>Made by coppice " COP_VERSION ".</footer></main></body></html>\n");
}

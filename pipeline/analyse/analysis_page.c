/* figures.html: every figure with its pictures, and links to its files. Pictures are in the page.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "models/core/file.h"
#include "pipeline/analyse/analysis.h"
#include "pipeline/report/html.h"

static const char page_name[] = "figures.html";

void cop_page_begin(CopAnalysis *a, const char *name, const char *title, const char *caption)
{
    cop_html_section(a->page, name, title);
    g_string_append_printf(a->page, "<p class=\"caption\">%s</p>", caption);
}

void cop_page_end(CopAnalysis *a)
{
    g_string_append(a->page, "</section>\n");
    a->made++;
}

static void put_image(GString *out, const char *path, const char *name, const char *what)
{
    char *bytes = NULL;
    gsize size;
    if (!g_file_get_contents(path, &bytes, &size, NULL))
        return;
    char *text = g_base64_encode((const guchar *)bytes, size);
    g_string_append(out, "<figure class=\"picture\"><figcaption>");
    cop_html_text(out, what);
    g_string_append_printf(out,
                           "<span class=\"aside\"><a href=\"%s.png\">PNG</a> <a "
                           "href=\"%s.svg\">SVG</a></span></figcaption><img alt=\"",
                           name, name);
    cop_html_text(out, what);
    g_string_append_printf(out, "\" src=\"data:image/png;base64,%s\"></figure>", text);
    g_free(text);
    g_free(bytes);
}

CopStatus cop_page_plot(CopAnalysis *a, CopPlot *plot, const char *name, const char *what,
                        CopError *err)
{
    if (!plot)
        return err->status;
    char *file = g_strconcat(name, ".png", NULL);
    char *path = g_build_filename(a->options->out, file, NULL);
    const CopStatus status = cop_plot_write(plot, a->options->out, name, err);
    cop_plot_destroy(&plot);
    if (status == COP_OK)
        put_image(a->page, path, name, what);
    g_free(file);
    g_free(path);
    return status;
}

CopStatus cop_page_table(CopAnalysis *a, CopTidy *tidy, const char *name, const char *what,
                         CopError *err)
{
    const CopStatus status = cop_tidy_write(tidy, a->options->out, name, err);
    g_string_append_printf(a->page, "<p class=\"data\"><code>%s</code> ", name);
    cop_html_text(a->page, what);
    g_string_append_printf(a->page,
                           ", %" G_GINT64_FORMAT " rows: <a href=\"%s.csv\">CSV</a> <a "
                           "href=\"%s.json\">JSON</a></p>",
                           cop_tidy_rows(tidy), name, name);
    cop_tidy_destroy(&tidy);
    return status;
}

static void put_runs(GString *out, const CopAnalysis *a)
{
    cop_html_section(out, "runs", "Runs");
    g_string_append(out, "<p class=\"caption\">A series holds the runs that differ in their seed "
                         "alone.</p><div class=\"scroll\"><table class=\"plain\"><thead><tr>"
                         "<th>Series</th><th>Seed</th><th>Model</th><th>Folder</th></tr></thead>"
                         "<tbody>");
    for (int i = 0; i < a->n_runs; i++) {
        const CopAnalysisRun *run = &a->run[i];
        g_string_append(out, "<tr><td>");
        cop_html_text(out, a->series[run->series].label);
        g_string_append_printf(out, "</td><td>%" G_GUINT64_FORMAT "</td><td>", run->seed);
        cop_html_text(out, run->label);
        g_string_append(out, "</td><td><code>");
        cop_html_text(out, run->folder);
        g_string_append(out, "</code></td></tr>");
    }
    g_string_append(out, "</tbody></table></div>");
    if (a->options->command) {
        g_string_append(out, "<pre>");
        cop_html_text(out, a->options->command);
        g_string_append(out, "</pre>");
    }
    g_string_append(out, "</section>\n");
}

static void put_list(GString *out, const char *id, const char *title, const GPtrArray *lines)
{
    if (lines->len == 0)
        return;
    cop_html_section(out, id, title);
    g_string_append(out, "<ul>");
    for (guint i = 0; i < lines->len; i++) {
        g_string_append(out, "<li>");
        cop_html_text(out, g_ptr_array_index(lines, i));
        g_string_append(out, "</li>");
    }
    g_string_append(out, "</ul></section>\n");
}

CopStatus cop_page_write(CopAnalysis *a, CopError *err)
{
    GString *out = g_string_sized_new(1 << 16);
    g_string_append(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
                         "'none'; img-src data:; style-src 'unsafe-inline'\"><meta "
                         "name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                         "<title>coppice: figures</title><style>\n");
    cop_html_asset(out, "report.css");
    g_string_append(out, ".picture img { display: block; max-width: 100%; background: #fff; }\n"
                         ".picture { margin: 20px 0 8px; }\n"
                         ".data { color: var(--soft); font-size: 13px; margin: 2px 0; }\n"
                         "</style></head>\n<body><main><header><h1>Figures</h1><p class=\"what\">");
    cop_html_plural(out, a->n_runs, "run");
    g_string_append(out, " in ");
    g_string_append_printf(out, "%d series", a->n_series);
    if (a->baseline >= 0) {
        g_string_append(out, "; baseline: ");
        cop_html_text(out, a->series[a->baseline].label);
    }
    g_string_append(out, "</p></header>\n");
    g_string_append_len(out, a->page->str, (gssize)a->page->len);
    put_list(out, "notes", "Left out", a->notes);
    put_runs(out, a);
    put_list(out, "broken", "Runs that could not be used", a->broken);
    g_string_append(out,
                    "<footer>Made by coppice " COP_VERSION ".</footer></main></body></html>\n");
    char *path = g_build_filename(a->options->out, page_name, NULL);
    const CopStatus status = cop_file_write(path, out->str, out->len, err);
    g_free(path);
    g_string_free(out, TRUE);
    return status;
}

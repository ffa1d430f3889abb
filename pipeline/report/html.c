/* The report page: its sections in order, and what surrounds the tables.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/report/html.h"

#include <gio/gio.h>
#include <math.h>
#include <string.h>

#include "models/core/file.h"
#include "pipeline/report/compare.h"
#include "pipeline/report/report.h"
#include "pipeline/report/terminal.h"

/* Made by glib-compile-resources from report.gresource.xml. */
GResource *cop_report_assets_get_resource(void);

/* Okabe and Ito's colours, told apart by colour-blind readers, and a second mark for
 * those who see no colour at all; report.js draws the same. */
static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                      "#e69f00", "#56b4e9", "#7a7a7a"};
static const char *const marks[] = {
    "<circle cx=\"7\" cy=\"7\" r=\"4.5\"/>",
    "<path d=\"M7 1.8 12.2 11.6H1.8z\"/>",
    "<rect x=\"2.8\" y=\"2.8\" width=\"8.4\" height=\"8.4\"/>",
    "<path d=\"M7 1 13 7 7 13 1 7z\"/>",
};

void cop_html_text(GString *out, const char *text)
{
    char *valid = g_utf8_make_valid(text, -1), *escaped = g_markup_escape_text(valid, -1);
    g_string_append(out, escaped);
    g_free(escaped);
    g_free(valid);
}

void cop_html_name(GString *out, const char *name)
{
    char *words = g_strdelimit(g_strdup(name), "_", ' ');
    cop_html_text(out, words);
    g_free(words);
}

void cop_html_model(GString *out, const CopResults *results, int model)
{
    g_string_append_printf(out,
                           "<span class=\"model\"><svg class=\"key\" viewBox=\"0 0 14 14\" "
                           "fill=\"%s\" aria-hidden=\"true\">%s</svg>",
                           colours[(size_t)model % G_N_ELEMENTS(colours)],
                           marks[(size_t)model % G_N_ELEMENTS(marks)]);
    cop_html_text(out, results->models[model].label);
    g_string_append(out, "</span>");
}

static void put_asset(GString *out, const char *name)
{
    char *path = g_strconcat("/coppice/report/", name, NULL);
    GBytes *bytes = g_resource_lookup_data(cop_report_assets_get_resource(), path, 0, NULL);
    if (bytes) { /* linked into the program: it is there */
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);
        g_string_append_len(out, data, (gssize)size);
        g_bytes_unref(bytes);
    }
    g_free(path);
}

static const char *meta(const CopResults *results, const char *key)
{
    for (int i = 0; i < results->n_meta; i++)
        if (strcmp(results->meta[i].key, key) == 0)
            return results->meta[i].value;
    return "";
}

static void open_section(GString *out, const char *id, const char *title)
{
    g_string_append_printf(out, "<section id=\"%s\"><h2>%s</h2>", id, title);
}

static void put_plural(GString *out, int n, const char *noun)
{
    g_string_append_printf(out, "%d %s%s", n, noun, n == 1 ? "" : "s");
}

static int best_model(const CopResults *results, int scope)
{
    int best = -1;
    double most = -1;
    for (int i = 0; i < results->n_models; i++) {
        const double value = cop_results_score(results, i, scope).value;
        if (value > most) {
            most = value;
            best = i;
        }
    }
    return best;
}

static void put_finding(GString *out, const CopResults *results, int scope, const char *lead)
{
    const int best = best_model(results, scope);
    char text[COP_NUMBER_SIZE], low[COP_NUMBER_SIZE], high[COP_NUMBER_SIZE];
    if (best < 0)
        return;
    const CopInterval score = cop_results_score(results, best, scope);
    g_string_append_printf(out,
                           "<div class=\"finding\"><div class=\"lead\">%s</div><div "
                           "class=\"figure\">%s<small> %%</small></div><div class=\"who\">",
                           lead, cop_text_percent(text, score.value));
    cop_html_model(out, results, best);
    if (!isnan(score.low))
        g_string_append_printf(out, "<span class=\"interval\">%s–%s</span>",
                               cop_text_percent(low, score.low),
                               cop_text_percent(high, score.high));
    g_string_append(out, "</div></div>");
}

static void put_header(GString *out, const CopResults *results)
{
    g_string_append(out, "<header><h1>Robustness report</h1><p class=\"what\">");
    put_plural(out, results->n_models, "model");
    g_string_append(out, ", ");
    put_plural(out, results->n_clips, "clip");
    g_string_append(out, ", ");
    put_plural(out, results->n_corruptions, "corruption");
    g_string_append_printf(out, " in %d cells", results->n_columns - 1);
    const char *created = meta(results, "created");
    if (created[0]) {
        char *day = g_strndup(created, 10);
        g_string_append(out, "; begun ");
        cop_html_text(out, day);
        g_free(day);
    }
    g_string_append(out, "</p>");
    if (results->n_setups > 1)
        g_string_append_printf(out,
                               "<p class=\"note\">The file holds %d setups; this page shows number "
                               "%lld alone.</p>",
                               results->n_setups, (long long)results->setup);
    if (results->n_models > 1) {
        g_string_append(out, "<div class=\"findings\">");
        put_finding(out, results, COP_SCOPE_CLEAN, "Best on clean clips");
        put_finding(out, results, COP_SCOPE_ROBUST, "Best on corrupted clips");
        g_string_append(out, "</div>");
    }
    g_string_append(out, "</header>");
}

static void put_charts(GString *out, const CopResults *results)
{
    open_section(out, "curves", "Accuracy as severity rises");
    g_string_append_printf(out,
                           "<p class=\"caption\">Top-1 in percent against severity; severity 0 is "
                           "the clean clip. Bands are 95 %% Wilson intervals over %d clips.</p>"
                           "<p class=\"legend\">",
                           results->n_labelled);
    for (int i = 0; i < results->n_models; i++) {
        cop_html_model(out, results, i);
        g_string_append(out, " ");
    }
    g_string_append(out,
                    "</p><noscript><p class=\"note\">The charts need JavaScript; the heat maps "
                    "below hold the same numbers.</p></noscript><div class=\"charts\">");
    for (int i = 0; i < results->n_corruptions; i++) {
        g_string_append(out, "<figure><figcaption>");
        cop_html_name(out, results->corruptions[i].name);
        g_string_append(out, "<span class=\"aside\">");
        cop_html_text(out, results->corruptions[i].family);
        g_string_append_printf(out,
                               "</span></figcaption><div class=\"plot\"><canvas "
                               "data-corruption=\"%d\" role=\"img\" aria-label=\"Accuracy against "
                               "severity\"></canvas></div></figure>",
                               i);
    }
    g_string_append(out, "</div></section>");
}

static void put_trade(GString *out)
{
    open_section(out, "trade", "Clean against robust");
    g_string_append(out,
                    "<p class=\"caption\">One point a model, with 95 % intervals both ways. On "
                    "the dashed line corruption would cost nothing.</p><figure><div "
                    "class=\"plot square\"><canvas id=\"scatter\" role=\"img\" "
                    "aria-label=\"Robust accuracy against clean accuracy\"></canvas></div>"
                    "</figure></section>");
}

static void put_image(GString *out, const CopResultPicture *picture, const char *alt)
{
    char *data = g_base64_encode(picture->png, picture->size);
    g_string_append_printf(out, "<img src=\"data:image/png;base64,%s\" alt=\"", data);
    cop_html_name(out, alt);
    g_string_append(out, "\">");
    g_free(data);
}

static const CopResultPicture *find_picture(const CopResults *results, int corruption,
                                            double severity)
{
    for (int i = 0; i < results->n_pictures; i++)
        if (results->pictures[i].corruption == corruption &&
            results->pictures[i].severity == severity)
            return &results->pictures[i];
    return NULL;
}

void cop_html_pictures(GString *out, const CopResults *results)
{
    const CopResultPicture *clean = find_picture(results, -1, 0);
    int widest = 0;
    for (int i = 0; i < results->n_corruptions; i++)
        widest = MAX(widest, results->corruptions[i].n);
    g_string_append(out, "<div class=\"scroll\"><table class=\"strip\"><tbody>");
    for (int i = 0; i < results->n_corruptions; i++) {
        const CopResultCorruption *corruption = &results->corruptions[i];
        g_string_append(out, "<tr><th scope=\"row\">");
        cop_html_name(out, corruption->name);
        g_string_append(out, "</th><td>");
        if (clean)
            put_image(out, clean, "clean");
        g_string_append(out, "<span class=\"aside\">clean</span></td>");
        for (int k = 0; k < widest; k++) {
            g_string_append(out, "<td>");
            if (k < corruption->n) {
                const CopResultColumn *column = &results->columns[corruption->first + k];
                const CopResultPicture *picture = find_picture(results, i, column->severity);
                char text[COP_NUMBER_SIZE];
                if (picture)
                    put_image(out, picture, corruption->name);
                g_string_append_printf(out, "<span class=\"aside\">%s</span>",
                                       cop_text_exact(text, column->severity));
            }
            g_string_append(out, "</td>");
        }
        g_string_append(out, "</tr>");
    }
    g_string_append(out, "</tbody></table></div>");
}

static void put_provenance(GString *out, const CopResults *results)
{
    if (results->n_skips > 0) {
        open_section(out, "skipped", "Clips left out");
        g_string_append(out, "<p class=\"caption\">They could not be used and count nowhere.</p>"
                             "<div class=\"scroll\"><table class=\"plain\"><thead><tr><th>Clip</th>"
                             "<th>Reason</th></tr></thead><tbody>");
        for (int i = 0; i < results->n_skips; i++) {
            g_string_append(out, "<tr><td>");
            cop_html_text(out, results->skips[i].key);
            g_string_append(out, "</td><td>");
            cop_html_text(out, results->skips[i].value);
            g_string_append(out, "</td></tr>");
        }
        g_string_append(out, "</tbody></table></div></section>");
    }
    open_section(out, "provenance", "Provenance");
    g_string_append(out, "<div class=\"scroll\"><table class=\"plain\"><tbody>");
    for (int i = 0; i < results->n_meta; i++) {
        g_string_append(out, "<tr><th scope=\"row\">");
        cop_html_text(out, results->meta[i].key);
        g_string_append(out, "</th><td>");
        cop_html_text(out, results->meta[i].value);
        g_string_append(out, "</td></tr>");
    }
    for (int i = 0; i < results->n_models; i++) {
        const CopStoreModel *about = &results->models[i].about;
        g_string_append(out, "<tr><th scope=\"row\">");
        cop_html_model(out, results, i);
        g_string_append(out, "</th><td>");
        cop_html_text(out, about->arch);
        g_string_append_printf(out, ", seed %llu, <code>", (unsigned long long)about->seed);
        cop_html_text(out, about->sha256);
        g_string_append(out, "</code></td></tr>");
    }
    g_string_append(out, "</tbody></table></div><details><summary>The configuration that every "
                         "prediction here was made with</summary><pre>");
    cop_html_text(out, results->setup_text);
    g_string_append(out, "</pre></details></section>");
}

static void put_reading(GString *out)
{
    open_section(out, "reading", "How to read this page");
    g_string_append(
        out,
        "<dl><dt>Top-1</dt><dd>Share of clips whose highest-scoring class is the label.</dd>"
        "<dt>Robust</dt><dd>Mean over corruptions of the mean over severities of top-1; missing "
        "while a cell is missing or lacks clips.</dd>"
        "<dt>Intervals</dt><dd>95 %. A single cell: Wilson’s score interval. A mean over cells: "
        "the "
        "same clips appear in every cell, so the clip is the unit, and the interval is Student’s "
        "over the clips’ own means. They speak of other clips of this kind, not of other "
        "training runs.</dd>"
        "<dt>Differences</dt><dd>Paired by clip. p on clean clips: exact McNemar test; on the "
        "robust "
        "score: paired t test. Neither is adjusted for the number of comparisons.</dd></dl>"
        "</section>");
}

/* JSON has '<' in strings only, where an escape means the same; so no text of the
 * result file can end the script element. */
static void put_data(GString *out, const CopResults *results, int baseline)
{
    char *json = cop_compare_json(results, baseline, false);
    g_string_append(out, "<script type=\"application/json\" id=\"data\">");
    for (const char *p = json; *p; p++) {
        if (*p == '<')
            g_string_append(out, "\\u003c");
        else
            g_string_append_c(out, *p);
    }
    g_string_append(out, "</script>");
    g_free(json);
}

char *cop_report_html(const CopResults *results, int baseline)
{
    GString *out = g_string_sized_new(1 << 19);
    /* The policy lets nothing be fetched, whatever stands in the page. */
    g_string_append(out,
                    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                    "img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                    "<title>coppice: robustness report</title><style>\n");
    put_asset(out, "report.css");
    g_string_append(out, "</style><noscript><style>.charts, .legend, #trade { display: none; }"
                         "</style></noscript></head>\n<body><main>");
    put_header(out, results);

    open_section(out, "results", "Results");
    g_string_append_printf(
        out,
        "<p class=\"caption\">Top-1 on %d labelled clips with 95 %% intervals in "
        "small print. The highest of each accuracy is bold; whether it is higher "
        "than another stands under <a href=\"#changes\">Differences</a>.</p>",
        results->n_labelled);
    cop_html_results(out, results, baseline);
    g_string_append(out, "</section>\n");
    if (results->n_corruptions > 0) {
        put_charts(out, results);
        open_section(out, "maps", "Every cell");
        g_string_append_printf(
            out,
            "<p class=\"caption\">Top-1 in percent by corruption and severity, "
            "%d clips a cell; darker is better. <span class=\"scale\">0<i></i>100"
            "</span></p>",
            results->n_labelled);
        cop_html_heat_maps(out, results);
        g_string_append(out, "</section>\n");
    }
    if (results->n_models > 1) {
        g_string_append(out, "<div class=\"pair\">");
        open_section(out, "changes", "Differences");
        g_string_append(out, "<p class=\"caption\">Points of top-1 against ");
        cop_html_model(out, results, baseline);
        g_string_append(out, " on the same clips, with 95 % intervals; bold where the interval "
                             "leaves out 0. Purple is better, orange worse.</p>");
        cop_html_differences(out, results, baseline);
        g_string_append(out, "</section>\n");
        put_trade(out);
        g_string_append(out, "</div>");
    }
    if (results->n_pictures > 0) {
        open_section(out, "pictures", "What the models saw");
        g_string_append(out, "<p class=\"caption\">One frame of <code>");
        cop_html_text(out, results->picture_clip);
        g_string_append(out, "</code>, clean and at each severity.</p>");
        cop_html_pictures(out, results);
        g_string_append(out, "</section>\n");
    }
    put_provenance(out, results);
    put_reading(out);
    g_string_append(out,
                    "<footer>Made by coppice " COP_VERSION ". Charts by Chart.js (MIT).</footer>"
                    "</main>\n");
    put_data(out, results, baseline);
    g_string_append(out, "\n<script>");
    put_asset(out, "chart.js");
    g_string_append(out, "</script>\n<script>\n");
    put_asset(out, "report.js");
    g_string_append(out, "</script></body></html>\n");
    return g_string_free(out, FALSE);
}

CopStatus cop_report_write(const CopResults *results, int baseline, const char *path, CopError *err)
{
    char *page = cop_report_html(results, baseline);
    const CopStatus status = cop_file_write(path, page, strlen(page), err);
    g_free(page);
    return status;
}

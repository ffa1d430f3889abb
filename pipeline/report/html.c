/* The report page: its sections in order, and what surrounds the tables.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/report/html.h"

#include <gio/gio.h>
#include <math.h>
#include <string.h>

#include "models/core/file.h"
#include "pipeline/report/compare.h"
#include "pipeline/report/report.h"
#include "pipeline/report/run_metrics.h"
#include "pipeline/report/terminal.h"

/* Made by glib-compile-resources from report.gresource.xml. */
GResource *cop_report_assets_get_resource(void);

void cop_html_asset(GString *out, const char *name)
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
    cop_html_plural(out, results->n_models, "model");
    g_string_append(out, ", ");
    cop_html_plural(out, results->n_clips, "clip");
    g_string_append(out, ", ");
    cop_html_plural(out, results->n_corruptions, "corruption");
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

/* Beside charts and maps of many models. */
static const char pooled[] = "Means over seeds, with a standard deviation.";

static void put_charts(GString *out, const CopResults *results)
{
    cop_html_section(out, "curves", "Accuracy as severity rises");
    g_string_append(out, "<p class=\"caption\">Top-1 in percent against severity; severity 0 is "
                         "the clean clip. ");
    if (cop_compare_pools(results))
        g_string_append(out, pooled);
    else
        g_string_append_printf(out, "Bands are 95 %% Wilson intervals over %d clips.",
                               results->n_labelled);
    g_string_append(out, "</p><p class=\"legend\">");
    for (int i = 0; i < cop_html_shown(results); i++) {
        cop_html_shown_name(out, results, i);
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

static void put_trade(GString *out, const CopResults *results)
{
    cop_html_section(out, "trade", "Clean against robust");
    g_string_append_printf(
        out,
        "<p class=\"caption\">One point a model%s, its area the number of non-zero "
        "weights, with 95 %% intervals both ways. On the dashed line corruption would "
        "cost nothing.</p><figure><div "
        "class=\"plot square\"><canvas id=\"scatter\" role=\"img\" "
        "aria-label=\"Robust accuracy against clean accuracy\"></canvas></div>"
        "</figure></section>",
        cop_compare_pools(results) ? ", in its recipe’s colour" : "");
}

/* A row a scope, a dot and its interval a model. */
static void put_forest(GString *out, const CopResults *results)
{
    const int rows = results->n_corruptions + 2,
              height = rows * (10 * cop_html_shown(results) + 6) + 50;
    cop_html_section(out, "forest", "Differences with their intervals");
    g_string_append_printf(out,
                           "<p class=\"caption\">The %s above the baseline; right of the "
                           "line is better.</p><figure><div class=\"plot\" "
                           "style=\"height:%dpx\"><canvas id=\"differences\" role=\"img\" "
                           "aria-label=\"Differences from the baseline with intervals\"></canvas>"
                           "</div></figure></section>",
                           cop_compare_pools(results) ? "gains over seeds in points"
                                                      : "same points",
                           MAX(height, 200));
}

/* JSON has '<' in strings only, where an escape means the same; so no text of the
 * result file can end the script element. */
static void put_json(GString *out, const char *id, const char *json)
{
    g_string_append_printf(out, "<script type=\"application/json\" id=\"%s\">", id);
    for (const char *p = json; *p; p++) {
        if (*p == '<')
            g_string_append(out, "\\u003c");
        else
            g_string_append_c(out, *p);
    }
    g_string_append(out, "</script>\n");
}

static void put_data(GString *out, const CopResults *results, int baseline, const GPtrArray *runs)
{
    char *json = cop_compare_json(results, baseline, false);
    GString *topology = g_string_new(NULL);
    put_json(out, "data", json);
    g_free(json);
    if (runs->len) {
        cop_run_metrics_json(topology, runs);
        put_json(out, "runs", topology->str);
    }
    g_string_free(topology, TRUE);
}

static void put_head(GString *out)
{
    /* The policy lets nothing be fetched, whatever stands in the page. */
    g_string_append(out,
                    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                    "img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                    "<title>coppice: robustness report</title><style>\n");
    cop_html_asset(out, "report.css");
    g_string_append(
        out,
        "</style><noscript><style>.charts, .legend, #trade, #forest, #curves { display: none; }"
        "</style></noscript></head>\n<body><main>");
}

static void put_results(GString *out, const CopResults *results, int baseline)
{
    cop_html_section(out, "results", "Results");
    g_string_append_printf(
        out,
        "<p class=\"caption\">Top-1 on %d labelled clips with 95 %% intervals in "
        "small print. The highest of each accuracy is bold; whether it is higher "
        "than another stands under <a href=\"#%s</a>. mCE: errors under "
        "corruption as a share of the baseline’s.</p>",
        results->n_labelled,
        cop_compare_pools(results) ? "seeds\">Over seeds" : "changes\">Differences");
    cop_html_results(out, results, baseline);
    g_string_append(out, "</section>\n");
    if (results->n_recipes == results->n_models)
        return;
    cop_html_section(out, "seeds", "Over seeds");
    g_string_append(out,
                    "<p class=\"caption\">Models of one architecture, method and density: mean and "
                    "standard deviation.");
    if (results->n_unpooled)
        g_string_append_printf(out,
                               " %d models stand alone, by their names, because their recipe has "
                               "a seed twice.",
                               results->n_unpooled);
    g_string_append(out, "</p>");
    cop_html_seeds(out, results, baseline);
    cop_html_seed_gains(out, results, baseline);
    g_string_append(out, "</section>\n");
}

static void put_grid(GString *out, const CopResults *results)
{
    put_charts(out, results);
    cop_html_section(out, "maps", "Every cell");
    g_string_append_printf(out,
                           "<p class=\"caption\">Top-1 in percent by corruption and severity, "
                           "%d clips a cell; darker is better. %s <span class=\"scale\">0<i></i>100"
                           "</span></p>",
                           results->n_labelled, cop_compare_pools(results) ? pooled : "");
    cop_html_heat_maps(out, results);
    g_string_append(out, "</section>\n");
    cop_html_section(out, "slices", "By family and severity");
    g_string_append(out, "<p class=\"caption\">Top-1 in percent: a family is the mean over its "
                         "corruptions, a severity the mean over the corruptions that have it.</p>");
    cop_html_slices(out, results);
    g_string_append(out, "</section>\n");
}

static void put_changes(GString *out, const CopResults *results, int baseline)
{
    cop_html_section(out, "changes", "Differences");
    g_string_append(out, "<p class=\"caption\">Points of top-1 above ");
    cop_html_model(out, results, baseline);
    g_string_append(out, " on the same clips, with 95 % intervals; bold where the interval "
                         "leaves out 0. Purple is better, orange worse.</p>");
    cop_html_differences(out, results, baseline);
    g_string_append(out, "</section>\n");
}

static void put_comparison(GString *out, const CopResults *results, int baseline)
{
    enum { BESIDE = 4 }; /* more columns need the page's width */
    g_string_append_printf(out, "<div class=\"pair%s\">",
                           results->n_models > BESIDE ? " many" : "");
    if (!cop_compare_pools(results))
        put_changes(out, results, baseline);
    put_trade(out, results);
    put_forest(out, results);
    g_string_append(out, "</div>\n");
}
static void put_pictures(GString *out, const CopResults *results)
{
    cop_html_section(out, "pictures", "What the models saw");
    g_string_append(out, "<p class=\"caption\">One frame of <code>");
    cop_html_text(out, results->picture_clip);
    g_string_append(out, "</code>, clean and at each severity.</p>");
    cop_html_pictures(out, results);
    g_string_append(out, "</section>\n");
}

char *cop_report_html(const CopResults *results, int baseline, const CopReportOptions *options)
{
    static const CopReportOptions nothing = {0};
    const CopReportOptions *o = options ? options : &nothing;
    GString *out = g_string_sized_new(1 << 19);
    GPtrArray *runs = cop_run_metrics_find(results, o->folders, o->n_folders);
    put_head(out);
    put_header(out, results);
    put_results(out, results, baseline);
    if (results->n_corruptions > 0)
        put_grid(out, results);
    if (results->n_models > 1)
        put_comparison(out, results, baseline);
    if (results->n_corruptions > 0)
        cop_html_hard_clips(out, results, o->media);
    if (results->n_pictures > 0)
        put_pictures(out, results);
    if (runs->len > 0)
        cop_html_topology(out, results, runs);
    if (o->figures)
        cop_html_figures(out, o->figures, results);
    if (results->n_skips > 0)
        cop_html_skips(out, results);
    cop_html_provenance(out, results, o->command);
    cop_html_reading(out, results);
    g_string_append(out,
                    "<footer>Made by coppice " COP_VERSION ". Charts by Chart.js (MIT).</footer>"
                    "</main>\n");
    put_data(out, results, baseline, runs);
    g_string_append(out, "<script>");
    cop_html_asset(out, "chart.js");
    g_string_append(out, "</script>\n<script>\n");
    cop_html_asset(out, "report.js");
    g_string_append(out, "</script></body></html>\n");
    g_ptr_array_unref(runs);
    return g_string_free(out, FALSE);
}

CopStatus cop_report_write(const CopResults *results, int baseline, const CopReportOptions *options,
                           const char *path, CopError *err)
{
    char *page = cop_report_html(results, baseline, options);
    const CopStatus status = cop_file_write(path, page, strlen(page), err);
    g_free(page);
    return status;
}

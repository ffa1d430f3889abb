/* How masks moved in training, on the report page: places for charts, and a table a model.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/report/compare.h"
#include "pipeline/report/html.h"
#include "pipeline/report/run_metrics.h"
#include "pipeline/report/terminal.h"

static void put_plot(GString *out, guint run, const char *what, const char *title)
{
    g_string_append_printf(out,
                           "<figure><figcaption>%s</figcaption><div class=\"plot\"><canvas "
                           "data-run=\"%u\" data-what=\"%s\" role=\"img\" aria-label=\"%s over "
                           "training steps\"></canvas></div></figure>",
                           title, run, what, title);
}

static void put_layer(GString *out, const CopUpdateLayer *layer)
{
    char text[COP_NUMBER_SIZE];
    const guint n = layer->points->len;
    const CopUpdatePoint *first = &g_array_index(layer->points, CopUpdatePoint, 0);
    const CopUpdatePoint *last = &g_array_index(layer->points, CopUpdatePoint, n - 1);
    double grown = 0;
    for (guint i = 0; i < n; i++)
        grown += g_array_index(layer->points, CopUpdatePoint, i).grown;
    g_string_append(out, "<tr><th scope=\"row\"><code>");
    cop_html_text(out, layer->name);
    g_string_append(out, "</code></th>");
    cop_html_number(out, cop_text_count(text, (int64_t)last->weights));
    cop_html_number(out, cop_text_number(text, first->nnz / last->weights, 3));
    cop_html_number(out, cop_text_number(text, last->nnz / last->weights, 3));
    cop_html_number(out, cop_text_number(text, grown / last->nnz, 3));
    cop_html_number(out, cop_text_number(text, last->explored / last->weights, 3));
    g_string_append(out, "</tr>");
}

static void put_run(GString *out, const CopResults *results, const CopRunMetrics *run, guint index)
{
    g_string_append(out, "<h3>");
    cop_html_model(out, results, run->model);
    g_string_append(out, "</h3><div class=\"charts three\">");
    put_plot(out, index, "density", "Density of each layer, %");
    put_plot(out, index, "grown", "Grown at each update, % of non-zeros");
    put_plot(out, index, "explored", "Explored: weights ever active, %");
    g_string_append(out, "</div><details><summary>The layers in numbers</summary><div "
                         "class=\"scroll\"><table class=\"plain layers\"><thead><tr><th>Layer</th>"
                         "<th class=\"num\">Weights</th><th class=\"num\">Density, first update"
                         "</th><th class=\"num\">last</th><th class=\"num\">Grown in all / "
                         "non-zeros</th><th class=\"num\">Explored</th></tr></thead><tbody>");
    for (guint i = 0; i < run->log->layers->len; i++)
        put_layer(out, g_ptr_array_index(run->log->layers, i));
    g_string_append(out, "</tbody></table></div></details>");
}

static int count_moving(const GPtrArray *runs)
{
    int n = 0;
    for (guint i = 0; i < runs->len; i++)
        n += ((const CopRunMetrics *)g_ptr_array_index(runs, i))->log->layers->len > 0;
    return n;
}

/* Whether models are pooled and an earlier run is of the same recipe. */
static bool is_pooled(const CopResults *results, const GPtrArray *runs, guint i)
{
    const CopRunMetrics *run = g_ptr_array_index(runs, i);
    bool found = false;
    for (guint k = 0; k < i && cop_compare_pools(results); k++) {
        const CopRunMetrics *other = g_ptr_array_index(runs, k);
        found |= other->log->layers->len &&
                 results->models[other->model].recipe == results->models[run->model].recipe;
    }
    return found;
}

void cop_html_topology(GString *out, const CopResults *results, const GPtrArray *runs)
{
    cop_html_section(out, "topology", "Training");
    g_string_append_printf(out,
                           "<p class=\"caption\">From <code>metrics.jsonl</code> of %u of %d "
                           "models, over optimiser steps.%s%s</p><div class=\"charts three\">",
                           runs->len, results->n_models,
                           cop_compare_pools(results) ? " Layers of each recipe’s first run." : "",
                           count_moving(runs) ? " Layers run from the first, yellow, to the last, "
                                                "violet."
                                              : "");
    g_string_append(
        out, "<figure><figcaption>Top-1 on the test clips, %</figcaption><div class=\"plot\">"
             "<canvas data-all=\"top1\" role=\"img\" aria-label=\"Test accuracy over "
             "training steps\"></canvas></div></figure>"
             "<figure><figcaption>Loss on the training clips</figcaption><div "
             "class=\"plot\"><canvas data-all=\"loss\" role=\"img\" aria-label=\"Training "
             "loss over training steps\"></canvas></div></figure>"
             "<figure><figcaption>Explored: weights ever active, %</figcaption><div "
             "class=\"plot\"><canvas data-all=\"explored\" role=\"img\" "
             "aria-label=\"Explored weights over training steps\"></canvas></div></figure>"
             "</div>");
    for (guint i = 0; i < runs->len; i++) {
        const CopRunMetrics *run = g_ptr_array_index(runs, i);
        if (run->log->layers->len && !is_pooled(results, runs, i))
            put_run(out, results, run, i);
    }
    g_string_append(out, "</section>\n");
}

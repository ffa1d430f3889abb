/* What all parts of the report page use: escaping, headings, cells of tables.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "pipeline/report/compare.h"
#include "pipeline/report/html.h"
#include "pipeline/report/terminal.h"

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

static void put_keyed(GString *out, int place, const char *name)
{
    g_string_append_printf(out,
                           "<span class=\"model\"><svg class=\"key\" viewBox=\"0 0 14 14\" "
                           "fill=\"%s\" aria-hidden=\"true\">%s</svg>",
                           colours[(size_t)place % G_N_ELEMENTS(colours)],
                           marks[(size_t)place % G_N_ELEMENTS(marks)]);
    cop_html_text(out, name);
    g_string_append(out, "</span>");
}

void cop_html_model(GString *out, const CopResults *results, int model)
{
    const CopResultModel *m = &results->models[model];
    put_keyed(out, cop_compare_pools(results) ? m->recipe : model, m->label);
}

int cop_html_shown(const CopResults *results)
{
    return cop_compare_pools(results) ? results->n_recipes : results->n_models;
}

void cop_html_shown_name(GString *out, const CopResults *results, int i)
{
    if (!cop_compare_pools(results)) {
        cop_html_model(out, results, i);
        return;
    }
    char *name = cop_compare_recipe(results, i);
    put_keyed(out, i, name);
    g_free(name);
}

void cop_html_section(GString *out, const char *id, const char *title)
{
    g_string_append_printf(out, "<section id=\"%s\"><h2>%s</h2>", id, title);
}

void cop_html_plural(GString *out, int n, const char *noun)
{
    g_string_append_printf(out, "%d %s%s", n, noun, n == 1 ? "" : "s");
}

/* The number, and its interval in small print below. */
void cop_html_interval(GString *out, CopInterval interval, bool best)
{
    char text[COP_NUMBER_SIZE], low[COP_NUMBER_SIZE], high[COP_NUMBER_SIZE];
    if (isnan(interval.value)) {
        g_string_append(out, "<td class=\"num none\">–</td>");
        return;
    }
    g_string_append_printf(out, "<td class=\"num%s\"><span class=\"value\">%s</span>",
                           best ? " best" : "", cop_text_percent(text, interval.value));
    if (!isnan(interval.low))
        g_string_append_printf(out, "<span class=\"interval\">%s–%s</span>",
                               cop_text_percent(low, interval.low),
                               cop_text_percent(high, interval.high));
    g_string_append(out, "</td>");
}

void cop_html_number(GString *out, const char *text)
{
    g_string_append_printf(out, "<td class=\"num\">%s</td>",
                           text[0] == '-' && !text[1] ? "–" : text);
}

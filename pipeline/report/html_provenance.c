/* The end of the report page: clips left out, where the numbers come from, how to read them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "pipeline/eval/measures.h"
#include "pipeline/report/html.h"

void cop_html_skips(GString *out, const CopResults *results)
{
    cop_html_section(out, "skipped", "Clips left out");
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
    g_string_append(out, "</tbody></table></div></section>\n");
}

static void put_row(GString *out, const char *key, const char *value)
{
    g_string_append(out, "<tr><th scope=\"row\">");
    cop_html_text(out, key);
    g_string_append(out, "</th><td>");
    cop_html_text(out, value);
    g_string_append(out, "</td></tr>");
}

static void put_code(GString *out, const char *before, const char *text)
{
    g_string_append_printf(out, "%s<code>", before);
    cop_html_text(out, text);
    g_string_append(out, "</code>");
}

static void put_runs(GString *out, const CopResults *results)
{
    if (results->n_runs == 0) {
        g_string_append(out, "<p class=\"note\">The file is older than the record of commands: it "
                             "does not say which ones wrote it.</p>");
        return;
    }
    g_string_append(out, "<p class=\"caption\">The commands that wrote these rows, in order. Run "
                         "again with the same clips, models and versions they give the same "
                         "answers.</p><ol class=\"runs\">");
    for (int i = 0; i < results->n_runs; i++) {
        const CopResultRun *run = &results->runs[i];
        put_code(out, "<li>", *run->command ? run->command : "not known");
        put_code(out, "<div class=\"aside\">", run->started);
        put_code(out, " in ", run->folder);
        put_code(out, ", clips in ", run->root);
        put_code(out, ", configuration ", run->config_hash);
        put_code(out, ", coppice ", run->version);
        g_string_append(out, "</div></li>");
    }
    g_string_append(out, "</ol>");
}

static void put_models(GString *out, const CopResults *results)
{
    for (int i = 0; i < results->n_models; i++) {
        const CopStoreModel *about = &results->models[i].about;
        g_string_append(out, "<tr><th scope=\"row\">");
        cop_html_model(out, results, i);
        g_string_append(out, "</th><td>");
        cop_html_text(out, about->arch);
        g_string_append_printf(out, ", seed %llu, ", (unsigned long long)about->seed);
        put_code(out, "SHA-256 ", about->sha256);
        if (results->models[i].path)
            put_code(out, "<br>", results->models[i].path);
        g_string_append(out, "</td></tr>");
    }
}

/* Each configuration once, however many runs had it. */
static void put_configs(GString *out, const CopResults *results)
{
    for (int i = 0; i < results->n_runs; i++) {
        const CopResultRun *run = &results->runs[i];
        bool before = false;
        for (int k = 0; k < i; k++)
            before |= strcmp(results->runs[k].config_hash, run->config_hash) == 0;
        if (before)
            continue;
        put_code(out, "<details><summary>The whole configuration ", run->config_hash);
        g_string_append(out, "</summary><pre>");
        cop_html_text(out, run->config);
        g_string_append(out, "</pre></details>");
    }
}

void cop_html_provenance(GString *out, const CopResults *results, const char *command)
{
    char number[32];
    cop_html_section(out, "provenance", "Provenance");
    put_runs(out, results);
    g_string_append(out, "<div class=\"scroll\"><table class=\"plain\"><tbody>");
    if (command)
        put_row(out, "this page", command);
    put_row(out, "result file", results->path);
    g_snprintf(number, sizeof number, "%lld of %d", (long long)results->setup, results->n_setups);
    put_row(out, "setup", number);
    for (int i = 0; i < results->n_meta; i++)
        put_row(out, results->meta[i].key, results->meta[i].value);
    put_models(out, results);
    g_string_append(out, "</tbody></table></div><details><summary>What every prediction here was "
                         "made with (the setup)</summary><pre>");
    cop_html_text(out, results->setup_text);
    g_string_append(out, "</pre></details>");
    put_configs(out, results);
    g_string_append(out, "</section>\n");
}

/* As the beginning of a line. */
static void put_raised(GString *out, const char *text)
{
    const gsize from = out->len;
    cop_html_text(out, text);
    out->str[from] = g_ascii_toupper(out->str[from]);
}

void cop_html_reading(GString *out, const CopResults *results)
{
    cop_html_section(out, "reading", "How to read this page");
    g_string_append(
        out,
        "<dl><dt>Robust</dt><dd>Mean over corruptions of the mean over severities; missing while a "
        "cell is missing or lacks clips. A family or a severity is averaged in the same way.</dd>");
    for (CopMeasure i = 0; i < COP_MEASURES; i++) {
        g_string_append(out, "<dt>");
        if (strncmp(cop_measure_rows[i].title, "mCE", 3) == 0)
            cop_html_text(out, cop_measure_rows[i].title);
        else
            put_raised(out, cop_measure_rows[i].title);
        g_string_append(out, "</dt><dd>");
        put_raised(out, cop_measure_rows[i].definition);
        if (i == COP_MEASURE_ECE && *results->aggregate && strcmp(results->aggregate, "prob") != 0)
            g_string_append_printf(out,
                                   ". Here views were put together by eval.aggregate = %s: scores "
                                   "are not mean probabilities",
                                   results->aggregate);
        g_string_append(out, ".</dd>");
    }
    g_string_append(
        out,
        "<dt>Intervals</dt><dd>95 %. A single cell: Wilson’s score interval. A mean over cells: "
        "the same clips appear in every cell, so the clip is the unit, and the interval is "
        "Student’s over the clips’ own means. They speak of other clips of this kind, not of other "
        "training runs.</dd>"
        "<dt>Differences</dt><dd>Paired by clip. p on clean clips: exact McNemar test; on the "
        "robust score: paired t test. Neither is adjusted for the number of comparisons.</dd></dl>"
        "</section>\n");
}

/* Comparing the models of one setup: tables for the terminal, CSV and LaTeX.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <math.h>

#include "pipeline/report/compare.h"
#include "pipeline/report/terminal.h"

static void put_models(const CopResults *results, GString *out)
{
    static const char *const heads[] = {"clean",      "robust",    "robust/clean", "density",
                                        "parameters", "non-zeros", "FLOPs",        "seconds"};
    CopTable *table = cop_table_create();
    cop_table_column(table, "model", false);
    cop_table_column(table, "method", false);
    for (size_t i = 0; i < G_N_ELEMENTS(heads); i++)
        cop_table_column(table, heads[i], true);
    for (int i = 0; i < results->n_models; i++) {
        const CopResultModel *model = &results->models[i];
        char text[COP_NUMBER_SIZE];
        cop_table_cell(table, "%s", model->label);
        cop_table_cell(table, "%s", model->about.method);
        const CopInterval clean = cop_results_score(results, i, COP_SCOPE_CLEAN);
        const CopInterval robust = cop_results_score(results, i, COP_SCOPE_ROBUST);
        cop_table_cell(table, "%s", cop_text_interval(text, clean));
        cop_table_cell(table, "%s", cop_text_interval(text, robust));
        cop_table_cell(table, "%s", cop_text_number(text, cop_results_rpc(results, i), 3));
        cop_table_cell(table, "%s", cop_text_number(text, model->about.density, 3));
        cop_table_cell(table, "%s", cop_text_count(text, model->about.parameters));
        cop_table_cell(table, "%s", cop_text_count(text, model->about.nonzeros));
        cop_table_cell(table, "%s", cop_text_count(text, model->about.flops));
        cop_table_cell(table, "%s", cop_text_number(text, model->seconds, 3));
    }
    char *text = cop_table_text(table, COP_TABLE_TEXT);
    g_string_append(out, text);
    g_free(text);
    cop_table_destroy(&table);
}

/* Corruptions go down: there are more of them than of models, and names are long. */
static void put_corruptions(const CopResults *results, GString *out)
{
    CopTable *table = cop_table_create();
    cop_table_column(table, "corruption", false);
    cop_table_column(table, "severities", true);
    for (int i = 0; i < results->n_models; i++)
        cop_table_column(table, results->models[i].label, true);
    for (int corruption = 0; corruption < results->n_corruptions; corruption++) {
        cop_table_cell(table, "%s", results->corruptions[corruption].name);
        cop_table_cell(table, "%d", results->corruptions[corruption].n);
        for (int i = 0; i < results->n_models; i++) {
            char text[COP_NUMBER_SIZE];
            const CopInterval score = cop_results_score(results, i, corruption);
            cop_table_cell(table, "%s", cop_text_percent(text, score.value));
        }
    }
    char *text = cop_table_text(table, COP_TABLE_TEXT);
    g_string_append_printf(out, "\nTop-1 by corruption, mean over severities\n\n%s", text);
    g_free(text);
    cop_table_destroy(&table);
}

static void put_tests(const CopResults *results, int baseline, GString *out)
{
    CopTable *table = cop_table_create();
    cop_table_column(table, "model", false);
    cop_table_column(table, "clean", true);
    cop_table_column(table, "only this right", true);
    cop_table_column(table, "only baseline", true);
    cop_table_column(table, "McNemar p", true);
    cop_table_column(table, "robust", true);
    cop_table_column(table, "paired t p", true);
    for (int i = 0; i < results->n_models; i++) {
        if (i == baseline)
            continue;
        char text[COP_NUMBER_SIZE];
        double p;
        const CopMcNemar test = cop_results_mcnemar(results, i, baseline, 0);
        cop_table_cell(table, "%s", results->models[i].label);
        const CopInterval clean =
            cop_results_difference(results, i, baseline, COP_SCOPE_CLEAN, NULL);
        cop_table_cell(table, "%s", cop_text_change(text, clean));
        cop_table_cell(table, "%lld", (long long)test.only_a);
        cop_table_cell(table, "%lld", (long long)test.only_b);
        cop_table_cell(table, "%s", cop_text_p(text, test.n ? test.p : NAN));
        const CopInterval robust =
            cop_results_difference(results, i, baseline, COP_SCOPE_ROBUST, &p);
        cop_table_cell(table, "%s", cop_text_change(text, robust));
        cop_table_cell(table, "%s", cop_text_p(text, p));
    }
    char *text = cop_table_text(table, COP_TABLE_TEXT);
    g_string_append(out, "\nAgainst ");
    cop_text_plain(out, results->models[baseline].label);
    g_string_append_printf(out, " on the same clips, in points\n\n%s", text);
    g_free(text);
    cop_table_destroy(&table);
}

char *cop_compare_text(const CopResults *results, int baseline)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out,
                           "%s: %d models, %d clips, %d corruptions\n"
                           "Top-1 in percent, [95 %% interval]; robust: mean over corruptions of "
                           "the mean over severities\n\n",
                           results->path, results->n_models, results->n_clips,
                           results->n_corruptions);
    put_models(results, out);
    if (results->n_corruptions > 0)
        put_corruptions(results, out);
    if (results->n_models > 1)
        put_tests(results, baseline, out);
    if (results->n_skips > 0)
        g_string_append_printf(out, "\n%d clip%s left out: see report or --json\n",
                               results->n_skips, results->n_skips == 1 ? "" : "s");
    for (int i = 0; i < results->n_models; i++) {
        if (cop_results_complete(results, i, COP_SCOPE_ROBUST))
            continue;
        g_string_append_c(out, '\n');
        cop_text_plain(out, results->models[i].label);
        g_string_append(out, ": cells are missing or lack clips\n");
    }
    return g_string_free(out, FALSE);
}

static void put_share(CopTable *table, double share)
{
    char text[COP_NUMBER_SIZE];
    cop_table_cell(table, "%s", isnan(share) ? "" : cop_text_exact(text, share));
}

static void put_interval(CopTable *table, CopInterval interval)
{
    put_share(table, interval.value);
    put_share(table, interval.low);
    put_share(table, interval.high);
}

char *cop_compare_csv(const CopResults *results)
{
    static const char *const heads[] = {
        "name",       "method",     "arch",       "density",     "seed",    "sha256", "setup",
        "clips",      "parameters", "nonzeros",   "flops",       "seconds", "clean",  "clean_low",
        "clean_high", "robust",     "robust_low", "robust_high", "rpc"};
    CopTable *table = cop_table_create();
    for (size_t i = 0; i < G_N_ELEMENTS(heads); i++)
        cop_table_column(table, heads[i], false);
    for (int i = 0; i < results->n_corruptions; i++)
        cop_table_column(table, results->corruptions[i].name, true);
    for (int i = 0; i < results->n_models; i++) {
        const CopStoreModel *about = &results->models[i].about;
        cop_table_cell(table, "%s", about->name);
        cop_table_cell(table, "%s", about->method);
        cop_table_cell(table, "%s", about->arch);
        put_share(table, about->density);
        cop_table_cell(table, "%llu", (unsigned long long)about->seed);
        cop_table_cell(table, "%s", about->sha256);
        cop_table_cell(table, "%lld", (long long)results->setup);
        cop_table_cell(table, "%d", results->n_clips);
        cop_table_cell(table, "%lld", (long long)about->parameters);
        cop_table_cell(table, "%lld", (long long)about->nonzeros);
        cop_table_cell(table, "%lld", (long long)about->flops);
        put_share(table, results->models[i].seconds);
        put_interval(table, cop_results_score(results, i, COP_SCOPE_CLEAN));
        put_interval(table, cop_results_score(results, i, COP_SCOPE_ROBUST));
        put_share(table, cop_results_rpc(results, i));
        for (int corruption = 0; corruption < results->n_corruptions; corruption++)
            put_share(table, cop_results_score(results, i, corruption).value);
    }
    char *text = cop_table_text(table, COP_TABLE_CSV);
    cop_table_destroy(&table);
    return text;
}

char *cop_compare_latex(const CopResults *results)
{
    CopTable *table = cop_table_create();
    cop_table_column(table, "Model", false);
    cop_table_column(table, "Density", true);
    cop_table_column(table, "Clean", true);
    cop_table_column(table, "Robust", true);
    for (int i = 0; i < results->n_corruptions; i++)
        cop_table_column(table, results->corruptions[i].name, true);
    cop_table_column(table, "Non-zeros", true);
    cop_table_column(table, "FLOPs", true);
    for (int i = 0; i < results->n_models; i++) {
        const CopResultModel *model = &results->models[i];
        char text[COP_NUMBER_SIZE];
        cop_table_cell(table, "%s", model->label);
        cop_table_cell(table, "%s", cop_text_number(text, model->about.density, 3));
        const CopInterval clean = cop_results_score(results, i, COP_SCOPE_CLEAN);
        const CopInterval robust = cop_results_score(results, i, COP_SCOPE_ROBUST);
        cop_table_cell(table, "%s", cop_text_interval(text, clean));
        cop_table_cell(table, "%s", cop_text_interval(text, robust));
        for (int corruption = 0; corruption < results->n_corruptions; corruption++) {
            const CopInterval score = cop_results_score(results, i, corruption);
            cop_table_cell(table, "%s", cop_text_percent(text, score.value));
        }
        cop_table_cell(table, "%s", cop_text_count(text, model->about.nonzeros));
        cop_table_cell(table, "%s", cop_text_count(text, model->about.flops));
    }
    char *text = cop_table_text(table, COP_TABLE_LATEX);
    cop_table_destroy(&table);
    return text;
}

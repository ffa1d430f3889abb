/* Comparing the models of one setup: CSV, one row a model, a cell, or a model and scope.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <math.h>

#include "pipeline/eval/measures.h"
#include "pipeline/report/compare.h"
#include "pipeline/report/terminal.h"

static void put_columns(CopTable *table, const char *const *heads, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cop_table_column(table, heads[i], false);
}

static void put_share(CopTable *table, double share)
{
    char text[COP_NUMBER_SIZE];
    cop_table_cell(table, "%s", isfinite(share) ? cop_text_exact(text, share) : "");
}

static void put_interval(CopTable *table, CopInterval interval)
{
    put_share(table, interval.value);
    put_share(table, interval.low);
    put_share(table, interval.high);
}

static char *finish(CopTable *table)
{
    char *text = cop_table_text(table, COP_TABLE_CSV);
    cop_table_destroy(&table);
    return text;
}

/* --- models -------------------------------------------------------------------- */

/* Measures that a model has one or two of: on clean clips, and over the grid. */
static const struct {
    const char *head;
    int scope;
    CopMeasure measure;
} summary[] = {
    {"mce", COP_SCOPE_ROBUST, COP_MEASURE_CE},
    {"relative_mce", COP_SCOPE_ROBUST, COP_MEASURE_RELATIVE_CE},
    {"gamma_absolute", COP_SCOPE_ROBUST, COP_MEASURE_GAMMA_ABSOLUTE},
    {"gamma_relative", COP_SCOPE_ROBUST, COP_MEASURE_GAMMA_RELATIVE},
    {"flip_rate", COP_SCOPE_ROBUST, COP_MEASURE_FLIPS},
    {"clean_top5", COP_SCOPE_CLEAN, COP_MEASURE_TOP5},
    {"robust_top5", COP_SCOPE_ROBUST, COP_MEASURE_TOP5},
    {"clean_ece", COP_SCOPE_CLEAN, COP_MEASURE_ECE},
    {"robust_ece", COP_SCOPE_ROBUST, COP_MEASURE_ECE},
};

static void put_about(CopTable *table, const CopResults *results, int model)
{
    const CopStoreModel *about = &results->models[model].about;
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
    put_share(table, results->models[model].seconds);
}

char *cop_compare_csv(const CopResults *results, int baseline)
{
    static const char *const heads[] = {
        "name",       "method",     "arch",       "density",     "seed",    "sha256", "setup",
        "clips",      "parameters", "nonzeros",   "flops",       "seconds", "clean",  "clean_low",
        "clean_high", "robust",     "robust_low", "robust_high", "rpc"};
    CopTable *table = cop_table_create();
    put_columns(table, heads, G_N_ELEMENTS(heads));
    for (size_t i = 0; i < G_N_ELEMENTS(summary); i++)
        cop_table_column(table, summary[i].head, true);
    for (int scope = 0; scope < results->n_corruptions; scope++)
        cop_table_column(table, results->corruptions[scope].name, true);
    for (int i = 0; i < results->n_models; i++) {
        put_about(table, results, i);
        put_interval(table, cop_results_score(results, i, COP_SCOPE_CLEAN));
        put_interval(table, cop_results_score(results, i, COP_SCOPE_ROBUST));
        put_share(table, cop_results_rpc(results, i));
        for (size_t k = 0; k < G_N_ELEMENTS(summary); k++)
            put_share(table, cop_results_measure(results, i, summary[k].scope, baseline,
                                                 summary[k].measure)
                                 .value);
        for (int scope = 0; scope < results->n_corruptions; scope++)
            put_share(table, cop_results_score(results, i, scope).value);
    }
    return finish(table);
}

/* --- cells --------------------------------------------------------------------- */

char *cop_compare_cells(const CopResults *results)
{
    static const char *const heads[] = {
        "model",   "corruption", "family", "severity", "n",    "top1",    "top5",    "ci_low",
        "ci_high", "ece",        "flip",   "psnr",     "ssim", "skipped", "seconds", "sha256"};
    CopTable *table = cop_table_create();
    put_columns(table, heads, G_N_ELEMENTS(heads));
    for (int i = 0; i < results->n_models; i++)
        for (int k = 0; k < results->n_columns; k++) {
            const CopResultColumn *column = &results->columns[k];
            const CopResultCell *cell = &results->models[i].cells[k];
            const CopInterval top1 = cop_results_top1(results, i, k);
            const bool clean = column->corruption < 0;
            const CopResultCorruption *row =
                clean ? NULL : &results->corruptions[column->corruption];
            cop_table_cell(table, "%s", results->models[i].label);
            cop_table_cell(table, "%s", clean ? "clean" : row->name);
            cop_table_cell(table, "%s", clean ? "clean" : row->family);
            put_share(table, column->severity);
            cop_table_cell(table, "%lld", (long long)cell->n);
            put_share(table, top1.value);
            put_share(table, cop_results_top5(results, i, k).value);
            put_share(table, top1.low);
            put_share(table, top1.high);
            put_share(table, cop_results_ece(results, i, k));
            put_share(table, cop_results_flips(results, i, k).value);
            put_share(table, column->psnr);
            put_share(table, column->ssim);
            cop_table_cell(table, "%d", results->n_skips);
            put_share(table, cell->seconds);
            cop_table_cell(table, "%s", results->models[i].about.sha256);
        }
    return finish(table);
}

/* --- scopes -------------------------------------------------------------------- */

static void put_measures(CopTable *table, const CopResults *results, int model, int scope,
                         int baseline)
{
    for (CopMeasure i = 0; i < COP_MEASURES; i++) {
        const CopInterval value = cop_results_measure(results, model, scope, baseline, i);
        if (cop_measure_rows[i].interval)
            put_interval(table, value);
        else
            put_share(table, value.value);
    }
}

char *cop_compare_scopes(const CopResults *results, int baseline)
{
    static const char *const heads[] = {"model", "scope", "name", "n", "baseline"};
    CopTable *table = cop_table_create();
    put_columns(table, heads, G_N_ELEMENTS(heads));
    for (CopMeasure i = 0; i < COP_MEASURES; i++) {
        static const char *const ends[] = {"", "_low", "_high"};
        for (size_t k = 0; k < (cop_measure_rows[i].interval ? G_N_ELEMENTS(ends) : 1); k++) {
            char *head = g_strconcat(cop_measure_rows[i].key, ends[k], NULL);
            cop_table_column(table, head, true);
            g_free(head);
        }
    }
    for (int i = 0; i < results->n_models; i++)
        for (int scope = COP_SCOPE_CLEAN; scope < results->n_slices; scope++) {
            cop_table_cell(table, "%s", results->models[i].label);
            cop_table_cell(table, "%s", cop_results_scope_kind(results, scope));
            cop_table_cell(table, "%s", cop_results_scope_name(results, scope));
            cop_table_cell(table, "%d", results->n_labelled);
            cop_table_cell(table, "%s", results->models[baseline].label);
            put_measures(table, results, i, scope, baseline);
        }
    return finish(table);
}

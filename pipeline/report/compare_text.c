/* Comparing the models of one setup: tables for the terminal.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "pipeline/eval/measures.h"
#include "pipeline/report/compare.h"
#include "pipeline/report/terminal.h"

/* Appends the table, under a title where there is one, and frees it. */
static void put_table(GString *out, CopTable *table, const char *title)
{
    char *text = cop_table_text(table, COP_TABLE_TEXT);
    if (title)
        g_string_append_printf(out, "\n%s\n\n", title);
    g_string_append(out, text);
    g_free(text);
    cop_table_destroy(&table);
}

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
    put_table(out, table, NULL);
}

/* What the first table leaves out. */
static void put_measures(const CopResults *results, int baseline, GString *out)
{
    static const struct {
        const char *head;
        int scope;
        CopMeasure measure;
    } columns[] = {
        {"top-5 clean", COP_SCOPE_CLEAN, COP_MEASURE_TOP5},
        {"top-5 robust", COP_SCOPE_ROBUST, COP_MEASURE_TOP5},
        {"gamma abs.", COP_SCOPE_ROBUST, COP_MEASURE_GAMMA_ABSOLUTE},
        {"gamma rel.", COP_SCOPE_ROBUST, COP_MEASURE_GAMMA_RELATIVE},
        {"mCE", COP_SCOPE_ROBUST, COP_MEASURE_CE},
        {"relative mCE", COP_SCOPE_ROBUST, COP_MEASURE_RELATIVE_CE},
        {"flips", COP_SCOPE_ROBUST, COP_MEASURE_FLIPS},
        {"ECE clean", COP_SCOPE_CLEAN, COP_MEASURE_ECE},
        {"ECE robust", COP_SCOPE_ROBUST, COP_MEASURE_ECE},
    };
    CopTable *table = cop_table_create();
    cop_table_column(table, "model", false);
    for (size_t k = 0; k < G_N_ELEMENTS(columns); k++)
        cop_table_column(table, columns[k].head, true);
    for (int i = 0; i < results->n_models; i++) {
        cop_table_cell(table, "%s", results->models[i].label);
        for (size_t k = 0; k < G_N_ELEMENTS(columns); k++) {
            char text[COP_NUMBER_SIZE];
            const CopInterval value =
                cop_results_measure(results, i, columns[k].scope, baseline, columns[k].measure);
            cop_table_cell(
                table, "%s",
                cop_text_measure(text, value.value, cop_measure_rows[columns[k].measure].share));
        }
    }
    GString *title = g_string_new("Other measures (--help defines them); mCE against ");
    cop_text_plain(title, results->models[baseline].label);
    if (results->aggregate[0] && strcmp(results->aggregate, "prob") != 0)
        g_string_append_printf(title,
                               "\nViews were put together by eval.aggregate = %s: scores, and so "
                               "ECE, are not mean probabilities",
                               results->aggregate);
    put_table(out, table, title->str);
    g_string_free(title, TRUE);
}

static int count_slices(const CopResults *results, CopSliceKind kind)
{
    int n = 0;
    for (int i = 0; i < results->n_slices; i++)
        n += results->slices[i].kind == kind;
    return n;
}

/* Columns of the grid in a slice. */
static int cells_of(const CopResults *results, const CopResultSlice *slice)
{
    int n = 0;
    for (int i = 1; i < results->n_columns; i++) {
        const CopResultColumn *column = &results->columns[i];
        const CopResultCorruption *row = &results->corruptions[column->corruption];
        n += slice->kind == COP_SLICE_SEVERITY
                 ? column->severity == slice->severity
                 : strcmp(slice->kind == COP_SLICE_FAMILY ? row->family : row->name, slice->name) ==
                       0;
    }
    return n;
}

/* Slices go down: there are more of them than of models, and names are long. */
static void put_slices(const CopResults *results, CopSliceKind kind, const char *head,
                       const char *title, GString *out)
{
    CopTable *table = cop_table_create();
    cop_table_column(table, head, kind == COP_SLICE_SEVERITY);
    cop_table_column(table, "cells", true);
    for (int i = 0; i < results->n_models; i++)
        cop_table_column(table, results->models[i].label, true);
    for (int scope = 0; scope < results->n_slices; scope++) {
        if (results->slices[scope].kind != kind)
            continue;
        cop_table_cell(table, "%s", results->slices[scope].name);
        cop_table_cell(table, "%d", cells_of(results, &results->slices[scope]));
        for (int i = 0; i < results->n_models; i++) {
            char text[COP_NUMBER_SIZE];
            const CopInterval score = cop_results_score(results, i, scope);
            cop_table_cell(table, "%s", cop_text_percent(text, score.value));
        }
    }
    put_table(out, table, title);
}

static void put_all_slices(const CopResults *results, GString *out)
{
    if (results->n_corruptions > 0)
        put_slices(results, COP_SLICE_CORRUPTION, "corruption",
                   "Top-1 by corruption, mean over severities", out);
    if (count_slices(results, COP_SLICE_FAMILY) < results->n_corruptions)
        put_slices(results, COP_SLICE_FAMILY, "family",
                   "Top-1 by family, mean over its corruptions", out);
    if (count_slices(results, COP_SLICE_SEVERITY) > 1)
        put_slices(results, COP_SLICE_SEVERITY, "severity",
                   "Top-1 by severity, mean over the corruptions that have it", out);
}

/* --- paired tests ---------------------------------------------------------------- */

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
    GString *title = g_string_new("Against ");
    cop_text_plain(title, results->models[baseline].label);
    g_string_append(title, " on the same clips, in points");
    put_table(out, table, title->str);
    g_string_free(title, TRUE);
}

/* p of every pair: McNemar's on clean clips above the diagonal, the paired t test's of the
 * robust score below. */
static void put_pairs(const CopResults *results, GString *out)
{
    CopTable *table = cop_table_create();
    cop_table_column(table, "model", false);
    for (int i = 0; i < results->n_models; i++)
        cop_table_column(table, results->models[i].label, true);
    for (int a = 0; a < results->n_models; a++) {
        cop_table_cell(table, "%s", results->models[a].label);
        for (int b = 0; b < results->n_models; b++) {
            char text[COP_NUMBER_SIZE];
            double p;
            const CopMcNemar test = cop_results_mcnemar(results, a, b, 0);
            cop_results_difference(results, a, b, COP_SCOPE_ROBUST, &p);
            if (a < b)
                p = test.n ? test.p : NAN;
            cop_table_cell(table, "%s", a == b ? "-" : cop_text_p(text, p));
        }
    }
    put_table(out, table,
              "p of each pair; above the diagonal McNemar on clean clips, below it the paired t "
              "test of robust;\nnot adjusted for the number of pairs");
}

static void put_gaps(const CopResults *results, GString *out)
{
    for (int i = 0; i < results->n_models; i++) {
        if (cop_results_complete(results, i, COP_SCOPE_ROBUST))
            continue;
        g_string_append_c(out, '\n');
        cop_text_plain(out, results->models[i].label);
        g_string_append(out, ": cells are missing or lack clips\n");
    }
}

static void put_seeds(const CopResults *results, int baseline, GString *out)
{
    CopTable *seeds = cop_compare_seeds(results, baseline);
    CopTable *gains = cop_compare_seed_gains(results, baseline);
    if (seeds)
        put_table(out, seeds, "Over seeds, mean ± standard deviation");
    if (!gains)
        return;
    char *base = cop_compare_recipe(results, results->models[baseline].recipe);
    GString *title = g_string_new("Over seeds, points above ");
    cop_text_plain(title, base);
    g_string_append(title,
                    " of the same seed: mean ± standard deviation [95 % interval],\npaired t "
                    "test over seeds; by corruption by --format seeds");
    put_table(out, gains, title->str);
    g_string_free(title, TRUE);
    g_free(base);
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
    put_measures(results, baseline, out);
    const bool across = results->n_models <= COP_COMPARE_ACROSS;
    if (across)
        put_all_slices(results, out);
    else
        g_string_append(out, "\nToo many models for tables across: top-1 by corruption, family and "
                             "severity by --format scopes,\np of each pair by --format json\n");
    put_seeds(results, baseline, out);
    if (results->n_unpooled)
        g_string_append_printf(out,
                               "\n%d models stand alone over seeds: their recipe (architecture, "
                               "parameters, method, density) has a seed twice\n",
                               results->n_unpooled);
    if (results->n_models > 1)
        put_tests(results, baseline, out);
    if (results->n_models > 2 && across)
        put_pairs(results, out);
    put_gaps(results, out);
    if (results->n_skips > 0)
        g_string_append_printf(out, "\n%d clip%s left out: see report or --json\n",
                               results->n_skips, results->n_skips == 1 ? "" : "s");
    return g_string_free(out, FALSE);
}

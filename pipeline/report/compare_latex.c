/* Comparing the models of one setup: LaTeX.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <math.h>

#include "pipeline/eval/measures.h"
#include "pipeline/report/compare.h"
#include "pipeline/report/terminal.h"

static void put_models(const CopResults *results, int baseline, GString *out)
{
    CopTable *table = cop_table_create();
    cop_table_column(table, "Model", false);
    cop_table_column(table, "Density", true);
    cop_table_column(table, "Clean", true);
    cop_table_column(table, "Robust", true);
    cop_table_column(table, "mCE", true);
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
        const CopInterval ce =
            cop_results_measure(results, i, COP_SCOPE_ROBUST, baseline, COP_MEASURE_CE);
        cop_table_cell(table, "%s", cop_text_interval(text, clean));
        cop_table_cell(table, "%s", cop_text_interval(text, robust));
        cop_table_cell(table, "%s", cop_text_measure(text, ce.value, false));
        for (int corruption = 0; corruption < results->n_corruptions; corruption++) {
            const CopInterval score = cop_results_score(results, i, corruption);
            cop_table_cell(table, "%s", cop_text_percent(text, score.value));
        }
        cop_table_cell(table, "%s", cop_text_count(text, model->about.nonzeros));
        cop_table_cell(table, "%s", cop_text_count(text, model->about.flops));
    }
    char *text = cop_table_text(table, COP_TABLE_LATEX);
    g_string_append(out, text);
    g_free(text);
    cop_table_destroy(&table);
}

/* Takes the table, which may be NULL. */
static void put_seeds(CopTable *table, const char *what, GString *out)
{
    if (table) {
        char *text = cop_table_text(table, COP_TABLE_LATEX);
        g_string_append_printf(out, "\n%% %s\n%s", what, text);
        g_free(text);
    }
    cop_table_destroy(&table);
}

char *cop_compare_latex(const CopResults *results, int baseline)
{
    GString *out = g_string_new(NULL);
    put_models(results, baseline, out);
    put_seeds(cop_compare_seeds(results, baseline), "mean and standard deviation over seeds", out);
    put_seeds(cop_compare_seed_gains(results, baseline),
              "points above the baseline of the same seed, paired t test over seeds", out);
    if (results->n_unpooled)
        g_string_append_printf(out, "%% %d models stand alone: their recipe has a seed twice\n",
                               results->n_unpooled);
    return g_string_free(out, FALSE);
}

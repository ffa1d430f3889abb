/* Comparing the recipes of one setup over their seeds: tables for the terminal and LaTeX, and CSV.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "pipeline/eval/measures.h"
#include "pipeline/eval/seed_gain.h"
#include "pipeline/report/compare.h"

static const struct {
    const char *head;
    int scope;
    CopMeasure measure;
} rows[] = {{"clean", COP_SCOPE_CLEAN, COP_MEASURE_TOP1},
            {"robust", COP_SCOPE_ROBUST, COP_MEASURE_TOP1},
            {"robust/clean", COP_SCOPE_ROBUST, COP_MEASURE_RPC},
            {"mCE", COP_SCOPE_ROBUST, COP_MEASURE_CE}};
enum { ROWS = G_N_ELEMENTS(rows) };

/* A model's name without the " s3" that a sweep ends it with; g_free() it. */
static char *stem_of(const CopStoreModel *about)
{
    char end[32];
    g_snprintf(end, sizeof end, " s%llu", (unsigned long long)about->seed);
    const size_t left =
        strlen(about->name) - (g_str_has_suffix(about->name, end) ? strlen(end) : 0);
    return g_strndup(about->name, left);
}

char *cop_compare_recipe(const CopResults *results, int recipe)
{
    const CopResultModel *first = &results->models[cop_results_recipe_first(results, recipe)];
    if (first->seed_repeats)
        return g_strdup(first->label);
    char *stem = stem_of(&first->about), density[COP_NUMBER_SIZE];
    bool common = *stem != 0;
    for (int i = 0; i < results->n_models && common; i++) {
        char *other =
            results->models[i].recipe == recipe ? stem_of(&results->models[i].about) : NULL;
        common = !other || strcmp(other, stem) == 0;
        g_free(other);
    }
    if (common)
        return stem;
    g_free(stem);
    return g_strdup_printf("%s %s", first->about.method,
                           cop_text_number(density, first->about.density, 3));
}

static char *name_and_seeds(const CopResults *results, int recipe)
{
    const int n = cop_results_recipe_size(results, recipe);
    char *name = cop_compare_recipe(results, recipe);
    char *text = g_strdup_printf("%s, %d seed%s", name, n, n == 1 ? "" : "s");
    g_free(name);
    return text;
}

bool cop_compare_pools(const CopResults *results)
{
    return results->n_models > COP_COMPARE_ACROSS && results->n_recipes < results->n_models;
}

/* --- means ----------------------------------------------------------------------- */

/* The table's row or column number `row`: one of the above, then the corruptions. */
static void put_spread(CopTable *table, const CopResults *results, int recipe, int baseline,
                       int row)
{
    const bool single = row >= ROWS;
    const CopMeasure measure = single ? COP_MEASURE_TOP1 : rows[row].measure;
    const bool share = cop_measure_rows[measure].share;
    const CopSpread spread = cop_results_spread(
        results, recipe, single ? row - ROWS : rows[row].scope, baseline, measure);
    char mean[COP_NUMBER_SIZE], deviation[COP_NUMBER_SIZE];
    cop_text_measure(mean, spread.mean, share);
    if (isnan(spread.deviation))
        cop_table_cell(table, "%s", mean);
    else
        cop_table_cell(table, "%s ± %s", mean,
                       cop_text_measure(deviation, spread.deviation, share));
}

static void put_name(CopTable *table, const CopResults *results, int recipe)
{
    char *name = name_and_seeds(results, recipe);
    cop_table_cell(table, "%s", name);
    g_free(name);
}

static CopTable *recipes_down(const CopResults *results, int baseline)
{
    CopTable *table = cop_table_create();
    cop_table_column(table, "recipe", false);
    for (int row = 0; row < ROWS; row++)
        cop_table_column(table, rows[row].head, true);
    for (int recipe = 0; recipe < results->n_recipes; recipe++) {
        put_name(table, results, recipe);
        for (int row = 0; row < ROWS; row++)
            put_spread(table, results, recipe, baseline, row);
    }
    return table;
}

CopTable *cop_compare_seeds(const CopResults *results, int baseline)
{
    if (results->n_recipes == results->n_models)
        return NULL;
    if (results->n_recipes > COP_COMPARE_ACROSS)
        return recipes_down(results, baseline);
    CopTable *table = cop_table_create();
    cop_table_column(table, "recipe", false);
    for (int recipe = 0; recipe < results->n_recipes; recipe++) {
        char *name = name_and_seeds(results, recipe);
        cop_table_column(table, name, true);
        g_free(name);
    }
    for (int row = 0; row < ROWS + results->n_corruptions; row++) {
        cop_table_cell(table, "%s",
                       row < ROWS ? rows[row].head : results->corruptions[row - ROWS].name);
        for (int recipe = 0; recipe < results->n_recipes; recipe++)
            put_spread(table, results, recipe, baseline, row);
    }
    return table;
}

/* --- gains ----------------------------------------------------------------------- */

static void put_gain(CopTable *table, const CopResults *results, int recipe, int base, int scope)
{
    const CopSeedGain gain = cop_results_seed_gain(results, recipe, base, scope);
    char text[COP_NUMBER_SIZE], deviation[COP_NUMBER_SIZE], low[COP_NUMBER_SIZE],
        high[COP_NUMBER_SIZE];
    cop_text_points(text, gain.mean.value);
    if (isnan(gain.deviation))
        cop_table_cell(table, "%s", text);
    else
        cop_table_cell(table, "%s ± %s [%s, %s]", text, cop_text_percent(deviation, gain.deviation),
                       cop_text_points(low, gain.mean.low), cop_text_points(high, gain.mean.high));
    cop_table_cell(table, "%s", cop_text_p(text, gain.p));
}

static int pairs_of(const CopResults *results, int recipe, int base)
{
    return (int)cop_results_seed_gain(results, recipe, base, COP_SCOPE_CLEAN).mean.n;
}

CopTable *cop_compare_seed_gains(const CopResults *results, int baseline)
{
    const int base = results->models[baseline].recipe;
    int most = 0;
    for (int recipe = 0; recipe < results->n_recipes; recipe++)
        most = MAX(most, pairs_of(results, recipe, base));
    if (most < 2)
        return NULL;
    CopTable *table = cop_table_create();
    cop_table_column(table, "recipe", false);
    cop_table_column(table, "pairs", true);
    cop_table_column(table, "clean", true);
    cop_table_column(table, "p", true);
    cop_table_column(table, "robust", true);
    cop_table_column(table, "p", true);
    for (int recipe = 0; recipe < results->n_recipes; recipe++) {
        if (recipe == base)
            continue;
        put_name(table, results, recipe);
        cop_table_cell(table, "%d", pairs_of(results, recipe, base));
        put_gain(table, results, recipe, base, COP_SCOPE_CLEAN);
        put_gain(table, results, recipe, base, COP_SCOPE_ROBUST);
    }
    return table;
}

/* --- CSV ------------------------------------------------------------------------- */

static void put_number(CopTable *table, double value)
{
    char text[COP_NUMBER_SIZE];
    cop_table_cell(table, "%s", isfinite(value) ? cop_text_exact(text, value) : "");
}

static void put_recipe(CopTable *table, const CopResults *results, int recipe, int baseline,
                       int scope)
{
    const CopStoreModel *about = &results->models[cop_results_recipe_first(results, recipe)].about;
    const int base = results->models[baseline].recipe;
    const CopSpread top1 = cop_results_spread(results, recipe, scope, baseline, COP_MEASURE_TOP1);
    const CopSeedGain gain = cop_results_seed_gain(results, recipe, base, scope);
    char *name = cop_compare_recipe(results, recipe);
    cop_table_cell(table, "%s", name);
    g_free(name);
    cop_table_cell(table, "%s", about->arch);
    cop_table_cell(table, "%s", about->method);
    put_number(table, about->density);
    cop_table_cell(table, "%lld", (long long)about->parameters);
    cop_table_cell(table, "%s", cop_results_scope_kind(results, scope));
    cop_table_cell(table, "%s", cop_results_scope_name(results, scope));
    cop_table_cell(table, "%d", cop_results_recipe_size(results, recipe));
    put_number(table, top1.mean);
    put_number(table, top1.deviation);
    cop_table_cell(table, "%d", (int)gain.mean.n);
    put_number(table, gain.mean.value);
    put_number(table, gain.deviation);
    put_number(table, gain.mean.low);
    put_number(table, gain.mean.high);
    put_number(table, gain.p);
}

char *cop_compare_seeds_csv(const CopResults *results, int baseline)
{
    static const char *const heads[] = {
        "recipe", "arch",    "method", "density", "parameters", "scope",    "name",      "seeds",
        "top1",   "top1_sd", "pairs",  "gain",    "gain_sd",    "gain_low", "gain_high", "gain_p"};
    CopTable *table = cop_table_create();
    for (size_t i = 0; i < G_N_ELEMENTS(heads); i++)
        cop_table_column(table, heads[i], false);
    for (int recipe = 0; recipe < results->n_recipes; recipe++)
        for (int scope = COP_SCOPE_CLEAN; scope < results->n_slices; scope++)
            put_recipe(table, results, recipe, baseline, scope);
    char *text = cop_table_text(table, COP_TABLE_CSV);
    cop_table_destroy(&table);
    return text;
}

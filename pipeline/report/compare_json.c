/* Comparing the models of one setup: JSON, for programs and for the report's charts.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <math.h>

#include "pipeline/eval/measures.h"
#include "pipeline/eval/seed_gain.h"
#include "pipeline/json_text.h"
#include "pipeline/report/compare.h"

static void put_interval(JsonBuilder *json, const char *key, CopInterval interval)
{
    cop_json_put_double(json, key, interval.value);
    char *low = g_strconcat(key, "_low", NULL), *high = g_strconcat(key, "_high", NULL);
    cop_json_put_double(json, low, interval.low);
    cop_json_put_double(json, high, interval.high);
    g_free(low);
    g_free(high);
}

static void begin(JsonBuilder *json, const char *key)
{
    json_builder_set_member_name(json, key);
    json_builder_begin_array(json);
}

static const char *column_name(const CopResults *results, int column)
{
    const int corruption = results->columns[column].corruption;
    return corruption < 0 ? "clean" : results->corruptions[corruption].name;
}

static void put_cells(JsonBuilder *json, const CopResults *results, int model)
{
    begin(json, "cells");
    for (int column = 0; column < results->n_columns; column++) {
        const CopResultCell *cell = &results->models[model].cells[column];
        json_builder_begin_object(json);
        cop_json_put_text(json, "corruption", column_name(results, column));
        cop_json_put_double(json, "severity", results->columns[column].severity);
        cop_json_put_int(json, "n", cell->n);
        put_interval(json, "top1", cop_results_top1(results, model, column));
        cop_json_put_double(json, "top5", cop_results_top5(results, model, column).value);
        cop_json_put_double(json, "ece", cop_results_ece(results, model, column));
        cop_json_put_double(json, "flip_rate", cop_results_flips(results, model, column).value);
        cop_json_put_double(json, "psnr", results->columns[column].psnr);
        cop_json_put_double(json, "ssim", results->columns[column].ssim);
        cop_json_put_double(json, "seconds", cell->seconds);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

/* Every measure over every scope. */
static void put_scopes(JsonBuilder *json, const CopResults *results, int model, int baseline)
{
    begin(json, "scopes");
    for (int scope = COP_SCOPE_CLEAN; scope < results->n_slices; scope++) {
        json_builder_begin_object(json);
        cop_json_put_text(json, "scope", cop_results_scope_kind(results, scope));
        cop_json_put_text(json, "name", cop_results_scope_name(results, scope));
        for (CopMeasure i = 0; i < COP_MEASURES; i++) {
            const CopMeasureRow *row = &cop_measure_rows[i];
            const CopInterval value = cop_results_measure(results, model, scope, baseline, i);
            if (row->interval)
                put_interval(json, row->key, value);
            else
                cop_json_put_double(json, row->key, value.value);
        }
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void put_model(JsonBuilder *json, const CopResults *results, int model, int baseline)
{
    const CopStoreModel *about = &results->models[model].about;
    json_builder_begin_object(json);
    cop_json_put_text(json, "name", about->name);
    cop_json_put_text(json, "label", results->models[model].label);
    cop_json_put_text(json, "sha256", about->sha256);
    cop_json_put_text(json, "arch", about->arch);
    cop_json_put_text(json, "method", about->method);
    cop_json_put_double(json, "density", about->density);
    cop_json_put_int(json, "seed", (int64_t)about->seed);
    cop_json_put_int(json, "recipe", results->models[model].recipe);
    put_interval(json, "clean", cop_results_score(results, model, COP_SCOPE_CLEAN));
    put_interval(json, "robust", cop_results_score(results, model, COP_SCOPE_ROBUST));
    cop_json_put_double(json, "rpc", cop_results_rpc(results, model));
    cop_json_put_double(
        json, "mce",
        cop_results_measure(results, model, COP_SCOPE_ROBUST, baseline, COP_MEASURE_CE).value);
    cop_json_put_double(
        json, "relative_mce",
        cop_results_measure(results, model, COP_SCOPE_ROBUST, baseline, COP_MEASURE_RELATIVE_CE)
            .value);
    cop_json_put_int(json, "parameters", about->parameters);
    cop_json_put_int(json, "nonzeros", about->nonzeros);
    cop_json_put_int(json, "flops", about->flops);
    cop_json_put_int(json, "flops_dense", about->flops_dense);
    cop_json_put_double(json, "seconds", results->models[model].seconds);
    begin(json, "corruptions");
    for (int i = 0; i < results->n_corruptions; i++) {
        json_builder_begin_object(json);
        cop_json_put_text(json, "corruption", results->corruptions[i].name);
        put_interval(json, "top1", cop_results_score(results, model, i));
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    put_scopes(json, results, model, baseline);
    put_cells(json, results, model);
    json_builder_end_object(json);
}

static void put_scope(JsonBuilder *json, const CopResults *results, int model, int baseline,
                      int scope)
{
    double p;
    put_interval(json, "difference", cop_results_difference(results, model, baseline, scope, &p));
    cop_json_put_double(json, "p_paired", p);
}

/* McNemar's test in one column. */
static void put_mcnemar(JsonBuilder *json, const CopResults *results, int model, int baseline,
                        int column)
{
    const CopMcNemar test = cop_results_mcnemar(results, model, baseline, column);
    cop_json_put_int(json, "n", test.n);
    cop_json_put_int(json, "only_model", test.only_a);
    cop_json_put_int(json, "only_baseline", test.only_b);
    cop_json_put_double(json, "p", test.n ? test.p : NAN);
    cop_json_put_double(json, "p_corrected", test.n ? test.p_corrected : NAN);
    cop_json_put_double(json, "statistic", test.n ? test.statistic : NAN);
}

static void put_test_cells(JsonBuilder *json, const CopResults *results, int model, int baseline)
{
    begin(json, "cells");
    for (int column = 0; column < results->n_columns; column++) {
        json_builder_begin_object(json);
        cop_json_put_text(json, "corruption", column_name(results, column));
        cop_json_put_double(json, "severity", results->columns[column].severity);
        put_mcnemar(json, results, model, baseline, column);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

/* One model against another: on clean clips, and over the grid. */
static void put_pair(JsonBuilder *json, const CopResults *results, int model, int baseline)
{
    cop_json_put_text(json, "model", results->models[model].label);
    cop_json_put_text(json, "baseline", results->models[baseline].label);
    json_builder_set_member_name(json, "clean");
    json_builder_begin_object(json);
    put_scope(json, results, model, baseline, COP_SCOPE_CLEAN);
    put_mcnemar(json, results, model, baseline, 0);
    json_builder_end_object(json);
    json_builder_set_member_name(json, "robust");
    json_builder_begin_object(json);
    put_scope(json, results, model, baseline, COP_SCOPE_ROBUST);
    json_builder_end_object(json);
}

static void put_test(JsonBuilder *json, const CopResults *results, int model, int baseline)
{
    json_builder_begin_object(json);
    put_pair(json, results, model, baseline);
    begin(json, "corruptions");
    for (int i = 0; i < results->n_corruptions; i++) {
        json_builder_begin_object(json);
        cop_json_put_text(json, "corruption", results->corruptions[i].name);
        put_scope(json, results, model, baseline, i);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    put_test_cells(json, results, model, baseline);
    json_builder_end_object(json);
}

/* Every pair, the later model against the earlier one. */
static void put_pairs(JsonBuilder *json, const CopResults *results)
{
    begin(json, "pairs");
    for (int a = 0; a < results->n_models; a++)
        for (int b = a + 1; b < results->n_models; b++) {
            json_builder_begin_object(json);
            put_pair(json, results, b, a);
            json_builder_end_object(json);
        }
    json_builder_end_array(json);
}

/* In top-1 over the baseline's recipe, seed by seed. */
static void put_gain(JsonBuilder *json, CopSeedGain gain)
{
    cop_json_put_int(json, "pairs", gain.mean.n);
    put_interval(json, "gain", gain.mean);
    cop_json_put_double(json, "gain_sd", gain.deviation);
    cop_json_put_double(json, "gain_p", gain.p);
}

static void put_recipe(JsonBuilder *json, const CopResults *results, int recipe, int baseline)
{
    const int base = results->models[baseline].recipe;
    const CopResultModel *first = &results->models[cop_results_recipe_first(results, recipe)];
    const CopStoreModel *about = &first->about;
    char *name = cop_compare_recipe(results, recipe);
    json_builder_begin_object(json);
    cop_json_put_text(json, "name", name);
    g_free(name);
    begin(json, "models");
    for (int i = 0; i < results->n_models; i++)
        if (results->models[i].recipe == recipe)
            json_builder_add_string_value(json, results->models[i].label);
    json_builder_end_array(json);
    cop_json_put_text(json, "arch", about->arch);
    cop_json_put_text(json, "method", about->method);
    cop_json_put_double(json, "density", about->density);
    json_builder_set_member_name(json, "seed_repeats");
    json_builder_add_boolean_value(json, first->seed_repeats);
    json_builder_set_member_name(json, "baseline");
    json_builder_add_boolean_value(json, recipe == base);
    begin(json, "scopes");
    for (int scope = COP_SCOPE_CLEAN; scope < results->n_slices; scope++) {
        json_builder_begin_object(json);
        cop_json_put_text(json, "scope", cop_results_scope_kind(results, scope));
        cop_json_put_text(json, "name", cop_results_scope_name(results, scope));
        for (CopMeasure i = 0; i < COP_MEASURES; i++) {
            const CopSpread spread = cop_results_spread(results, recipe, scope, baseline, i);
            char *deviation = g_strconcat(cop_measure_rows[i].key, "_sd", NULL);
            cop_json_put_double(json, cop_measure_rows[i].key, spread.mean);
            cop_json_put_double(json, deviation, spread.deviation);
            g_free(deviation);
        }
        put_gain(json, cop_results_seed_gain(results, recipe, base, scope));
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    begin(json, "cells");
    for (int column = 0; column < results->n_columns; column++) {
        const CopSpread top1 = cop_results_cell_spread(results, recipe, column);
        json_builder_begin_object(json);
        cop_json_put_text(json, "corruption", column_name(results, column));
        cop_json_put_double(json, "severity", results->columns[column].severity);
        cop_json_put_double(json, "top1", top1.mean);
        cop_json_put_double(json, "top1_sd", top1.deviation);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
}

static void put_grid(JsonBuilder *json, const CopResults *results)
{
    begin(json, "corruptions");
    for (int i = 0; i < results->n_corruptions; i++) {
        const CopResultCorruption *corruption = &results->corruptions[i];
        json_builder_begin_object(json);
        cop_json_put_text(json, "name", corruption->name);
        cop_json_put_text(json, "family", corruption->family);
        begin(json, "severities");
        for (int column = corruption->first; column < corruption->first + corruption->n; column++)
            json_builder_add_double_value(json, results->columns[column].severity);
        json_builder_end_array(json);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void put_skips(JsonBuilder *json, const CopResults *results)
{
    begin(json, "skips");
    for (int i = 0; i < results->n_skips; i++) {
        json_builder_begin_object(json);
        cop_json_put_text(json, "path", results->skips[i].key);
        cop_json_put_text(json, "reason", results->skips[i].value);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

char *cop_compare_json(const CopResults *results, int baseline, bool pretty)
{
    JsonBuilder *json = json_builder_new();
    json_builder_begin_object(json);
    cop_json_put_text(json, "file", results->path);
    cop_json_put_int(json, "setup", results->setup);
    cop_json_put_int(json, "setups", results->n_setups);
    cop_json_put_int(json, "clips", results->n_clips);
    cop_json_put_int(json, "labelled", results->n_labelled);
    cop_json_put_int(json, "skipped", results->n_skips);
    cop_json_put_text(json, "aggregate", results->aggregate);
    put_skips(json, results);
    cop_json_put_text(json, "baseline", results->n_models ? results->models[baseline].label : "");
    json_builder_set_member_name(json, "pooled");
    json_builder_add_boolean_value(json, cop_compare_pools(results));
    put_grid(json, results);
    begin(json, "models");
    for (int i = 0; i < results->n_models; i++)
        put_model(json, results, i, baseline);
    json_builder_end_array(json);
    begin(json, "recipes");
    for (int i = 0; i < results->n_recipes; i++)
        put_recipe(json, results, i, baseline);
    json_builder_end_array(json);
    begin(json, "tests");
    for (int i = 0; i < results->n_models; i++)
        if (i != baseline)
            put_test(json, results, i, baseline);
    json_builder_end_array(json);
    put_pairs(json, results);
    json_builder_end_object(json);
    char *text = cop_json_text(json, pretty), *line = g_strconcat(text, "\n", NULL);
    g_free(text);
    return line;
}

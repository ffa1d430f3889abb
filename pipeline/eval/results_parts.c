/* How loaded results fall into parts: slices of the grid, recipes of models, labels.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/option.h"
#include "pipeline/eval/results_private.h"

static bool has_slice(const CopResults *results, CopSliceKind kind, const char *name)
{
    for (int i = 0; i < results->n_slices; i++)
        if (results->slices[i].kind == kind && strcmp(results->slices[i].name, name) == 0)
            return true;
    return false;
}

static void add_slice(CopResults *results, CopSliceKind kind, const char *name, double severity)
{
    results->slices[results->n_slices++] =
        (CopResultSlice){.kind = kind, .name = name, .severity = severity};
}

/* Severities stand in rising order whatever the order of the columns. */
static CopStatus add_severities(CopResults *results)
{
    double last = -INFINITY;
    for (;;) {
        double least = INFINITY;
        for (int column = 1; column < results->n_columns; column++) {
            const double severity = results->columns[column].severity;
            if (severity > last && severity < least)
                least = severity;
        }
        if (isinf(least))
            return COP_OK;
        char text[32];
        const char *name = cop_arena_strdup(results->arena, cop_format_double(least, text));
        if (!name)
            return COP_ERR_NOMEM;
        add_slice(results, COP_SLICE_SEVERITY, name, least);
        last = least;
    }
}

static CopStatus cut_slices(CopResults *results)
{
    const size_t most = 2 * (size_t)results->n_corruptions + (size_t)results->n_columns;
    results->slices = cop_arena_alloc(results->arena, most, sizeof *results->slices);
    if (!results->slices)
        return COP_ERR_NOMEM;
    for (int i = 0; i < results->n_corruptions; i++)
        add_slice(results, COP_SLICE_CORRUPTION, results->corruptions[i].name, 0);
    for (int i = 0; i < results->n_corruptions; i++)
        if (!has_slice(results, COP_SLICE_FAMILY, results->corruptions[i].family))
            add_slice(results, COP_SLICE_FAMILY, results->corruptions[i].family, 0);
    return add_severities(results);
}

/* Density is what a run achieved: methods that choose among layers hit it to a weight or two. A
 * model of which no recipe is known counts by the rest. */
static bool same_recipe(const CopStoreModel *a, const CopStoreModel *b)
{
    if (strcmp(a->recipe, b->recipe) != 0)
        return false;
    return strcmp(a->arch, b->arch) == 0 && strcmp(a->method, b->method) == 0 &&
           a->parameters == b->parameters && fabs(a->density - b->density) < 5e-4;
}

/* Leaves in each model's recipe the place of the first model of that recipe. */
static void group_recipes(CopResultModel *models, int n)
{
    for (int i = 0; i < n; i++) {
        int like = 0;
        while (like < i && !same_recipe(&models[like].about, &models[i].about))
            like++;
        models[i].recipe = like < i ? models[like].recipe : i;
    }
}

/* A seed that comes twice says that the models differ in something that the file does not
 * hold (a rate of learning, the way they are stored): whose deviation it would be, nobody knows,
 * and the whole recipe falls apart into its models. */
static void find_recipes(CopResults *results)
{
    CopResultModel *models = results->models;
    group_recipes(models, results->n_models);
    for (int i = 0; i < results->n_models; i++)
        for (int k = 0; k < i; k++)
            if (models[k].recipe == models[i].recipe &&
                models[k].about.seed == models[i].about.seed)
                models[models[i].recipe].seed_repeats = true;
    for (int i = 0; i < results->n_models; i++) {
        const int first = models[i].recipe;
        const bool alone = models[first].seed_repeats;
        models[i].seed_repeats = alone;
        models[i].recipe = first < i && !alone ? models[first].recipe : results->n_recipes++;
        results->n_unpooled += alone;
    }
}

/* Names repeat when one recipe is trained from several seeds: the seed tells them
 * apart, or else the file's hash. */
static CopStatus label_model(CopResults *results, int which)
{
    CopResultModel *models = results->models, *model = &models[which];
    bool name_repeats = false, seed_repeats = false;
    for (int i = 0; i < results->n_models; i++) {
        if (i == which || strcmp(models[i].about.name, model->about.name) != 0)
            continue;
        name_repeats = true;
        seed_repeats |= models[i].about.seed == model->about.seed;
    }
    model->label = model->about.name;
    if (!name_repeats)
        return COP_OK;
    char label[256];
    if (seed_repeats)
        snprintf(label, sizeof label, "%.200s (%.7s)", model->about.name, model->about.sha256);
    else
        snprintf(label, sizeof label, "%.200s, seed %llu", model->about.name,
                 (unsigned long long)model->about.seed);
    model->label = cop_arena_strdup(results->arena, label);
    return model->label ? COP_OK : COP_ERR_NOMEM;
}

/* The setup's text has the number of the choice (eval.aggregate). */
static const char *aggregate_of(const char *setup_text)
{
    static const char *const names[] = {"prob", "score", "max"};
    static const char key[] = "eval.aggregate=";
    const char *row = strstr(setup_text, key);
    if (!row)
        return "";
    const long number = strtol(row + sizeof key - 1, NULL, 10);
    return number >= 0 && number < (long)(sizeof names / sizeof names[0]) ? names[number] : "";
}

CopStatus cop_results_arrange(CopResults *results)
{
    results->aggregate = aggregate_of(results->setup_text);
    find_recipes(results);
    for (int i = 0; i < results->n_models; i++)
        COP_TRY(label_model(results, i));
    return cut_slices(results);
}

const char *cop_results_scope_kind(const CopResults *results, int scope)
{
    static const char *const kinds[] = {[COP_SLICE_CORRUPTION] = "corruption",
                                        [COP_SLICE_FAMILY] = "family",
                                        [COP_SLICE_SEVERITY] = "severity"};
    if (scope < 0)
        return scope == COP_SCOPE_CLEAN ? "clean" : "robust";
    return kinds[results->slices[scope].kind];
}

const char *cop_results_scope_name(const CopResults *results, int scope)
{
    return scope < 0 ? cop_results_scope_kind(results, scope) : results->slices[scope].name;
}

void cop_results_free(CopResults **results)
{
    if (!results || !*results)
        return;
    CopArena *arena = (*results)->arena; /* which holds the results themselves */
    cop_arena_destroy(&arena);
    *results = NULL;
}

int cop_results_find(const CopResults *results, const char *sha256)
{
    for (int m = 0; m < results->n_models; m++)
        if (strcmp(results->models[m].about.sha256, sha256) == 0)
            return m;
    return -1;
}

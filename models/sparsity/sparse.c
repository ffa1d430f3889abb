/* The engine of sparse training: when and how the topology of masked layers
 * changes. What a method adds is in its own file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/sparsity/sparse_private.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"

static int count_choices(const char *const *choices)
{
    int n = 0;
    while (choices[n])
        n++;
    return n;
}

static CopStatus check_bounds(const CopSparseOptions *options, CopError *err)
{
    for (const CopOption *row = cop_sparse_options; row->name; row++) {
        const char *field = (const char *)options + row->offset;
        double value, max = row->max;
        if (row->type == COP_TYPE_DOUBLE)
            value = *(const double *)(const void *)field;
        else if (row->type == COP_TYPE_INT || row->type == COP_TYPE_CHOICE)
            value = *(const int *)(const void *)field;
        else
            continue;
        if (row->type == COP_TYPE_CHOICE)
            max = count_choices(row->choices) - 1;
        if (!(value >= row->min && value <= max))
            return cop_error_set(err, COP_ERR_CONFIG, "sparse.%s is %g; allowed: %g to %g",
                                 row->name, value, row->min, max);
    }
    return COP_OK;
}

static CopStatus find_method(const CopSparseDesc **out, const char *name, CopError *err)
{
    *out = name ? cop_sparse_find(name) : NULL;
    if (*out)
        return COP_OK;
    char names[256] = "";
    size_t used = 0;
    for (int i = 0; cop_sparse_registry[i] && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
                                 cop_sparse_registry[i]->name);
    return cop_error_set(err, COP_ERR_CONFIG, "sparse.method is \"%s\"; allowed: %s",
                         name ? name : "", names);
}

CopStatus cop_sparse_create(CopSparse **out, const CopSparseOptions *options,
                            CopParam *const *params, int n, uint64_t seed, uint64_t total_steps,
                            CopError *err)
{
    return cop_sparse_create_from(out, options, params, n, NULL, seed, total_steps, err);
}

CopStatus cop_sparse_create_from(CopSparse **out, const CopSparseOptions *options,
                                 CopParam *const *params, int n, const uint64_t *const *masks,
                                 uint64_t seed, uint64_t total_steps, CopError *err)
{
    *out = NULL;
    const CopSparseDesc *method;
    COP_TRY(find_method(&method, options->method, err));
    COP_TRY(check_bounds(options, err));
    CopSparse *sparse = calloc(1, sizeof *sparse);
    CopSparseLayer *layers = calloc((size_t)n + 1, sizeof *layers);
    if (!sparse || !layers) {
        free(sparse);
        free(layers);
        return cop_error_set(err, COP_ERR_NOMEM, "sparse: out of memory");
    }
    for (int i = 0; i < n; i++)
        layers[i].param = params[i];
    *sparse = (CopSparse){
        .method = method,
        .options = options,
        .layers = layers,
        .n = n,
        .grow_key = cop_rng_key(seed, "sparse grow"),
        .growth = options->growth ? (CopGrowth)(options->growth - 1) : method->growth,
        .prune = options->prune ? (CopPrune)(options->prune - 1) : method->prune,
        .total_steps = total_steps,
        .last_step = (uint64_t)round(options->stop * (double)total_steps),
    };
    const CopStatus status = cop_sparse_choose_masks(sparse, masks, seed, err);
    if (status != COP_OK)
        cop_sparse_destroy(&sparse);
    *out = sparse;
    return status;
}

static void forget_candidates(CopSparseLayer *layer)
{
    free(layer->candidates.index);
    free(layer->candidates.magnitude);
    layer->candidates = (CopCandidates){0};
    layer->candidates_step = 0;
}

void cop_sparse_destroy(CopSparse **out)
{
    if (!out || !*out)
        return;
    CopSparse *sparse = *out;
    for (int i = 0; i < sparse->n; i++) {
        forget_candidates(&sparse->layers[i]);
        free(sparse->layers[i].mask);
        free(sparse->layers[i].fired);
    }
    free(sparse->layers);
    free(sparse);
    *out = NULL;
}

const CopSparseDesc *cop_sparse_method(const CopSparse *sparse)
{
    return sparse->method;
}

size_t cop_sparse_capacity(const CopSparse *sparse, int i)
{
    const CopSparseLayer *layer = &sparse->layers[i];
    return layer->masked ? layer->nnz : layer->param->numel;
}

const uint64_t *cop_sparse_mask(const CopSparse *sparse, int i)
{
    return sparse->layers[i].mask;
}

double cop_sparse_init_scale(const CopSparse *sparse, int i)
{
    const CopSparseLayer *layer = &sparse->layers[i];
    if (!layer->masked || sparse->options->init_scale == COP_INIT_SCALE_NONE)
        return 1;
    return sqrt((double)layer->param->numel / (double)layer->nnz);
}

uint64_t *cop_sparse_fired(CopSparse *sparse, int i)
{
    return sparse->layers[i].fired;
}

double cop_sparse_drop_fraction(const CopSparse *sparse, uint64_t step)
{
    if (!(sparse->method->flags & COP_SPARSE_UPDATES) || step > sparse->last_step)
        return 0;
    const double p0 = sparse->options->drop_fraction, p_min = fmin(sparse->options->drop_min, p0);
    /* T_end = 0 has the one step 0. */
    const double u = step ? (double)step / (double)sparse->last_step : 0;
    switch (sparse->options->drop_decay) {
    case COP_DROP_COSINE:
        return p_min + (p0 - p_min) * (1 + cos(acos(-1) * u)) / 2;
    case COP_DROP_LINEAR:
        return p_min + (p0 - p_min) * (1 - u);
    default:
        return p0;
    }
}

bool cop_sparse_is_update(const CopSparse *sparse, uint64_t step)
{
    return sparse->method->flags & COP_SPARSE_UPDATES && step > 0 && step <= sparse->last_step &&
           step < sparse->total_steps && step % (uint64_t)sparse->options->interval == 0;
}

static CopTopologyUpdate plan_update(const CopSparse *sparse, int i, uint64_t step, CopPrune prune)
{
    const CopSparseLayer *layer = &sparse->layers[i];
    CopTopologyUpdate update = {
        .target = layer->param->nnz,
        .prune = prune,
        .growth = sparse->growth,
        .regrow = (CopRegrow)sparse->options->regrow,
        .candidates = &layer->candidates,
        .key = sparse->grow_key,
        .layer = (uint32_t)i,
        .step = (uint32_t)step,
        .grow_init = (float)sparse->options->grow_init,
    };
    const double p = cop_sparse_drop_fraction(sparse, step);
    sparse->method->plan_update(sparse, layer->param, p, &update);
    return update;
}

/* Most weights that can grow at `step`. The signs that a two-sided prune will
 * see are not known before the optimiser has stepped, but it never drops more
 * than one by magnitude. */
static size_t most_grown(const CopSparse *sparse, int i, uint64_t step)
{
    const CopTopologyUpdate update = plan_update(sparse, i, step, COP_PRUNE_MAGNITUDE);
    return update.target + update.drop - sparse->layers[i].param->nnz;
}

bool cop_sparse_wants_gradient(const CopSparse *sparse, uint64_t step, int i)
{
    const CopSparseLayer *layer = &sparse->layers[i];
    return sparse->growth == COP_GROW_GRADIENT && layer->mask && !layer->param->frozen &&
           cop_sparse_is_update(sparse, step) && most_grown(sparse, i, step) > 0;
}

CopStatus cop_sparse_give_gradient(CopSparse *sparse, uint64_t step, int i, const float *dense_grad,
                                   CopError *err)
{
    if (!cop_sparse_wants_gradient(sparse, step, i))
        return COP_OK;
    CopSparseLayer *layer = &sparse->layers[i];
    forget_candidates(layer);
    CopCandidates *candidates = &layer->candidates;
    candidates->capacity = most_grown(sparse, i, step);
    candidates->index = malloc(candidates->capacity * sizeof *candidates->index);
    candidates->magnitude = malloc(candidates->capacity * sizeof *candidates->magnitude);
    CopStatus status = COP_ERR_NOMEM;
    if (candidates->index && candidates->magnitude)
        status = cop_candidates_select(candidates, layer->param, dense_grad);
    if (status == COP_ERR_ARG)
        return cop_error_set(err, status, "%s: a gradient is not finite at step %" PRIu64,
                             layer->param->name, step);
    if (status != COP_OK)
        return cop_error_set(err, status, "%s: out of memory", layer->param->name);
    layer->candidates_step = step;
    return COP_OK;
}

static CopStatus update_layer(CopSparse *sparse, int i, uint64_t step, CopTopologyResult *result,
                              CopError *err)
{
    CopSparseLayer *layer = &sparse->layers[i];
    CopParam *param = layer->param;
    if (!param->mask)
        return cop_error_set(err, COP_ERR_ARG, "%s: its mask was never applied", param->name);
    const bool given = layer->candidates_step == step;
    if (cop_sparse_wants_gradient(sparse, step, i) && !(given && param->grad))
        return cop_error_set(err, COP_ERR_ARG, "%s: no gradient was given for step %" PRIu64,
                             param->name, step);
    const CopTopologyUpdate update = plan_update(sparse, i, step, sparse->prune);
    const CopStatus status = cop_topology_update(param, &update, result);
    forget_candidates(layer);
    if (status == COP_ERR_ARG)
        return cop_error_set(err, status, "%s: a weight or gradient is not finite at step %" PRIu64,
                             param->name, step);
    if (status != COP_OK)
        return cop_error_set(err, status, "%s: out of memory", param->name);
    for (size_t word = 0; word < cop_mask_words(param->numel); word++)
        layer->fired[word] |= param->mask[word];
    return COP_OK;
}

/* Weights of a masked layer that were ever active. */
static size_t explored(const CopSparseLayer *layer)
{
    return layer->fired ? cop_mask_count(layer->fired, layer->param->numel) : layer->nnz;
}

CopStatus cop_sparse_update(CopSparse *sparse, uint64_t step,
                            void (*report)(void *ctx, const CopSparseEvent *event), void *ctx,
                            CopError *err)
{
    if (!cop_sparse_is_update(sparse, step))
        return COP_OK;
    for (int i = 0; i < sparse->n; i++) {
        const CopSparseLayer *layer = &sparse->layers[i];
        CopTopologyResult result = {0};
        if (layer->mask && !layer->param->frozen)
            COP_TRY(update_layer(sparse, i, step, &result, err));
        if (layer->masked && report)
            report(ctx, &(CopSparseEvent){.step = step,
                                          .layer = i,
                                          .name = layer->param->name,
                                          .numel = layer->param->numel,
                                          .nnz = layer->param->nnz,
                                          .dropped = result.dropped,
                                          .grown = result.grown,
                                          .regrown = result.regrown,
                                          .explored = explored(layer)});
    }
    return COP_OK;
}

double cop_sparse_density(const CopSparse *sparse)
{
    size_t active = 0, all = 0;
    for (int i = 0; i < sparse->n; i++) {
        const CopSparseLayer *layer = &sparse->layers[i];
        if (!layer->masked)
            continue;
        active += layer->param->mask ? layer->param->nnz : layer->nnz;
        all += layer->param->numel;
    }
    return all ? (double)active / (double)all : 1;
}

double cop_sparse_explored(const CopSparse *sparse)
{
    size_t fired = 0, all = 0;
    for (int i = 0; i < sparse->n; i++) {
        const CopSparseLayer *layer = &sparse->layers[i];
        if (!layer->masked)
            continue;
        fired += explored(layer);
        all += layer->param->numel;
    }
    return all ? (double)fired / (double)all : 1;
}

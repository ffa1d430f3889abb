/* The engine of sparse training: which layers are masked, when and how their
 * topology changes. What a method adds is in its own file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/sparsity/sparse.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"

/* One for each parameter. A masked layer whose share came out full has no mask:
 * nothing in it can move. */
typedef struct Layer {
    CopParam *param;
    bool masked;
    size_t nnz; /* as drawn */
    uint64_t *mask, *fired;
    CopCandidates candidates;
    uint64_t candidates_step; /* 0: none */
} Layer;

struct CopSparse {
    const CopSparseDesc *method;
    const CopSparseOptions *options;
    Layer *layers;
    int n;
    CopRngKey grow_key;
    CopGrowth growth;
    CopPrune prune;
    uint64_t total_steps, last_step; /* T and T_end */
};

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

static bool is_maskable(const CopParam *param)
{
    return param->role == COP_PARAM_WEIGHT && param->rank >= 2;
}

static bool fits(const char *name, const char *pattern)
{
    const size_t length = strlen(pattern);
    if (length && pattern[length - 1] == '*')
        return strncmp(name, pattern, length - 1) == 0;
    return strcmp(name, pattern) == 0;
}

static CopStatus choose_layers(CopSparse *sparse, CopError *err)
{
    const CopStrings *exclude = &sparse->options->exclude;
    bool dense_stem = sparse->options->init == COP_DENSITY_UNIFORM;
    for (int i = 0; i < sparse->n; i++) {
        Layer *layer = &sparse->layers[i];
        layer->masked = is_maskable(layer->param);
        if (layer->masked && layer->param->rank >= 4 && dense_stem) {
            layer->masked = false;
            dense_stem = false;
        }
    }
    for (int e = 0; e < exclude->n; e++) {
        int matches = 0;
        for (int i = 0; i < sparse->n; i++) {
            Layer *layer = &sparse->layers[i];
            if (is_maskable(layer->param) && fits(layer->param->name, exclude->item[e])) {
                layer->masked = false;
                matches++;
            }
        }
        if (matches == 0)
            return cop_error_set(err, COP_ERR_CONFIG,
                                 "sparse.exclude: no weight of this net is called \"%s\"",
                                 exclude->item[e]);
    }
    return COP_OK;
}

static CopStatus allocate_masks(Layer *layer, CopError *err)
{
    const size_t words = cop_mask_words(layer->param->numel);
    layer->mask = malloc(words * sizeof *layer->mask);
    layer->fired = malloc(words * sizeof *layer->fired);
    if (layer->mask && layer->fired)
        return COP_OK;
    return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", layer->param->name);
}

static CopStatus draw_masks(CopSparse *sparse, uint64_t seed, CopError *err)
{
    const CopRngKey key = cop_rng_key(seed, "sparse mask");
    for (int i = 0; i < sparse->n; i++) {
        Layer *layer = &sparse->layers[i];
        if (!layer->masked || layer->nnz == layer->param->numel)
            continue;
        COP_TRY(allocate_masks(layer, err));
        const size_t words = cop_mask_words(layer->param->numel);
        const CopStatus status =
            cop_mask_random(layer->mask, layer->param->numel, layer->nnz, key, (uint32_t)i);
        if (status != COP_OK)
            return cop_error_set(err, status, "%s: no mask of %zu weights can be drawn",
                                 layer->param->name, layer->param->numel);
        memcpy(layer->fired, layer->mask, words * sizeof *layer->mask);
    }
    return COP_OK;
}

/* Exact counts of the chosen layers, through arrays of `n` items. */
static CopStatus count_weights(CopSparse *sparse, const CopParam **weights, double *d, size_t *nnz,
                               CopError *err)
{
    const CopSparseOptions *options = sparse->options;
    int n = 0;
    for (int i = 0; i < sparse->n; i++)
        if (sparse->layers[i].masked)
            weights[n++] = sparse->layers[i].param;
    if (n == 0)
        return cop_error_set(err, COP_ERR_CONFIG, "sparse: no weight is left to mask");
    COP_TRY(
        cop_density_layers((CopDensityInit)options->init, options->density, weights, n, d, err));
    COP_TRY(cop_density_counts(options->density, weights, n, d, nnz, err));
    for (int i = 0, k = 0; i < sparse->n; i++)
        if (sparse->layers[i].masked)
            sparse->layers[i].nnz = nnz[k++];
    return COP_OK;
}

static CopStatus plan_layers(CopSparse *sparse, uint64_t seed, CopError *err)
{
    const size_t n = (size_t)sparse->n;
    const CopParam **weights = malloc(n * sizeof *weights);
    double *d = malloc(n * sizeof *d);
    size_t *nnz = malloc(n * sizeof *nnz);
    CopStatus status = COP_ERR_NOMEM;
    if (weights && d && nnz)
        status = choose_layers(sparse, err);
    if (status == COP_OK)
        status = count_weights(sparse, weights, d, nnz, err);
    if (status == COP_OK)
        status = draw_masks(sparse, seed, err);
    free(weights);
    free(d);
    free(nnz);
    return status;
}

/* A layer whose given mask is full is a dense one. */
static CopStatus take_masks(CopSparse *sparse, const uint64_t *const *masks, CopError *err)
{
    for (int i = 0; i < sparse->n; i++) {
        Layer *layer = &sparse->layers[i];
        const size_t numel = layer->param->numel;
        const size_t nnz = masks[i] ? cop_mask_count(masks[i], numel) : numel;
        if (!is_maskable(layer->param) || nnz == numel)
            continue;
        layer->masked = true;
        layer->nnz = nnz;
        COP_TRY(allocate_masks(layer, err));
        memcpy(layer->mask, masks[i], cop_mask_words(numel) * sizeof *layer->mask);
        memcpy(layer->fired, masks[i], cop_mask_words(numel) * sizeof *layer->fired);
    }
    return COP_OK;
}

static CopStatus find_masks(CopSparse *sparse, const uint64_t *const *masks, uint64_t seed,
                            CopError *err)
{
    if (!(sparse->method->flags & COP_SPARSE_MASKED))
        return COP_OK;
    if (sparse->options->init != COP_DENSITY_GIVEN)
        return plan_layers(sparse, seed, err);
    if (!masks)
        return cop_error_set(err, COP_ERR_CONFIG,
                             "sparse.init = \"weights\" takes the masks of model.weights, which is "
                             "not set");
    return take_masks(sparse, masks, err);
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
    Layer *layers = calloc((size_t)n + 1, sizeof *layers);
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
    const CopStatus status = find_masks(sparse, masks, seed, err);
    if (status != COP_OK)
        cop_sparse_destroy(&sparse);
    *out = sparse;
    return status;
}

static void forget_candidates(Layer *layer)
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
    const Layer *layer = &sparse->layers[i];
    return layer->masked ? layer->nnz : layer->param->numel;
}

const uint64_t *cop_sparse_mask(const CopSparse *sparse, int i)
{
    return sparse->layers[i].mask;
}

double cop_sparse_init_scale(const CopSparse *sparse, int i)
{
    const Layer *layer = &sparse->layers[i];
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
    const Layer *layer = &sparse->layers[i];
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
    const Layer *layer = &sparse->layers[i];
    return sparse->growth == COP_GROW_GRADIENT && layer->mask && !layer->param->frozen &&
           cop_sparse_is_update(sparse, step) && most_grown(sparse, i, step) > 0;
}

CopStatus cop_sparse_give_gradient(CopSparse *sparse, uint64_t step, int i, const float *dense_grad,
                                   CopError *err)
{
    if (!cop_sparse_wants_gradient(sparse, step, i))
        return COP_OK;
    Layer *layer = &sparse->layers[i];
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
    Layer *layer = &sparse->layers[i];
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
static size_t explored(const Layer *layer)
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
        const Layer *layer = &sparse->layers[i];
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
        const Layer *layer = &sparse->layers[i];
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
        const Layer *layer = &sparse->layers[i];
        if (!layer->masked)
            continue;
        fired += explored(layer);
        all += layer->param->numel;
    }
    return all ? (double)fired / (double)all : 1;
}

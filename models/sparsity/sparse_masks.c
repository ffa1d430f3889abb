/* Which layers are masked, how many weights each keeps, and which.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/sparsity/sparse_private.h"

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

static bool is_depthwise(const CopParam *param)
{
    return param->groups > 1 && param->rank >= 4 && param->shape[1] == 1;
}

static CopStatus choose_layers(CopSparse *sparse, CopError *err)
{
    const CopStrings *exclude = &sparse->options->exclude;
    const bool uniform = sparse->options->init == COP_DENSITY_UNIFORM;
    const int depthwise = sparse->options->mask_depthwise;
    const bool skip = depthwise == COP_DEPTHWISE_NO || (depthwise == COP_DEPTHWISE_AUTO && uniform);
    bool dense_stem = uniform;
    for (int i = 0; i < sparse->n; i++) {
        CopSparseLayer *layer = &sparse->layers[i];
        layer->masked = is_maskable(layer->param) && !(skip && is_depthwise(layer->param));
        if (layer->masked && layer->param->rank >= 4 && dense_stem) {
            layer->masked = false;
            dense_stem = false;
        }
    }
    for (int e = 0; e < exclude->n; e++) {
        int matches = 0;
        for (int i = 0; i < sparse->n; i++) {
            CopSparseLayer *layer = &sparse->layers[i];
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

static CopStatus allocate_masks(CopSparseLayer *layer, CopError *err)
{
    const size_t words = cop_mask_words(layer->param->numel);
    layer->mask = malloc(words * sizeof *layer->mask);
    layer->fired = malloc(words * sizeof *layer->fired);
    if (layer->mask && layer->fired)
        return COP_OK;
    return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", layer->param->name);
}

/* True for a layer that a schedule may take weights from. */
static bool will_thin(const CopSparse *sparse, const CopSparseLayer *layer)
{
    if (sparse->initial == sparse->final || layer->param->frozen)
        return false;
    return sparse->method->flags & COP_SPARSE_GLOBAL || layer->target < layer->nnz;
}

static CopStatus draw_masks(CopSparse *sparse, uint64_t seed, CopError *err)
{
    const CopRngKey key = cop_rng_key(seed, "sparse mask");
    for (int i = 0; i < sparse->n; i++) {
        CopSparseLayer *layer = &sparse->layers[i];
        if (!layer->masked || (layer->nnz == layer->param->numel && !will_thin(sparse, layer)))
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

/* Room for what is worked out for each masked layer. */
typedef struct Counts {
    const CopParam **weights;
    double *d;
    size_t *nnz;
    int n;
} Counts;

/* The share of the masked layers' multiply-adds that makes `share` of the net's: those
 * that stay dense have their part of it. */
static CopStatus share_of_masked(const CopSparse *sparse, double share, double *out, CopError *err)
{
    double all = 0, dense = 0;
    for (int i = 0; i < sparse->n; i++) {
        const CopParam *param = sparse->layers[i].param;
        if (!is_maskable(param))
            continue;
        if (!(param->positions > 0))
            return cop_error_set(err, COP_ERR_ARG, "%s: nobody knows what its weights cost",
                                 param->name);
        all += (double)param->numel * param->positions;
        dense += sparse->layers[i].masked ? 0 : (double)param->numel * param->positions;
    }
    if (share * all <= dense)
        return cop_error_set(
            err, COP_ERR_CONFIG,
            "sparse.density is %g of all multiply-adds, but layers that stay dense "
            "make %.3g of them",
            share, dense / all);
    *out = (share * all - dense) / (all - dense);
    return COP_OK;
}

/* Exact counts of the chosen layers at a density. */
static CopStatus count_weights(const CopSparse *sparse, double density, const Counts *counts,
                               CopError *err)
{
    const CopSparseOptions *options = sparse->options;
    const CopDensityInit init = (CopDensityInit)options->init;
    if (options->density_of == COP_DENSITY_OF_WEIGHTS) {
        COP_TRY(cop_density_layers(init, density, counts->weights, counts->n, counts->d, err));
    } else {
        double share = density, kept = 0, all = 0;
        if (density < 1)
            COP_TRY(share_of_masked(sparse, density, &share, err));
        COP_TRY(cop_density_layers_flops(init, share, counts->weights, counts->n, counts->d, err));
        for (int i = 0; i < counts->n; i++) {
            kept += counts->d[i] * (double)counts->weights[i]->numel;
            all += (double)counts->weights[i]->numel;
        }
        density = kept / all < 1 ? kept / all : 1;
    }
    return cop_density_counts(density, counts->weights, counts->n, counts->d, counts->nnz, err);
}

/* Final and initial counts: schedules begin with the latter, frozen layers never move. */
static CopStatus count_layers(CopSparse *sparse, Counts *counts, CopError *err)
{
    for (int i = 0; i < sparse->n; i++)
        if (sparse->layers[i].masked)
            counts->weights[counts->n++] = sparse->layers[i].param;
    if (counts->n == 0)
        return cop_error_set(err, COP_ERR_CONFIG, "sparse: no weight is left to mask");
    COP_TRY(count_weights(sparse, sparse->final, counts, err));
    for (int i = 0, k = 0; i < sparse->n; i++)
        if (sparse->layers[i].masked)
            sparse->layers[i].target = sparse->layers[i].nnz = counts->nnz[k++];
    if (sparse->initial == sparse->final)
        return COP_OK;
    COP_TRY(count_weights(sparse, sparse->initial, counts, err));
    for (int i = 0, k = 0; i < sparse->n; i++) {
        CopSparseLayer *layer = &sparse->layers[i];
        if (!layer->masked)
            continue;
        if (!layer->param->frozen && counts->nnz[k] > layer->target)
            layer->nnz = counts->nnz[k];
        k++;
    }
    return COP_OK;
}

static CopStatus plan_layers(CopSparse *sparse, uint64_t seed, CopError *err)
{
    const size_t n = (size_t)sparse->n;
    Counts counts = {malloc(n * sizeof *counts.weights), malloc(n * sizeof *counts.d),
                     malloc(n * sizeof *counts.nnz), 0};
    CopStatus status = COP_ERR_NOMEM;
    if (counts.weights && counts.d && counts.nnz)
        status = choose_layers(sparse, err);
    if (status == COP_OK)
        status = count_layers(sparse, &counts, err);
    if (status == COP_OK)
        status = draw_masks(sparse, seed, err);
    free(counts.weights);
    free(counts.d);
    free(counts.nnz);
    return status;
}

/* A layer whose given mask is full is a dense one. There is no schedule: density stays. */
static CopStatus take_masks(CopSparse *sparse, const uint64_t *const *masks, CopError *err)
{
    sparse->initial = sparse->final;
    sparse->notice[0] = '\0';
    for (int i = 0; i < sparse->n; i++) {
        CopSparseLayer *layer = &sparse->layers[i];
        const size_t numel = layer->param->numel;
        const size_t nnz = masks[i] ? cop_mask_count(masks[i], numel) : numel;
        if (!is_maskable(layer->param) || nnz == numel)
            continue;
        layer->masked = true;
        layer->nnz = layer->target = nnz;
        COP_TRY(allocate_masks(layer, err));
        memcpy(layer->mask, masks[i], cop_mask_words(numel) * sizeof *layer->mask);
        memcpy(layer->fired, masks[i], cop_mask_words(numel) * sizeof *layer->fired);
    }
    return COP_OK;
}

CopStatus cop_sparse_choose_masks(CopSparse *sparse, const uint64_t *const *masks, uint64_t seed,
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

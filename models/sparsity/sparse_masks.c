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

static CopStatus choose_layers(CopSparse *sparse, CopError *err)
{
    const CopStrings *exclude = &sparse->options->exclude;
    bool dense_stem = sparse->options->init == COP_DENSITY_UNIFORM;
    for (int i = 0; i < sparse->n; i++) {
        CopSparseLayer *layer = &sparse->layers[i];
        layer->masked = is_maskable(layer->param);
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

static CopStatus draw_masks(CopSparse *sparse, uint64_t seed, CopError *err)
{
    const CopRngKey key = cop_rng_key(seed, "sparse mask");
    for (int i = 0; i < sparse->n; i++) {
        CopSparseLayer *layer = &sparse->layers[i];
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
        CopSparseLayer *layer = &sparse->layers[i];
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

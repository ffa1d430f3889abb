/* Gradients of inactive weights: of each layer the largest, as many as may grow, are kept
 * from backward until the update.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdlib.h>

#include "models/sparsity/sparse_private.h"

/* Most weights that can grow at `step`. Neither the signs that a two-sided prune will see nor
 * what a schedule thins out are known before the optimiser has stepped, but with the former
 * one more may go for each sign, since shares are rounded, and the latter leaves fewer to
 * replace. */
static size_t most_grown(const CopSparse *sparse, int i, uint64_t step)
{
    const CopParam *param = sparse->layers[i].param;
    const CopTopologyUpdate update = cop_sparse_plan(sparse, i, step, COP_PRUNE_MAGNITUDE);
    const size_t grown = update.target + update.drop - param->nnz;
    return grown + (grown > 0 && sparse->prune == COP_PRUNE_TWO_SIDED ? 2 : 0);
}

bool cop_sparse_wants_gradient(const CopSparse *sparse, uint64_t step, int i)
{
    const CopSparseLayer *layer = &sparse->layers[i];
    return sparse->growth == COP_GROW_GRADIENT && cop_sparse_moves(layer) &&
           layer->param->nnz < layer->param->numel && cop_sparse_is_update(sparse, step) &&
           most_grown(sparse, i, step) > 0;
}

void cop_sparse_forget_gradient(CopSparseLayer *layer)
{
    free(layer->candidates.index);
    free(layer->candidates.magnitude);
    free(layer->sum);
    layer->candidates = (CopCandidates){0};
    layer->candidates_step = layer->sum_step = 0;
    layer->sum = NULL;
}

CopStatus cop_sparse_give_gradient(CopSparse *sparse, uint64_t step, int i, const float *dense_grad,
                                   CopError *err)
{
    if (!cop_sparse_wants_gradient(sparse, step, i))
        return COP_OK;
    CopSparseLayer *layer = &sparse->layers[i];
    cop_sparse_forget_gradient(layer);
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

CopStatus cop_sparse_add_gradient(CopSparse *sparse, uint64_t step, int i, const float *dense_grad,
                                  float weight, CopError *err)
{
    if (!cop_sparse_wants_gradient(sparse, step, i))
        return COP_OK;
    CopSparseLayer *layer = &sparse->layers[i];
    const size_t numel = layer->param->numel;
    const bool first = layer->sum_step != step;
    if (!layer->sum)
        layer->sum = malloc(numel * sizeof *layer->sum);
    if (!layer->sum)
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", layer->param->name);
    for (size_t k = 0; k < numel; k++) {
        const float term = weight * dense_grad[k];
        layer->sum[k] = first ? term : layer->sum[k] + term;
    }
    layer->sum_step = step;
    return COP_OK;
}

CopStatus cop_sparse_take_gradients(CopSparse *sparse, uint64_t step, float scale, CopError *err)
{
    for (int i = 0; i < sparse->n; i++) {
        CopSparseLayer *layer = &sparse->layers[i];
        float *sum = layer->sum;
        if (!sum)
            continue;
        const bool due = layer->sum_step == step;
        layer->sum = NULL;
        for (size_t k = 0; k < layer->param->numel; k++)
            sum[k] *= scale;
        const CopStatus status = due ? cop_sparse_give_gradient(sparse, step, i, sum, err) : COP_OK;
        free(sum);
        COP_TRY(status);
    }
    return COP_OK;
}

void cop_sparse_scale_gradients(CopSparse *sparse, uint64_t step, float scale)
{
    for (int i = 0; i < sparse->n; i++) {
        const CopSparseLayer *layer = &sparse->layers[i];
        for (size_t k = 0; k < layer->candidates.n && layer->candidates_step == step; k++)
            layer->candidates.magnitude[k] *= scale;
    }
}

/* One topology update: thins layers out, prunes and grows, and says what it did.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "models/core/clock.h"
#include "models/core/mask.h"
#include "models/sparsity/sparse_private.h"

void cop_sparse_replace(const CopSparse *sparse, const CopSparseTurn *turn,
                        CopTopologyUpdate *update)
{
    cop_topology_drop(turn->weight, turn->p, sparse->options->drop_round, update);
    update->target = turn->weight->nnz - update->thin;
}

CopTopologyUpdate cop_sparse_plan(const CopSparse *sparse, int i, uint64_t step, CopPrune prune)
{
    const CopSparseLayer *layer = &sparse->layers[i];
    CopTopologyUpdate update = {
        .thin = layer->thin,
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
    const CopSparseTurn turn = {
        .weight = layer->param,
        .step = step,
        .p = cop_sparse_drop_fraction(sparse, step),
        .target = layer->target,
        .last = !cop_sparse_is_update(sparse, step + sparse->interval),
    };
    sparse->method->plan_update(sparse, &turn, &update);
    return update;
}

static CopStatus update_layer(CopSparse *sparse, int i, uint64_t step, CopTopologyResult *result,
                              CopError *err)
{
    CopSparseLayer *layer = &sparse->layers[i];
    CopParam *param = layer->param;
    const CopTopologyUpdate update = cop_sparse_plan(sparse, i, step, sparse->prune);
    const CopStatus status = cop_topology_update(param, &update, result);
    cop_sparse_forget_gradient(layer);
    if (status == COP_ERR_ARG)
        return cop_error_set(err, status, "%s: a weight or gradient is not finite at step %" PRIu64,
                             param->name, step);
    if (status != COP_OK)
        return cop_error_set(err, status, "%s: out of memory", param->name);
    for (size_t word = 0; word < cop_mask_words(param->numel); word++)
        layer->fired[word] |= param->mask[word];
    return COP_OK;
}

/* Whether everything is there that the update looks at. Comes before anything is changed:
 * what a schedule thins out moves what the methods ask for. */
static CopStatus check_layers(const CopSparse *sparse, uint64_t step, CopError *err)
{
    for (int i = 0; i < sparse->n; i++) {
        const CopSparseLayer *layer = &sparse->layers[i];
        const CopParam *param = layer->param;
        if (!cop_sparse_moves(layer))
            continue;
        if (!param->mask)
            return cop_error_set(err, COP_ERR_ARG, "%s: its mask was never applied", param->name);
        if (cop_sparse_wants_gradient(sparse, step, i) &&
            !(layer->candidates_step == step && param->grad))
            return cop_error_set(err, COP_ERR_ARG, "%s: no gradient was given for step %" PRIu64,
                                 param->name, step);
    }
    return COP_OK;
}

static size_t common(const uint64_t *a, const uint64_t *b, size_t numel)
{
    size_t count = 0;
    for (size_t word = 0; word < cop_mask_words(numel); word++)
        count += (size_t)__builtin_popcountll(a[word] & b[word]);
    return count;
}

static CopSparseEvent describe(const CopSparse *sparse, int i, size_t before,
                               const CopTopologyResult *result)
{
    const CopSparseLayer *layer = &sparse->layers[i];
    const CopParam *param = layer->param;
    CopSparseEvent event = {.layer = i,
                            .name = param->name,
                            .numel = param->numel,
                            .nnz = param->nnz,
                            .dropped = result->dropped,
                            .grown = result->grown,
                            .regrown = result->regrown,
                            .explored = param->nnz,
                            .start = layer->nnz,
                            .of_start = layer->nnz,
                            .before = before,
                            .of_last = before + result->regrown - result->dropped,
                            .clamped = !layer->mask};
    if (layer->mask) {
        event.explored = cop_mask_count(layer->fired, param->numel);
        event.of_start = common(layer->mask, param->mask, param->numel);
    }
    return event;
}

CopStatus cop_sparse_update(CopSparse *sparse, uint64_t step,
                            void (*report)(void *ctx, const CopSparseEvent *event), void *ctx,
                            CopError *err)
{
    if (!cop_sparse_is_update(sparse, step))
        return COP_OK;
    const double start = cop_clock();
    int last = -1;
    for (int i = 0; i < sparse->n; i++)
        if (sparse->layers[i].masked)
            last = i;
    COP_TRY(check_layers(sparse, step, err));
    cop_sparse_thin(sparse, step);
    for (int i = 0; i < sparse->n; i++) {
        CopSparseLayer *layer = &sparse->layers[i];
        const size_t before = layer->param->nnz;
        CopTopologyResult result = {0};
        if (cop_sparse_moves(layer))
            COP_TRY(update_layer(sparse, i, step, &result, err));
        layer->thin = 0;
        if (!layer->masked || !report)
            continue;
        CopSparseEvent event = describe(sparse, i, before, &result);
        event.step = step;
        event.last = i == last;
        event.seconds = cop_clock() - start;
        report(ctx, &event);
    }
    return COP_OK;
}

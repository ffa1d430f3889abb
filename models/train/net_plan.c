/* Memory of a net: parameters, then activations, then what the layers ask for.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/train/net_private.h"
#include "models/train/net_weights.h"

static CopStatus alloc_floats(CopArena *arena, float **out, size_t count)
{
    *out = cop_arena_alloc(arena, count, sizeof(float));
    return *out ? COP_OK : COP_ERR_NOMEM;
}

CopStatus cop_net_stored_mask(const CopStTensor *tensor, size_t numel, uint64_t *mask, size_t *nnz)
{
    memset(mask, 0, cop_mask_words(numel) * sizeof *mask);
    if (tensor->bits) { /* of a little-endian machine */
        memcpy(mask, tensor->bits, (numel + 7) / 8);
        *nnz = cop_mask_count(mask, numel);
        return COP_OK;
    }
    float *dense = malloc(numel * sizeof *dense);
    if (!dense)
        return COP_ERR_NOMEM;
    const CopStatus status = cop_safetensors_read_f32(tensor, dense, numel, NULL);
    for (size_t i = 0; status == COP_OK && i < numel; i++)
        if (dense[i] != 0)
            cop_mask_set(mask, i);
    free(dense);
    *nnz = cop_mask_count(mask, numel);
    return status;
}

/* Gives the parameter a mask where the plan has one. */
static CopStatus plan_mask(CopNet *net, CopParam *param, int index, const CopNetPlan *plan)
{
    const uint64_t *given = plan->sparse ? cop_sparse_mask(plan->sparse, index) : NULL;
    const CopStTensor *stored = plan->weights && param->role == COP_PARAM_WEIGHT
                                    ? cop_net_find_tensor(plan->weights, param->name)
                                    : NULL;
    /* A tensor of another size is reported when weights are read. */
    if (stored && cop_safetensors_count(stored) != param->numel)
        stored = NULL;
    if (!given && !stored)
        return COP_OK;
    const size_t words = cop_mask_words(param->numel);
    uint64_t *mask = cop_arena_alloc(net->memory, words, sizeof *mask);
    if (!mask)
        return COP_ERR_NOMEM;
    if (given) {
        memcpy(mask, given, words * sizeof *mask);
        param->nnz = cop_mask_count(mask, param->numel);
        param->capacity = cop_sparse_capacity(plan->sparse, index);
    } else {
        const CopStatus status = cop_net_stored_mask(stored, param->numel, mask, &param->nnz);
        if (status == COP_ERR_NOMEM)
            return status;
        if (status != COP_OK || param->nnz == param->numel) {
            param->nnz = param->numel;
            return COP_OK;
        }
        param->capacity = param->nnz;
    }
    param->mask = mask;
    return COP_OK;
}

static CopStatus plan_param(CopNet *net, CopParam *param, int index, const CopNetPlan *plan)
{
    COP_TRY(plan_mask(net, param, index, plan));
    COP_TRY(alloc_floats(net->memory, &param->value, param->capacity));
    if (!plan->training || param->role == COP_PARAM_STATISTIC)
        return COP_OK;
    COP_TRY(alloc_floats(net->memory, &param->grad, param->capacity));
    if (param->frozen)
        return COP_OK;
    if (plan->accumulate)
        COP_TRY(alloc_floats(net->memory, &param->sum, param->capacity));
    if (plan->moments)
        COP_TRY(alloc_floats(net->memory, &param->state[1], param->capacity));
    return alloc_floats(net->memory, &param->state[0], param->capacity);
}

static CopStatus plan_params(CopNet *net, const CopNetPlan *plan)
{
    size_t largest = 0;
    for (int i = 0; i < net->n_params; i++) {
        CopParam *param = net->params[i];
        COP_TRY(plan_param(net, param, i, plan));
        if (param->mask && param->numel > largest)
            largest = param->numel;
    }
    const bool moves = !plan->sparse || cop_sparse_method(plan->sparse)->flags & COP_SPARSE_UPDATES;
    if (plan->training && moves && largest)
        return alloc_floats(net->memory, &net->dense_grad, largest);
    return COP_OK;
}

CopStatus cop_net_plan(CopNet *net, const CopNetPlan *plan, CopError *err)
{
    if (net->memory || plan->batch < 1)
        return cop_error_set(err, COP_ERR_ARG, "a net is planned once, for at least one clip");
    if (plan->tile && (plan->training || plan->batch != 1))
        return cop_error_set(err, COP_ERR_ARG, "tile mode is for inference of one clip at a time");
    CopStatus status = cop_arena_create(&net->memory, plan->memory);
    if (status != COP_OK)
        return cop_error_set(err, status, "no memory can be reserved for the net");
    net->batch = plan->batch;
    net->training = plan->training;
    net->tiled = plan->tile;
    net->recompute = plan->recompute;
    status = plan_params(net, plan);
    if (status != COP_OK)
        return cop_error_set(err, status, "parameters do not fit into %.2f GiB",
                             (double)cop_arena_limit(net->memory) / 0x1p30);
    if (cop_net_fuse(net) != COP_OK)
        return cop_error_set(err, COP_ERR_NOMEM, "out of memory");
    net->trained = cop_net_first_trained(net);
    if (net->training && net->trained == net->n_steps)
        return cop_error_set(err, COP_ERR_CONFIG,
                             "every layer is frozen: nothing is left to train");
    net->n_edges = net->n_layers + 1;
    if (net->tiled && (status = cop_net_tile(net)) != COP_OK)
        return cop_error_set(err, status, "the clip cannot be cut into tiles: %s",
                             cop_status_name(status));
    COP_TRY(cop_net_place(net, err));
    cop_net_changed(net);
    for (int i = 0; i < net->n_steps; i++) {
        CopLayer *layer = net->step[i].layer;
        layer->kernels = plan->kernels;
        if (layer->desc->plan)
            COP_TRY(layer->desc->plan(layer, net->memory, plan->threads, err));
    }
    return COP_OK;
}

/* The engine of sparse training: what a run is made of, and what can be asked of it. When
 * and how topology changes is in sparse_schedule.c and sparse_update.c.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/sparsity/sparse_private.h"

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

/* When the schedule's parts end, in steps; shares of all steps are rounded. */
static void set_times(CopSparse *sparse)
{
    const CopSparseOptions *o = sparse->options;
    const CopSparseDesc *method = sparse->method;
    const double all = (double)sparse->total_steps;
    const double end = o->final_step > 0 ? o->final_step : method->final_step;
    const double initial = o->initial_density > 0 ? o->initial_density : method->initial_density;
    const bool scheduled = method->flags & COP_SPARSE_SCHEDULED;
    const uint64_t hundredth = sparse->total_steps / 100;
    sparse->interval = o->interval > 0 ? (uint64_t)o->interval : hundredth ? hundredth : 1;
    sparse->last_step = (uint64_t)round(o->stop * all);
    sparse->end_step = (uint64_t)round(fmin(o->stop, end) * all);
    if (method->flags & COP_SPARSE_ENDS)
        sparse->last_step = sparse->end_step;
    sparse->final = o->density;
    sparse->initial = scheduled ? fmax(initial, o->density) : o->density;
    if (scheduled && initial < o->density)
        snprintf(sparse->notice, sizeof sparse->notice,
                 "sparse.initial_density %g is below sparse.density %g: density stays at the "
                 "latter from the start",
                 initial, o->density);
}

/* What no row can say alone. */
static CopStatus check_together(const CopSparse *sparse, CopError *err)
{
    const CopSparseOptions *o = sparse->options;
    if (o->density_of == COP_DENSITY_OF_FLOPS && sparse->method->flags & COP_SPARSE_GLOBAL)
        return cop_error_set(err, COP_ERR_CONFIG,
                             "sparse.density_of is \"flops\": %s decides by magnitude which layers "
                             "keep their weights, so no share of multiply-adds can be promised",
                             sparse->method->name);
    if (sparse->prune == COP_PRUNE_TWO_SIDED && sparse->method->flags & COP_SPARSE_ONE_SIDED)
        return cop_error_set(err, COP_ERR_CONFIG,
                             "sparse.prune is \"two-sided\": %s prunes to a count, by magnitude",
                             sparse->method->name);
    return COP_OK;
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
    };
    set_times(sparse);
    CopStatus status = check_together(sparse, err);
    if (status == COP_OK)
        status = cop_sparse_choose_masks(sparse, masks, seed, err);
    if (status != COP_OK)
        cop_sparse_destroy(&sparse);
    *out = sparse;
    return status;
}

void cop_sparse_destroy(CopSparse **out)
{
    if (!out || !*out)
        return;
    CopSparse *sparse = *out;
    for (int i = 0; i < sparse->n; i++) {
        cop_sparse_forget_gradient(&sparse->layers[i]);
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

const CopSparseOptions *cop_sparse_options_of(const CopSparse *sparse)
{
    return sparse->options;
}

const char *cop_sparse_notice(const CopSparse *sparse)
{
    return *sparse->notice ? sparse->notice : NULL;
}

size_t cop_sparse_capacity(const CopSparse *sparse, int i)
{
    const CopSparseLayer *layer = &sparse->layers[i];
    if (!layer->masked)
        return layer->param->numel;
    if (!sparse->method->most || !cop_sparse_moves(layer))
        return layer->nnz;
    return sparse->method->most(sparse->options, layer->param, layer->nnz);
}

const uint64_t *cop_sparse_mask(const CopSparse *sparse, int i)
{
    return sparse->layers[i].mask;
}

double cop_sparse_init_scale(const CopSparse *sparse, int i, int unit)
{
    const CopSparseLayer *layer = &sparse->layers[i];
    const size_t numel = layer->param->numel;
    if (!layer->mask || sparse->options->init_scale == COP_INIT_SCALE_NONE)
        return 1;
    if (sparse->options->init_scale == COP_INIT_SCALE_LAYER)
        return sqrt((double)numel / (double)layer->nnz);
    const size_t fan_in = numel / (size_t)layer->param->shape[0];
    size_t own = 0;
    for (size_t k = 0; k < fan_in; k++)
        own += cop_mask_get(layer->mask, (size_t)unit * fan_in + k);
    return sqrt((double)fan_in / (double)(own ? own : 1));
}

uint64_t *cop_sparse_fired(CopSparse *sparse, int i)
{
    return sparse->layers[i].fired;
}

/* Weights of a masked layer that were ever active. */
static size_t explored(const CopSparseLayer *layer)
{
    return layer->fired ? cop_mask_count(layer->fired, layer->param->numel) : layer->nnz;
}

size_t cop_sparse_count(const CopSparse *sparse, size_t *numel)
{
    size_t active = 0;
    *numel = 0;
    for (int i = 0; i < sparse->n; i++) {
        const CopSparseLayer *layer = &sparse->layers[i];
        if (!layer->masked)
            continue;
        active += layer->param->mask ? layer->param->nnz : layer->nnz;
        *numel += layer->param->numel;
    }
    return active;
}

double cop_sparse_density(const CopSparse *sparse)
{
    size_t numel;
    const size_t active = cop_sparse_count(sparse, &numel);
    return numel ? (double)active / (double)numel : 1;
}

/* The ITOP rate over all masked layers, or those that have a mask. */
static double rate(const CopSparse *sparse, bool open)
{
    size_t fired = 0, all = 0;
    for (int i = 0; i < sparse->n; i++) {
        const CopSparseLayer *layer = &sparse->layers[i];
        if (!layer->masked || (open && !layer->mask))
            continue;
        fired += explored(layer);
        all += layer->param->numel;
    }
    return all ? (double)fired / (double)all : 1;
}

double cop_sparse_explored(const CopSparse *sparse)
{
    return rate(sparse, false);
}

double cop_sparse_explored_open(const CopSparse *sparse)
{
    return rate(sparse, true);
}

uint64_t cop_sparse_hash(const CopSparse *sparse)
{
    uint64_t hash = 0;
    for (int i = 0; i < sparse->n; i++) {
        const CopParam *param = sparse->layers[i].param;
        if (param->mask)
            hash = cop_mix64(
                hash ^ cop_fnv1a(param->mask, cop_mask_words(param->numel) * sizeof *param->mask));
    }
    return hash;
}

/* The course of sparse training: when updates come, how many weights they replace, and how
 * density falls to its final value.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <math.h>

#include "models/sparsity/select.h"
#include "models/sparsity/sparse_private.h"

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
           step < sparse->total_steps && step % sparse->interval == 0;
}

double cop_sparse_bound(const CopSparse *sparse, uint64_t step)
{
    const double b = sparse->options->soft_bound;
    const double u = (double)step / (double)sparse->total_steps;
    if (sparse->options->bound_decay == COP_BOUND_CONSTANT || u < 0.5625)
        return b;
    return u < 0.75 ? b / 2 : 0;
}

/* Updates until density has its final value. */
static uint64_t updates(const CopSparse *sparse)
{
    const uint64_t end = sparse->end_step, last = sparse->total_steps;
    return (end < last ? end : last ? last - 1 : 0) / sparse->interval;
}

/* Share of the way from the initial to the final density that is done after `step`. */
static double progress(const CopSparse *sparse, uint64_t step)
{
    const uint64_t n = updates(sparse), done = step / sparse->interval;
    return n == 0 ? 0 : done < n ? (double)done / (double)n : 1;
}

double cop_sparse_planned_density(const CopSparse *sparse, uint64_t step)
{
    return cop_density_cubic(sparse->initial, sparse->final, progress(sparse, step));
}

CopStatus cop_sparse_check_schedule(const CopSparse *sparse, CopError *err)
{
    if (sparse->initial == sparse->final || updates(sparse) > 0)
        return COP_OK;
    return cop_error_set(err, COP_ERR_CONFIG,
                         "sparse.interval is %" PRIu64 ", but %s is to bring density from %g to %g "
                         "within %" PRIu64 " of %" PRIu64 " steps (sparse.final_step, sparse.stop)",
                         sparse->interval, sparse->method->name, sparse->initial, sparse->final,
                         sparse->end_step, sparse->total_steps);
}

/* Weight that global thinning leaves whatever it ranks: the last of the largest. */
static size_t last_largest(const CopParam *param)
{
    size_t best = 0;
    for (size_t i = 1; i < param->nnz; i++)
        if (cop_magnitude_key(param->value[i]) >= cop_magnitude_key(param->value[best]))
            best = i;
    return best;
}

/* Splits `k` weights, the smallest by magnitude, layer and index, over the layers that move;
 * each keeps one. */
static void thin_globally(CopSparse *sparse, size_t k)
{
    CopRadix radix;
    cop_radix_begin(&radix, k);
    for (int i = 0; i < sparse->n; i++)
        if (cop_sparse_moves(&sparse->layers[i]))
            sparse->layers[i].kept = last_largest(sparse->layers[i].param);
    do
        for (int i = 0; i < sparse->n; i++) {
            const CopSparseLayer *layer = &sparse->layers[i];
            for (size_t w = 0; w < layer->param->nnz && cop_sparse_moves(layer); w++)
                if (w != layer->kept)
                    cop_radix_add(&radix, cop_magnitude_key(layer->param->value[w]));
        }
    while (cop_radix_next(&radix));
    CopCut cut = cop_radix_cut(&radix);
    for (int i = 0; i < sparse->n; i++) {
        CopSparseLayer *layer = &sparse->layers[i];
        for (size_t w = 0; w < layer->param->nnz && cop_sparse_moves(layer); w++)
            layer->thin += w != layer->kept &&
                           cop_cut_selects(&cut, cop_magnitude_key(layer->param->value[w]));
    }
}

static void thin_each(CopSparse *sparse, double u)
{
    for (int i = 0; i < sparse->n; i++) {
        CopSparseLayer *layer = &sparse->layers[i];
        const double want = cop_density_cubic((double)layer->nnz, (double)layer->target, u);
        if (cop_sparse_moves(layer) && layer->param->nnz > (size_t)round(want))
            layer->thin = layer->param->nnz - (size_t)round(want);
    }
}

void cop_sparse_thin(CopSparse *sparse, uint64_t step)
{
    for (int i = 0; i < sparse->n; i++)
        sparse->layers[i].thin = 0;
    if (sparse->initial == sparse->final)
        return;
    if (!(sparse->method->flags & COP_SPARSE_GLOBAL)) {
        thin_each(sparse, progress(sparse, step));
        return;
    }
    /* Frozen layers count: they have their final share already, so that what is left for the
     * others never falls below theirs. */
    size_t numel;
    const size_t nnz = cop_sparse_count(sparse, &numel);
    const double density = cop_sparse_planned_density(sparse, step);
    const size_t want = (size_t)round(density * (double)numel);
    if (want < nnz)
        thin_globally(sparse, nnz - want);
}

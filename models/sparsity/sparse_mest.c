/* Memory-economic sparse training: an update prunes each layer to a lower count and grows it
 * to an upper one; the upper may lie above the density's (soft memory bound), and the
 * last update prunes to the density's exactly. Random growth is the original's, growth
 * by gradient came later (Wu et al., ICLR 2025).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/sparsity/sparse.h"

static size_t bounded(const CopParam *weight, size_t nnz, double bound)
{
    const size_t above = nnz + (size_t)(bound * (double)nnz);
    return above < weight->numel ? above : weight->numel;
}

static size_t most(const CopSparseOptions *options, const CopParam *weight, size_t nnz)
{
    return options->mest_mode == COP_MEST_EM ? nnz : bounded(weight, nnz, options->soft_bound);
}

static void plan_update(const CopSparse *sparse, const CopSparseTurn *turn,
                        CopTopologyUpdate *update)
{
    const CopSparseOptions *o = cop_sparse_options_of(sparse);
    size_t low = turn->target;
    size_t high = low;
    if (!turn->last && o->mest_mode != COP_MEST_EMS)
        low -= cop_topology_share(turn->target, turn->p, o->drop_round);
    if (!turn->last && o->mest_mode != COP_MEST_EM)
        high = bounded(turn->weight, turn->target, cop_sparse_bound(sparse, turn->step));
    update->lambda = (float)o->mest_lambda;
    update->drop = turn->weight->nnz - low;
    update->target = high;
}

const CopSparseDesc cop_sparse_mest = {
    .name = "mest",
    .summary = "prunes to a lower count and grows, at random by itself, to one that may exceed "
               "the density until the last update",
    .reference = "Yuan et al., MEST: Accurate and Fast Memory-Economic Sparse Training Framework "
                 "on the Edge, NeurIPS 2021",
    .flags = COP_SPARSE_MASKED | COP_SPARSE_UPDATES | COP_SPARSE_ENDS | COP_SPARSE_ONE_SIDED,
    .growth = COP_GROW_RANDOM,
    .prune = COP_PRUNE_MAGNITUDE,
    .final_step = 0.75,
    .plan_update = plan_update,
    .most = most,
};

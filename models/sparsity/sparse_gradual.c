/* Gradual magnitude pruning: from a dense net, each layer loses its smallest weights until it
 * has its share; nothing grows.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/sparsity/sparse.h"

static void plan_update(const CopSparse *sparse, const CopSparseTurn *turn,
                        CopTopologyUpdate *update)
{
    (void)sparse;
    update->target = turn->weight->nnz - update->thin;
}

const CopSparseDesc cop_sparse_gradual = {
    .name = "gradual",
    .summary = "from dense, each layer's smallest weights go until it has its share; nothing grows",
    .reference = "Zhu and Gupta, To Prune, or Not to Prune: Exploring the Efficacy of Pruning for "
                 "Model Compression, 2017",
    .flags = COP_SPARSE_MASKED | COP_SPARSE_UPDATES | COP_SPARSE_SCHEDULED | COP_SPARSE_ENDS,
    .growth = COP_GROW_RANDOM,
    .prune = COP_PRUNE_MAGNITUDE,
    .initial_density = 1,
    .final_step = 0.75,
    .plan_update = plan_update,
};

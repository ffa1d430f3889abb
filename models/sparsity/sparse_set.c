/* Sparse evolutionary training: drop the weights nearest to zero, grow as many
 * at random. The original drops a share of each sign (prune = two-sided); most
 * later work drops by magnitude, which is the default here.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/sparsity/sparse.h"

const CopSparseDesc cop_sparse_set = {
    .name = "set",
    .summary = "drops the smallest weights, grows at random",
    .reference = "Mocanu et al., Scalable Training of Artificial Neural Networks with Adaptive "
                 "Sparse Connectivity, Nature Communications 9, 2018",
    .flags = COP_SPARSE_MASKED | COP_SPARSE_UPDATES,
    .growth = COP_GROW_RANDOM,
    .prune = COP_PRUNE_MAGNITUDE,
    .plan_update = cop_sparse_replace,
};

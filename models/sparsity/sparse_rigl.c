/* Rigged lottery: drop the weights nearest to zero, grow as many where the
 * gradient of the loss is largest.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/sparsity/sparse.h"

const CopSparseDesc cop_sparse_rigl = {
    .name = "rigl",
    .summary = "drops the smallest weights, grows where the gradient is largest",
    .reference = "Evci et al., Rigging the Lottery: Making All Tickets Winners, ICML 2020",
    .flags = COP_SPARSE_MASKED | COP_SPARSE_UPDATES | COP_SPARSE_DENSE_GRADIENT,
    .growth = COP_GROW_GRADIENT,
    .prune = COP_PRUNE_MAGNITUDE,
    .plan_update = cop_sparse_replace,
};

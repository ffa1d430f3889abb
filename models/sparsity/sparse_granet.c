/* Gradual pruning with zero-cost neuroregeneration: while density falls, the smallest
 * weights of all layers together go; each update then replaces a share of every layer.
 * Growth by gradient is the original's, at random came later (Wu et al., ICLR 2025).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/sparsity/sparse.h"

const CopSparseDesc cop_sparse_granet = {
    .name = "granet",
    .summary = "density falls from an initial one, the smallest of all layers going first; what is "
               "left drops and grows as in rigl",
    .reference = "Liu et al., Sparse Training via Boosting Pruning Plasticity with "
                 "Neuroregeneration, NeurIPS 2021",
    .flags = COP_SPARSE_MASKED | COP_SPARSE_UPDATES | COP_SPARSE_DENSE_GRADIENT |
             COP_SPARSE_SCHEDULED | COP_SPARSE_GLOBAL,
    .growth = COP_GROW_GRADIENT,
    .prune = COP_PRUNE_MAGNITUDE,
    .initial_density = 0.8,
    .final_step = 0.5,
    .plan_update = cop_sparse_replace,
};

/* A random mask that never changes: what sparsity alone gives, without moving it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/sparsity/sparse.h"

const CopSparseDesc cop_sparse_static = {
    .name = "static",
    .summary = "a random mask, fixed from start to end",
    .reference = "Liu et al., The Unreasonable Effectiveness of Random Pruning, ICLR 2022",
    .flags = COP_SPARSE_MASKED,
};

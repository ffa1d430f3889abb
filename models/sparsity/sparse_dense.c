/* No sparsity: the baseline.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/sparsity/sparse.h"

const CopSparseDesc cop_sparse_dense = {
    .name = "dense",
    .summary = "every weight is active",
    .reference = "",
};

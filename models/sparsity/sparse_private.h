/* What the files of the engine share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_SPARSITY_SPARSE_PRIVATE_H
#define COP_SPARSITY_SPARSE_PRIVATE_H

#include "models/sparsity/sparse.h"

/* One for each parameter. A masked layer whose share came out full has no mask:
 * nothing in it can move. */
typedef struct CopSparseLayer {
    CopParam *param;
    bool masked;
    size_t nnz; /* as drawn */
    uint64_t *mask, *fired;
    CopCandidates candidates;
    uint64_t candidates_step; /* 0: none */
} CopSparseLayer;

struct CopSparse {
    const CopSparseDesc *method;
    const CopSparseOptions *options;
    CopSparseLayer *layers;
    int n;
    CopRngKey grow_key;
    CopGrowth growth;
    CopPrune prune;
    uint64_t total_steps, last_step; /* T and T_end */
};

/* sparse_masks.c: which layers are masked, and their first masks: drawn, or those given. */
CopStatus cop_sparse_choose_masks(CopSparse *sparse, const uint64_t *const *masks, uint64_t seed,
                                  CopError *err) COP_MUST_CHECK;

#endif

/* What the files of the engine share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_SPARSITY_SPARSE_PRIVATE_H
#define COP_SPARSITY_SPARSE_PRIVATE_H

#include "models/sparsity/sparse.h"

/* One for each parameter. A masked layer whose share came out full, and stays so, has no
 * mask: nothing in it can move. */
typedef struct CopSparseLayer {
    CopParam *param;
    bool masked;
    size_t nnz, target; /* as drawn, and as it is to end where the schedule goes by layer */
    size_t thin;        /* weights that the schedule takes in the update at hand */
    size_t kept;        /* the one that it leaves whatever comes */
    uint64_t *mask, *fired;
    CopCandidates candidates;
    uint64_t candidates_step; /* 0: none */
    float *sum;               /* [numel] of gradients; NULL: none */
    uint64_t sum_step;
} CopSparseLayer;

struct CopSparse {
    const CopSparseDesc *method;
    const CopSparseOptions *options;
    CopSparseLayer *layers;
    int n;
    CopRngKey grow_key;
    CopGrowth growth;
    CopPrune prune;
    uint64_t interval, total_steps, last_step; /* dT, T and T_end */
    uint64_t end_step;                         /* of the schedule of densities */
    double initial, final;                     /* its densities */
    char notice[160];
};

/* True for a layer that updates may change. */
static inline bool cop_sparse_moves(const CopSparseLayer *layer)
{
    return layer->mask && !layer->param->frozen;
}

/* sparse_masks.c: which layers are masked, and their first masks: drawn, or those given. */
CopStatus cop_sparse_choose_masks(CopSparse *sparse, const uint64_t *const *masks, uint64_t seed,
                                  CopError *err) COP_MUST_CHECK;

/* sparse.c: active weights of all masked layers, and in *numel all of theirs. */
size_t cop_sparse_count(const CopSparse *sparse, size_t *numel);

/* sparse_schedule.c: sets layer->thin for the update of `step`. */
void cop_sparse_thin(CopSparse *sparse, uint64_t step);

/* sparse_update.c: how layer i changes at `step`, if it prunes by `prune`. */
CopTopologyUpdate cop_sparse_plan(const CopSparse *sparse, int i, uint64_t step, CopPrune prune);

/* sparse_gradient.c */
void cop_sparse_forget_gradient(CopSparseLayer *layer);

#endif

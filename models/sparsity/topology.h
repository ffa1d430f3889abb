/* Exact, deterministic prune and grow of one layer, linear in its weights.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_SPARSITY_TOPOLOGY_H
#define COP_SPARSITY_TOPOLOGY_H

#include "models/core/param.h"
#include "models/core/rng.h"
#include "models/core/status.h"

typedef enum CopGrowth { COP_GROW_RANDOM, COP_GROW_GRADIENT } CopGrowth;
typedef enum CopPrune {
    COP_PRUNE_MAGNITUDE, /* smallest |w| first */
    COP_PRUNE_TWO_SIDED  /* SET (Mocanu et al., 2018): smallest positive and largest negative */
} CopPrune;
typedef enum CopRegrow {
    COP_REGROW_ALLOW, /* a weight dropped in this update may grow again and keeps its value */
    COP_REGROW_FORBID
} CopRegrow;

/* The inactive positions with the largest |gradient|, taken from a dense
 * gradient while that exists; sorted by |g| descending, index ascending. */
typedef struct CopCandidates {
    uint32_t *index;
    float *magnitude;
    size_t n, capacity;
} CopCandidates;

typedef struct CopTopologyUpdate {
    size_t drop;   /* active weights to drop */
    size_t target; /* active weights after growing */
    CopPrune prune;
    CopGrowth growth;
    CopRegrow regrow;
    const CopCandidates
        *candidates;      /* gradient growth: at least target - nnz + drop inactive ones, or all */
    CopRngKey key;        /* random growth */
    uint32_t layer, step; /* address of the random draws */
} CopTopologyUpdate;

typedef struct CopTopologyResult {
    size_t dropped, grown, regrown; /* regrown: dropped and grown again, part of both */
} CopTopologyResult;

/* Keeps the min(capacity, inactive) largest |dense_grad| among inactive positions.
 * Ties: the smaller index wins. COP_ERR_ARG when a gradient is not finite. */
CopStatus cop_candidates_select(CopCandidates *out, const CopParam *param,
                                const float *dense_grad) COP_MUST_CHECK;

/* A random mask of exactly nnz bits (partial Fisher-Yates addressed by key, layer).
 * `mask` (numel bits, borrowed) is overwritten. */
CopStatus cop_mask_random(uint64_t *mask, size_t numel, size_t nnz, CopRngKey key,
                          uint32_t layer) COP_MUST_CHECK;

/* One update: drops, then grows, then moves value and state along. A full
 * layer whose target is full is left untouched bit for bit. Newly grown
 * weights and their states are zero. Active weights' |gradient| is read from
 * param->grad under gradient growth (dropped ones compete with candidates).
 * COP_ERR_ARG when a score is not finite (nothing is changed), COP_ERR_NOMEM. */
CopStatus cop_topology_update(CopParam *param, const CopTopologyUpdate *update,
                              CopTopologyResult *result) COP_MUST_CHECK;

#endif

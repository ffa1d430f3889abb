/* Exact, deterministic prune and grow of one layer, linear in its weights.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_SPARSITY_TOPOLOGY_H
#define COP_SPARSITY_TOPOLOGY_H

#include <stdbool.h>

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
 * gradient while that exists; in ascending order of index. */
typedef struct CopCandidates {
    uint32_t *index;
    float *magnitude;
    size_t n, capacity;
} CopCandidates;

typedef struct CopTopologyUpdate {
    size_t thin;          /* active weights of the smallest |w| that go before others are dropped */
    size_t drop;          /* of those that are left, how many to drop by `prune` */
    size_t drop_negative; /* two-sided: how many of these are negative; the rest are positive */
    size_t target;        /* active weights after growing */
    CopPrune prune;
    float lambda; /* of magnitude: the score is |w| + lambda |gradient| (Yuan et al., 2021) */
    CopGrowth growth;
    CopRegrow regrow;
    /* Gradient growth: at least target - nnz + drop inactive positions, or all there are. */
    const CopCandidates *candidates;
    CopRngKey key;        /* random growth */
    uint32_t layer, step; /* address of the random draws: clip and frame */
    float grow_init;      /* value of a newly grown weight */
} CopTopologyUpdate;

typedef struct CopTopologyResult {
    size_t dropped, grown; /* dropped: what was thinned out included */
    size_t regrown;        /* dropped and grown again, part of both */
} CopTopologyResult;

/* Keeps the min(capacity, inactive) largest |dense_grad| (numel floats) among
 * inactive positions. Ties: the smaller index wins. COP_ERR_ARG when a gradient
 * is not finite, COP_ERR_NOMEM. */
CopStatus cop_candidates_select(CopCandidates *out, const CopParam *param,
                                const float *dense_grad) COP_MUST_CHECK;

/* A random mask of exactly nnz bits (partial Fisher-Yates addressed by key, layer).
 * `mask` (numel bits, borrowed) is overwritten. COP_ERR_ARG unless nnz <= numel
 * < 2^32, COP_ERR_NOMEM. */
CopStatus cop_mask_random(uint64_t *mask, size_t numel, size_t nnz, CopRngKey key,
                          uint32_t layer) COP_MUST_CHECK;

/* The share `fraction` (0..1) of n weights, rounded down or up. */
size_t cop_topology_share(size_t n, double fraction, bool up);

/* Sets update->drop, and ->drop_negative, to the share `fraction` (0..1) of the active
 * weights that update->thin leaves, rounded down or up: of all, or of each sign where
 * update->prune is two-sided (exact zeros have none and stay). */
void cop_topology_drop(const CopParam *param, double fraction, bool up, CopTopologyUpdate *update);

/* One update: thins out, drops, grows, then moves value and state along. A full
 * layer whose target is full is left untouched bit for bit. Of equal scores the
 * smaller index is dropped first and grown first. Newly grown weights hold
 * grow_init and their states are zero. Active weights' |gradient| is read from
 * param->grad under gradient growth (dropped ones compete with candidates) and where
 * lambda is not 0. Where dropped weights may not regrow, at most numel - target are dropped.
 * COP_ERR_ARG when a score is not finite or the counts cannot be met,
 * COP_ERR_NOMEM; in both cases nothing is changed. */
CopStatus cop_topology_update(CopParam *param, const CopTopologyUpdate *update,
                              CopTopologyResult *result) COP_MUST_CHECK;

#endif

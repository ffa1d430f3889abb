/* Sparse-training methods: a registry of descriptors and the engine that runs one.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_SPARSITY_SPARSE_H
#define COP_SPARSITY_SPARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "models/core/option.h"
#include "models/core/param.h"
#include "models/sparsity/density.h"
#include "models/sparsity/topology.h"

/* The `sparse` block of a configuration; names are those of DESIGN.md, section 8. */
typedef struct CopSparseOptions {
    char *method;         /* registry name */
    double density;       /* global, over masked weights */
    int init;             /* CopDensityInit */
    int interval;         /* optimiser steps between topology updates */
    double drop_fraction; /* p0 */
    int drop_decay;       /* constant, cosine, linear */
    double drop_min;
    double stop;               /* share of all steps after which the mask is fixed */
    int growth, prune, regrow; /* -1 (auto): the method's own */
    CopStrings exclude;        /* parameter names kept dense; a trailing * matches any ending */
    double grow_init;          /* value of a grown weight */
    int init_scale;            /* none, layer */
} CopSparseOptions;

extern const CopOption cop_sparse_options[];

typedef struct CopSparse CopSparse;

enum {
    COP_SPARSE_MASKED = 1u << 0,        /* weights are masked at all */
    COP_SPARSE_UPDATES = 1u << 1,       /* the topology moves */
    COP_SPARSE_DENSE_GRADIENT = 1u << 2 /* growth may ask for dense gradients */
};

typedef struct CopSparseDesc {
    const char *name, *summary, *reference;
    unsigned flags;
    CopGrowth growth; /* used where the option says auto */
    CopPrune prune;
    /* Changes one layer at update time; NULL for methods that never do. Sets
     * update->drop and ->target for a drop fraction p; the engine fills the rest. */
    void (*plan_update)(const CopSparse *sparse, const CopParam *weight, double p,
                        CopTopologyUpdate *update);
} CopSparseDesc;

/* All methods, ended by NULL, and the one called `name` (NULL if unknown). */
extern const CopSparseDesc *const cop_sparse_registry[];
const CopSparseDesc *cop_sparse_find(const char *name);

/* What one topology update did, per masked layer. */
typedef struct CopSparseEvent {
    uint64_t step;
    int layer;
    const char *name;
    size_t nnz, dropped, grown, regrown;
} CopSparseEvent;

/* Chooses layers among `params` (role weight, rank >= 2, not excluded; uniform
 * keeps the first convolution dense), densities and exact counts. Masks are
 * drawn but not applied: cop_sparse_mask() hands them to whoever fills the
 * weights. `params`, `options` and `arena` are borrowed and must live as long.
 * total_steps is T, the planned number of optimiser steps. Returned in *out. */
CopStatus cop_sparse_create(CopSparse **out, const CopSparseOptions *options,
                            CopParam *const *params, int n, uint64_t seed, uint64_t total_steps,
                            CopError *err) COP_MUST_CHECK;
void cop_sparse_destroy(CopSparse **sparse);

const CopSparseDesc *cop_sparse_method(const CopSparse *sparse);

/* Capacity (largest nnz ever) that parameter i of `params` needs, and the initial
 * mask (numel bits, borrowed), NULL for a parameter that stays dense. */
size_t cop_sparse_capacity(const CopSparse *sparse, int i);
const uint64_t *cop_sparse_mask(const CopSparse *sparse, int i);

/* Drop fraction at step t (dst.md names: RigL and ITOP forms meet in stop and drop_min):
 * cosine: p_min + (p0 - p_min) (1 + cos(pi t / T_end)) / 2, T_end = stop * T; 0 past T_end. */
double cop_sparse_drop_fraction(const CopSparse *sparse, uint64_t step);

/* True when the topology changes after optimiser step `step` (1-based). */
bool cop_sparse_is_update(const CopSparse *sparse, uint64_t step);

/* True when that update asks for the dense gradient of parameter i; the trainer
 * then hands it in during backward, one layer at a time, before the step. */
bool cop_sparse_wants_gradient(const CopSparse *sparse, uint64_t step, int i);
CopStatus cop_sparse_give_gradient(CopSparse *sparse, int i, const float *dense_grad,
                                   CopError *err) COP_MUST_CHECK;

/* Runs the update due after `step`; `report` (may be NULL) gets one event a layer. */
CopStatus cop_sparse_update(CopSparse *sparse, uint64_t step,
                            void (*report)(void *ctx, const CopSparseEvent *event), void *ctx,
                            CopError *err) COP_MUST_CHECK;

/* Achieved density over masked weights, and the share of masked weights that were ever active (ITOP rate). */
double cop_sparse_density(const CopSparse *sparse);
double cop_sparse_explored(const CopSparse *sparse);

#endif

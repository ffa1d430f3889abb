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

typedef enum CopDropDecay { COP_DROP_CONSTANT, COP_DROP_COSINE, COP_DROP_LINEAR } CopDropDecay;

typedef enum CopInitScale {
    COP_INIT_SCALE_NONE,
    COP_INIT_SCALE_LAYER /* initial weights times 1 / sqrt(density of their layer) */
} CopInitScale;

/* The `sparse` block of a configuration; names are those of DESIGN.md, section 8. */
typedef struct CopSparseOptions {
    char *method;         /* registry name */
    double density;       /* global, over masked weights */
    int init;             /* CopDensityInit */
    int interval;         /* optimiser steps between topology updates */
    double drop_fraction; /* p0 */
    int drop_decay;       /* CopDropDecay */
    double drop_min;
    double stop;        /* share of all steps after which the mask is fixed */
    int growth, prune;  /* 0 (auto): the method's own; else 1 + CopGrowth, 1 + CopPrune */
    int regrow;         /* CopRegrow */
    CopStrings exclude; /* parameter names kept dense; a trailing * matches any ending */
    double grow_init;   /* value of a grown weight */
    int init_scale;     /* CopInitScale */
} CopSparseOptions;

extern const CopOption cop_sparse_options[];

typedef struct CopSparse CopSparse;

enum {
    COP_SPARSE_MASKED = 1u << 0,        /* weights are masked at all */
    COP_SPARSE_UPDATES = 1u << 1,       /* the topology moves */
    COP_SPARSE_DENSE_GRADIENT = 1u << 2 /* its own growth asks for dense gradients */
};

typedef struct CopSparseDesc {
    const char *name, *summary, *reference;
    unsigned flags;
    CopGrowth growth; /* used where the option says auto */
    CopPrune prune;
    /* Plans the change of one layer at update time; NULL for methods that never
     * change one. Sets update->drop and ->target for a drop fraction p; the engine
     * has filled in the rest. */
    void (*plan_update)(const CopSparse *sparse, const CopParam *weight, double p,
                        CopTopologyUpdate *update);
} CopSparseDesc;

/* All methods, ended by NULL, and the one called `name` (NULL if unknown). */
extern const CopSparseDesc *const cop_sparse_registry[];
const CopSparseDesc *cop_sparse_find(const char *name);

/* What one topology update did to one masked layer. */
typedef struct CopSparseEvent {
    uint64_t step;
    int layer; /* index of its weight in `params` */
    const char *name;
    size_t numel, nnz, dropped, grown, regrown;
    size_t explored; /* weights that were ever active, these included */
} CopSparseEvent;

/* Chooses layers among `params` (role weight, rank >= 2, not excluded; uniform
 * keeps the first convolution dense), densities and exact counts. Masks are
 * drawn but not applied: cop_sparse_mask() hands them to whoever fills the
 * weights. Only name, rank, shape, role and numel are read here. `params` and
 * `options` are borrowed and must live as long. total_steps is T, the planned
 * number of optimiser steps. COP_ERR_CONFIG for an option out of bounds, an
 * unknown method or an excluded name that fits no weight. Returned in *out. */
CopStatus cop_sparse_create(CopSparse **out, const CopSparseOptions *options,
                            CopParam *const *params, int n, uint64_t seed, uint64_t total_steps,
                            CopError *err) COP_MUST_CHECK;

/* The same; where options->init is "weights", masks[n] (each numel bits, borrowed for the call;
 * NULL: dense) are the initial masks, and density is theirs. */
CopStatus cop_sparse_create_from(CopSparse **out, const CopSparseOptions *options,
                                 CopParam *const *params, int n, const uint64_t *const *masks,
                                 uint64_t seed, uint64_t total_steps, CopError *err) COP_MUST_CHECK;
void cop_sparse_destroy(CopSparse **sparse);

const CopSparseDesc *cop_sparse_method(const CopSparse *sparse);

/* Capacity (largest nnz ever) that parameter i of `params` needs, and the initial
 * mask (numel bits, borrowed), NULL for a parameter that stays dense; a masked
 * layer of density 1 is one. */
size_t cop_sparse_capacity(const CopSparse *sparse, int i);
const uint64_t *cop_sparse_mask(const CopSparse *sparse, int i);

/* Factor for the initial weights of parameter i; 1 unless init_scale says more. */
double cop_sparse_init_scale(const CopSparse *sparse, int i);

/* Weights of parameter i that were ever active (numel bits, borrowed), NULL where
 * cop_sparse_mask() is. With param->mask the whole state of a run at some step:
 * a checkpoint saves both, and resuming writes both back. */
uint64_t *cop_sparse_fired(CopSparse *sparse, int i);

/* Drop fraction at step t, with T_end = round(stop * T); 0 past T_end:
 * constant: p0;  linear: p_min + (p0 - p_min) (1 - t / T_end);
 * cosine: p_min + (p0 - p_min) (1 + cos(pi t / T_end)) / 2.
 * p_min = 0, stop = 0.75 is the form of RigL (Evci et al., ICML 2020), stop = 1 that of
 * ITOP (Liu et al., ICML 2021). p_min is never above p0. */
double cop_sparse_drop_fraction(const CopSparse *sparse, uint64_t step);

/* True when the topology changes after optimiser step `step` (1-based): at multiples
 * of the interval up to T_end, but not after the last step, since what would grow then
 * never learns. */
bool cop_sparse_is_update(const CopSparse *sparse, uint64_t step);

/* True when that update asks for the dense gradient of parameter i; the trainer
 * then hands it in during backward, one layer at a time, before the step. */
bool cop_sparse_wants_gradient(const CopSparse *sparse, uint64_t step, int i);
CopStatus cop_sparse_give_gradient(CopSparse *sparse, uint64_t step, int i, const float *dense_grad,
                                   CopError *err) COP_MUST_CHECK;

/* Runs the update due after `step`, if any; `report` (may be NULL) gets one event a
 * masked layer. param->grad still holds the gradient of that step. COP_ERR_ARG, with the
 * layer's name, when a weight or gradient is not finite, a mask was never applied or a
 * wanted gradient never given. */
CopStatus cop_sparse_update(CopSparse *sparse, uint64_t step,
                            void (*report)(void *ctx, const CopSparseEvent *event), void *ctx,
                            CopError *err) COP_MUST_CHECK;

/* Achieved density over masked weights, and the share of masked weights that were ever
 * active (ITOP rate); 1 when nothing is masked. */
double cop_sparse_density(const CopSparse *sparse);
double cop_sparse_explored(const CopSparse *sparse);

#endif

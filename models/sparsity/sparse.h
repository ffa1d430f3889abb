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
    COP_INIT_SCALE_LAYER, /* initial weights times 1 / sqrt(density of their layer) */
    COP_INIT_SCALE_UNIT   /* ... of their output's own weights */
} CopInitScale;

typedef enum CopDensityOf { COP_DENSITY_OF_WEIGHTS, COP_DENSITY_OF_FLOPS } CopDensityOf;
typedef enum CopMaskDepthwise {
    COP_DEPTHWISE_AUTO,
    COP_DEPTHWISE_YES,
    COP_DEPTHWISE_NO
} CopMaskDepthwise;

/* MEST (Yuan et al., NeurIPS 2021): what an update prunes to and grows to, of a layer's share K
 * and drop fraction p: elastic mutation K - pK, K; with soft bound b K, K + bK; both. */
typedef enum CopMestMode { COP_MEST_EM, COP_MEST_EMS, COP_MEST_EMS_DROP } CopMestMode;

typedef enum CopBoundDecay {
    COP_BOUND_CONSTANT, /* until the last update, which ends at density */
    COP_BOUND_STEPS     /* half of it from 9/16 of all steps, none from 3/4, as MEST's scripts */
} CopBoundDecay;

/* The `sparse` block of a configuration; names are those of DESIGN.md, section 8. */
typedef struct CopSparseOptions {
    int preset;           /* index into cop_sparse_preset_names: sets others when it is read */
    char *method;         /* registry name */
    double density;       /* global: share of masked weights, or of the net's multiply-adds */
    int density_of;       /* CopDensityOf */
    int init;             /* CopDensityInit */
    int interval;         /* optimiser steps between topology updates; 0: 1 % of all steps */
    double drop_fraction; /* p0 */
    int drop_decay;       /* CopDropDecay */
    double drop_min;
    int drop_round;         /* 0: shares of weights are rounded down, 1: up */
    double stop;            /* share of all steps after which the mask is fixed */
    int growth, prune;      /* 0 (auto): the method's own; else 1 + CopGrowth, 1 + CopPrune */
    int regrow;             /* CopRegrow */
    CopStrings exclude;     /* parameter names kept dense; a trailing * matches any ending */
    int mask_depthwise;     /* CopMaskDepthwise; auto: not under uniform densities */
    double grow_init;       /* value of a grown weight */
    int init_scale;         /* CopInitScale */
    double soft_bound;      /* b of MEST */
    int bound_decay;        /* CopBoundDecay */
    int mest_mode;          /* CopMestMode */
    double mest_lambda;     /* of MEST's score |w| + lambda |gradient| */
    double initial_density; /* where a schedule of densities starts; 0: the method's own */
    double final_step;      /* share of all steps where density is reached; 0: the method's own */
} CopSparseOptions;

extern const CopOption cop_sparse_options[];

/* Settings of published work, by name. Each says what of them is known and what is ours. */
typedef struct CopSparsePreset {
    const char *name, *summary, *reference;
    const char *settings; /* "key=value; ..." of the rows above */
} CopSparsePreset;

extern const CopSparsePreset cop_sparse_presets[];  /* the first, "none", sets nothing */
extern const char *const cop_sparse_preset_names[]; /* ended by NULL */

/* Sets the rows that options->preset names. */
CopStatus cop_sparse_preset_apply(CopSparseOptions *options, CopError *err) COP_MUST_CHECK;

typedef struct CopSparse CopSparse;

enum {
    COP_SPARSE_MASKED = 1u << 0,         /* weights are masked at all */
    COP_SPARSE_UPDATES = 1u << 1,        /* the topology moves */
    COP_SPARSE_DENSE_GRADIENT = 1u << 2, /* its own growth asks for dense gradients */
    COP_SPARSE_SCHEDULED = 1u << 3,      /* density falls from an initial one, by a cubic */
    COP_SPARSE_GLOBAL = 1u << 4,         /* what goes for that are the smallest of all layers
                                            together; otherwise each layer has its own course */
    COP_SPARSE_ENDS = 1u << 5,           /* the topology is fixed from final_step on */
    COP_SPARSE_ONE_SIDED = 1u << 6       /* prunes to a count, which takes one order of all */
};

/* One layer at update time. */
typedef struct CopSparseTurn {
    const CopParam *weight;
    uint64_t step;
    double p;      /* drop fraction */
    size_t target; /* weights that the layer is to end with; of GLOBAL methods, in sum only */
    bool last;     /* no update follows */
} CopSparseTurn;

typedef struct CopSparseDesc {
    const char *name, *summary, *reference;
    unsigned flags;
    CopGrowth growth; /* used where the option says auto */
    CopPrune prune;
    double initial_density, final_step; /* used where the options are 0 */
    /* Plans the change of one layer; NULL for methods that never change one. Sets
     * update->drop and ->target. The engine has filled in the rest: update->thin is what
     * the schedule takes away. The counts may depend on weight->nnz, not on values: the
     * room for gradients is planned before the optimiser's step. */
    void (*plan_update)(const CopSparse *sparse, const CopSparseTurn *turn,
                        CopTopologyUpdate *update);
    /* Most weights that a layer of `nnz` may come to have; NULL: these. */
    size_t (*most)(const CopSparseOptions *options, const CopParam *weight, size_t nnz);
} CopSparseDesc;

/* A plan_update() that replaces the share turn->p of what update->thin leaves. */
void cop_sparse_replace(const CopSparse *sparse, const CopSparseTurn *turn,
                        CopTopologyUpdate *update);

/* All methods, ended by NULL, and the one called `name` (NULL if unknown). */
extern const CopSparseDesc *const cop_sparse_registry[];
const CopSparseDesc *cop_sparse_find(const char *name);

/* What one topology update did to one masked layer. */
typedef struct CopSparseEvent {
    uint64_t step;
    int layer; /* index of its weight in `params` */
    const char *name;
    size_t numel, nnz, dropped, grown, regrown; /* grown - regrown: net mutation */
    size_t explored;                            /* weights that were ever active, these included */
    size_t start, of_start; /* weights of the first mask, and of these active now */
    size_t before, of_last; /* active ones before this update, and of these now */
    bool clamped;           /* a full layer, which no update moves */
    bool last;              /* of this update: no layer follows */
    double seconds;         /* since the update began */
} CopSparseEvent;

/* Chooses layers among `params` (role weight, rank >= 2, not excluded; uniform
 * keeps the first convolution dense), densities and exact counts. Masks are
 * drawn but not applied: cop_sparse_mask() hands them to whoever fills the
 * weights. Of these no arrays are read here, and `frozen` as it is now. `params` and
 * `options` are borrowed and must live as long. total_steps is T, the planned
 * number of optimiser steps. COP_ERR_CONFIG for an option out of bounds, an
 * unknown method, an excluded name that fits no weight, or a share of multiply-adds that
 * cannot be met. Where the net has depthwise convolutions, uniform densities leave them
 * dense, too. Frozen layers have the final density from the start. Returned in *out. */
CopStatus cop_sparse_create(CopSparse **out, const CopSparseOptions *options,
                            CopParam *const *params, int n, uint64_t seed, uint64_t total_steps,
                            CopError *err) COP_MUST_CHECK;

/* The same; where options->init is "weights", masks[n] (each numel bits, borrowed for the call;
 * NULL: dense) are the initial masks, and density, initial and final, is theirs. */
CopStatus cop_sparse_create_from(CopSparse **out, const CopSparseOptions *options,
                                 CopParam *const *params, int n, const uint64_t *const *masks,
                                 uint64_t seed, uint64_t total_steps, CopError *err) COP_MUST_CHECK;
void cop_sparse_destroy(CopSparse **sparse);

const CopSparseDesc *cop_sparse_method(const CopSparse *sparse);
const CopSparseOptions *cop_sparse_options_of(const CopSparse *sparse);

/* COP_ERR_CONFIG where no update comes in time to bring density from its initial value to
 * the final one: a training run would end elsewhere. */
CopStatus cop_sparse_check_schedule(const CopSparse *sparse, CopError *err) COP_MUST_CHECK;

/* What a user should know of the options as they came out; NULL: nothing. Borrowed. */
const char *cop_sparse_notice(const CopSparse *sparse);

/* Capacity (largest nnz ever) that parameter i of `params` needs, and the initial
 * mask (numel bits, borrowed), NULL for a parameter that stays dense; a masked
 * layer of density 1 is one. */
size_t cop_sparse_capacity(const CopSparse *sparse, int i);
const uint64_t *cop_sparse_mask(const CopSparse *sparse, int i);

/* Factor for the initial weights of output `unit` of parameter i; 1 unless init_scale says
 * more. */
double cop_sparse_init_scale(const CopSparse *sparse, int i, int unit);

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

/* Bound of MEST at a step: soft_bound, or what its decay leaves of it. */
double cop_sparse_bound(const CopSparse *sparse, uint64_t step);

/* Density that the schedule plans for after the update of `step`, that of the options where
 * there is none. */
double cop_sparse_planned_density(const CopSparse *sparse, uint64_t step);

/* True when that update asks for the dense gradient of parameter i; the trainer
 * then hands it in during backward, one layer at a time, before the step. */
bool cop_sparse_wants_gradient(const CopSparse *sparse, uint64_t step, int i);
CopStatus cop_sparse_give_gradient(CopSparse *sparse, uint64_t step, int i, const float *dense_grad,
                                   CopError *err) COP_MUST_CHECK;

/* Where several batches make a step their gradients add up, each times `weight`, in numel
 * floats a layer until cop_sparse_take_gradients() has looked at `scale` times the sums. */
CopStatus cop_sparse_add_gradient(CopSparse *sparse, uint64_t step, int i, const float *dense_grad,
                                  float weight, CopError *err) COP_MUST_CHECK;
CopStatus cop_sparse_take_gradients(CopSparse *sparse, uint64_t step, float scale,
                                    CopError *err) COP_MUST_CHECK;

/* Scales what was given for `step`, as clipping does to param->grad. */
void cop_sparse_scale_gradients(CopSparse *sparse, uint64_t step, float scale);

/* Runs the update due after `step`, if any; `report` (may be NULL) gets one event a
 * masked layer. param->grad still holds the gradient of that step. COP_ERR_ARG, with the
 * layer's name, when a weight or gradient is not finite, a mask was never applied or a
 * wanted gradient never given. */
CopStatus cop_sparse_update(CopSparse *sparse, uint64_t step,
                            void (*report)(void *ctx, const CopSparseEvent *event), void *ctx,
                            CopError *err) COP_MUST_CHECK;

/* Achieved density over masked weights, and the share of masked weights that were ever
 * active (ITOP rate; Liu et al., ICML 2021); 1 when nothing is masked. */
double cop_sparse_density(const CopSparse *sparse);
double cop_sparse_explored(const CopSparse *sparse);

/* The ITOP rate over layers that are not clamped at density 1; 1 when there are none. */
double cop_sparse_explored_open(const CopSparse *sparse);

/* FNV-1a-64 over all masks, in the order of the parameters. */
uint64_t cop_sparse_hash(const CopSparse *sparse);

#endif

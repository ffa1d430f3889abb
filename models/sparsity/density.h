/* How many weights each masked layer keeps.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_SPARSITY_DENSITY_H
#define COP_SPARSITY_DENSITY_H

#include "models/core/param.h"
#include "models/core/status.h"

typedef enum CopDensityInit {
    COP_DENSITY_UNIFORM, /* the same density in every layer */
    COP_DENSITY_ER,      /* Erdos-Renyi (Mocanu et al., 2018): (in + out) / (in * out) */
    COP_DENSITY_ERK,  /* ... and Kernel (Evci et al., ICML 2020): sum / product of all dimensions */
    COP_DENSITY_GIVEN /* as the masks that somebody hands in have it */
} CopDensityInit;

extern const char *const cop_density_init_names[]; /* "uniform", "er", "erk", "weights" */

/* Densities d[n] (each in 0..1) for n weights, so that sum(d * numel) =
 * density * sum(numel). ER and ERK clamp layers at 1 in rounds, ties together.
 * COP_ERR_ARG unless 0 < density <= 1, and for given masks. Only rank, shape and numel are read. */
CopStatus cop_density_layers(CopDensityInit init, double density, const CopParam *const *weights,
                             int n, double *d, CopError *err) COP_MUST_CHECK;

/* The same for a share of multiply-adds: sum(d * numel * positions) = share *
 * sum(numel * positions). COP_ERR_ARG also where a layer's positions are unknown. */
CopStatus cop_density_layers_flops(CopDensityInit init, double share,
                                   const CopParam *const *weights, int n, double *d,
                                   CopError *err) COP_MUST_CHECK;

/* Density of a schedule at u (0..1) of its way: final + (initial - final) (1 - u)^3
 * (Zhu and Gupta, 2017, eq. 1; Liu et al., NeurIPS 2021). */
double cop_density_cubic(double initial, double final, double u);

/* Exact counts nnz[n]: floors, then the rest of round(density * sum(numel)) by
 * largest remainder (ties to the lower index); each at least 1, at most numel.
 * COP_ERR_ARG when that leaves less than one weight a layer. */
CopStatus cop_density_counts(double density, const CopParam *const *weights, int n, const double *d,
                             size_t *nnz, CopError *err) COP_MUST_CHECK;

#endif

/* Parameters of a net, dense or sparse.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORE_PARAM_H
#define COP_CORE_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/core/arena.h"
#include "models/core/status.h"

enum { COP_RANK_MAX = 5 };

typedef enum CopParamRole {
    COP_PARAM_WEIGHT, /* convolution and linear weights: may be masked, decayed */
    COP_PARAM_BIAS,
    COP_PARAM_SCALE,    /* batch-norm weight */
    COP_PARAM_SHIFT,    /* batch-norm bias */
    COP_PARAM_STATISTIC /* running mean or variance: stored, never trained */
} CopParamRole;

/* One parameter. A masked one keeps only its active weights: value, grad and
 * state hold nnz floats in the order of the forward stream, which is
 * ascending flat index. `capacity` (>= nnz) is what the arrays have room for. */
typedef struct CopParam {
    const char *name; /* torchvision's, e.g. "layer1.0.conv1.0.weight" */
    int rank, shape[COP_RANK_MAX];
    CopParamRole role;
    uint64_t *mask; /* bit set = active; NULL = dense */
    size_t numel, nnz, capacity;
    bool frozen; /* keeps its values and its mask, whatever is trained around it */
    float *value, *grad, *state[2]; /* state: momentum, or Adam's two moments */
    float *sum;          /* of gradients, where several batches make a step; NULL: one batch does */
    unsigned generation; /* counts mask changes, so that streams know when to rebuild */
    int groups;          /* of a convolution, shape[1] being of one; 0 or 1: one */
    double positions;    /* multiply-adds that each weight costs a clip forward; 0: unknown */
} CopParam;

/* Writes all numel weights in row-major order into `out`, zeros where inactive. */
void cop_param_scatter(const CopParam *param, const float *compact, float *out);

/* Reads the active weights of a dense row-major array into the compact one. */
void cop_param_gather(const CopParam *param, const float *dense, float *compact);

/* Makes a dense parameter a masked one whose weights are all active. `storage`
 * holds cop_mask_words(numel) words (borrowed, for as long as the parameter). */
void cop_param_fill_mask(CopParam *param, uint64_t *storage);

/* Replaces the mask of a masked parameter (numel bits, borrowed and copied) and
 * moves value and state, where there are any, along: kept weights keep theirs,
 * new ones start at zero. grad is left stale. At most `capacity` bits may be
 * set. `scratch` holds capacity floats (borrowed). Linear in numel. */
void cop_param_set_mask(CopParam *param, const uint64_t *mask, float *scratch);

/* Density nnz / numel, 0..1. */
double cop_param_density(const CopParam *param);

/* Bytes of the mask and of those arrays that there are, and in *dense what the arrays would
 * take without a mask. */
size_t cop_param_bytes(const CopParam *param, size_t *dense);

#endif

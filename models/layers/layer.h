/* Layers: a registry of descriptors, and the instances that a net strings together.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LAYERS_LAYER_H
#define COP_LAYERS_LAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "models/core/arena.h"
#include "models/core/option.h"
#include "models/core/param.h"
#include "models/core/pool.h"
#include "models/core/tensor.h"
#include "models/kernels/conv3d_table.h"
#include "models/kernels/tile.h"

enum { COP_LAYER_INPUTS = 2, COP_LAYER_PARAMS = 4 };

/* Size of what flows along one edge for one clip. */
typedef struct CopShape {
    int c, t, h, w;
} CopShape;

/* What the passes of one step share. */
typedef struct CopStep {
    CopPool *pool;
    bool training;
    uint64_t seed; /* of dropout */
    uint32_t step; /* optimiser step: addresses dropout's draws */
    const uint32_t
        *clip; /* [n] identity of each lane's clip, for dropout; may be NULL in inference */
    /* Told of each layer's pass and the seconds it took, loading and what backward makes again
     * for it included; NULL: nobody asks. A layer that runs as part of another's pass is not
     * reported. */
    void (*timed)(void *ctx, int layer, bool backward, double seconds);
    void *timed_ctx;
} CopStep;

typedef struct CopLayer CopLayer;

enum {
    COP_LAYER_IN_PLACE = 1u << 0,      /* out may lie on in[0], dout on din[0] */
    COP_LAYER_NEEDS_INPUT = 1u << 1,   /* backward reads in[] */
    COP_LAYER_NEEDS_OUTPUT = 1u << 2,  /* backward reads out */
    COP_LAYER_SPARSE = 1u << 3,        /* param[0] may be masked; dense_gradient is there */
    COP_LAYER_FOLDS = 1u << 4,         /* inference: takes tail.norm */
    COP_LAYER_TAIL = 1u << 5,          /* inference: takes tail.add and tail.relu */
    COP_LAYER_TAIL_BACK = 1u << 6,     /* training too: with both, backward reads out */
    COP_LAYER_GRAD_IN_PLACE = 1u << 7, /* dout may lie on din[0], though out not on in[0] */
    COP_LAYER_WHOLE = 1u << 8          /* one output position, of all positions of in[0] */
};

/* What a plan has fused into a layer's last store: out = relu(norm(f(in[0])) + in[1]), the parts
 * that are set. in[1] is no input in the sense of the flags, and may be in[0]. The layers that it
 * stands for have no tensors and are not run. */
typedef struct CopLayerTail {
    const CopLayer *norm; /* a batch-norm, with its running statistics; NULL: none */
    bool add;             /* of in[1], on whose memory out may lie */
    bool relu;
} CopLayerTail;

typedef struct CopLayerDesc {
    const char *name, *summary, *reference;
    const CopOption *options;
    size_t options_size, state_size;
    int inputs;
    unsigned flags;
    /* Checks in_shape, sets out_shape, and fills in name suffix, role, rank and
     * shape of each parameter. */
    CopStatus (*shape)(CopLayer *layer, CopError *err);
    /* Halos that the layer asks of its first input and of its output's gradient; NULL: none. */
    void (*halo)(const CopLayer *layer, CopHalo *input, CopHalo *grad);
    /* Positions of in[0] that one of out depends on. NULL: its own alone, or COP_LAYER_WHOLE. */
    void (*window)(const CopLayer *layer, CopWindow *window);
    float outside; /* what positions outside the clip count as: 0, or -inf for a maximum */
    /* All tensors are placed: allocates streams and scratch. NULL: nothing to do. */
    CopStatus (*plan)(CopLayer *layer, CopArena *arena, int threads, CopError *err);
    /* Takes over the values of the parameters, and of tail.norm's: due before the first forward
     * pass, after each change of them, and after a backward pass. NULL: forward reads them. */
    void (*load)(CopLayer *layer, CopPool *pool);
    /* Writes the interior of out for all groups; idle lanes may hold anything finite. */
    void (*forward)(CopLayer *layer, const CopStep *step);
    /* Writes out once more as the last training pass did, from the same in[] and parameters.
     * NULL: cannot. */
    void (*again)(CopLayer *layer, const CopStep *step);
    /* Reads dout, adds into or overwrites din[i] (NULL: not wanted) as accumulate[i]
     * says, and overwrites param->grad. Idle lanes of din are written as zero. */
    void (*backward)(CopLayer *layer, const CopStep *step);
    /* Gradient of all weights of param[0], row-major into grad[numel]; see COP_LAYER_SPARSE. */
    void (*dense_gradient)(CopLayer *layer, float *grad, const CopStep *step);
} CopLayerDesc;

/* One layer of a net. Tensors are borrowed from the net. */
struct CopLayer {
    const CopLayerDesc *desc;
    const char *name; /* prefix of its parameters, e.g. "layer1.0.conv1.0" */
    int index;        /* position in the net */
    void *options, *state;
    CopShape in_shape[COP_LAYER_INPUTS], out_shape;
    const CopTensor *in[COP_LAYER_INPUTS], *out;
    const CopTensor *din[COP_LAYER_INPUTS], *dout; /* NULL in inference */
    bool accumulate[COP_LAYER_INPUTS];
    CopLayerTail tail;
    const CopKernelTable *kernels; /* for plan(); borrowed; NULL: built in */
    int n_params;
    CopParam *param[COP_LAYER_PARAMS];
};

/* Tensors that a layer reads: its own inputs, and what its tail adds. */
static inline int cop_layer_inputs(const CopLayer *layer)
{
    return layer->desc->inputs + layer->tail.add;
}

/* All layers, ended by NULL, and the one called `name` (NULL if unknown). */
extern const CopLayerDesc *const cop_layer_registry[];
const CopLayerDesc *cop_layer_find(const char *name);

/* Multiply-adds of one clip forward with the active weights, and with all of them. */
double cop_layer_macs(const CopLayer *layer);
double cop_layer_macs_dense(const CopLayer *layer);

/* Bytes of a planned layer's parameters with gradients, optimiser states and masks; in
 * *dense those of the same layer without a mask. */
size_t cop_layer_bytes(const CopLayer *layer, size_t *dense);

#endif

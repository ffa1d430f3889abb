/* What the files of the net share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TRAIN_NET_PRIVATE_H
#define COP_TRAIN_NET_PRIVATE_H

#include "models/train/net.h"

/* Memory that one or more edges lie on, and when it must hold its contents:
 * layer k runs forward at time k and backward at time 2 layers - 1 - k. */
typedef struct CopNetBuffer {
    CopHalo halo;
    int first, last; /* first > last: never used */
    size_t floats, offset;
    bool shared; /* other buffers lie on the same memory at other times */
} CopNetBuffer;

/* What flows from one layer to the next; edge 0 is the net's input, edge k the
 * output of layer k - 1. In-place layers put several edges on one buffer. */
typedef struct CopNetEdge {
    CopShape shape;
    int consumers;
    CopHalo halo, grad_halo; /* asked for by the layers around it */
    int root;                /* edge whose buffers it lies on; itself unless in place */
    CopNetBuffer value_buffer, grad_buffer; /* of roots */
    CopTensor value, grad;
} CopNetEdge;

typedef struct CopNetNode {
    CopLayer layer;
    int in[COP_LAYER_INPUTS];
    CopParam param[COP_LAYER_PARAMS];
    bool zero_value_halo;                  /* before forward */
    bool zero_grad_halo[COP_LAYER_INPUTS]; /* before backward writes din[i] first */
} CopNetNode;

struct CopNet {
    const struct CopArchDesc *arch;
    void *arch_options;
    CopError error; /* first failure while building */
    int classes, batch;
    bool training;
    CopArena *graph, *memory; /* nodes and names; tensors and parameters */
    int n_layers, room;
    CopNetNode *node;
    CopNetEdge *edge; /* n_layers + 1 */
    CopLayer **layers;
    CopParam **params;
    int n_params;
    size_t activation_bytes;
    float *dense_grad; /* one layer's, for growth; NULL where no mask moves */
    uint64_t batches;  /* forward passes in training: num_batches_tracked */
};

/* net_place.c: chooses in-place layers, halos and lifetimes, and lays out buffers. */
CopStatus cop_net_place(CopNet *net, CopError *err);

#endif

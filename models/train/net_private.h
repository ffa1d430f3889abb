/* What the files of the net share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TRAIN_NET_PRIVATE_H
#define COP_TRAIN_NET_PRIVATE_H

#include "models/train/net.h"

/* Memory that one or more edges lie on, and when it must hold its contents:
 * step k runs forward at time k and backward at time 2 steps - 1 - k. */
typedef struct CopNetBuffer {
    CopHalo halo;
    int first, last; /* first > last: never used */
    int again;       /* written and read once more, after `last`; -1: not */
    size_t floats, offset;
    bool shared; /* other buffers lie on the same memory at other times */
} CopNetBuffer;

/* What flows from one layer to the next; edge 0 is the net's input, edge k the
 * output of layer k - 1. In-place steps put several edges on one buffer. */
typedef struct CopNetEdge {
    CopShape shape;
    int consumers;
    int writer;              /* step whose layer or tail makes it; -1: the net's input */
    CopHalo halo, grad_halo; /* asked for by the layers around it */
    CopCut cut;              /* tile mode; elsewhere each lane is a clip */
    bool exchanged;          /* by the steps planned so far, with `outside` */
    float outside;
    int root, grad_root; /* edges whose buffers it lies on; itself unless in place */
    CopNetBuffer value_buffer, grad_buffer; /* of roots */
    CopTensor value, grad;
} CopNetEdge;

typedef struct CopNetNode {
    CopLayer layer;
    int in[COP_LAYER_INPUTS];
    CopParam param[COP_LAYER_PARAMS];
} CopNetNode;

/* A plan is a list of steps: a layer with what is fused into its tail. */
typedef struct CopNetStep {
    CopLayer *layer;
    int in[COP_LAYER_INPUTS], out;         /* edges; the one that a tail adds comes last */
    bool again;                            /* its output is not kept, but written again where
                                              backward reads it */
    bool zero_value_halo;                  /* before forward */
    bool exchange;                         /* of in[0], before forward: tile mode */
    bool zero_grad_halo[COP_LAYER_INPUTS]; /* before backward writes din[i] first */
} CopNetStep;

struct CopNet {
    const struct CopArchDesc *arch;
    void *arch_options;
    CopError error; /* first failure while building */
    int classes, batch;
    bool training, recompute, tiled;
    CopArena *graph, *memory; /* nodes and names; tensors and parameters */
    int n_layers, room;
    CopNetNode *node;
    CopNetEdge *edge; /* [n_edges]: n_layers + 1, and those that tile mode adds */
    int n_edges;
    int n_steps;
    CopNetStep *step; /* at most n_layers */
    bool stale;       /* layers have yet to load their parameters as they are now */
    CopLayer **layers;
    CopParam **params;
    int n_params;
    size_t activation_bytes;
    float *dense_grad; /* one layer's, for growth; NULL where no mask moves */
    int trained;       /* first step with a parameter that is not frozen: backward ends there */
    uint64_t batches;  /* forward passes in training: num_batches_tracked */
};

/* net_fuse.c: turns the graph into steps. COP_ERR_NOMEM. */
CopStatus cop_net_fuse(CopNet *net);

/* net_tile.c: cuts the edges into tiles, and adds steps that copy where cuts change. */
CopStatus cop_net_tile(CopNet *net);

/* True for an edge that has tensors: none lies inside a step. */
bool cop_net_edge_used(const CopNet *net, int edge);

/* net_place.c: chooses in-place steps, halos and lifetimes, and lays out buffers. */
CopStatus cop_net_place(CopNet *net, CopError *err);

/* net_freeze.c: the first step that backward has to reach; n_steps where all are frozen. */
int cop_net_first_trained(const CopNet *net);

#endif

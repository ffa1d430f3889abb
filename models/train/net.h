/* A net: layers strung together by an architecture, planned once into one arena.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TRAIN_NET_H
#define COP_TRAIN_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/layers/layer.h"
#include "models/sparsity/sparse.h"
#include "models/train/safetensors.h"

typedef struct CopNet CopNet;
struct CopArchDesc;

/* Builds the graph of `arch` (registry name) with `options` ("width=16, depth=10";
 * NULL or "": its defaults) for clips of size `input` and `classes` outputs.
 * Parameters have names, shapes and counts, but no memory yet. Returned in *out.
 * COP_ERR_CONFIG for unknown names and values, COP_ERR_SHAPE for an input that does not fit. */
CopStatus cop_net_create(CopNet **out, const char *arch, const char *options, int classes,
                         CopShape input, CopError *err) COP_MUST_CHECK;

/* The same with an architecture that need not be in the registry (borrowed, for as long
 * as the net). */
CopStatus cop_net_create_of(CopNet **out, const struct CopArchDesc *arch, const char *options,
                            int classes, CopShape input, CopError *err) COP_MUST_CHECK;
void cop_net_destroy(CopNet **net);

/* For architectures: appends a layer that reads edges `in0` and, where it has two
 * inputs, `in1`; edge 0 is the net's input. `options` (borrowed for the call) is
 * the layer's option struct, NULL for none. Returns the edge of its output. The
 * first failure sticks: later calls do nothing and cop_net_create() reports it. */
int cop_net_add(CopNet *net, const CopLayerDesc *layer, const char *name, const void *options,
                int in0, int in1);
CopShape cop_net_edge_shape(const CopNet *net, int edge);

/* For architectures: refuses options that no row's bounds can, as a first failure of
 * COP_ERR_CONFIG with the text `why`. */
void cop_net_refuse(CopNet *net, const char *why);

/* What memory is laid out for. */
typedef struct CopNetPlan {
    int batch;                     /* most lanes a step */
    bool training;                 /* gradients, momentum and kept activations */
    bool accumulate;               /* training: several batches make a step */
    bool moments;                  /* training: the optimiser keeps two states a weight, not one */
    bool tile;                     /* inference of one clip (batch 1), spread over the lanes */
    bool recompute;                /* training: what a batch-norm and its rectifier give one
                                      convolution is made again in backward, not kept: less
                                      memory, a little more time, the same bits */
    int threads;                   /* of the pool that will run it */
    const CopSparse *sparse;       /* masks and capacities; NULL: none */
    const CopSafetensors *weights; /* inference: zeros in these weights are masked; NULL: dense */
    const CopKernelTable *kernels; /* for as long as the net; NULL: the built-in table */
    size_t memory;                 /* bytes at most; 0: 80 % of RAM */
} CopNetPlan;

/* Freezes the parameters of every layer whose name is one of the patterns or begins with one
 * and a dot ("stem", "layer1.0"; a trailing * matches any ending): training leaves their
 * values and masks alone, a batch-norm normalises with its running statistics, and backward
 * ends before the first layers where all of them are frozen. Due before cop_net_plan().
 * COP_ERR_CONFIG for a pattern that fits no layer. */
CopStatus cop_net_freeze(CopNet *net, const CopStrings *patterns, CopError *err) COP_MUST_CHECK;

/* Lays out everything; afterwards steps allocate nothing. COP_ERR_NOMEM names the
 * bytes that the batch would need. */
CopStatus cop_net_plan(CopNet *net, const CopNetPlan *plan, CopError *err) COP_MUST_CHECK;

/* Bytes that the plan took: all, and of these activations and their gradients. */
size_t cop_net_memory(const CopNet *net, size_t *activations);

int cop_net_classes(const CopNet *net);
CopShape cop_net_input_shape(const CopNet *net);
int cop_net_batch(const CopNet *net);
int cop_net_layers(const CopNet *net, CopLayer *const **layers);
int cop_net_params(const CopNet *net, CopParam *const **params);

/* Multiply-adds of one clip forward: active weights, and all weights. */
double cop_net_macs(const CopNet *net, double *dense);

/* Weights, biases, scales and shifts: how many there are, and how many are not masked away. */
size_t cop_net_count(const CopNet *net, size_t *nonzeros);

/* Random weights as torchvision initialises video nets: convolutions N(0, 2 / fan_out)
 * (He et al., ICCV 2015, fan_out mode), linear N(0, 0.01^2), scales 1, the rest 0.
 * A weight's draw depends on (seed, parameter, flat index) alone, so a sparse net
 * starts from the dense one's weights. `sparse` may scale them; NULL: no. */
void cop_net_init(CopNet *net, uint64_t seed, const CopSparse *sparse);

/* Reads all parameters by name (prefixes "module.", "model." and "backbone." are
 * taken off). COP_ERR_MODEL lists missing, unexpected and mis-shaped tensors. */
CopStatus cop_net_load(CopNet *net, const CopSafetensors *file, CopError *err) COP_MUST_CHECK;

/* The same for all but the head, the last layer that has parameters: it keeps what it has,
 * and may have another shape in the file, or none. */
CopStatus cop_net_load_body(CopNet *net, const CopSafetensors *file, CopError *err) COP_MUST_CHECK;

/* Writes all parameters under torchvision's names, zeros where masked. */
CopStatus cop_net_save(const CopNet *net, const char *path, const CopStMeta *meta, int n_meta,
                       CopError *err) COP_MUST_CHECK;

/* Tensors of the step (in tile mode the clip is in tiles: see cop_tensor_load_lane() and
 * cop_tensor_copy_lane()): clips [n,c,t,h,w] in, logits [n,classes,1,1,1] out, and the
 * gradient of the logits (training only). Lanes in use are set for all at once. */
void cop_net_set_n(CopNet *net, int n);
const CopTensor *cop_net_input(const CopNet *net);
const CopTensor *cop_net_logits(const CopNet *net);
const CopTensor *cop_net_logits_grad(const CopNet *net);

/* In inference, layers keep what they made of the parameters from one call to the next.
 * Whoever writes into param->value or the masks tells the net; cop_net_plan(), _init(),
 * _load(), cop_checkpoint_load() and training steps do it themselves. */
void cop_net_changed(CopNet *net);

/* In the net's tensors; training steps only where the plan is for training. */
void cop_net_forward(CopNet *net, const CopStep *step);

/* Called in backward for each parameter whose dense gradient `wants` asks for;
 * `give` gets numel floats that are gone afterwards. */
typedef struct CopGradientHook {
    bool (*wants)(void *ctx, int param);
    CopStatus (*give)(void *ctx, int param, const float *dense_grad);
    void *ctx;
} CopGradientHook;

/* Fills param->grad of every parameter from the gradient of the logits. `hook` may
 * be NULL; its first failure is returned. */
CopStatus cop_net_backward(CopNet *net, const CopStep *step,
                           const CopGradientHook *hook) COP_MUST_CHECK;

#endif

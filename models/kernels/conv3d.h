/* Three-dimensional convolution on lane tensors, dense and sparse:
 *   y[o,t,h,w] = bias[o]
 *              + sum_{i,kt,kh,kw} w[o,i,kt,kh,kw] x[i, t*st-pt+kt, h*sh-ph+kh, w*sw-pw+kw]
 * With groups, output channel o sees the input channels of its group alone. Only
 * active weights are visited, in all three passes. A 2-D convolution has kt = 1; a
 * linear layer is a 1x1x1 convolution over one position.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_KERNELS_CONV3D_H
#define COP_KERNELS_CONV3D_H

#include <stdbool.h>

#include "models/core/arena.h"
#include "models/core/param.h"
#include "models/core/pool.h"
#include "models/core/status.h"
#include "models/core/tensor.h"
#include "models/kernels/conv3d_table.h"

typedef struct CopConvShape {
    int ic, oc;
    int kt, kh, kw; /* kernel */
    int st, sh, sw; /* stride */
    int pt, ph, pw; /* padding, both sides */
    int groups;     /* of channels, each with its own kernels; divides ic and oc */
} CopConvShape;

/* What the last store of the forward pass adds: y = relu(sum + bias + add). */
typedef struct CopConvTail {
    const float *bias;    /* [oc]; NULL: none */
    const CopTensor *add; /* of y's size and n, may be y itself; NULL: none */
    bool relu;
} CopConvTail;

/* Output size along one dimension: floor((in + 2 pad - k) / stride) + 1; below 1 if it does
 * not fit. */
int cop_conv_out(int in, int k, int stride, int pad);

/* Halo that x needs so that every tap of every output can be read. Along t there is none: taps that
 * meet padding there are skipped. */
CopHalo cop_conv3d_input_halo(const CopConvShape *shape, int h, int w);

/* Halo that dy needs so that backward-data can gather; h and w are those of x. */
CopHalo cop_conv3d_grad_halo(const CopConvShape *shape, int h, int w);

/* Streams of offsets for one layer, made for tensors of fixed shape, halo and strides. */
typedef struct CopConv3d CopConv3d;

/* Plans a layer. x and y are required; dx and dy are NULL for inference, dx alone
 * is NULL for the first layer of a net. Strides are taken from the tensors;
 * their data and n may change later. `param` is the weight [oc,ic/groups,kt,kh,kw]
 * (borrowed for the life of the plan); a frozen one gets no gradient. Memory comes from
 * `arena` (borrowed), sized by param->capacity. Per-worker scratch is sized for `threads`.
 * `table` (borrowed for the life of the plan) says which kernels and blocking to use; NULL:
 * the built-in one. COP_ERR_SHAPE when a halo is too small or shapes do not fit,
 * COP_ERR_NOMEM. */
CopStatus cop_conv3d_create(CopConv3d **out, CopArena *arena, const CopConvShape *shape,
                            const CopParam *param, const CopTensor *x, const CopTensor *y,
                            const CopTensor *dx, const CopTensor *dy, int threads,
                            const CopKernelTable *table) COP_MUST_CHECK;

/* Takes over the parameter as it is now, for the passes that follow: streams are
 * rebuilt if its mask has moved; the forward pass sees the weights of output channel
 * o times scale[o] (NULL: 1), as batch-norm is folded in. Due before the first
 * forward pass, after each change of mask or values, and after a backward pass. */
void cop_conv3d_load(CopConv3d *conv, const float *scale, CopPool *pool);

/* y = conv(x), and what `tail` (NULL: nothing) says. Writes the interior of y only. */
void cop_conv3d_forward(CopConv3d *conv, const CopConvTail *tail, const CopTensor *x,
                        const CopTensor *y, CopPool *pool);

/* dx = (accumulate ? dx : 0) + conv-transpose(dy), with the parameter's values, no
 * scale. The halo of dy must be zero. */
void cop_conv3d_backward_data(CopConv3d *conv, const CopTensor *dy, const CopTensor *dx,
                              bool accumulate, CopPool *pool);

/* param->grad[nnz] = gradient of the active weights. Idle lanes of dy must be
 * zero and idle lanes of x finite. Same bits for any number of threads. */
void cop_conv3d_backward_weight(CopConv3d *conv, const CopTensor *x, const CopTensor *dy,
                                CopPool *pool);

/* Gradient of all weights, active or not, row-major into grad[numel] (borrowed).
 * For gradient growth: one layer at a time, on growth steps only. */
void cop_conv3d_dense_gradient(CopConv3d *conv, const CopTensor *x, const CopTensor *dy,
                               float *grad, CopPool *pool);

typedef enum CopConvPass { COP_CONV_FORWARD, COP_CONV_DATA, COP_CONV_WEIGHT } CopConvPass;

enum { COP_CONV_TEXT = 64 };

/* What a pass runs on the present mask, in short: lists of "pairs" of channels, of "singles",
 * or one that is "shared" by all pairs ("shared singles": by all channels), or "winograd", with
 * "lists" of a mask or without; the largest tile (rows x columns); and how much of its input a
 * block may read: "pairs 2x7 32K". "correlate 1x7" and "shared 4x56" for the gradient of the
 * weights. "" for a pass that was not planned, or that has nothing to do. Returns `text`. */
char *cop_conv3d_kernel(const CopConv3d *conv, CopConvPass pass, char text[COP_CONV_TEXT]);

/* Bytes of the lists in use, as the present mask has them, and of the weights in their
 * order; room that is only reserved does not count. */
size_t cop_conv3d_bytes(const CopConv3d *conv);

/* bias_grad[oc] = sum over valid lanes and positions of dy. */
void cop_conv3d_backward_bias(const CopTensor *dy, float *bias_grad, CopPool *pool);

#endif

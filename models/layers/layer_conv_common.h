/* What convolution and linear layers share: a plan of the sparse convolution kernels.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LAYERS_LAYER_CONV_COMMON_H
#define COP_LAYERS_LAYER_CONV_COMMON_H

#include "models/kernels/conv3d.h"
#include "models/layers/layer.h"

typedef struct CopConvState {
    CopConvShape shape;
    CopConv3d *conv;
    float *scale, *bias; /* [oc] with the tail's batch-norm folded in; NULL: no such tail */
} CopConvState;

/* What the descriptors of convolution and linear layers share. */
#define COP_LAYER_CONV_FIELDS                                                                      \
    .state_size = sizeof(CopConvState), .inputs = 1,                                               \
    .flags = COP_LAYER_NEEDS_INPUT | COP_LAYER_SPARSE | COP_LAYER_FOLDS | COP_LAYER_TAIL,          \
    .plan = cop_layer_conv_plan, .load = cop_layer_conv_load, .forward = cop_layer_conv_forward,   \
    .backward = cop_layer_conv_backward, .dense_gradient = cop_layer_conv_dense_gradient

/* Sets param[0] (weight; rank 5: conv3d, 4: conv2d, whose kt is 1, 2: linear) and, where asked,
 * param[1] (bias) from state->shape. */
void cop_layer_conv_params(CopLayer *layer, int weight_rank, bool bias);

/* The planned kernels of a convolution or linear layer; NULL for others. */
const CopConv3d *cop_layer_conv(const CopLayer *layer);

void cop_layer_conv_window(const CopLayer *layer, CopWindow *window);
CopStatus cop_layer_conv_plan(CopLayer *layer, CopArena *arena, int threads, CopError *err);
void cop_layer_conv_load(CopLayer *layer, CopPool *pool);
void cop_layer_conv_forward(CopLayer *layer, const CopStep *step);
void cop_layer_conv_backward(CopLayer *layer, const CopStep *step);
void cop_layer_conv_dense_gradient(CopLayer *layer, float *grad, const CopStep *step);

#endif

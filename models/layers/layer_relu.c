/* Rectified linear unit: y = max(x, 0); the derivative at 0 is 0.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/lane_kernels.h"
#include "models/layers/layer.h"

static CopStatus shape(CopLayer *layer, CopError *err)
{
    (void)err;
    layer->out_shape = layer->in_shape[0];
    return COP_OK;
}

static void forward_channel(void *ctx, int c, int worker)
{
    (void)worker;
    const CopLayer *layer = ctx;
    cop_lane_kernels()->relu(layer->in[0], layer->out, c);
}

static void forward(CopLayer *layer, const CopStep *step)
{
    cop_parallel_for(step->pool, layer->out_shape.c, forward_channel, layer);
}

static void backward_channel(void *ctx, int c, int worker)
{
    (void)worker;
    const CopLayer *layer = ctx;
    cop_lane_kernels()->relu_backward(layer->out, layer->dout, layer->din[0], c,
                                      layer->accumulate[0]);
}

static void backward(CopLayer *layer, const CopStep *step)
{
    if (layer->din[0])
        cop_parallel_for(step->pool, layer->out_shape.c, backward_channel, layer);
}

const CopLayerDesc cop_layer_relu = {
    .name = "relu",
    .summary = "rectified linear unit",
    .reference = "torch.nn.ReLU",
    .inputs = 1,
    .flags = COP_LAYER_IN_PLACE | COP_LAYER_NEEDS_OUTPUT,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};

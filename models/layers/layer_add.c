/* Residual addition: y = a + b, both of one size.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/lane_kernels.h"
#include "models/layers/layer.h"

static CopStatus shape(CopLayer *layer, CopError *err)
{
    const CopShape a = layer->in_shape[0], b = layer->in_shape[1];
    if (a.c != b.c || a.t != b.t || a.h != b.h || a.w != b.w)
        return cop_error_set(err, COP_ERR_SHAPE,
                             "%s: cannot add %dx%dx%dx%d and %dx%dx%dx%d (c x t x h x w)",
                             layer->name, a.c, a.t, a.h, a.w, b.c, b.t, b.h, b.w);
    layer->out_shape = a;
    return COP_OK;
}

static void forward_channel(void *ctx, int c, int worker)
{
    (void)worker;
    const CopLayer *layer = ctx;
    cop_lane_kernels()->add(layer->in[0], layer->in[1], layer->out, c);
}

static void forward(CopLayer *layer, const CopStep *step)
{
    cop_parallel_for(step->pool, layer->out_shape.c, forward_channel, layer);
}

/* Input 0 last: in place, its gradient lies on dout. */
static void backward_channel(void *ctx, int c, int worker)
{
    (void)worker;
    const CopLayer *layer = ctx;
    for (int i = COP_LAYER_INPUTS - 1; i >= 0; i--)
        if (layer->din[i] && layer->din[i]->data != layer->dout->data)
            cop_lane_kernels()->copy(layer->dout, layer->din[i], c, layer->accumulate[i]);
}

static void backward(CopLayer *layer, const CopStep *step)
{
    cop_parallel_for(step->pool, layer->out_shape.c, backward_channel, layer);
}

const CopLayerDesc cop_layer_add = {
    .name = "add",
    .summary = "residual addition of two inputs",
    .reference = "He et al., CVPR 2016",
    .inputs = 2,
    .flags = COP_LAYER_IN_PLACE,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};

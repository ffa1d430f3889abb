/* Fully connected layer: y = W x + b over all values of a clip. The input must
 * have one position (t = h = w = 1), as after global pooling, so that it is a
 * 1x1x1 convolution and its masked weights are skipped by the same kernels.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/layers/layer_conv_common.h"
#include "models/layers/layer_options.h"

#define FIELD(f) offsetof(CopLinearOptions, f)
static const CopOption options[] = {
    {"features", "output features", COP_TYPE_INT, FIELD(features), "1", 1, 1 << 20, NULL, 0},
    {"bias", "add a bias to each output", COP_TYPE_BOOL, FIELD(bias), "true", 0, 0, NULL, 0},
    COP_OPTIONS_END,
};

static CopStatus shape(CopLayer *layer, CopError *err)
{
    const CopLinearOptions *o = layer->options;
    CopConvState *state = layer->state;
    const CopShape in = layer->in_shape[0];
    if (in.t != 1 || in.h != 1 || in.w != 1)
        return cop_error_set(err, COP_ERR_SHAPE,
                             "%s: a linear layer takes one position, not %dx%dx%d (t x h x w)",
                             layer->name, in.t, in.h, in.w);
    state->shape = (CopConvShape){in.c, o->features, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1};
    layer->out_shape = (CopShape){o->features, 1, 1, 1};
    cop_layer_conv_params(layer, 2, o->bias);
    return COP_OK;
}

const CopLayerDesc cop_layer_linear = {
    .name = "linear",
    .summary = "fully connected layer, dense or with masked weights skipped",
    .reference = "torch.nn.Linear",
    .options = options,
    .options_size = sizeof(CopLinearOptions),
    .shape = shape,
    COP_LAYER_CONV_FIELDS,
};

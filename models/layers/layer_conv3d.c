/* Three-dimensional convolution (cross-correlation, as in every framework).
 * x (n, ic, t, h, w), weight (oc, ic / groups, kt, kh, kw) -> y (n, oc, t', h', w').
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/layers/layer_conv_common.h"
#include "models/layers/layer_options.h"

#define FIELD(f) offsetof(CopConvOptions, f)
static const CopOption options[] = {
    {"channels", "output channels", COP_TYPE_INT, FIELD(channels), "1", 1, 1 << 20, NULL, 0},
    {"kernel_t", "kernel size in time", COP_TYPE_INT, FIELD(kt), "3", 1, 64, NULL, 0},
    {"kernel_h", "kernel height", COP_TYPE_INT, FIELD(kh), "3", 1, 64, NULL, 0},
    {"kernel_w", "kernel width", COP_TYPE_INT, FIELD(kw), "3", 1, 64, NULL, 0},
    {"stride_t", "stride in time", COP_TYPE_INT, FIELD(st), "1", 1, 64, NULL, 0},
    {"stride_h", "vertical stride", COP_TYPE_INT, FIELD(sh), "1", 1, 64, NULL, 0},
    {"stride_w", "horizontal stride", COP_TYPE_INT, FIELD(sw), "1", 1, 64, NULL, 0},
    {"pad_t", "zeros on both sides in time", COP_TYPE_INT, FIELD(pt), "1", 0, 64, NULL, 0},
    {"pad_h", "zeros above and below", COP_TYPE_INT, FIELD(ph), "1", 0, 64, NULL, 0},
    {"pad_w", "zeros left and right", COP_TYPE_INT, FIELD(pw), "1", 0, 64, NULL, 0},
    {"groups", "groups of channels, each with its own kernels", COP_TYPE_INT, FIELD(groups), "1", 1,
     1 << 20, NULL, 0},
    {"bias", "add a bias to each output channel", COP_TYPE_BOOL, FIELD(bias), "false", 0, 0, NULL,
     0},
    COP_OPTIONS_END,
};

static CopStatus shape(CopLayer *layer, CopError *err)
{
    const CopConvOptions *o = layer->options;
    CopConvState *state = layer->state;
    const CopShape in = layer->in_shape[0];
    if (in.c % o->groups || o->channels % o->groups)
        return cop_error_set(err, COP_ERR_SHAPE,
                             "%s: %d groups do not divide %d input and %d output channels",
                             layer->name, o->groups, in.c, o->channels);
    state->shape = (CopConvShape){in.c,  o->channels, o->kt, o->kh, o->kw, o->st,
                                  o->sh, o->sw,       o->pt, o->ph, o->pw, o->groups};
    layer->out_shape = (CopShape){o->channels, cop_conv_out(in.t, o->kt, o->st, o->pt),
                                  cop_conv_out(in.h, o->kh, o->sh, o->ph),
                                  cop_conv_out(in.w, o->kw, o->sw, o->pw)};
    const CopShape out = layer->out_shape;
    if (out.t < 1 || out.h < 1 || out.w < 1)
        return cop_error_set(err, COP_ERR_SHAPE,
                             "%s: a %dx%dx%d kernel does not fit a %dx%dx%d input (t x h x w)",
                             layer->name, o->kt, o->kh, o->kw, in.t, in.h, in.w);
    cop_layer_conv_params(layer, 5, o->bias);
    return COP_OK;
}

static void halo(const CopLayer *layer, CopHalo *input, CopHalo *grad)
{
    const CopConvState *state = layer->state;
    const CopShape in = layer->in_shape[0];
    *input = cop_conv3d_input_halo(&state->shape, in.t, in.h, in.w);
    *grad = cop_conv3d_grad_halo(&state->shape, in.t, in.h, in.w);
}

const CopLayerDesc cop_layer_conv3d = {
    .name = "conv3d",
    .summary = "3-D convolution, dense or with masked weights skipped",
    .reference = "torch.nn.Conv3d",
    .options = options,
    .options_size = sizeof(CopConvOptions),
    .state_size = sizeof(CopConvState),
    .inputs = 1,
    .flags = COP_LAYER_NEEDS_INPUT | COP_LAYER_SPARSE | COP_LAYER_FOLDS | COP_LAYER_TAIL,
    .shape = shape,
    .halo = halo,
    .window = cop_layer_conv_window,
    .plan = cop_layer_conv_plan,
    .load = cop_layer_conv_load,
    .forward = cop_layer_conv_forward,
    .backward = cop_layer_conv_backward,
    .dense_gradient = cop_layer_conv_dense_gradient,
};

/* Convolution in three dimensions and in two (cross-correlation, as in every framework).
 * x (n, ic, t, h, w), weight (oc, ic / groups, kt, kh, kw) -> y (n, oc, t', h', w');
 * in two, weight (oc, ic / groups, kh, kw), and t frames go by themselves.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/layers/layer_conv_common.h"
#include "models/layers/layer_options.h"

#define ROW(name_, text, kind, field, default_, low, high)                                         \
    {                                                                                              \
        .name = name_, .help = text, .type = COP_TYPE_##kind,                                      \
        .offset = offsetof(CopConvOptions, field), .def = default_, .min = low, .max = high        \
    }
#define PLANE_ROWS                                                                                 \
    ROW("channels", "output channels", INT, channels, "1", 1, 1 << 20),                            \
        ROW("kernel_h", "kernel height", INT, kh, "3", 1, 64),                                     \
        ROW("kernel_w", "kernel width", INT, kw, "3", 1, 64),                                      \
        ROW("stride_h", "vertical stride", INT, sh, "1", 1, 64),                                   \
        ROW("stride_w", "horizontal stride", INT, sw, "1", 1, 64),                                 \
        ROW("pad_h", "zeros above and below", INT, ph, "1", 0, 64),                                \
        ROW("pad_w", "zeros left and right", INT, pw, "1", 0, 64),                                 \
        ROW("groups", "groups of channels, each with its own kernels", INT, groups, "1", 1,        \
            1 << 20),                                                                              \
        ROW("bias", "add a bias to each output channel", BOOL, bias, "false", 0, 0)

static const CopOption options_3d[] = {
    ROW("kernel_t", "kernel size in time", INT, kt, "3", 1, 64),
    ROW("stride_t", "stride in time", INT, st, "1", 1, 64),
    ROW("pad_t", "zeros on both sides in time", INT, pt, "1", 0, 64),
    PLANE_ROWS,
    COP_OPTIONS_END,
};
static const CopOption options_2d[] = {PLANE_ROWS, COP_OPTIONS_END};

static CopStatus set_shape(CopLayer *layer, const CopConvOptions *o, int rank, CopError *err)
{
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
    cop_layer_conv_params(layer, rank, o->bias);
    return COP_OK;
}

static CopStatus shape_3d(CopLayer *layer, CopError *err)
{
    return set_shape(layer, layer->options, 5, err);
}

static CopStatus shape_2d(CopLayer *layer, CopError *err)
{
    CopConvOptions o = *(const CopConvOptions *)layer->options;
    o.kt = o.st = 1;
    o.pt = 0;
    return set_shape(layer, &o, 4, err);
}

static void halo(const CopLayer *layer, CopHalo *input, CopHalo *grad)
{
    const CopConvState *state = layer->state;
    const CopShape in = layer->in_shape[0];
    *input = cop_conv3d_input_halo(&state->shape, in.h, in.w);
    *grad = cop_conv3d_grad_halo(&state->shape, in.h, in.w);
}

const CopLayerDesc cop_layer_conv3d = {
    .name = "conv3d",
    .summary = "3-D convolution, dense or with masked weights skipped",
    .reference = "torch.nn.Conv3d",
    .options = options_3d,
    .options_size = sizeof(CopConvOptions),
    .shape = shape_3d,
    .halo = halo,
    .window = cop_layer_conv_window,
    COP_LAYER_CONV_FIELDS,
};

const CopLayerDesc cop_layer_conv2d = {
    .name = "conv2d",
    .summary = "convolution of each frame, dense or with masked weights skipped",
    .reference = "torch.nn.Conv2d",
    .options = options_2d,
    .options_size = sizeof(CopConvOptions),
    .shape = shape_2d,
    .halo = halo,
    .window = cop_layer_conv_window,
    COP_LAYER_CONV_FIELDS,
};

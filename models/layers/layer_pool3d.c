/* Maximum, average and global average pooling.
 * x (n, c, t, h, w) -> y (n, c, t', h', w'), window and stride a dimension.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "models/kernels/conv3d.h"
#include "models/kernels/lane_kernels.h"
#include "models/layers/layer.h"
#include "models/layers/layer_options.h"

typedef struct State {
    CopPoolShape shape;
} State;

#define FIELD(f) offsetof(CopPoolOptions, f)
static const CopOption options[] = {
    {"kernel_t", "window in time", COP_TYPE_INT, FIELD(kt), "2", 1, 1 << 12, NULL, 0},
    {"kernel_h", "window height", COP_TYPE_INT, FIELD(kh), "2", 1, 1 << 12, NULL, 0},
    {"kernel_w", "window width", COP_TYPE_INT, FIELD(kw), "2", 1, 1 << 12, NULL, 0},
    {"stride_t", "stride in time", COP_TYPE_INT, FIELD(st), "2", 1, 1 << 12, NULL, 0},
    {"stride_h", "vertical stride", COP_TYPE_INT, FIELD(sh), "2", 1, 1 << 12, NULL, 0},
    {"stride_w", "horizontal stride", COP_TYPE_INT, FIELD(sw), "2", 1, 1 << 12, NULL, 0},
    {"pad_t", "padding in time, at most half the window", COP_TYPE_INT, FIELD(pt), "0", 0, 1 << 11,
     NULL, 0},
    {"pad_h", "vertical padding", COP_TYPE_INT, FIELD(ph), "0", 0, 1 << 11, NULL, 0},
    {"pad_w", "horizontal padding", COP_TYPE_INT, FIELD(pw), "0", 0, 1 << 11, NULL, 0},
    COP_OPTIONS_END,
};

static CopStatus shape(CopLayer *layer, CopError *err)
{
    const CopPoolOptions *o = layer->options;
    State *state = layer->state;
    const CopShape in = layer->in_shape[0];
    state->shape = (CopPoolShape){o->kt, o->kh, o->kw, o->st, o->sh, o->sw, o->pt, o->ph, o->pw};
    layer->out_shape = (CopShape){in.c, cop_conv_out(in.t, o->kt, o->st, o->pt),
                                  cop_conv_out(in.h, o->kh, o->sh, o->ph),
                                  cop_conv_out(in.w, o->kw, o->sw, o->pw)};
    const CopShape out = layer->out_shape;
    if (out.t < 1 || out.h < 1 || out.w < 1)
        return cop_error_set(err, COP_ERR_SHAPE,
                             "%s: a %dx%dx%d window does not fit a %dx%dx%d input (t x h x w)",
                             layer->name, o->kt, o->kh, o->kw, in.t, in.h, in.w);
    /* A window that lies in the padding alone would have no maximum. */
    if (2 * o->pt > o->kt || 2 * o->ph > o->kh || 2 * o->pw > o->kw)
        return cop_error_set(err, COP_ERR_SHAPE, "%s: padding is more than half of the window",
                             layer->name);
    return COP_OK;
}

/* One window over everything. */
static CopStatus global_shape(CopLayer *layer, CopError *err)
{
    (void)err;
    State *state = layer->state;
    const CopShape in = layer->in_shape[0];
    state->shape = (CopPoolShape){in.t, in.h, in.w, 1, 1, 1, 0, 0, 0};
    layer->out_shape = (CopShape){in.c, 1, 1, 1};
    return COP_OK;
}

static const CopPoolShape *window(const CopLayer *layer)
{
    const State *state = layer->state;
    return &state->shape;
}

static void tile_window(const CopLayer *layer, CopWindow *out)
{
    const CopPoolShape *s = window(layer);
    *out = (CopWindow){{s->kt, s->kh, s->kw}, {s->st, s->sh, s->sw}, {s->pt, s->ph, s->pw}};
}

/* The input as the kernels see it. */
static CopTensor view(const CopLayer *layer, CopPoolShape *shape)
{
    CopWindow out;
    CopTensor x;
    CopSize pad;
    tile_window(layer, &out);
    cop_tile_view(layer->in[0], &out, &x, &pad);
    *shape = *window(layer);
    shape->pt = pad.t;
    shape->ph = pad.h;
    shape->pw = pad.w;
    return x;
}

static void max_channel(void *ctx, int c, int worker)
{
    (void)worker;
    const CopLayer *layer = ctx;
    CopPoolShape shape;
    const CopTensor x = view(layer, &shape);
    cop_lane_kernels()->max_pool(&x, layer->out, c, &shape);
}

static void max_back_channel(void *ctx, int c, int worker)
{
    (void)worker;
    const CopLayer *layer = ctx;
    cop_lane_kernels()->max_pool_backward(layer->in[0], layer->dout, layer->din[0], c,
                                          window(layer), layer->accumulate[0]);
}

static void avg_channel(void *ctx, int c, int worker)
{
    (void)worker;
    const CopLayer *layer = ctx;
    CopPoolShape shape;
    const CopTensor x = view(layer, &shape);
    cop_lane_kernels()->avg_pool(&x, layer->out, c, &shape);
}

/* All tiles of a channel. */
static void mean_channel(void *ctx, int c, int worker)
{
    (void)worker;
    const CopLayer *layer = ctx;
    const CopTensor *x = layer->in[0];
    double all = 0;
    for (int t = 0; t < x->t; t++) {
        double sums[2];
        cop_lane_kernels()->moments(x, (CopPlane){.c = c, .t = t}, 0, sums);
        all += sums[0];
    }
    float *out = cop_tensor_at(layer->out, 0, c, 0, 0, 0);
    memset(out, 0, COP_LANES * sizeof *out);
    *out = (float)(all / ((double)x->clip.t * x->clip.h * x->clip.w));
}

static void avg_back_channel(void *ctx, int c, int worker)
{
    (void)worker;
    const CopLayer *layer = ctx;
    cop_lane_kernels()->avg_pool_backward(layer->dout, layer->din[0], c, window(layer),
                                          layer->accumulate[0]);
}

static void max_forward(CopLayer *layer, const CopStep *step)
{
    cop_parallel_for(step->pool, layer->out_shape.c, max_channel, layer);
}

static void max_backward(CopLayer *layer, const CopStep *step)
{
    if (layer->din[0])
        cop_parallel_for(step->pool, layer->out_shape.c, max_back_channel, layer);
}

static void avg_forward(CopLayer *layer, const CopStep *step)
{
    cop_parallel_for(step->pool, layer->out_shape.c, avg_channel, layer);
}

static void global_forward(CopLayer *layer, const CopStep *step)
{
    cop_parallel_for(step->pool, layer->out_shape.c,
                     cop_tensor_tiled(layer->in[0]) ? mean_channel : avg_channel, layer);
}

static void avg_backward(CopLayer *layer, const CopStep *step)
{
    if (layer->din[0])
        cop_parallel_for(step->pool, layer->out_shape.c, avg_back_channel, layer);
}

const CopLayerDesc cop_layer_maxpool3d = {
    .name = "maxpool3d",
    .summary = "maximum over a window; padding counts as -inf",
    .reference = "torch.nn.MaxPool3d",
    .options = options,
    .options_size = sizeof(CopPoolOptions),
    .state_size = sizeof(State),
    .inputs = 1,
    .flags = COP_LAYER_NEEDS_INPUT,
    .shape = shape,
    .window = tile_window,
    .outside = -INFINITY,
    .forward = max_forward,
    .backward = max_backward,
};

const CopLayerDesc cop_layer_avgpool3d = {
    .name = "avgpool3d",
    .summary = "mean over a window; padding counts as zeros",
    .reference = "torch.nn.AvgPool3d",
    .options = options,
    .options_size = sizeof(CopPoolOptions),
    .state_size = sizeof(State),
    .inputs = 1,
    .shape = shape,
    .window = tile_window,
    .forward = avg_forward,
    .backward = avg_backward,
};

const CopLayerDesc cop_layer_global_avgpool = {
    .name = "global_avgpool",
    .summary = "mean over time and space",
    .reference = "torch.nn.AdaptiveAvgPool3d(1)",
    .state_size = sizeof(State),
    .inputs = 1,
    .flags = COP_LAYER_WHOLE,
    .shape = global_shape,
    .forward = global_forward,
    .backward = avg_backward,
};

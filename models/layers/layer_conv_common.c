/* What convolution and linear layers share: a plan of the sparse convolution kernels.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/layers/layer_conv_common.h"

#include "models/layers/layer_norm.h"

void cop_layer_conv_params(CopLayer *layer, int weight_rank, bool bias)
{
    const CopConvState *state = layer->state;
    const CopConvShape *s = &state->shape;
    const CopShape out = layer->out_shape;
    const int kernel[] = {s->kt, s->kh, s->kw};
    *layer->param[0] = (CopParam){.name = "weight",
                                  .role = COP_PARAM_WEIGHT,
                                  .rank = weight_rank,
                                  .shape = {s->oc, s->ic / s->groups},
                                  .groups = s->groups,
                                  .positions = (double)out.t * out.h * out.w};
    for (int i = 2; i < weight_rank; i++) /* without kt at rank 4 */
        layer->param[0]->shape[i] = kernel[i + 3 - weight_rank];
    *layer->param[1] =
        (CopParam){.name = "bias", .role = COP_PARAM_BIAS, .rank = 1, .shape = {s->oc}};
    layer->n_params = bias ? 2 : 1;
}

void cop_layer_conv_window(const CopLayer *layer, CopWindow *window)
{
    const CopConvState *state = layer->state;
    const CopConvShape *s = &state->shape;
    *window = (CopWindow){{s->kt, s->kh, s->kw}, {s->st, s->sh, s->sw}, {s->pt, s->ph, s->pw}};
}

/* The input as the kernels see it. */
static CopTensor view(const CopLayer *layer, CopSize *pad)
{
    CopWindow window;
    CopTensor x;
    cop_layer_conv_window(layer, &window);
    cop_tile_view(layer->in[0], &window, &x, pad);
    return x;
}

CopStatus cop_layer_conv_plan(CopLayer *layer, CopArena *arena, int threads, CopError *err)
{
    CopConvState *state = layer->state;
    CopConvShape shape = state->shape;
    CopSize pad;
    const CopTensor x = view(layer, &pad);
    shape.pt = pad.t;
    shape.ph = pad.h;
    shape.pw = pad.w;
    CopStatus status =
        cop_conv3d_create(&state->conv, arena, &shape, layer->param[0], &x, layer->out,
                          layer->din[0], layer->dout, threads, layer->kernels);
    if (status == COP_OK && layer->tail.norm) {
        state->scale = cop_arena_alloc(arena, (size_t)state->shape.oc, sizeof(float));
        state->bias = cop_arena_alloc(arena, (size_t)state->shape.oc, sizeof(float));
        status = state->scale && state->bias ? COP_OK : COP_ERR_NOMEM;
    }
    if (status != COP_OK)
        return cop_error_set(err, status, "%s: cannot be planned: %s", layer->name,
                             cop_status_name(status));
    return COP_OK;
}

const CopConv3d *cop_layer_conv(const CopLayer *layer)
{
    if (layer->desc->plan != cop_layer_conv_plan)
        return NULL;
    const CopConvState *state = layer->state;
    return state->conv;
}

static const float *own_bias(const CopLayer *layer)
{
    return layer->n_params > 1 ? layer->param[1]->value : NULL;
}

void cop_layer_conv_load(CopLayer *layer, CopPool *pool)
{
    CopConvState *state = layer->state;
    if (layer->tail.norm) {
        const float *own = own_bias(layer);
        cop_layer_norm_fold(layer->tail.norm, state->scale, state->bias);
        for (int o = 0; own && o < state->shape.oc; o++)
            state->bias[o] += state->scale[o] * own[o];
    }
    cop_conv3d_load(state->conv, state->scale, pool);
}

void cop_layer_conv_forward(CopLayer *layer, const CopStep *step)
{
    CopConvState *state = layer->state;
    const CopConvTail tail = {.bias = state->bias ? state->bias : own_bias(layer),
                              .add = layer->tail.add ? layer->in[1] : NULL,
                              .relu = layer->tail.relu};
    CopSize pad;
    const CopTensor x = view(layer, &pad);
    cop_conv3d_forward(state->conv, &tail, &x, layer->out, step->pool);
}

void cop_layer_conv_backward(CopLayer *layer, const CopStep *step)
{
    CopConvState *state = layer->state;
    const bool trains = !layer->param[0]->frozen;
    if (trains)
        cop_conv3d_backward_weight(state->conv, layer->in[0], layer->dout, step->pool);
    if (trains && layer->n_params > 1)
        cop_conv3d_backward_bias(layer->dout, layer->param[1]->grad, step->pool);
    if (layer->din[0])
        cop_conv3d_backward_data(state->conv, layer->dout, layer->din[0], layer->accumulate[0],
                                 step->pool);
}

void cop_layer_conv_dense_gradient(CopLayer *layer, float *grad, const CopStep *step)
{
    CopConvState *state = layer->state;
    cop_conv3d_dense_gradient(state->conv, layer->in[0], layer->dout, grad, step->pool);
}

/* The two passes of a net.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <string.h>

#include "models/core/clock.h"
#include "models/train/net_private.h"

void cop_net_set_n(CopNet *net, int n)
{
    assert(n >= 1 && n <= net->batch);
    for (int e = 0; e < net->n_edges && !net->tiled; e++) {
        if (!cop_net_edge_used(net, e))
            continue;
        cop_tensor_set_n(&net->edge[e].value, n);
        if (net->training)
            cop_tensor_set_n(&net->edge[e].grad, n);
    }
}

const CopTensor *cop_net_input(const CopNet *net)
{
    return &net->edge[0].value;
}

const CopTensor *cop_net_logits(const CopNet *net)
{
    return &net->edge[net->n_layers].value;
}

const CopTensor *cop_net_logits_grad(const CopNet *net)
{
    return &net->edge[net->n_layers].grad;
}

void cop_net_changed(CopNet *net)
{
    net->stale = true;
}

static double clock_of(const CopStep *step)
{
    return step->timed ? cop_clock() : 0;
}

static void tell(const CopStep *step, const CopLayer *layer, bool backward, double start)
{
    if (step->timed)
        step->timed(step->timed_ctx, layer->index, backward, cop_clock() - start);
}

void cop_net_forward(CopNet *net, const CopStep *step)
{
    assert(net->training || !step->training);
    /* Weight gradients add up all lanes of activation times gradient: the gradient of
     * an idle lane is zero, and this keeps its activation finite. */
    if (step->training) {
        cop_tensor_zero_idle(&net->edge[0].value);
        net->batches++;
    }
    /* A training step moves the parameters, and backward what was loaded. */
    const bool load = net->stale || step->training;
    net->stale = step->training;
    for (int i = 0; i < net->n_steps; i++) {
        const CopNetStep *at = &net->step[i];
        CopLayer *layer = at->layer;
        const double start = clock_of(step);
        if (load && layer->desc->load)
            layer->desc->load(layer, step->pool);
        if (at->zero_value_halo)
            cop_tensor_zero_halo(layer->out);
        if (at->exchange)
            cop_tile_exchange(layer->in[0], layer->desc->outside, step->pool);
        layer->desc->forward(layer, step);
        tell(step, layer, false, start);
    }
}

/* Makes what was not kept. */
static void write_again(CopNet *net, const CopNetStep *reader, const CopStep *step)
{
    for (int k = 0; k < reader->layer->desc->inputs; k++) {
        const int writer = net->edge[reader->in[k]].writer;
        if (writer < 0 || !net->step[writer].again)
            continue;
        CopLayer *layer = net->step[writer].layer;
        if (net->step[writer].zero_value_halo)
            cop_tensor_zero_halo(layer->out);
        layer->desc->again(layer, step);
    }
}

static int param_index(const CopNet *net, const CopParam *param)
{
    for (int i = 0; i < net->n_params; i++)
        if (net->params[i] == param)
            return i;
    return -1;
}

static CopStatus offer_gradient(CopNet *net, CopLayer *layer, const CopStep *step,
                                const CopGradientHook *hook)
{
    const int index = param_index(net, layer->param[0]);
    if (!hook->wants(hook->ctx, index))
        return COP_OK;
    layer->desc->dense_gradient(layer, net->dense_grad, step);
    return hook->give(hook->ctx, index, net->dense_grad);
}

CopStatus cop_net_backward(CopNet *net, const CopStep *step, const CopGradientHook *hook)
{
    CopStatus status = COP_OK;
    for (int i = net->n_steps - 1; i >= net->trained; i--) {
        const CopNetStep *at = &net->step[i];
        CopLayer *layer = at->layer;
        const double start = clock_of(step);
        write_again(net, at, step);
        for (int k = 0; k < cop_layer_inputs(layer); k++)
            if (at->zero_grad_halo[k])
                cop_tensor_zero_halo(layer->din[k]);
        layer->desc->backward(layer, step);
        tell(step, layer, true, start);
        if (hook && net->dense_grad && layer->desc->flags & COP_LAYER_SPARSE &&
            layer->param[0]->mask && status == COP_OK)
            status = offer_gradient(net, layer, step, hook);
    }
    return status;
}

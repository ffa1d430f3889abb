/* Where activations and gradients lie: in-place steps, halos, lifetimes, and a
 * first-fit layout in which buffers that are never needed at one time share memory.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <stdlib.h>

#include "models/train/net_private.h"

static CopNetEdge *root(const CopNet *net, int edge)
{
    return &net->edge[net->edge[edge].root];
}

static CopNetEdge *grad_root(const CopNet *net, int edge)
{
    return &net->edge[net->edge[edge].grad_root];
}

static bool has(const CopLayer *layer, unsigned flag)
{
    return layer->desc->flags & flag;
}

/* A rectifier that comes after an addition is open where the output says so. */
static bool reads_output(const CopLayer *layer)
{
    return has(layer, COP_LAYER_NEEDS_OUTPUT) || (layer->tail.add && layer->tail.relu);
}

/* True when nothing reads `edge` after step i, and the caller does not own it. */
static bool last_read(const CopNet *net, int edge, int i)
{
    for (int j = i + 1; j < net->n_steps; j++)
        for (int k = 0; k < cop_layer_inputs(net->step[j].layer); k++)
            if (net->step[j].in[k] == edge)
                return false;
    return edge != 0;
}

/* The edge that a step writes over, its own output if none: one that no one else reads, and
 * that the layer that made it does not look at again in backward. What a tail adds is read
 * where it is written. */
static int target(const CopNet *net, int i)
{
    const CopNetStep *step = &net->step[i];
    const int in = step->in[0], added = step->in[1];
    if (has(step->layer, COP_LAYER_IN_PLACE) && in != 0 && net->edge[in].consumers == 1 &&
        !(net->training && reads_output(net->step[net->edge[in].writer].layer)))
        return in;
    if (step->layer->tail.add && !net->training && added != in && last_read(net, added, i))
        return added;
    return step->out;
}

/* The same for gradients: the edge whose gradient lies where that of the output does. */
static int grad_target(const CopNet *net, int i)
{
    const CopNetStep *step = &net->step[i];
    const int in = step->in[0];
    if (has(step->layer, COP_LAYER_GRAD_IN_PLACE) && in != 0 && net->edge[in].consumers == 1)
        return in;
    return has(step->layer, COP_LAYER_IN_PLACE) ? target(net, i) : step->out;
}

static void find_roots(CopNet *net)
{
    net->edge[0].root = net->edge[0].grad_root = 0;
    for (int i = 0; i < net->n_steps; i++) {
        const int out = net->step[i].out, onto = target(net, i), grad_onto = grad_target(net, i);
        net->edge[out].root = onto == out ? out : net->edge[onto].root;
        net->edge[out].grad_root = grad_onto == out ? out : net->edge[grad_onto].grad_root;
    }
}

static CopHalo tile_halo(const CopNet *net, const CopNetStep *step)
{
    const CopNetEdge *in = &net->edge[step->in[0]];
    CopWindow window;
    if (!step->layer->desc->window)
        return (CopHalo){0};
    step->layer->desc->window(step->layer, &window);
    return cop_tile_halo(&window, (CopSize){in->shape.t, in->shape.h, in->shape.w}, &in->cut);
}

/* Backward of a lone reader looks at what this step makes, and nothing else does. */
static bool can_go(const CopNet *net, int i)
{
    const CopNetStep *step = &net->step[i];
    if (!step->layer->desc->again || step->layer->tail.add || net->edge[step->out].consumers != 1)
        return false;
    for (int j = i + 1; j < net->n_steps; j++)
        for (int k = 0; k < net->step[j].layer->desc->inputs; k++)
            if (net->step[j].in[k] == step->out)
                return has(net->step[j].layer, COP_LAYER_NEEDS_INPUT);
    return false;
}

static void collect_halos(CopNet *net)
{
    for (int i = 0; i < net->n_steps; i++) {
        const CopNetStep *step = &net->step[i];
        CopNetEdge *in = root(net, step->in[0]), *out = grad_root(net, step->out);
        CopHalo input = {0}, grad = {0};
        if (net->tiled)
            input = tile_halo(net, step);
        else if (step->layer->desc->halo)
            step->layer->desc->halo(step->layer, &input, &grad);
        in->halo = cop_halo_max(in->halo, input);
        out->grad_halo = cop_halo_max(out->grad_halo, grad);
    }
}

static void live(CopNetBuffer *buffer, int time)
{
    if (time < buffer->first)
        buffer->first = time;
    if (time > buffer->last)
        buffer->last = time;
}

/* What backward of step i, at time `backward`, needs of its input k. */
static void live_in_backward(const CopNet *net, int i, int k, int backward)
{
    const CopNetStep *step = &net->step[i];
    const int in = step->in[k];
    if (in != 0)
        live(&grad_root(net, in)->grad_buffer, backward);
    if (k >= step->layer->desc->inputs || !has(step->layer, COP_LAYER_NEEDS_INPUT))
        return;
    if (in != 0 && net->step[net->edge[in].writer].again)
        net->edge[in].value_buffer.again = backward;
    else
        live(&root(net, in)->value_buffer, backward);
}

static void find_lifetimes(CopNet *net)
{
    const int end = 2 * net->n_steps;
    for (int e = 0; e < net->n_edges; e++)
        net->edge[e].value_buffer = net->edge[e].grad_buffer =
            (CopNetBuffer){.first = INT_MAX, .last = INT_MIN, .again = -1};
    /* The caller fills the input and reads the logits when it likes. */
    live(&net->edge[0].value_buffer, -1);
    live(&net->edge[0].value_buffer, end);
    live(&root(net, net->n_layers)->value_buffer, end);
    for (int i = 0; i < net->n_steps; i++) {
        const CopNetStep *step = &net->step[i];
        const int backward = end - 1 - i;
        live(&root(net, step->out)->value_buffer, i);
        for (int k = 0; k < cop_layer_inputs(step->layer); k++) {
            live(&root(net, step->in[k])->value_buffer, i);
            if (net->training)
                live_in_backward(net, i, k, backward);
        }
        if (net->training) {
            live(&grad_root(net, step->out)->grad_buffer, backward);
            if (reads_output(step->layer))
                live(&root(net, step->out)->value_buffer, backward);
        }
    }
    /* The loss writes the gradient of the logits between the two passes. */
    if (net->training)
        live(&grad_root(net, net->n_layers)->grad_buffer, net->n_steps - 1);
}

static int by_size(const void *a, const void *b)
{
    const CopNetBuffer *x = *(CopNetBuffer *const *)a, *y = *(CopNetBuffer *const *)b;
    if (x->floats != y->floats)
        return x->floats < y->floats ? 1 : -1;
    return x->first - y->first;
}

static bool lives_at(const CopNetBuffer *buffer, int time)
{
    return time >= 0 && (time == buffer->again || (buffer->first <= time && time <= buffer->last));
}

static bool at_one_time(const CopNetBuffer *a, const CopNetBuffer *b)
{
    return (a->first <= b->last && b->first <= a->last) || lives_at(a, b->again) ||
           lives_at(b, a->again);
}

/* Lowest offset at which `buffer` meets none of the placed ones that live with it. */
static void place(CopNetBuffer *buffer, CopNetBuffer *const *placed, int n)
{
    buffer->offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < n; i++) {
            const CopNetBuffer *other = placed[i];
            if (at_one_time(buffer, other) && buffer->offset < other->offset + other->floats &&
                other->offset < buffer->offset + buffer->floats) {
                buffer->offset = other->offset + other->floats;
                moved = true;
            }
        }
    }
    for (int i = 0; i < n; i++)
        if (buffer->offset < placed[i]->offset + placed[i]->floats &&
            placed[i]->offset < buffer->offset + buffer->floats)
            buffer->shared = placed[i]->shared = true;
}

/* Floats of the whole layout. */
static size_t lay_out(CopNetBuffer **buffers, int n)
{
    size_t total = 0;
    qsort(buffers, (size_t)n, sizeof *buffers, by_size);
    for (int i = 0; i < n; i++) {
        place(buffers[i], buffers, i);
        if (buffers[i]->offset + buffers[i]->floats > total)
            total = buffers[i]->offset + buffers[i]->floats;
    }
    return total;
}

static CopStatus shape_edge(const CopNet *net, CopNetEdge *edge, CopNetEdge *own,
                            CopNetEdge *grad_own)
{
    const CopShape s = edge->shape;
    if (net->tiled)
        COP_TRY(cop_tensor_shape_tiles(&edge->value, s.c, (CopSize){s.t, s.h, s.w}, &edge->cut,
                                       own->halo));
    else
        COP_TRY(cop_tensor_shape(&edge->value, net->batch, s.c, s.t, s.h, s.w, own->halo));
    own->value_buffer.floats = cop_tensor_floats(&edge->value);
    if (!net->training)
        return COP_OK;
    COP_TRY(cop_tensor_shape(&edge->grad, net->batch, s.c, s.t, s.h, s.w, grad_own->grad_halo));
    grad_own->grad_buffer.floats = cop_tensor_floats(&edge->grad);
    return COP_OK;
}

/* True when a step before this one in backward order, or an input before k of it, writes the
 * gradient of its input k first. */
static bool reached(const CopNet *net, int i, int k)
{
    for (int j = net->n_steps - 1; j >= i; j--)
        for (int m = 0; m < cop_layer_inputs(net->step[j].layer) && !(j == i && m == k); m++)
            if (net->step[j].in[m] == net->step[i].in[k])
                return true;
    return false;
}

static void connect(CopNet *net, float *memory)
{
    for (int e = 0; e < net->n_edges; e++) {
        if (!cop_net_edge_used(net, e))
            continue;
        const CopNetBuffer *value = &root(net, e)->value_buffer;
        const CopNetBuffer *grad = &grad_root(net, e)->grad_buffer;
        cop_tensor_place(&net->edge[e].value, memory + value->offset);
        if (net->training && grad->first <= grad->last)
            cop_tensor_place(&net->edge[e].grad, memory + grad->offset);
    }
    for (int i = 0; i < net->n_steps; i++) {
        CopNetStep *step = &net->step[i];
        CopLayer *layer = step->layer;
        CopNetEdge *out = &net->edge[step->out];
        layer->out = &out->value;
        layer->dout = net->training ? &out->grad : NULL;
        step->zero_value_halo =
            !net->tiled && out->root == step->out && root(net, step->out)->value_buffer.shared;
        for (int k = 0; k < cop_layer_inputs(layer); k++) {
            const int in = step->in[k];
            layer->in[k] = &net->edge[in].value;
            if (!net->training || in == 0)
                continue;
            layer->din[k] = &net->edge[in].grad;
            layer->accumulate[k] = reached(net, i, k);
            /* In place, the gradient's buffer is in use already: its halo is clean. */
            step->zero_grad_halo[k] = !layer->accumulate[k] &&
                                      grad_root(net, in)->grad_buffer.shared &&
                                      net->edge[in].grad_root != out->grad_root;
        }
    }
}

CopStatus cop_net_place(CopNet *net, CopError *err)
{
    find_roots(net);
    for (int i = 0; i < net->n_steps; i++)
        net->step[i].again = net->training && net->recompute && can_go(net, i);
    collect_halos(net);
    find_lifetimes(net);
    CopNetBuffer **buffers = calloc((size_t)net->n_edges, 2 * sizeof *buffers);
    if (!buffers)
        return COP_ERR_NOMEM;
    CopStatus status = COP_OK;
    int n = 0;
    for (int e = 0; e < net->n_edges && status == COP_OK; e++) {
        if (!cop_net_edge_used(net, e))
            continue;
        CopNetEdge *edge = &net->edge[e], *own = root(net, e), *grad_own = grad_root(net, e);
        status = shape_edge(net, edge, own, grad_own);
        if (own == edge)
            buffers[n++] = &edge->value_buffer;
        if (grad_own == edge && edge->grad_buffer.first <= edge->grad_buffer.last)
            buffers[n++] = &edge->grad_buffer;
    }
    size_t floats = 0;
    if (status == COP_OK)
        floats = lay_out(buffers, n);
    free(buffers);
    if (status != COP_OK)
        return cop_error_set(err, status, "an activation of a batch of %d clips is too large",
                             net->batch);
    net->activation_bytes = floats * sizeof(float);
    float *memory = cop_arena_alloc(net->memory, floats, sizeof(float));
    if (!memory)
        return cop_error_set(err, COP_ERR_NOMEM,
                             "activations of a batch of %d clips need %.2f GiB, more than the %.2f "
                             "GiB that may be used: take a smaller batch, or accumulate gradients "
                             "over several",
                             net->batch, (double)net->activation_bytes / 0x1p30,
                             (double)cop_arena_limit(net->memory) / 0x1p30);
    connect(net, memory);
    return COP_OK;
}

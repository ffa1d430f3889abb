/* The graph of a net: building it, and looking at it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/train/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/archs/arch.h"
#include "models/core/option_list.h"
#include "models/train/net_private.h"

enum { LAYERS_MAX = 4096, GRAPH_BYTES = 64 << 20 };

/* "prefix.suffix" in the graph's arena; the suffix comes from the layer's shape(). */
static const char *param_name(CopNet *net, const char *prefix, const char *suffix)
{
    const size_t size = strlen(prefix) + strlen(suffix) + 2;
    char *name = cop_arena_alloc(net->graph, size, 1);
    if (name)
        snprintf(name, size, "%s.%s", prefix, suffix);
    return name;
}

static CopStatus add_params(CopNet *net, CopNetNode *node)
{
    for (int i = 0; i < node->layer.n_params; i++) {
        CopParam *param = &node->param[i];
        param->name = param_name(net, node->layer.name, param->name);
        if (!param->name)
            return COP_ERR_NOMEM;
        param->numel = 1;
        for (int d = 0; d < param->rank; d++) {
            if (param->numel > (size_t)1 << 40)
                return COP_ERR_SHAPE;
            param->numel *= (size_t)param->shape[d];
        }
        param->nnz = param->capacity = param->numel;
        net->params[net->n_params++] = param;
    }
    return COP_OK;
}

static CopStatus add(CopNet *net, const CopLayerDesc *desc, const char *name, const void *options,
                     int in0, int in1)
{
    if (net->n_layers == LAYERS_MAX)
        return cop_error_set(&net->error, COP_ERR_SHAPE, "%s: more than %d layers", name,
                             LAYERS_MAX);
    CopNetNode *node = &net->node[net->n_layers];
    CopLayer *layer = &node->layer;
    *layer = (CopLayer){.desc = desc, .index = net->n_layers};
    layer->name = cop_arena_strdup(net->graph, name);
    layer->options = cop_arena_alloc(net->graph, 1, desc->options_size + 1);
    layer->state = cop_arena_alloc(net->graph, 1, desc->state_size + 1);
    if (!layer->name || !layer->options || !layer->state)
        return cop_error_set(&net->error, COP_ERR_NOMEM, "%s: out of memory", name);
    if (options)
        memcpy(layer->options, options, desc->options_size);
    for (int i = 0; i < COP_LAYER_PARAMS; i++)
        layer->param[i] = &node->param[i];
    node->in[0] = in0;
    node->in[1] = in1;
    for (int i = 0; i < desc->inputs; i++) {
        layer->in_shape[i] = net->edge[node->in[i]].shape;
        net->edge[node->in[i]].consumers++;
    }
    COP_TRY(desc->shape(layer, &net->error));
    COP_TRY(add_params(net, node));
    net->layers[net->n_layers++] = layer;
    net->edge[net->n_layers].shape = layer->out_shape;
    return COP_OK;
}

int cop_net_add(CopNet *net, const CopLayerDesc *layer, const char *name, const void *options,
                int in0, int in1)
{
    if (net->error.status != COP_OK)
        return 0;
    const CopStatus status = add(net, layer, name, options, in0, in1);
    if (status != COP_OK) {
        cop_error_set(&net->error, status, "%s: %s", name, cop_status_name(status));
        return 0;
    }
    return net->n_layers;
}

CopShape cop_net_edge_shape(const CopNet *net, int edge)
{
    return net->edge[edge].shape;
}

void cop_net_refuse(CopNet *net, const char *why)
{
    cop_error_set(&net->error, COP_ERR_CONFIG, "%s", why);
}

static CopStatus build(CopNet *net, const char *options, CopShape input, CopError *err)
{
    COP_TRY(cop_arena_create(&net->graph, GRAPH_BYTES));
    net->node = cop_arena_alloc(net->graph, LAYERS_MAX, sizeof *net->node);
    net->edge = cop_arena_alloc(net->graph, 2 * LAYERS_MAX + 1, sizeof *net->edge);
    net->layers = cop_arena_alloc(net->graph, LAYERS_MAX, sizeof *net->layers);
    net->params = cop_arena_alloc(net->graph, LAYERS_MAX, COP_LAYER_PARAMS * sizeof *net->params);
    net->arch_options = cop_arena_alloc(net->graph, 1, net->arch->options_size + 1);
    if (!net->node || !net->edge || !net->layers || !net->params || !net->arch_options)
        return COP_ERR_NOMEM;
    COP_TRY(cop_options_defaults(net->arch->options, net->arch_options, err));
    COP_TRY(cop_options_parse(net->arch->options, net->arch_options, options, err));
    net->edge[0].shape = input;
    net->arch->build(net, net->arch_options, net->classes);
    if (net->error.status != COP_OK)
        return cop_error_set(err, net->error.status, "%s: %s", net->arch->name, net->error.text);
    const CopShape out = net->edge[net->n_layers].shape;
    if (net->n_layers == 0 || out.c != net->classes || out.t != 1 || out.h != 1 || out.w != 1)
        return cop_error_set(err, COP_ERR_SHAPE, "%s: ends in %dx%dx%dx%d, not in %d logits",
                             net->arch->name, out.c, out.t, out.h, out.w, net->classes);
    return COP_OK;
}

CopStatus cop_net_create_of(CopNet **out, const CopArchDesc *arch, const char *options, int classes,
                            CopShape input, CopError *err)
{
    *out = NULL;
    if (classes < 1 || input.c < 1 || input.t < 1 || input.h < 1 || input.w < 1)
        return cop_error_set(err, COP_ERR_SHAPE,
                             "%s: %d classes and a %dx%dx%dx%d input (c x t x h x w): all must be "
                             "at least 1",
                             arch->name, classes, input.c, input.t, input.h, input.w);
    CopNet *net = calloc(1, sizeof *net);
    if (!net)
        return cop_error_set(err, COP_ERR_NOMEM, "out of memory");
    net->arch = arch;
    net->classes = classes;
    const CopStatus status = build(net, options, input, err);
    if (status != COP_OK) {
        cop_net_destroy(&net);
        return cop_error_set(err, status, "%s: %s", arch->name, cop_status_name(status));
    }
    *out = net;
    return COP_OK;
}

CopStatus cop_net_create(CopNet **out, const char *arch, const char *options, int classes,
                         CopShape input, CopError *err)
{
    *out = NULL;
    const CopArchDesc *desc = cop_arch_find(arch, err);
    return desc ? cop_net_create_of(out, desc, options, classes, input, err) : COP_ERR_CONFIG;
}

void cop_net_destroy(CopNet **out)
{
    if (!out || !*out)
        return;
    CopNet *net = *out;
    if (net->arch_options)
        cop_options_free(net->arch->options, net->arch_options);
    cop_arena_destroy(&net->memory);
    cop_arena_destroy(&net->graph);
    free(net);
    *out = NULL;
}

int cop_net_classes(const CopNet *net)
{
    return net->classes;
}

CopShape cop_net_input_shape(const CopNet *net)
{
    return net->edge[0].shape;
}

int cop_net_batch(const CopNet *net)
{
    return net->batch;
}

int cop_net_layers(const CopNet *net, CopLayer *const **layers)
{
    *layers = net->layers;
    return net->n_layers;
}

int cop_net_params(const CopNet *net, CopParam *const **params)
{
    *params = net->params;
    return net->n_params;
}

size_t cop_net_memory(const CopNet *net, size_t *activations)
{
    if (activations)
        *activations = net->activation_bytes;
    return net->memory ? cop_arena_used(net->memory) : 0;
}

double cop_net_macs(const CopNet *net, double *dense)
{
    double macs = 0, all = 0;
    for (int i = 0; i < net->n_layers; i++) {
        macs += cop_layer_macs(net->layers[i]);
        all += cop_layer_macs_dense(net->layers[i]);
    }
    if (dense)
        *dense = all;
    return macs;
}

size_t cop_net_count(const CopNet *net, size_t *nonzeros)
{
    size_t numel = 0, nnz = 0;
    for (int i = 0; i < net->n_params; i++) {
        if (net->params[i]->role == COP_PARAM_STATISTIC)
            continue;
        numel += net->params[i]->numel;
        nnz += net->params[i]->nnz;
    }
    if (nonzeros)
        *nonzeros = nnz;
    return numel;
}

/* The steps of a net: which layers run, and which are fused into the last store of another.
 * Convolution -> batch-norm -> addition -> rectifier becomes one step where no one else reads
 * what flows between them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/train/net_private.h"

extern const CopLayerDesc cop_layer_batchnorm3d, cop_layer_add, cop_layer_relu;

/* The step that makes `edge` for this one reader alone, if its layer has `flag`. */
static CopNetStep *maker(const CopNet *net, int edge, unsigned flag)
{
    if (edge == 0 || net->edge[edge].consumers != 1)
        return NULL;
    CopNetStep *step = &net->step[net->edge[edge].writer];
    return step->layer->desc->flags & flag ? step : NULL;
}

static unsigned tail_flag(const CopNet *net)
{
    return net->training ? COP_LAYER_TAIL_BACK : COP_LAYER_TAIL;
}

static CopNetStep *fuse_norm(const CopNet *net, const CopNetNode *node)
{
    CopNetStep *step = net->training ? NULL : maker(net, node->in[0], COP_LAYER_FOLDS);
    if (!step || step->layer->tail.norm || step->layer->tail.add || step->layer->tail.relu)
        return NULL;
    step->layer->tail.norm = &node->layer;
    return step;
}

/* The later of the two steps adds: by then the other operand is there. */
static CopNetStep *fuse_add(const CopNet *net, const CopNetNode *node)
{
    const int later = net->edge[node->in[1]].writer > net->edge[node->in[0]].writer;
    CopNetStep *step = maker(net, node->in[later], tail_flag(net));
    if (!step || step->layer->tail.add || step->layer->tail.relu)
        return NULL;
    step->in[step->layer->desc->inputs] = node->in[!later];
    step->layer->tail.add = true;
    return step;
}

static CopNetStep *fuse_relu(const CopNet *net, const CopNetNode *node)
{
    CopNetStep *step = maker(net, node->in[0], tail_flag(net));
    if (!step || step->layer->tail.relu)
        return NULL;
    step->layer->tail.relu = true;
    return step;
}

static CopNetStep *fuse(const CopNet *net, const CopNetNode *node)
{
    const CopLayerDesc *desc = node->layer.desc;
    return desc == &cop_layer_batchnorm3d ? fuse_norm(net, node)
           : desc == &cop_layer_add       ? fuse_add(net, node)
           : desc == &cop_layer_relu      ? fuse_relu(net, node)
                                          : NULL;
}

CopStatus cop_net_fuse(CopNet *net)
{
    net->step = cop_arena_alloc(net->graph, (size_t)net->n_layers, sizeof *net->step);
    if (!net->step)
        return COP_ERR_NOMEM;
    net->edge[0].writer = -1;
    for (int i = 0; i < net->n_layers; i++) {
        CopNetNode *node = &net->node[i];
        CopNetStep *step = fuse(net, node);
        if (!step) {
            step = &net->step[net->n_steps++];
            *step = (CopNetStep){.layer = &node->layer, .in = {node->in[0], node->in[1]}};
        }
        step->out = i + 1;
        net->edge[i + 1].writer = (int)(step - net->step);
    }
    return COP_OK;
}

bool cop_net_edge_used(const CopNet *net, int edge)
{
    return edge == 0 || net->step[net->edge[edge].writer].out == edge;
}

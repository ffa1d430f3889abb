/* Layers that training leaves alone.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "models/train/net_private.h"

static bool fits(const char *name, const char *pattern)
{
    const size_t length = strlen(pattern);
    if (length && pattern[length - 1] == '*')
        return strncmp(name, pattern, length - 1) == 0;
    return strncmp(name, pattern, length) == 0 && (name[length] == '\0' || name[length] == '.');
}

static int freeze_matches(CopNet *net, const char *pattern)
{
    int matches = 0;
    for (int i = 0; i < net->n_layers; i++) {
        CopLayer *layer = net->layers[i];
        if (layer->n_params == 0 || !fits(layer->name, pattern))
            continue;
        for (int k = 0; k < layer->n_params; k++)
            layer->param[k]->frozen = true;
        matches++;
    }
    return matches;
}

CopStatus cop_net_freeze(CopNet *net, const CopStrings *patterns, CopError *err)
{
    for (int i = 0; i < patterns->n; i++)
        if (freeze_matches(net, patterns->item[i]) == 0)
            return cop_error_set(err, COP_ERR_CONFIG,
                                 "model.freeze: no layer with parameters is called \"%s\"; this "
                                 "net's begin with \"%s\" and end with \"%s\"",
                                 patterns->item[i], net->params[0]->name,
                                 net->params[net->n_params - 1]->name);
    return COP_OK;
}

/* Nothing before this step has a gradient that anybody asks for. */
int cop_net_first_trained(const CopNet *net)
{
    for (int i = 0; i < net->n_steps; i++) {
        const CopLayer *layer = net->step[i].layer;
        if (layer->n_params > 0 && !layer->param[0]->frozen)
            return i;
    }
    return net->n_steps;
}

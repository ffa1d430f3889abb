/* The list of layers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "models/layers/layer.h"

extern const CopLayerDesc cop_layer_conv3d, cop_layer_conv2d, cop_layer_batchnorm3d, cop_layer_relu,
    cop_layer_maxpool3d, cop_layer_avgpool3d, cop_layer_global_avgpool, cop_layer_linear,
    cop_layer_dropout, cop_layer_add;

const CopLayerDesc *const cop_layer_registry[] = {
    &cop_layer_conv3d,
    &cop_layer_conv2d,
    &cop_layer_batchnorm3d,
    &cop_layer_relu,
    &cop_layer_maxpool3d,
    &cop_layer_avgpool3d,
    &cop_layer_global_avgpool,
    &cop_layer_linear,
    &cop_layer_dropout,
    &cop_layer_add,
    NULL,
};

const CopLayerDesc *cop_layer_find(const char *name)
{
    for (int i = 0; cop_layer_registry[i]; i++)
        if (strcmp(cop_layer_registry[i]->name, name) == 0)
            return cop_layer_registry[i];
    return NULL;
}

double cop_layer_macs_dense(const CopLayer *layer)
{
    if (!(layer->desc->flags & COP_LAYER_SPARSE))
        return 0;
    const CopShape out = layer->out_shape;
    return (double)layer->param[0]->numel * out.t * out.h * out.w;
}

double cop_layer_macs(const CopLayer *layer)
{
    if (!(layer->desc->flags & COP_LAYER_SPARSE))
        return 0;
    const CopShape out = layer->out_shape;
    return (double)layer->param[0]->nnz * out.t * out.h * out.w;
}

size_t cop_layer_bytes(const CopLayer *layer, size_t *dense)
{
    size_t bytes = 0;
    *dense = 0;
    for (int i = 0; i < layer->n_params; i++) {
        size_t unmasked;
        bytes += cop_param_bytes(layer->param[i], &unmasked);
        *dense += unmasked;
    }
    return bytes;
}

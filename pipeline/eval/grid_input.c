/* What a model wants to be shown of a data set.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/grid_input.h"

#include <string.h>

CopStatus cop_grid_input(const CopConfig *config, const CopModel *model, CopGridInput *input,
                         CopError *err)
{
    const CopShape shape = cop_net_input_shape(model->net);
    *input = (CopGridInput){
        .sample = cop_config_sample(config), .prepare = model->prepare, .h = shape.h, .w = shape.w};
    input->sample.test = true;
    input->sample.frames = model->frames;
    input->sample.stride = model->stride;
    if (config->clip.crops > 1 && !model->prepare.crop)
        return cop_error_set(err, COP_ERR_CONFIG,
                             "%s: takes whole pictures; clip.crops = %d needs a model that crops",
                             model->path, config->clip.crops);
    return COP_OK;
}

bool cop_grid_input_equal(const CopGridInput *a, const CopGridInput *b)
{
    return a->sample.frames == b->sample.frames && a->sample.stride == b->sample.stride &&
           cop_prepare_equal(&a->prepare, &b->prepare) && a->h == b->h && a->w == b->w;
}

CopStatus cop_grid_check_classes(const CopModel *model, const CopStrings *classes, CopError *err)
{
    const CopStrings *theirs = &model->classes;
    if (cop_net_classes(model->net) != classes->n)
        return cop_error_set(err, COP_ERR_MODEL, "%s: has %d classes, the data set %d", model->path,
                             cop_net_classes(model->net), classes->n);
    for (int i = 0; i < theirs->n; i++)
        if (strcmp(classes->item[i], theirs->item[i]) != 0)
            return cop_error_set(
                err, COP_ERR_MODEL,
                "%s: class %d is '%s', in the data set '%s' (see data.label_order)", model->path, i,
                theirs->item[i], classes->item[i]);
    return COP_OK;
}

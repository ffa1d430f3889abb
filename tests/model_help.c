/* Model files with random weights, for tests.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/model_help.h"

#include <gst/check/check.h>

#include "tests/net_help.h"

void model_config(CopConfig *config, const char *const *sets)
{
    static const char *const narrow[] = {"model.arch=r3d_tiny",
                                         "model.options=width=6, blocks=1, 1, stem_kernel=3",
                                         "clip.frames=4", "prep.resize=13, 11"};
    CopError err = {0};
    must(cop_config_load(config, NULL, narrow, 4, &err), &err);
    for (int i = 0; sets && sets[i]; i++)
        must(cop_config_set(config, sets[i], &err), &err);
}

/* A planned net with random weights, half of them zero where asked. */
static CopNet *random_net(const char *arch, const char *options, int classes, CopShape input,
                          uint64_t seed, bool half)
{
    CopNet *net;
    CopError err = {0};
    must(cop_net_create(&net, arch, options, classes, input, &err), &err);
    must(cop_net_plan(net, &(CopNetPlan){.batch = 1, .threads = 1}, &err), &err);
    cop_net_init(net, seed, NULL);
    CopParam *fc = narrow_param(net, "fc.weight");
    for (size_t i = 0; i < fc->nnz; i++)
        fc->value[i] *= 100;
    CopParam *const *params;
    const int n = cop_net_params(net, &params);
    for (int i = 0; i < n && half; i++)
        for (size_t k = 0; k < params[i]->nnz && params[i]->role == COP_PARAM_WEIGHT; k += 2)
            params[i]->value[k] = 0;
    return net;
}

void model_write(const char *path, const CopConfig *config, const CopStrings *classes,
                 uint64_t seed, bool half)
{
    const CopPrepare prepare = cop_config_prepare(config);
    CopError err = {0};
    CopShape input = {3, config->clip.frames, 0, 0};
    cop_prepare_size(&prepare, 64, 48, &input.h, &input.w);
    CopNet *net =
        random_net(config->model.arch, config->model.options, classes->n, input, seed, half);
    must(cop_model_save(net, config, classes, half ? "rigl" : "dense", half ? 0.5 : 1, NULL, path,
                        &err),
         &err);
    cop_net_destroy(&net);
}

void model_write_meta(const char *path, const CopStMeta *meta, int n_meta)
{
    CopError err = {0};
    CopNet *net = random_net("r3d_tiny", "width=6, blocks=1, 1, stem_kernel=3", NARROW_CLASSES,
                             (CopShape){3, 4, 13, 11}, 1, false);
    must(cop_net_save(net, path, meta, n_meta, &err), &err);
    cop_net_destroy(&net);
}

CopModel *model_open(const char *path)
{
    CopModel *model;
    CopError err = {0};
    must(cop_model_open(&model, path, NULL, NULL, 8, 2, NULL, &err), &err);
    return model;
}

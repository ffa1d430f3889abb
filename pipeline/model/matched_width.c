/* Dense nets as large as sparse ones.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/model/matched_width.h"

#include <glib.h>
#include <math.h>

#include "models/archs/arch.h"
#include "models/core/mask.h"
#include "models/core/option_list.h"
#include "models/train/net.h"
#include "pipeline/media/preprocess.h"

CopStatus cop_model_width(const CopConfig *config, int *width, CopError *err)
{
    const CopArchDesc *arch = cop_arch_find(config->model.arch, err);
    if (!arch)
        return COP_ERR_CONFIG;
    const CopOption *row = cop_option_find(arch->options, "width");
    if (!row || row->type != COP_TYPE_INT)
        return cop_error_set(err, COP_ERR_CONFIG,
                             "sweep.controls: %s has no width to make it as large as a sparse net",
                             arch->name);
    void *values = g_malloc0(arch->options_size);
    CopStatus status = cop_options_defaults(arch->options, values, err);
    if (status == COP_OK)
        status = cop_options_parse(arch->options, values, config->model.options, err);
    *width = *(const int *)((const char *)values + row->offset);
    cop_options_free(arch->options, values);
    g_free(values);
    return status;
}

static double active(const CopSparse *sparse, CopParam *const *params, int i)
{
    const uint64_t *mask = sparse ? cop_sparse_mask(sparse, i) : NULL;
    return (double)(mask ? cop_mask_count(mask, params[i]->numel) : params[i]->numel);
}

static double measure(const CopNet *net, const CopSparse *sparse, CopMatch match)
{
    CopParam *const *params;
    const int n = cop_net_params(net, &params);
    double sum = 0;
    for (int i = 0; i < n; i++)
        if (match == COP_MATCH_FLOPS)
            sum += active(sparse, params, i) * params[i]->positions;
        else if (params[i]->role != COP_PARAM_STATISTIC)
            sum += active(sparse, params, i);
    return sum;
}

/* Density 1: the dense net. */
static CopStatus figure(const CopConfig *config, const char *options, int classes, double density,
                        CopMatch match, double *value, CopError *err)
{
    int h, w;
    const CopPrepare prepare = cop_config_prepare(config);
    cop_prepare_size(&prepare, 4, 3, &h, &w); /* as training does */
    CopNet *net;
    CopSparse *sparse = NULL;
    COP_TRY(cop_net_create(&net, config->model.arch, options, classes,
                           (CopShape){3, config->clip.frames, h, w}, err));
    CopStatus status = COP_OK;
    if (density < 1) {
        CopSparseOptions even = config->sparse;
        CopParam *const *params;
        const int n = cop_net_params(net, &params);
        even.method = (char[]){"static"};
        even.density = density;
        status = cop_sparse_create(&sparse, &even, params, n, 0, 1, err);
    }
    if (status == COP_OK)
        *value = measure(net, sparse, match);
    cop_sparse_destroy(&sparse);
    cop_net_destroy(&net);
    return status;
}

CopStatus cop_matched_width(const CopConfig *config, int classes, double density, CopMatch match,
                            int *width, CopError *err)
{
    int most = 0;
    double target, best = INFINITY;
    COP_TRY(cop_model_width(config, &most, err));
    COP_TRY(figure(config, config->model.options, classes, density, match, &target, err));
    for (int w = 1; w <= most; w++) {
        char *options = g_strdup_printf("%s%swidth=%d", config->model.options,
                                        *config->model.options ? ", " : "", w);
        double value;
        const CopStatus status = figure(config, options, classes, 1, match, &value, err);
        g_free(options);
        COP_TRY(status);
        if (fabs(log(value / target)) < best) {
            best = fabs(log(value / target));
            *width = w;
        }
    }
    return COP_OK;
}

/* A model as the result file names it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/model_row.h"

CopStoreModel cop_model_row(const CopModel *model)
{
    double dense;
    size_t nonzeros;
    const double macs = cop_net_macs(model->net, &dense);
    const size_t parameters = cop_net_count(model->net, &nonzeros);
    return (CopStoreModel){.sha256 = model->sha256,
                           .name = model->name,
                           .arch = model->arch,
                           .method = model->method,
                           .density = model->density,
                           .recipe = model->recipe,
                           .seed = model->seed,
                           .parameters = (int64_t)parameters,
                           .nonzeros = (int64_t)nonzeros,
                           .flops = (int64_t)(2 * macs),
                           .flops_dense = (int64_t)(2 * dense)};
}

/* One training step after another: forward, loss, backward, optimiser, topology.
 * The order is that of the PyTorch family of sparse-training codes: growth looks
 * at gradients of the weights before the optimiser's step, pruning at the weights
 * after it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/train/trainer.h"

#include <math.h>

#include "models/layers/cross_entropy.h"

typedef struct Growth {
    CopTrainer *trainer;
    CopError *err;
    double macs; /* of dense weight gradients, a clip */
} Growth;

static bool wants(void *ctx, int param)
{
    const Growth *growth = ctx;
    const CopTrainer *trainer = growth->trainer;
    return cop_sparse_wants_gradient(trainer->sparse, trainer->step + 1, param);
}

static const CopLayer *layer_of(const CopNet *net, int param)
{
    CopParam *const *params;
    CopLayer *const *layers;
    cop_net_params(net, &params);
    const int n = cop_net_layers(net, &layers);
    for (int i = 0; i < n; i++)
        if (layers[i]->n_params > 0 && layers[i]->param[0] == params[param])
            return layers[i];
    return NULL;
}

static CopStatus give(void *ctx, int param, const float *dense_grad)
{
    Growth *growth = ctx;
    const CopTrainer *trainer = growth->trainer;
    growth->macs += cop_layer_macs_dense(layer_of(trainer->net, param));
    return cop_sparse_give_gradient(trainer->sparse, trainer->step + 1, param, dense_grad,
                                    growth->err);
}

/* Forward, backward-data and backward-weight cost the same; the first layer has no
 * backward-data. */
static double step_macs(const CopTrainer *trainer)
{
    CopLayer *const *layers;
    const int n = cop_net_layers(trainer->net, &layers);
    double macs = 0;
    for (int i = 0; i < n; i++)
        macs += (layers[i]->din[0] ? 3 : 2) * cop_layer_macs(layers[i]);
    return macs;
}

CopStatus cop_trainer_step(CopTrainer *trainer, const int *labels, const uint32_t *clip,
                           CopTrainStats *stats, CopError *err)
{
    CopNet *net = trainer->net;
    const CopStep step = {.pool = trainer->pool,
                          .training = true,
                          .seed = trainer->options.seed,
                          .step = (uint32_t)trainer->step,
                          .clip = clip};
    cop_net_forward(net, &step);
    stats->loss = cop_cross_entropy(cop_net_logits(net), labels, trainer->options.label_smoothing,
                                    cop_net_logits_grad(net), &stats->correct);
    stats->lr = cop_schedule_lr(&trainer->options.schedule, trainer->step);
    if (!isfinite(stats->loss))
        return cop_error_set(err, COP_ERR_NUMERIC,
                             "the loss is not finite at step %llu, learning rate %g: training has "
                             "diverged",
                             (unsigned long long)trainer->step + 1, stats->lr);

    Growth growth = {.trainer = trainer, .err = err};
    const CopGradientHook hook = {wants, give, &growth};
    const bool update = trainer->sparse && cop_sparse_is_update(trainer->sparse, trainer->step + 1);
    COP_TRY(cop_net_backward(net, &step, update ? &hook : NULL));
    trainer->flops += 2 * (step_macs(trainer) + growth.macs) * cop_net_input(net)->n;

    CopParam *const *params;
    const int n_params = cop_net_params(net, &params);
    cop_sgd_step(&trainer->options.sgd, stats->lr, params, n_params, trainer->pool);
    trainer->step++;
    if (update)
        COP_TRY(cop_sparse_update(trainer->sparse, trainer->step, trainer->report,
                                  trainer->report_ctx, err));
    return COP_OK;
}

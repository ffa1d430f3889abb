/* One batch after another: forward, loss, backward, and every so often optimiser and topology.
 * The order is that of the PyTorch family of sparse-training codes: growth looks
 * at gradients of the weights before the optimiser's step, pruning at the weights
 * after it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/train/trainer.h"

#include <math.h>

#include "models/layers/cross_entropy.h"
#include "models/train/gradient.h"
#include "models/train/mixup.h"
#include "models/train/net_private.h"

typedef struct Growth {
    CopTrainer *trainer;
    CopError *err;
    double macs; /* of dense weight gradients beyond the masked ones, a clip */
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
    const CopLayer *layer = layer_of(trainer->net, param);
    const uint64_t step = trainer->step + 1;
    growth->macs += cop_layer_macs_dense(layer) - cop_layer_macs(layer);
    if (trainer->options.accumulate > 1)
        return cop_sparse_add_gradient(trainer->sparse, step, param, dense_grad,
                                       (float)cop_net_input(trainer->net)->n, growth->err);
    return cop_sparse_give_gradient(trainer->sparse, step, param, dense_grad, growth->err);
}

/* Forward, backward-data and backward-weight cost the same; the first layer has no
 * backward-data, a frozen one no backward-weight, and those before all that train neither. */
static double batch_macs(const CopNet *net)
{
    double macs = 0;
    for (int i = 0; i < net->n_steps; i++) {
        const CopLayer *layer = net->step[i].layer;
        int passes = 1;
        if (i >= net->trained) {
            passes += layer->din[0] != NULL;
            passes += layer->n_params > 0 && !layer->param[0]->frozen;
        }
        macs += passes * cop_layer_macs(layer);
    }
    return macs;
}

static CopStatus diverged(const CopTrainer *trainer, const char *what, double lr, CopError *err)
{
    return cop_error_set(err, COP_ERR_NUMERIC,
                         "the %s is not finite at step %llu, learning rate %g: training has "
                         "diverged",
                         what, (unsigned long long)trainer->step + 1, lr);
}

/* Blends the input; the labels' shares follow. The clip with the larger share counts as the
 * one to be right about. */
static void mix(const CopTrainer *trainer, CopTargets *targets, int *other)
{
    const CopTensor *x = cop_net_input(trainer->net);
    const double share =
        cop_mixup_share(trainer->options.mixup, trainer->options.seed, trainer->net->batches);
    const double larger = share < 0.5 ? 1 - share : share;
    cop_mixup(x, (float)larger, trainer->pool);
    for (int i = 0; i < x->n; i++)
        other[i] = targets->label[cop_mixup_partner(i, x->n)];
    targets->other = other;
    targets->share = (double)(float)larger;
}

static bool updates(const CopTrainer *trainer)
{
    return trainer->sparse && cop_sparse_is_update(trainer->sparse, trainer->step + 1);
}

/* Brings the gradients into the form that the optimiser sees: the mean over the step's clips,
 * clipped; those that growth looks at with them. */
static CopStatus condition(CopTrainer *trainer, CopParam *const *params, int n, double lr,
                           CopError *err)
{
    const CopTrainerOptions *o = &trainer->options;
    const float mean = 1 / (float)trainer->clips;
    CopSparse *sparse = updates(trainer) ? trainer->sparse : NULL;
    if (o->accumulate > 1)
        cop_grad_take(params, n, mean, trainer->pool);
    if (o->accumulate > 1 && sparse)
        COP_TRY(cop_sparse_take_gradients(sparse, trainer->step + 1, mean, err));
    trainer->batches = trainer->clips = 0;
    if (o->clip_grad <= 0)
        return COP_OK;
    trainer->norm = cop_grad_norm(params, n, trainer->pool);
    if (!isfinite(trainer->norm))
        return diverged(trainer, "gradient", lr, err);
    const float scale = cop_grad_clip(params, n, trainer->norm, o->clip_grad, trainer->pool);
    if (sparse && scale < 1)
        cop_sparse_scale_gradients(sparse, trainer->step + 1, scale);
    return COP_OK;
}

CopStatus cop_trainer_finish_step(CopTrainer *trainer, CopError *err)
{
    if (trainer->batches == 0)
        return COP_OK;
    const CopTrainerOptions *o = &trainer->options;
    const double lr = cop_schedule_lr(&o->schedule, trainer->step);
    const bool update = updates(trainer);
    CopParam *const *params;
    const int n = cop_net_params(trainer->net, &params);
    COP_TRY(condition(trainer, params, n, lr, err));
    if (o->optimizer == COP_OPTIMIZER_ADAMW)
        cop_adamw_step(&o->adamw, lr, trainer->step + 1, params, n, trainer->pool);
    else
        cop_sgd_step(&o->sgd, lr, params, n, trainer->pool);
    trainer->step++;
    if (!update)
        return COP_OK;
    return cop_sparse_update(trainer->sparse, trainer->step, trainer->report, trainer->report_ctx,
                             err);
}

CopStatus cop_trainer_step(CopTrainer *trainer, const int *labels, const uint32_t *clip,
                           CopTrainStats *stats, CopError *err)
{
    CopNet *net = trainer->net;
    const CopTrainerOptions *o = &trainer->options;
    const CopStep step = {.pool = trainer->pool,
                          .training = true,
                          .seed = o->seed,
                          .step = (uint32_t)net->batches,
                          .clip = clip};
    CopTargets targets = {.label = labels, .share = 1, .smoothing = o->label_smoothing};
    if (o->mixup > 0)
        mix(trainer, &targets, trainer->other);
    cop_net_forward(net, &step);
    stats->loss = cop_cross_entropy_of(cop_net_logits(net), &targets, cop_net_logits_grad(net),
                                       &stats->correct);
    stats->lr = cop_schedule_lr(&o->schedule, trainer->step);
    if (!isfinite(stats->loss))
        return diverged(trainer, "loss", stats->lr, err);

    Growth growth = {.trainer = trainer, .err = err};
    const CopGradientHook hook = {wants, give, &growth};
    COP_TRY(cop_net_backward(net, &step, updates(trainer) ? &hook : NULL));
    const int clips = cop_net_input(net)->n;
    trainer->flops += 2 * (batch_macs(net) + growth.macs) * clips;
    if (o->accumulate > 1) {
        CopParam *const *params;
        const int n = cop_net_params(net, &params);
        cop_grad_add(params, n, (float)clips, trainer->batches == 0, trainer->pool);
    }
    trainer->batches++;
    trainer->clips += clips;
    return trainer->batches < o->accumulate ? COP_OK : cop_trainer_finish_step(trainer, err);
}

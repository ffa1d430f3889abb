/* What a training run trains: net, masks, weights to start from, and the trainer's settings.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "models/core/mask.h"
#include "models/train/net_weights.h"
#include "pipeline/cli.h"
#include "pipeline/model/training_private.h"

long cop_training_batches(const CopTrainingState *run)
{
    const CopTrainOptions *o = &run->config->train;
    return cop_loader_batches(run->train.n, o->batch, o->drop_last);
}

static uint64_t steps(const CopTrainingState *run)
{
    const CopTrainOptions *o = &run->config->train;
    return (uint64_t)o->epochs * (uint64_t)((cop_training_batches(run) + o->accum - 1) / o->accum);
}

/* Masks of the file's weights, for sparse.init = "weights": masks[n], and each of them, are to
 * be freed. */
static CopStatus read_masks(const CopSafetensors *file, CopParam *const *params, int n,
                            uint64_t **masks)
{
    for (int i = 0; i < n; i++) {
        const CopStTensor *tensor =
            params[i]->role == COP_PARAM_WEIGHT ? cop_net_find_tensor(file, params[i]->name) : NULL;
        size_t nnz;
        /* One of another size is reported when weights are read. */
        if (!tensor || cop_safetensors_count(tensor) != params[i]->numel)
            continue;
        masks[i] = calloc(cop_mask_words(params[i]->numel), sizeof *masks[i]);
        if (!masks[i])
            return COP_ERR_NOMEM;
        COP_TRY(cop_net_stored_mask(tensor, params[i]->numel, masks[i], &nnz));
    }
    return COP_OK;
}

static CopStatus make_sparse(CopTrainingState *run, const CopSafetensors *file)
{
    CopParam *const *params;
    const int n = cop_net_params(run->net, &params);
    const bool given = file && run->config->sparse.init == COP_DENSITY_GIVEN;
    uint64_t **masks = given ? g_new0(uint64_t *, n) : NULL;
    CopStatus status = given ? read_masks(file, params, n, masks) : COP_OK;
    if (status == COP_OK)
        status = cop_sparse_create_from(&run->sparse, &run->config->sparse, params, n,
                                        (const uint64_t *const *)masks, run->config->run.seed,
                                        steps(run), run->err);
    for (int i = 0; masks && i < n; i++)
        free(masks[i]);
    g_free(masks);
    return status == COP_OK ? cop_sparse_check_schedule(run->sparse, run->err) : status;
}

static CopStatus load(CopTrainingState *run, const CopSafetensors *file)
{
    const bool keep = run->config->model.head == COP_HEAD_KEEP;
    CopError why = {0};
    const CopStatus status =
        keep ? cop_net_load(run->net, file, &why) : cop_net_load_body(run->net, file, &why);
    if (status == COP_OK)
        return COP_OK;
    return cop_error_set(run->err, status, "%s: %s%s", run->config->model.weights, why.text,
                         keep ? "; model.head = \"reset\" would leave the last layer out" : "");
}

static CopStatus make_trainer(CopTrainingState *run)
{
    const CopTrainOptions *o = &run->config->train;
    run->trainer = (CopTrainer){
        .net = run->net,
        .sparse = run->sparse,
        .pool = run->pool,
        .options = {.optimizer = (CopOptimizer)o->optimizer,
                    .sgd = {o->momentum, o->weight_decay, o->nesterov, false},
                    .adamw = {o->betas.item[0], o->betas.item[1], o->eps, o->weight_decay, false},
                    .schedule = {.kind = (CopScheduleKind)o->schedule,
                                 .lr = o->lr,
                                 .gamma = o->gamma,
                                 .milestones = o->milestones.item,
                                 .n_milestones = o->milestones.n,
                                 .warmup = o->warmup,
                                 .total_steps = steps(run)},
                    .label_smoothing = o->label_smoothing,
                    .mixup = run->config->augment.mixup,
                    .clip_grad = o->clip_grad,
                    .accumulate = o->accum,
                    .seed = run->config->run.seed},
        .other = calloc((size_t)o->batch, sizeof *run->trainer.other),
        .report = cop_training_note_event,
        .report_ctx = run,
    };
    return run->trainer.other ? COP_OK : cop_error_set(run->err, COP_ERR_NOMEM, "out of memory");
}

static CopStatus plan(CopTrainingState *run, const CopSafetensors *file)
{
    const CopConfig *c = run->config;
    const CopPrepare prepare = cop_config_prepare(c);
    int h, w;
    /* Without a crop the picture's size would follow the video's shape. */
    cop_prepare_size(&prepare, 4, 3, &h, &w);
    COP_TRY(cop_net_create(&run->net, c->model.arch, c->model.options, run->train.classes.n,
                           (CopShape){3, c->clip.frames, h, w}, run->err));
    COP_TRY(cop_net_freeze(run->net, &c->model.freeze, run->err));
    COP_TRY(make_sparse(run, file));
    const CopNetPlan plan = {.batch = c->train.batch,
                             .training = true,
                             .accumulate = c->train.accum > 1,
                             .moments = c->train.optimizer == COP_OPTIMIZER_ADAMW,
                             .recompute = c->train.recompute,
                             .threads = cop_pool_threads(run->pool),
                             .kernels = &run->kernels,
                             .sparse = run->sparse};
    COP_TRY(cop_net_plan(run->net, &plan, run->err));
    run->result->memory = cop_net_memory(run->net, NULL);
    cop_net_init(run->net, c->run.seed, run->sparse);
    if (file)
        COP_TRY(load(run, file));
    return make_trainer(run);
}

static CopStatus check_batches(const CopTrainingState *run)
{
    const CopTrainOptions *o = &run->config->train;
    if (cop_training_batches(run) == 0)
        return cop_error_set(run->err, COP_ERR_CONFIG,
                             "train.drop_last: %d training clips fill no batch of train.batch = %d",
                             run->train.n, o->batch);
    return COP_OK;
}

CopStatus cop_training_make_net(CopTrainingState *run)
{
    COP_TRY(check_batches(run));
    CopSafetensors *file = NULL;
    if (*run->config->model.weights)
        COP_TRY(cop_safetensors_open(&file, run->config->model.weights, run->err));
    const CopStatus status = plan(run, file);
    cop_safetensors_close(&file);
    return status;
}

/* Statistics of one clip are poor, and the last ones before a validation weigh most. */
static bool ends_in_one_clip(const CopTrainingState *run)
{
    const CopTrainOptions *o = &run->config->train;
    return o->batch > 1 && run->train.n % o->batch == 1 && !o->drop_last;
}

void cop_training_note_memory(const CopTrainingState *run, const char *label)
{
    static const double mib = 0x1p20;
    CopParam *const *params;
    const int n = cop_net_params(run->net, &params);
    size_t activations, nonzeros, parameters = 0, dense;
    const size_t all = cop_net_memory(run->net, &activations);
    const size_t weights = cop_net_count(run->net, &nonzeros);
    for (int i = 0; i < n; i++)
        parameters += cop_param_bytes(params[i], &dense);
    const char *notice = cop_sparse_notice(run->sparse);
    if (notice)
        cop_cli_note("%s: %s", label, notice);
    const size_t ahead =
        (size_t)COP_TRAINING_AHEAD * cop_tensor_floats(cop_net_input(run->net)) * sizeof(float);
    cop_cli_note(
        "%s: %zu of %zu parameters active; %.1f MiB for the net: %.1f parameters, gradients "
        "and momentum, %.1f activations, %.1f lists and scratch; %.1f MiB for %d batches "
        "ahead%s",
        label, nonzeros, weights, (double)all / mib, (double)parameters / mib,
        (double)activations / mib, (double)(all - parameters - activations) / mib,
        (double)ahead / mib, COP_TRAINING_AHEAD,
        ends_in_one_clip(run) ? "; an epoch's last batch has 1 clip, and train.drop_last = true "
                                "would leave it out"
                              : "");
}

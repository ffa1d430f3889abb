/* A training run: from a configuration to a folder with a model in it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/layers/cross_entropy.h"
#include "pipeline/cli.h"
#include "pipeline/interrupt.h"
#include "pipeline/model/model.h"
#include "pipeline/model/training_private.h"

enum { QUEUE_DEPTH = 3 };

static CopLoaderOptions loader_options(const CopConfig *config, const CopDataset *dataset,
                                       bool training, uint32_t epoch, const CopPool *pool)
{
    CopLoaderOptions o = {.dataset = dataset,
                          .sample = cop_config_sample(config),
                          .prepare = cop_config_prepare(config),
                          .seed = config->run.seed,
                          .epoch = epoch,
                          .batch = config->train.batch,
                          .threads = cop_pool_threads(pool),
                          .depth = QUEUE_DEPTH};
    o.sample.clips = 1;
    o.sample.sampler = training ? o.sample.sampler : COP_SAMPLER_UNIFORM;
    o.shuffle = training;
    if (training) {
        o.hflip = config->augment.hflip;
        o.crop = (CopAugmentCrop)config->augment.crop;
    }
    return o;
}

static CopStatus validate(CopTrainingState *run, double *accuracy)
{
    CopLoaderOptions o = loader_options(run->config, &run->test, false, 0, run->pool);
    CopLoader *loader = NULL;
    CopTensor x = *cop_net_input(run->net);
    COP_TRY(cop_loader_create(&loader, &o, &x, run->err));
    const CopStep step = {.pool = run->pool};
    CopBatch batch;
    CopStatus status;
    int right = 0, all = 0;
    while ((status = cop_loader_next(loader, &x, &batch, run->err)) == COP_OK &&
           !cop_interrupted()) {
        cop_net_set_n(run->net, batch.n);
        cop_net_forward(run->net, &step);
        int correct;
        cop_cross_entropy(cop_net_logits(run->net), batch.label, 0, NULL, &correct);
        right += correct;
        all += batch.n;
    }
    if (status == COP_EOF)
        status = cop_training_note_skips(run, loader, &run->test);
    else if (status == COP_OK)
        status = COP_ERR_INTERRUPTED;
    cop_loader_destroy(&loader);
    if (status == COP_OK && all == 0)
        status = cop_error_set(run->err, COP_ERR_DATA, "no test clip can be read");
    *accuracy = (double)right / all;
    return status;
}

static CopStatus train_epoch(CopTrainingState *run, CopProgress *progress, CopTrainingEpoch *epoch)
{
    const CopConfig *c = run->config;
    const CopLoaderOptions o =
        loader_options(c, &run->train, true, (uint32_t)run->epoch, run->pool);
    CopLoader *loader = NULL;
    CopTensor x = *cop_net_input(run->net);
    COP_TRY(cop_loader_create(&loader, &o, &x, run->err));
    const int steps = (run->train.n + c->train.batch - 1) / c->train.batch;
    const gint64 start = g_get_monotonic_time();
    CopBatch batch;
    CopStatus status;
    *epoch = (CopTrainingEpoch){0};
    for (int i = 0; (status = cop_loader_next(loader, &x, &batch, run->err)) == COP_OK; i++) {
        if (cop_interrupted()) {
            status = COP_ERR_INTERRUPTED;
            break;
        }
        cop_net_set_n(run->net, batch.n);
        CopTrainStats stats;
        status = cop_trainer_step(&run->trainer, batch.label, batch.clip, &stats, run->err);
        if (status != COP_OK)
            break;
        epoch->loss += stats.loss * batch.n;
        epoch->correct += stats.correct;
        epoch->clips += batch.n;
        epoch->waited += batch.waited;
        char note[96];
        g_snprintf(note, sizeof note, "loss %.3f  accuracy %.1f %%  lr %.4f",
                   epoch->loss / epoch->clips, 100.0 * epoch->correct / epoch->clips, stats.lr);
        cop_progress_step(progress, (long)run->epoch * steps + i + 1, note);
    }
    epoch->seconds = (double)(g_get_monotonic_time() - start) * 1e-6;
    if (status == COP_EOF)
        status = cop_training_note_skips(run, loader, &run->train);
    if (status == COP_OK && epoch->clips == 0)
        status = cop_error_set(run->err, COP_ERR_DATA, "no training clip can be read");
    cop_loader_destroy(&loader);
    return status;
}

static CopStatus make_net(CopTrainingState *run)
{
    const CopConfig *c = run->config;
    const CopPrepare prepare = cop_config_prepare(c);
    int h, w;
    /* Without a crop the picture's size would follow the video's shape. */
    cop_prepare_size(&prepare, 4, 3, &h, &w);
    COP_TRY(cop_net_create(&run->net, c->model.arch, c->model.options, run->train.classes.n,
                           (CopShape){3, c->clip.frames, h, w}, run->err));
    CopParam *const *params;
    const int n = cop_net_params(run->net, &params);
    const uint64_t steps = (uint64_t)c->train.epochs *
                           (uint64_t)((run->train.n + c->train.batch - 1) / c->train.batch);
    COP_TRY(cop_sparse_create(&run->sparse, &c->sparse, params, n, c->run.seed, steps, run->err));
    const CopNetPlan plan = {.batch = c->train.batch,
                             .training = true,
                             .recompute = c->train.recompute,
                             .threads = cop_pool_threads(run->pool),
                             .kernels = &run->kernels,
                             .sparse = run->sparse};
    COP_TRY(cop_net_plan(run->net, &plan, run->err));
    run->result->memory = cop_net_memory(run->net, NULL);
    cop_net_init(run->net, c->run.seed, run->sparse);
    if (*c->model.weights) {
        CopSafetensors *file = NULL;
        COP_TRY(cop_safetensors_open(&file, c->model.weights, run->err));
        const CopStatus status = cop_net_load(run->net, file, run->err);
        cop_safetensors_close(&file);
        COP_TRY(status);
    }
    run->trainer = (CopTrainer){
        .net = run->net,
        .sparse = run->sparse,
        .pool = run->pool,
        .options = {.sgd = {c->train.momentum, c->train.weight_decay, c->train.nesterov, false},
                    .schedule = {.kind = (CopScheduleKind)c->train.schedule,
                                 .lr = c->train.lr,
                                 .gamma = c->train.gamma,
                                 .milestones = c->train.milestones.item,
                                 .n_milestones = c->train.milestones.n,
                                 .warmup = c->train.warmup,
                                 .total_steps = steps},
                    .label_smoothing = c->train.label_smoothing,
                    .seed = c->run.seed},
        .report = cop_training_note_event,
        .report_ctx = run,
    };
    return COP_OK;
}

static CopStatus start(CopTrainingState *run)
{
    COP_TRY(cop_dataset_load(&run->config->data, COP_SPLIT_TRAIN, &run->train, run->err));
    COP_TRY(cop_dataset_load(&run->config->data, COP_SPLIT_TEST, &run->test, run->err));
    if (*run->config->model.kernels)
        COP_TRY(cop_kernel_table_read(&run->kernels, run->config->model.kernels, run->err));
    COP_TRY(cop_training_hash(run));
    COP_TRY(cop_pool_create(&run->pool, run->config->run.threads));
    return make_net(run);
}

static CopStatus epochs(CopTrainingState *run, const char *label)
{
    const CopConfig *c = run->config;
    const long steps = (run->train.n + c->train.batch - 1) / c->train.batch;
    CopProgress *progress = cop_progress_start(label, steps * c->train.epochs);
    CopStatus status = COP_OK;
    run->untouched = run->epoch == c->train.epochs;
    while (run->epoch < c->train.epochs && status == COP_OK) {
        CopTrainingEpoch epoch;
        status = train_epoch(run, progress, &epoch);
        if (status != COP_OK)
            break;
        double accuracy = 0;
        status = validate(run, &accuracy);
        if (status != COP_OK)
            break;
        run->epoch++;
        const bool last = run->epoch == c->train.epochs;
        run->result->test_accuracy = accuracy;
        cop_training_note_epoch(run, &epoch, accuracy);
        status = cop_training_write_metrics(run);
        const int every = c->train.checkpoint_every;
        if (status == COP_OK && (last || (every > 0 && run->epoch % every == 0)))
            status = cop_training_checkpoint(run);
    }
    cop_progress_end(&progress);
    return status;
}

/* Writes the model; a finished one that was taken up stays as it is, so that its
 * identity does not change with the program's version. */
static CopStatus finish(CopTrainingState *run)
{
    run->result->parameters = cop_net_count(run->net, &run->result->nonzeros);
    char *path = cop_training_path(run, "model.safetensors");
    CopSafetensors *old = NULL;
    CopStatus status = run->untouched ? cop_safetensors_open(&old, path, NULL) : COP_EOF;
    cop_safetensors_close(&old);
    if (status != COP_OK) {
        char *skips = cop_training_skips(run);
        const CopModelData data = {run->train.n + run->test.n, (int)g_hash_table_size(run->skipped),
                                   skips};
        status = cop_model_save(run->net, run->config, &run->train.classes,
                                cop_sparse_method(run->sparse)->name,
                                cop_sparse_density(run->sparse), &data, path, run->err);
        g_free(skips);
    }
    g_free(path);
    run->result->complete = status == COP_OK;
    return status;
}

CopStatus cop_training_run(const CopConfig *config, const char *out, bool resume, const char *label,
                           CopTrainingResult *result, CopError *err)
{
    const gint64 begin = g_get_monotonic_time();
    CopError local = {0};
    *result = (CopTrainingResult){0};
    CopTrainingState run = {.config = config,
                            .out = out,
                            .metrics = g_string_new(NULL),
                            .skipped =
                                g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                            .result = result,
                            .err = err ? err : &local};
    CopStatus status = start(&run);
    if (status == COP_OK && resume)
        status = cop_training_take_up(&run);
    if (status == COP_OK)
        status = cop_training_folder(&run);
    if (status == COP_OK)
        status = epochs(&run, label);
    if (status == COP_OK)
        status = finish(&run);
    if (status == COP_ERR_INTERRUPTED)
        cop_error_set(run.err, status,
                      "interrupted in epoch %d of %d; --resume goes on after epoch %d",
                      run.epoch + 1, config->train.epochs, run.saved);
    result->skipped = (int)g_hash_table_size(run.skipped);
    result->seconds = (double)(g_get_monotonic_time() - begin) * 1e-6;
    if (status != COP_OK)
        cop_error_set(run.err, status, "training failed: %s", cop_status_name(status));
    cop_sparse_destroy(&run.sparse);
    cop_net_destroy(&run.net);
    cop_pool_destroy(&run.pool);
    cop_dataset_free(&run.train);
    cop_dataset_free(&run.test);
    g_free(run.config_hash);
    g_hash_table_unref(run.skipped);
    g_string_free(run.metrics, TRUE);
    return status;
}

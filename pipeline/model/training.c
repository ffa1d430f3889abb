/* A training run: from a configuration to a folder with a model in it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "models/archs/arch.h"
#include "models/layers/cross_entropy.h"
#include "pipeline/cli.h"
#include "pipeline/interrupt.h"
#include "pipeline/model/folder_lock.h"
#include "pipeline/model/model.h"
#include "pipeline/model/training_private.h"

static CopLoaderOptions loader_options(const CopTrainingState *run, bool training)
{
    const CopConfig *config = run->config;
    CopLoaderOptions o = {.dataset = training ? &run->train : &run->test,
                          .sample = cop_config_sample(config),
                          .prepare = cop_config_prepare(config),
                          .seed = config->run.seed,
                          .batch = config->train.batch,
                          .threads = cop_pool_threads(run->pool),
                          .depth = COP_TRAINING_AHEAD};
    o.sample.clips = 1;
    o.sample.test = !training;
    o.shuffle = training && config->train.shuffle;
    if (training) {
        o.drop_last = config->train.drop_last;
        o.epoch = (uint32_t)run->epoch;
        o.first = run->batch;
        o.hflip = config->augment.hflip;
        o.crop = (CopAugmentCrop)config->augment.crop;
        o.pad = config->augment.pad;
        o.corruptions = run->corruptions.n ? &run->corruptions : NULL;
        o.corrupt_probability = config->augment.corrupt_probability;
    }
    return o;
}

static CopStatus validate(CopTrainingState *run, double *accuracy)
{
    const CopLoaderOptions o = loader_options(run, false);
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

static void show(const CopTrainingState *run, CopProgress *progress, const CopTrainStats *stats)
{
    const CopTrainingEpoch *epoch = &run->so_far;
    char note[128];
    g_snprintf(note, sizeof note,
               "loss %.3f  accuracy %.1f %%  %.1f clips/s  waited %.0f %%  lr %.4g",
               epoch->loss / epoch->clips, 100.0 * epoch->correct / epoch->clips,
               epoch->clips / epoch->seconds, 100 * epoch->waited / epoch->seconds, stats->lr);
    cop_progress_step(progress, run->epoch * cop_training_batches(run) + run->batch, note);
}

static bool is_due(const CopTrainingState *run)
{
    const double minutes = run->config->train.checkpoint_minutes;
    return minutes > 0 && (double)(g_get_monotonic_time() - run->saved_at) > minutes * 60e6;
}

/* Batches of the epoch from run->batch on. A checkpoint is of a moment between steps, so a
 * signal is heeded, and the clock looked at, where one ends. */
static CopStatus train_batches(CopTrainingState *run, CopLoader *loader, CopTensor *x,
                               CopProgress *progress)
{
    CopTrainingEpoch *epoch = &run->so_far;
    CopTrainer *trainer = &run->trainer;
    const double before = epoch->seconds;
    const gint64 start = g_get_monotonic_time();
    CopBatch batch;
    CopStatus status;
    while (trainer->batches > 0 || !cop_interrupted()) {
        status = cop_loader_next(loader, x, &batch, run->err);
        if (status != COP_OK)
            return status == COP_EOF ? cop_trainer_finish_step(trainer, run->err) : status;
        cop_net_set_n(run->net, batch.n);
        CopTrainStats stats;
        COP_TRY(cop_trainer_step(trainer, batch.label, batch.clip, &stats, run->err));
        epoch->loss += stats.loss * batch.n;
        epoch->correct += stats.correct;
        epoch->clips += batch.n;
        epoch->waited += batch.waited;
        epoch->seconds = before + (double)(g_get_monotonic_time() - start) * 1e-6;
        run->batch = batch.index + 1;
        show(run, progress, &stats);
        if (trainer->batches == 0 && is_due(run)) {
            COP_TRY(cop_training_note_skips(run, loader, &run->train));
            COP_TRY(cop_training_checkpoint(run));
        }
    }
    return COP_ERR_INTERRUPTED;
}

static CopStatus train_epoch(CopTrainingState *run, CopProgress *progress)
{
    const CopLoaderOptions o = loader_options(run, true);
    CopLoader *loader = NULL;
    CopTensor x = *cop_net_input(run->net);
    COP_TRY(cop_loader_create(&loader, &o, &x, run->err));
    CopStatus status = train_batches(run, loader, &x, progress);
    if (status == COP_OK)
        run->batch = cop_training_batches(run);
    if (status == COP_OK || status == COP_ERR_INTERRUPTED) {
        const CopStatus skips = cop_training_note_skips(run, loader, &run->train);
        status = skips == COP_OK ? status : skips;
    }
    if (status == COP_OK && run->so_far.clips == 0)
        status = cop_error_set(run->err, COP_ERR_DATA, "no training clip can be read");
    cop_loader_destroy(&loader);
    return status;
}

static CopStatus choose_corruptions(CopTrainingState *run)
{
    const CopConfig *c = run->config;
    if (c->augment.corrupt_probability <= 0)
        return COP_OK;
    CopCorruptOptions corrupt = c->corrupt;
    CopError why = {0};
    corrupt.corruptions = c->augment.corruptions;
    corrupt.severities = c->augment.severities;
    corrupt.seed = c->run.seed;
    const CopStatus status = cop_variants_create(&run->corruptions, &corrupt, NULL, &why);
    if (status != COP_OK)
        return cop_error_set(run->err, status, "to train on corruptions: %s", why.text);
    if (run->corruptions.n < 2) /* clean alone */
        return cop_error_set(run->err, COP_ERR_CONFIG,
                             "augment.corrupt_probability is %g, but augment.severities has none "
                             "above 0",
                             c->augment.corrupt_probability);
    return COP_OK;
}

/* A list of clips without labels can be answered, but neither learned nor scored. */
static CopStatus check_labels(const CopTrainingState *run, const CopDataset *dataset,
                              const char *split)
{
    for (int i = 0; i < dataset->n; i++)
        if (dataset->item[i].label < 0)
            return cop_error_set(run->err, COP_ERR_DATA,
                                 "%s: a %s clip without a label; data.test_split = val names a "
                                 "list that has them",
                                 dataset->item[i].relative, split);
    return COP_OK;
}

/* What no data set need be read for. */
static CopStatus check_config(const CopTrainingState *run)
{
    const CopConfig *c = run->config;
    if (!cop_arch_find(c->model.arch, run->err))
        return run->err->status;
    if (c->augment.pad > 0 && c->augment.crop != COP_CROP_RANDOM)
        return cop_error_set(run->err, COP_ERR_CONFIG,
                             "augment.pad is %d, but augment.crop is centre: random crops alone "
                             "take in what is around a picture",
                             c->augment.pad);
    return COP_OK;
}

static CopStatus start(CopTrainingState *run)
{
    COP_TRY(check_config(run));
    COP_TRY(cop_dataset_load(&run->config->data, COP_SPLIT_TRAIN, &run->train, run->err));
    COP_TRY(cop_dataset_load(&run->config->data, COP_SPLIT_TEST, &run->test, run->err));
    COP_TRY(check_labels(run, &run->train, "training"));
    COP_TRY(check_labels(run, &run->test, "test"));
    if (*run->config->model.kernels)
        COP_TRY(cop_kernel_table_read(&run->kernels, run->config->model.kernels, run->err));
    COP_TRY(cop_training_hash(run));
    COP_TRY(cop_pool_create(&run->pool, run->config->run.threads));
    COP_TRY(choose_corruptions(run));
    return cop_training_make_net(run);
}

/* Trains and validates what is left of one epoch. */
static CopStatus do_epoch(CopTrainingState *run, CopProgress *progress)
{
    double accuracy = 0;
    if (run->batch < cop_training_batches(run))
        COP_TRY(train_epoch(run, progress));
    COP_TRY(validate(run, &accuracy));
    run->epoch++;
    run->batch = 0;
    run->result->test_accuracy = accuracy;
    COP_TRY(cop_training_note_epoch(run, &run->so_far, accuracy));
    run->so_far = (CopTrainingEpoch){0};
    const int every = run->config->train.checkpoint_every;
    if (run->epoch == run->config->train.epochs || (every > 0 && run->epoch % every == 0) ||
        is_due(run))
        return cop_training_checkpoint(run); /* which writes the metrics, too */
    return cop_training_write_metrics(run);
}

static CopStatus epochs(CopTrainingState *run, const char *label)
{
    const int all = run->config->train.epochs;
    run->untouched = run->epoch == all;
    if (run->untouched)
        return COP_OK;
    COP_TRY(cop_events_create(&run->events, run->out, run->trainer.step + 1, run->err));
    cop_training_note_memory(run, label);
    run->saved_at = g_get_monotonic_time();
    CopProgress *progress = cop_progress_start(label, cop_training_batches(run) * all);
    cop_progress_skip(progress, run->epoch * cop_training_batches(run) + run->batch);
    CopStatus status = COP_OK;
    while (run->epoch < all && status == COP_OK)
        status = do_epoch(run, progress);
    cop_progress_end(&progress);
    if (status != COP_ERR_INTERRUPTED)
        return status;
    COP_TRY(cop_training_checkpoint(run));
    return cop_error_set(run->err, status,
                         "interrupted in epoch %d of %d, after %ld of %ld batches; --resume goes "
                         "on from there",
                         run->epoch + 1, all, run->batch, cop_training_batches(run));
}

/* True for a sound model that this run has written, at the step where it is. */
static bool is_own_model(const CopTrainingState *run, const char *path)
{
    CopSafetensors *old = NULL;
    uint64_t step = 0;
    if (cop_safetensors_open(&old, path, NULL) != COP_OK)
        return false;
    const char *config = cop_safetensors_meta(old, "run.config");
    const char *steps = cop_safetensors_meta(old, "run.step");
    const bool own = config && strcmp(config, run->config_hash) == 0 && steps &&
                     cop_parse_u64(steps, &step) && step == run->trainer.step;
    cop_safetensors_close(&old);
    return own;
}

/* Writes the model; a finished one that was taken up stays as it is, so that its
 * identity does not change with the program's version. */
static CopStatus finish(CopTrainingState *run)
{
    run->result->parameters = cop_net_count(run->net, &run->result->nonzeros);
    char *path = cop_training_path(run, "model.safetensors");
    CopStatus status = COP_OK;
    if (!run->untouched || !is_own_model(run, path)) {
        char *skips = cop_training_skips(run);
        const CopModelRun data = {.clips = run->train.n + run->test.n,
                                  .skipped = (int)g_hash_table_size(run->skipped),
                                  .skips = skips,
                                  .config = run->config_hash,
                                  .recipe = run->recipe_hash,
                                  .step = run->trainer.step};
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
    int lock = COP_FOLDER_UNLOCKED;
    CopStatus status = start(&run);
    if (status == COP_OK)
        status = cop_training_own_folder(&run, &lock);
    if (status == COP_OK && resume)
        status = cop_training_take_up(&run);
    if (status == COP_OK)
        status = cop_training_folder(&run);
    if (status == COP_OK)
        status = epochs(&run, label);
    if (status == COP_OK)
        status = finish(&run);
    result->skipped = (int)g_hash_table_size(run.skipped);
    result->seconds = (double)(g_get_monotonic_time() - begin) * 1e-6;
    if (status != COP_OK)
        cop_error_set(run.err, status, "training failed: %s", cop_status_name(status));
    cop_events_close(&run.events);
    cop_folder_unlock(out, &lock);
    free(run.trainer.other);
    cop_variants_free(&run.corruptions);
    cop_sparse_destroy(&run.sparse);
    cop_net_destroy(&run.net);
    cop_pool_destroy(&run.pool);
    cop_dataset_free(&run.train);
    cop_dataset_free(&run.test);
    g_free(run.config_hash);
    g_free(run.recipe_hash);
    g_hash_table_unref(run.skipped);
    g_string_free(run.metrics, TRUE);
    return status;
}

/* A training run: from a configuration to a folder with a model in it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/model/training.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/file.h"
#include "models/layers/cross_entropy.h"
#include "models/train/checkpoint.h"
#include "pipeline/cli.h"
#include "pipeline/data/loader.h"
#include "pipeline/interrupt.h"
#include "pipeline/json_text.h"
#include "pipeline/model/model.h"

enum { QUEUE_DEPTH = 3 };

typedef struct Run {
    const CopConfig *config;
    const char *out;
    CopDataset train, test;
    CopNet *net;
    CopSparse *sparse;
    CopPool *pool;
    CopTrainer trainer;
    int epoch;        /* epochs done */
    GString *metrics; /* JSON lines so far */
    char *config_hash;
    bool *skipped; /* [train.n + test.n], each broken clip once */
    int n_skipped;
    CopTrainingResult *result;
    CopError *err;
} Run;

static char *path_in(const Run *run, const char *name)
{
    return g_build_filename(run->out, name, NULL);
}

static int decode_threads(const CopPool *pool)
{
    return cop_pool_threads(pool) > 1 ? cop_pool_threads(pool) : 1;
}

static CopLoaderOptions loader_options(const CopConfig *config, const CopDataset *dataset,
                                       bool training, uint32_t epoch, const CopPool *pool)
{
    CopLoaderOptions o = {.dataset = dataset,
                          .sample = cop_config_sample(config),
                          .prepare = cop_config_prepare(config),
                          .seed = config->run.seed,
                          .epoch = epoch,
                          .batch = config->train.batch,
                          .threads = decode_threads(pool),
                          .depth = QUEUE_DEPTH};
    o.sample.clips = 1;
    o.shuffle = training;
    if (training) {
        o.hflip = config->augment.hflip;
        o.crop = (CopAugmentCrop)config->augment.crop;
    }
    return o;
}

/* Adds the clips that a loader skipped to the run's list; more of them than
 * data.max_skip allows end the run. */
static CopStatus note_skips(Run *run, const CopLoader *loader, const CopDataset *dataset)
{
    const CopSkip *skips;
    const int n = cop_loader_skips(loader, &skips);
    const int base = dataset == &run->test ? run->train.n : 0;
    for (int i = 0; i < n; i++) {
        bool *seen = &run->skipped[base + skips[i].item];
        if (*seen)
            continue;
        *seen = true;
        run->n_skipped++;
        JsonBuilder *b = json_builder_new();
        json_builder_begin_object(b);
        json_builder_set_member_name(b, "skipped");
        json_builder_add_string_value(b, dataset->item[skips[i].item].relative);
        json_builder_set_member_name(b, "reason");
        json_builder_add_string_value(b, skips[i].reason);
        json_builder_end_object(b);
        char *text = cop_json_text(b, FALSE);
        g_string_append_printf(run->metrics, "%s\n", text);
        g_free(text);
    }
    const double share = (double)run->n_skipped / (run->train.n + run->test.n);
    if (share > run->config->data.max_skip)
        return cop_error_set(run->err, COP_ERR_DATA,
                             "%d of %d clips cannot be read, more than data.max_skip = %g; the "
                             "last one: %s",
                             run->n_skipped, run->train.n + run->test.n, run->config->data.max_skip,
                             n > 0 ? skips[n - 1].reason : "");
    return COP_OK;
}

static CopStatus validate(Run *run, double *accuracy)
{
    CopLoaderOptions o = loader_options(run->config, &run->test, false, 0, run->pool);
    CopLoader *loader = NULL;
    CopTensor *x = &(CopTensor){0};
    *x = *cop_net_input(run->net);
    COP_TRY(cop_loader_create(&loader, &o, x, run->err));
    const CopStep step = {.pool = run->pool};
    CopBatch batch;
    CopStatus status;
    int right = 0, all = 0;
    while ((status = cop_loader_next(loader, x, &batch)) == COP_OK && !cop_interrupted()) {
        cop_net_set_n(run->net, batch.n);
        cop_net_forward(run->net, &step);
        int correct;
        cop_cross_entropy(cop_net_logits(run->net), batch.label, 0, NULL, &correct);
        right += correct;
        all += batch.n;
    }
    if (status == COP_EOF)
        status = note_skips(run, loader, &run->test);
    else if (status == COP_OK)
        status = COP_ERR_INTERRUPTED;
    cop_loader_destroy(&loader);
    *accuracy = all ? (double)right / all : 0;
    return status;
}

static void report_event(void *ctx, const CopSparseEvent *event)
{
    Run *run = ctx;
    g_string_append_printf(run->metrics,
                           "{\"step\": %" G_GUINT64_FORMAT
                           ", \"layer\": \"%s\", \"nnz\": %zu, \"dropped\": %zu, \"grown\": %zu, "
                           "\"regrown\": %zu}\n",
                           event->step, event->name, event->nnz, event->dropped, event->grown,
                           event->regrown);
}

typedef struct Epoch {
    double loss, waited, seconds;
    int correct, clips;
} Epoch;

static CopStatus train_epoch(Run *run, CopProgress *progress, Epoch *epoch)
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
    *epoch = (Epoch){0};
    for (int i = 0; (status = cop_loader_next(loader, &x, &batch)) == COP_OK; i++) {
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
        status = note_skips(run, loader, &run->train);
    cop_loader_destroy(&loader);
    return status;
}

static CopStatus write_metrics(const Run *run)
{
    char *path = path_in(run, "metrics.jsonl");
    const CopStatus status = cop_file_write(path, run->metrics->str, run->metrics->len, run->err);
    g_free(path);
    return status;
}

static void note_epoch(Run *run, const Epoch *epoch, double accuracy)
{
    g_string_append_printf(
        run->metrics,
        "{\"epoch\": %d, \"step\": %" G_GUINT64_FORMAT
        ", \"loss\": %.9g, \"train_top1\": %.9g, \"test_top1\": %.9g, \"density\": %.9g, "
        "\"explored\": %.9g, \"flops\": %.9g, \"clips_per_second\": %.6g, \"data_wait\": %.4g, "
        "\"seconds\": %.6g}\n",
        run->epoch, run->trainer.step, epoch->loss / epoch->clips,
        (double)epoch->correct / epoch->clips, accuracy,
        run->sparse ? cop_sparse_density(run->sparse) : 1.0,
        run->sparse ? cop_sparse_explored(run->sparse) : 1.0, run->trainer.flops,
        epoch->clips / epoch->seconds, epoch->waited / epoch->seconds, epoch->seconds);
}

static CopStatus save_checkpoint(const Run *run)
{
    char epoch[32], accuracy[32], *path = path_in(run, "checkpoint.safetensors");
    g_snprintf(epoch, sizeof epoch, "%d", run->epoch);
    const CopStMeta extra[] = {
        {"run.epoch", epoch},
        {"run.test_top1", cop_format_double(run->result->test_accuracy, accuracy)},
        {"run.config", run->config_hash},
        {"version", COP_VERSION}};
    const CopStatus status =
        cop_checkpoint_save(&run->trainer, path, extra, (int)G_N_ELEMENTS(extra), run->err);
    g_free(path);
    return status;
}

/* Takes up the checkpoint in the run's folder, if there is one. */
static CopStatus take_up(Run *run)
{
    char *path = path_in(run, "checkpoint.safetensors");
    CopSafetensors *file = NULL;
    CopStatus status = COP_OK;
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        status = cop_safetensors_open(&file, path, run->err);
    if (file) {
        const char *hash = cop_safetensors_meta(file, "run.config");
        const char *epoch = cop_safetensors_meta(file, "run.epoch");
        const char *accuracy = cop_safetensors_meta(file, "run.test_top1");
        if (!hash || strcmp(hash, run->config_hash) != 0)
            status = cop_error_set(run->err, COP_ERR_CONFIG,
                                   "%s: belongs to another configuration or data set; train into "
                                   "another folder, or without --resume",
                                   path);
        else if (!epoch || !cop_parse_int(epoch, &run->epoch) || run->epoch < 0 || !accuracy ||
                 !cop_parse_double(accuracy, &run->result->test_accuracy))
            status = cop_error_set(run->err, COP_ERR_MODEL, "%s: has no epoch or accuracy", path);
        else
            status = cop_checkpoint_load(&run->trainer, file, run->err);
        cop_safetensors_close(&file);
    }
    g_free(path);
    path = path_in(run, "metrics.jsonl");
    char *text = NULL;
    gsize size;
    if (status == COP_OK && run->epoch > 0 && g_file_get_contents(path, &text, &size, NULL))
        g_string_append_len(run->metrics, text, (gssize)size);
    g_free(text);
    g_free(path);
    return status;
}

static CopStatus make_net(Run *run)
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
                             .threads = cop_pool_threads(run->pool),
                             .sparse = run->sparse};
    COP_TRY(cop_net_plan(run->net, &plan, run->err));
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
        .report = report_event,
        .report_ctx = run,
    };
    return COP_OK;
}

static CopStatus prepare_folder(const Run *run)
{
    if (g_mkdir_with_parents(run->out, 0777) != 0)
        return cop_error_set(run->err, COP_ERR_IO, "%s: cannot be made: %s", run->out,
                             g_strerror(errno));
    char *text = cop_config_text(run->config, false), *path = path_in(run, "config.cfg");
    const CopStatus status = text ? cop_file_write(path, text, strlen(text), run->err)
                                  : cop_error_set(run->err, COP_ERR_NOMEM, "out of memory");
    g_free(path);
    free(text);
    return status;
}

/* Identifies what a checkpoint belongs to: the configuration without what may change
 * between two sittings, and the training list. */
static CopStatus hash_config(Run *run)
{
    static const char *const neutral[] = {"run.out=", "run.threads=0", "train.checkpoint_every=0",
                                          "model.name="};
    CopConfig copy;
    COP_TRY(cop_config_copy(&copy, run->config));
    CopStatus status = COP_OK;
    for (gsize i = 0; i < G_N_ELEMENTS(neutral) && status == COP_OK; i++)
        status = cop_config_set(&copy, neutral[i], run->err);
    char *text = status == COP_OK ? cop_config_text(&copy, false) : NULL;
    cop_config_free(&copy);
    if (!text)
        return cop_error_set(run->err, COP_ERR_NOMEM, "out of memory");
    const uint64_t hash = cop_fnv1a(text, strlen(text)) ^ cop_mix64(cop_dataset_hash(&run->train));
    run->config_hash = g_strdup_printf("%016" G_GINT64_MODIFIER "x", hash);
    free(text);
    return COP_OK;
}

static CopStatus start(Run *run)
{
    COP_TRY(cop_dataset_load(&run->config->data, COP_SPLIT_TRAIN, &run->train, run->err));
    COP_TRY(cop_dataset_load(&run->config->data, COP_SPLIT_TEST, &run->test, run->err));
    run->skipped = g_new0(bool, (gsize)(run->train.n + run->test.n));
    COP_TRY(hash_config(run));
    COP_TRY(cop_pool_create(&run->pool, run->config->run.threads));
    COP_TRY(make_net(run));
    return prepare_folder(run);
}

static CopStatus epochs(Run *run, const char *label)
{
    const CopConfig *c = run->config;
    const long steps = (run->train.n + c->train.batch - 1) / c->train.batch;
    CopProgress *progress = cop_progress_start(label, steps * c->train.epochs);
    CopStatus status = COP_OK;
    while (run->epoch < c->train.epochs && status == COP_OK) {
        Epoch epoch;
        status = train_epoch(run, progress, &epoch);
        if (status != COP_OK)
            break;
        run->epoch++;
        const bool last = run->epoch == c->train.epochs;
        double accuracy = 0;
        status = validate(run, &accuracy);
        if (status != COP_OK)
            break;
        run->result->test_accuracy = accuracy;
        note_epoch(run, &epoch, accuracy);
        status = write_metrics(run);
        const int every = c->train.checkpoint_every;
        if (status == COP_OK && (last || (every > 0 && run->epoch % every == 0)))
            status = save_checkpoint(run);
    }
    cop_progress_end(&progress);
    return status;
}

static CopStatus finish(Run *run)
{
    char *path = path_in(run, "model.safetensors");
    const CopStatus status = cop_model_save(run->net, run->config, &run->train.classes,
                                            cop_sparse_method(run->sparse)->name,
                                            cop_sparse_density(run->sparse), path, run->err);
    g_free(path);
    run->result->parameters = cop_net_count(run->net, &run->result->nonzeros);
    run->result->complete = status == COP_OK;
    return status;
}

CopStatus cop_training_run(const CopConfig *config, const char *out, bool resume, const char *label,
                           CopTrainingResult *result, CopError *err)
{
    const gint64 begin = g_get_monotonic_time();
    CopError local = {0};
    *result = (CopTrainingResult){0};
    Run run = {.config = config,
               .out = out,
               .metrics = g_string_new(NULL),
               .result = result,
               .err = err ? err : &local};
    CopStatus status = start(&run);
    if (status == COP_OK && resume)
        status = take_up(&run);
    if (status == COP_OK)
        status = epochs(&run, label);
    if (status == COP_OK)
        status = finish(&run);
    if (status == COP_ERR_INTERRUPTED)
        cop_error_set(run.err, status,
                      "interrupted after epoch %d of %d; --resume goes on from there", run.epoch,
                      config->train.epochs);
    result->skipped = run.n_skipped;
    result->seconds = (double)(g_get_monotonic_time() - begin) * 1e-6;
    if (status != COP_OK)
        cop_error_set(run.err, status, "training failed: %s", cop_status_name(status));
    cop_sparse_destroy(&run.sparse);
    cop_net_destroy(&run.net);
    cop_pool_destroy(&run.pool);
    cop_dataset_free(&run.train);
    cop_dataset_free(&run.test);
    g_free(run.config_hash);
    g_free(run.skipped);
    g_string_free(run.metrics, TRUE);
    return status;
}

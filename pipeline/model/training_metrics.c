/* What a training run measures: JSON lines and figures for TensorBoard, an epoch, a topology
 * update and a layer of it at a time (docs/SPARSE.md has the fields).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "models/core/file.h"
#include "pipeline/model/training_private.h"

CopStatus cop_training_write_metrics(const CopTrainingState *run)
{
    char *path = cop_training_path(run, "metrics.jsonl");
    const CopStatus status = cop_file_write(path, run->metrics->str, run->metrics->len, run->err);
    g_free(path);
    return status;
}

/* One figure of an epoch, in the metrics' line and for TensorBoard. */
typedef struct Figure {
    const char *key, *tag; /* tag NULL: not for TensorBoard */
    double value;
} Figure;

static void note_densities(CopTrainingState *run)
{
    CopParam *const *params;
    const int n = cop_net_params(run->net, &params);
    for (int i = 0; i < n; i++) {
        if (!params[i]->mask)
            continue;
        char *tag = g_strconcat("density/", params[i]->name, NULL);
        cop_events_scalar(run->events, tag, run->trainer.step, cop_param_density(params[i]));
        g_free(tag);
    }
}

/* What parameters with gradients, optimiser states and masks take. */
static size_t parameter_bytes(const CopNet *net, size_t *dense)
{
    CopParam *const *params;
    const int n = cop_net_params(net, &params);
    size_t bytes = 0;
    *dense = 0;
    for (int i = 0; i < n; i++) {
        size_t unmasked;
        bytes += cop_param_bytes(params[i], &unmasked);
        *dense += unmasked;
    }
    return bytes;
}

CopStatus cop_training_note_epoch(CopTrainingState *run, const CopTrainingEpoch *epoch,
                                  double accuracy)
{
    const CopTrainer *trainer = &run->trainer;
    double macs_dense;
    const double macs = cop_net_macs(run->net, &macs_dense);
    size_t bytes_dense;
    const size_t bytes = parameter_bytes(run->net, &bytes_dense);
    const Figure figures[] = {
        {"loss", "train/loss", epoch->loss / epoch->clips},
        {"train_top1", "train/top1", (double)epoch->correct / epoch->clips},
        {"test_top1", "test/top1", accuracy},
        {"lr", "train/lr", cop_schedule_lr(&trainer->options.schedule, trainer->step - 1)},
        {"gradient_norm", "train/gradient_norm", trainer->norm},
        {"density", "sparse/density", cop_sparse_density(run->sparse)},
        {"explored", "sparse/explored", cop_sparse_explored(run->sparse)},
        {"explored_open", "sparse/explored_open", cop_sparse_explored_open(run->sparse)},
        {"flops", "train/flops", trainer->flops},
        {"inference_flops", "sparse/inference_flops", 2 * macs},
        {"inference_flops_dense", NULL, 2 * macs_dense},
        {"bytes", "sparse/bytes", (double)bytes},
        {"bytes_dense", NULL, (double)bytes_dense},
        {"clips_per_second", "speed/clips_per_second", epoch->clips / epoch->seconds},
        {"data_wait", "speed/data_wait", epoch->waited / epoch->seconds},
        {"seconds", "speed/seconds", epoch->seconds},
    };
    g_string_append_printf(run->metrics, "{\"epoch\": %d, \"step\": %" G_GUINT64_FORMAT, run->epoch,
                           trainer->step);
    for (gsize i = 0; i < G_N_ELEMENTS(figures); i++) {
        const Figure *f = &figures[i];
        if (strcmp(f->key, "gradient_norm") == 0 && trainer->options.clip_grad <= 0)
            continue; /* nobody worked it out */
        char number[32];
        g_string_append_printf(run->metrics, ", \"%s\": %s", f->key,
                               cop_format_double(f->value, number));
        if (f->tag)
            cop_events_scalar(run->events, f->tag, trainer->step, f->value);
    }
    g_string_append(run->metrics, "}\n");
    note_densities(run);
    return cop_events_flush(run->events, run->err);
}

/* Intersection over union of two masks; 1 where both are empty. */
static double overlap(size_t a, size_t b, size_t both)
{
    const size_t either = a + b - both;
    return either ? (double)both / (double)either : 1;
}

static void put_number(CopTrainingState *run, const char *key, double value)
{
    char number[32];
    g_string_append_printf(run->metrics, ", \"%s\": %s", key, cop_format_double(value, number));
}

static void put_counts(CopTrainingState *run, const CopSparseEvent *event)
{
    g_string_append_printf(run->metrics,
                           ", \"weights\": %zu, \"nnz\": %zu, \"dropped\": %zu, \"grown\": %zu, "
                           "\"regrown\": %zu, \"mutated\": %zu, \"explored\": %zu",
                           event->numel, event->nnz, event->dropped, event->grown, event->regrown,
                           event->grown - event->regrown, event->explored);
    put_number(run, "density", (double)event->nnz / (double)event->numel);
    put_number(run, "itop_rate", (double)event->explored / (double)event->numel);
    put_number(run, "overlap_start", overlap(event->start, event->nnz, event->of_start));
    put_number(run, "overlap_last", overlap(event->before, event->nnz, event->of_last));
}

static void add_up(CopSparseEvent *all, const CopSparseEvent *event)
{
    all->numel += event->numel;
    all->nnz += event->nnz;
    all->dropped += event->dropped;
    all->grown += event->grown;
    all->regrown += event->regrown;
    all->explored += event->explored;
    all->start += event->start;
    all->of_start += event->of_start;
    all->before += event->before;
    all->of_last += event->of_last;
}

/* The line of the whole update, after those of its layers. */
static void note_update(CopTrainingState *run, const CopSparseEvent *event)
{
    const CopSparse *sparse = run->sparse;
    g_string_append_printf(run->metrics, "{\"update\": true, \"step\": %" G_GUINT64_FORMAT,
                           event->step);
    put_counts(run, &run->update);
    put_number(run, "itop_rate_open", cop_sparse_explored_open(sparse));
    put_number(run, "drop_fraction", cop_sparse_drop_fraction(sparse, event->step));
    g_string_append_printf(run->metrics, ", \"masks\": \"%016" G_GINT64_MODIFIER "x\"",
                           cop_sparse_hash(sparse));
    put_number(run, "seconds", event->seconds);
    g_string_append(run->metrics, "}\n");
    run->update = (CopSparseEvent){0};
}

void cop_training_note_event(void *ctx, const CopSparseEvent *event)
{
    CopTrainingState *run = ctx;
    g_string_append_printf(run->metrics, "{\"step\": %" G_GUINT64_FORMAT ", \"layer\": \"%s\"",
                           event->step, event->name);
    put_counts(run, event);
    g_string_append_printf(run->metrics, ", \"clamped\": %s}\n", event->clamped ? "true" : "false");
    add_up(&run->update, event);
    if (event->last)
        note_update(run, event);
}

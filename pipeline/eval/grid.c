/* The evaluation grid: what is missing, who computes it, where it goes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/grid.h"

#include <glib.h>
#include <string.h>

#include "pipeline/cli.h"
#include "pipeline/eval/grid_input.h"
#include "pipeline/eval/lane_batch.h"
#include "pipeline/eval/model_row.h"
#include "pipeline/eval/provenance.h"
#include "pipeline/eval/setup.h"
#include "pipeline/interrupt.h"
#include "pipeline/json_text.h"

enum { BATCH = 16, QUEUE_DEPTH = 2 };

typedef struct GridModel {
    CopModel *model;
    CopLaneBatch *batch;
    int input; /* which of the grid's inputs it takes */
    int64_t id;
    int64_t *cell; /* [variants] */
} GridModel;

typedef struct Grid {
    const CopGridOptions *options;
    char *db; /* file of results: the shard's, if it is one */
    const CopConfig *config;
    CopDataset dataset;
    CopVariants variants;
    CopPool *pool;
    CopKernelTable kernels;
    CopStore *store;
    int64_t setup;
    GridModel *model;
    CopGridInput input[COP_GRID_INPUTS];
    int n_inputs;
    int *clip; /* [n_clips] items of the data set in the grid */
    int64_t *clip_id;
    int n_clips;
    bool *missing; /* [n_clips * variants * models] */
    bool run_stored;
    int no_bits; /* clips of unknown bit rate, where a corruption goes by it: not by theirs */
    CopGridResult *result;
    CopError *err;
} Grid;

/* --- models ----------------------------------------------------------------- */

static CopStatus find_input(Grid *grid, GridModel *m)
{
    CopGridInput wanted;
    COP_TRY(cop_grid_input(grid->config, m->model, &wanted, grid->err));
    for (m->input = 0; m->input < grid->n_inputs; m->input++)
        if (cop_grid_input_equal(&grid->input[m->input], &wanted))
            return COP_OK;
    if (grid->n_inputs == COP_GRID_INPUTS)
        return cop_error_set(grid->err, COP_ERR_CONFIG,
                             "more than %d kinds of clip and preparation among the models: "
                             "evaluate them in two runs into the same file",
                             COP_GRID_INPUTS);
    grid->input[grid->n_inputs++] = wanted;
    return COP_OK;
}

static CopStatus open_models(Grid *grid)
{
    const char *kernels = grid->config->model.kernels;
    if (*kernels)
        COP_TRY(cop_kernel_table_read(&grid->kernels, kernels, grid->err));
    for (int i = 0; i < grid->options->n_models; i++) {
        GridModel *m = &grid->model[i];
        COP_TRY(cop_model_open(&m->model, grid->options->models[i], NULL, NULL, BATCH,
                               cop_pool_threads(grid->pool), &grid->kernels, grid->err));
        for (int k = 0; k < i; k++)
            if (strcmp(grid->model[k].model->sha256, m->model->sha256) == 0)
                return cop_error_set(grid->err, COP_ERR_CONFIG, "%s and %s are the same model",
                                     grid->model[k].model->path, m->model->path);
        COP_TRY(cop_grid_check_classes(m->model, &grid->dataset.classes, grid->err));
        COP_TRY(find_input(grid, m));
    }
    return COP_OK;
}

/* --- rows of the result file ------------------------------------------------- */

static CopStatus store_model(Grid *grid, GridModel *m)
{
    const CopStoreModel row = cop_model_row(m->model);
    COP_TRY(cop_store_model(grid->store, &row, &m->id, grid->err));
    m->cell = g_new0(int64_t, grid->variants.n);
    for (int v = 0; v < grid->variants.n; v++) {
        const CopVariant *variant = &grid->variants.item[v];
        COP_TRY(cop_store_cell(grid->store, m->id, grid->setup, cop_variant_name(variant),
                               cop_variant_family(variant), variant->severity, variant->detail,
                               &m->cell[v], grid->err));
    }
    return COP_OK;
}

static CopStatus store_rows(Grid *grid)
{
    char *text = cop_setup_text(grid->config, &grid->dataset, &grid->kernels);
    char *classes = cop_json_strings(&grid->dataset.classes);
    CopStatus status = cop_store_setup(grid->store, text, classes, &grid->setup, grid->err);
    g_free(text);
    g_free(classes);
    COP_TRY(status);
    for (int i = 0; i < grid->options->n_models; i++)
        COP_TRY(store_model(grid, &grid->model[i]));
    for (int i = 0; i < grid->n_clips; i++) {
        const CopDataItem *item = &grid->dataset.item[grid->clip[i]];
        COP_TRY(cop_store_clip(grid->store, item->relative, item->id, item->label,
                               &grid->clip_id[i], grid->err));
    }
    return cop_provenance_write(grid->store, cop_pool_threads(grid->pool), &grid->kernels,
                                grid->err);
}

/* Who adds what is missing: only a run that writes predictions leaves a row, in the transaction
 * of its first batch. */
static CopStatus store_run(void *ctx, CopError *err)
{
    Grid *grid = ctx;
    int64_t run_id;
    if (grid->run_stored)
        return COP_OK;
    COP_TRY(cop_provenance_run(grid->store, grid->setup, grid->config, grid->options->command,
                               &run_id, err));
    for (int i = 0; i < grid->options->n_models; i++) {
        char *path = g_canonicalize_filename(grid->options->models[i], NULL);
        const CopStatus status =
            cop_store_run_model(grid->store, run_id, grid->model[i].id, path, err);
        g_free(path);
        COP_TRY(status);
    }
    grid->run_stored = true;
    return COP_OK;
}

static bool *missing_at(const Grid *grid, int clip, int variant, int model)
{
    return &grid->missing[((size_t)clip * (size_t)grid->variants.n + (size_t)variant) *
                              (size_t)grid->options->n_models +
                          (size_t)model];
}

static CopStatus find_missing(Grid *grid)
{
    const gsize predictions =
        (gsize)grid->n_clips * (gsize)grid->variants.n * (gsize)grid->options->n_models;
    grid->missing = g_new0(bool, predictions);
    for (int i = 0; i < grid->n_clips; i++)
        for (int v = 0; v < grid->variants.n; v++)
            for (int m = 0; m < grid->options->n_models; m++) {
                bool has;
                COP_TRY(cop_store_has(grid->store, grid->model[m].cell[v], grid->clip_id[i],
                                      COP_VIEW_ALL, &has, grid->err));
                *missing_at(grid, i, v, m) = !has;
                grid->result->missing += !has;
            }
    return COP_OK;
}

/* What was applied to the clip, as pictures, and how far it took it. */
static CopStatus store_looks(Grid *grid, const CopGridSlot *slot, int clip)
{
    for (int v = 0; v < grid->variants.n; v++) {
        const CopVariant *variant = &grid->variants.item[v];
        const char *name = cop_variant_name(variant);
        const CopGridPicture *picture = &slot->picture[v];
        const CopFidelity *sum = &slot->fidelity[v];
        const int64_t id = grid->clip_id[clip];
        if (picture->png)
            COP_TRY(cop_store_picture(grid->store, grid->setup, name, variant->severity, id, 0,
                                      picture->png, picture->size, grid->err));
        if (sum->frames > 0)
            COP_TRY(cop_store_fidelity(grid->store, grid->setup, name, variant->severity, id,
                                       sum->squares / sum->samples, sum->ssim / (double)sum->frames,
                                       grid->err));
    }
    return COP_OK;
}

static CopStatus take_clip(Grid *grid, const CopGridSlot *slot, int clip)
{
    if (slot->error.status != COP_OK) {
        /* What is not the clip's fault would fail every clip, and says nothing of this one. */
        if (!cop_clip_is_broken(slot->error.status)) {
            *grid->err = slot->error;
            return slot->error.status;
        }
        grid->result->skipped++;
        return cop_store_skip(grid->store, grid->setup, grid->clip_id[clip], slot->error.text,
                              grid->err);
    }
    grid->no_bits += slot->no_bits;
    COP_TRY(cop_store_unskip(grid->store, grid->setup, grid->clip_id[clip], grid->err));
    COP_TRY(store_looks(grid, slot, clip));
    for (int m = 0; m < grid->options->n_models; m++) {
        GridModel *model = &grid->model[m];
        for (int v = 0; v < grid->variants.n; v++)
            if (*missing_at(grid, clip, v, m))
                COP_TRY(cop_lane_batch_add(model->batch, model->cell[v], grid->clip_id[clip],
                                           &slot->x[model->input], v, grid->variants.n, grid->err));
    }
    return COP_OK;
}

static CopStatus flush(Grid *grid)
{
    CopStatus status = COP_OK;
    for (int m = 0; m < grid->options->n_models && status == COP_OK; m++)
        if (grid->model[m].batch)
            status = cop_lane_batch_flush(grid->model[m].batch, grid->err);
    return status;
}

/* Places of clips that lack something, and which variants each needs. */
static int plan_work(const Grid *grid, int *place, int *item, bool *need)
{
    int n = 0;
    for (int i = 0; i < grid->n_clips; i++) {
        bool any = false;
        for (int v = 0; v < grid->variants.n; v++) {
            bool wanted = false;
            for (int m = 0; m < grid->options->n_models; m++)
                wanted |= *missing_at(grid, i, v, m);
            need[(size_t)n * (size_t)grid->variants.n + (size_t)v] = wanted;
            any |= wanted;
        }
        place[n] = i;
        item[n] = grid->clip[i];
        n += any;
    }
    return n;
}

static CopStatus consume(Grid *grid, CopGridWork *work, const int *place, int n, const char *label)
{
    CopProgress *progress = cop_progress_start(label, n);
    CopStatus status = COP_OK;
    CopGridSlot *slot;
    int index;
    while (status == COP_OK && (slot = cop_grid_work_next(work, &index)) != NULL) {
        status = take_clip(grid, slot, place[index]);
        cop_grid_work_release(work);
        cop_progress_step(progress, index + 1, NULL);
        if (status == COP_OK && cop_interrupted())
            status = COP_ERR_INTERRUPTED;
    }
    cop_progress_end(&progress);
    if (status != COP_OK && status != COP_ERR_INTERRUPTED)
        return status;
    COP_TRY(flush(grid));
    if (status == COP_ERR_INTERRUPTED)
        cop_error_set(grid->err, status, "interrupted; the same command goes on from there");
    return status;
}

static CopStatus work_through(Grid *grid, const char *label)
{
    const CopConfig *c = grid->config;
    int *place = g_new(int, grid->n_clips), *item = g_new(int, grid->n_clips);
    const gsize variants = (gsize)grid->n_clips * (gsize)grid->variants.n;
    bool *need = g_new0(bool, variants);
    const int n = plan_work(grid, place, item, need);
    const int threads = cop_pool_threads(grid->pool);
    const CopGridWorkOptions options = {.dataset = &grid->dataset,
                                        .clips = item,
                                        .n_clips = n,
                                        .picture_clip =
                                            grid->options->shard > 1 ? -1 : grid->clip[0],
                                        .variants = &grid->variants,
                                        .need = need,
                                        .inputs = grid->input,
                                        .n_inputs = grid->n_inputs,
                                        .clips_each = c->clip.clips,
                                        .crops = c->clip.crops,
                                        .stage = (CopStage)c->corrupt.stage,
                                        .threads = threads,
                                        .depth = threads + QUEUE_DEPTH};
    CopGridWork *work = NULL;
    CopStatus status = cop_grid_work_create(&work, &options, grid->err);
    for (int m = 0; m < grid->options->n_models && status == COP_OK; m++) {
        CopLaneBatch **batch = &grid->model[m].batch;
        status = cop_lane_batch_create(
            batch, grid->model[m].model, grid->store, grid->pool, (CopAggregate)c->eval.aggregate,
            c->clip.clips * c->clip.crops, c->eval.save_views, grid->err);
        if (status == COP_OK)
            cop_lane_batch_on_write(*batch, store_run, grid);
    }
    if (status == COP_OK)
        status = consume(grid, work, place, n, label);
    cop_grid_work_destroy(&work);
    g_free(place);
    g_free(item);
    g_free(need);
    return status;
}

static CopStatus choose_clips(Grid *grid)
{
    const int all = grid->dataset.n, limit = grid->options->limit;
    const int whole = limit > 0 && limit < all ? limit : all;
    const int step = grid->options->shards ? grid->options->shards : 1;
    const int first = grid->options->shards ? grid->options->shard - 1 : 0;
    grid->clip = g_new(int, whole);
    grid->clip_id = g_new0(int64_t, whole);
    for (int i = first; i < whole; i += step)
        grid->clip[grid->n_clips++] = (int)((gint64)i * all / whole);
    if (grid->n_clips == 0)
        return cop_error_set(grid->err, COP_ERR_CONFIG, "shard %d of %d has none of the %d clips",
                             grid->options->shard, step, whole);
    return COP_OK;
}

/* A shard's clips are too few to judge by: it lists what it skipped, and whoever runs the grid on
 * the merged file finds those clips missing and judges all of them. */
static CopStatus check_skips(const Grid *grid)
{
    if (grid->options->shards)
        return COP_OK;
    const double share = (double)grid->result->skipped / grid->n_clips;
    if (share > grid->config->data.max_skip)
        return cop_error_set(grid->err, COP_ERR_DATA,
                             "%d of %d clips cannot be read, more than data.max_skip = %g; "
                             "the result file lists them",
                             grid->result->skipped, grid->n_clips, grid->config->data.max_skip);
    return COP_OK;
}

static CopStatus run(Grid *grid, const char *label)
{
    const CopConfig *c = grid->config;
    COP_TRY(cop_variants_create(&grid->variants, &c->corrupt, grid->options->only, grid->err));
    COP_TRY(cop_dataset_load(&c->data, COP_SPLIT_TEST, &grid->dataset, grid->err));
    COP_TRY(cop_pool_create(&grid->pool, c->run.threads));
    COP_TRY(open_models(grid));
    COP_TRY(choose_clips(grid));
    grid->result->clips = grid->n_clips;
    grid->result->cells = grid->variants.n * grid->options->n_models;
    if (grid->options->dry_run && !g_file_test(grid->db, G_FILE_TEST_EXISTS)) {
        grid->result->missing = (long)grid->n_clips * grid->result->cells;
        return COP_OK;
    }
    COP_TRY(cop_store_open(&grid->store, grid->db, true, grid->err));
    COP_TRY(cop_store_begin(grid->store, grid->err));
    CopStatus status = store_rows(grid);
    if (status == COP_OK && !grid->options->dry_run)
        status = cop_store_commit(grid->store, grid->err);
    if (status == COP_OK)
        status = find_missing(grid);
    if (status != COP_OK || grid->options->dry_run)
        cop_store_rollback(grid->store);
    COP_TRY(status);
    if (grid->options->dry_run || grid->result->missing == 0)
        return COP_OK;
    COP_TRY(work_through(grid, label));
    return check_skips(grid);
}

char *cop_grid_part(const char *db, int shard, int shards)
{
    return g_strdup_printf("%s.%dof%d", db, shard, shards);
}

CopStatus cop_grid_run(const CopGridOptions *options, const char *label, CopGridResult *result,
                       CopError *err)
{
    const gint64 begin = g_get_monotonic_time();
    CopError local = {0};
    *result = (CopGridResult){0};
    Grid grid = {.options = options,
                 .config = options->config,
                 .model = g_new0(GridModel, options->n_models),
                 .result = result,
                 .err = err ? err : &local};
    grid.db = options->shards ? cop_grid_part(options->db, options->shard, options->shards)
                              : g_strdup(options->db);
    const CopStatus status = run(&grid, label);
    if (status != COP_OK)
        cop_error_set(grid.err, status, "the grid failed: %s", cop_status_name(status));
    if (grid.no_bits)
        cop_cli_note("%s: the bit rate of %d clips is not known: what takes bitrate_from=source "
                     "goes by bits_per_pixel there",
                     label, grid.no_bits);
    for (int m = 0; m < options->n_models; m++) {
        GridModel *model = &grid.model[m];
        if (model->batch)
            result->predictions += cop_lane_batch_written(model->batch);
        cop_lane_batch_destroy(&model->batch);
        cop_model_close(&model->model);
        g_free(model->cell);
    }
    cop_store_close(&grid.store);
    cop_pool_destroy(&grid.pool);
    cop_variants_free(&grid.variants);
    cop_dataset_free(&grid.dataset);
    g_free(grid.db);
    g_free(grid.model);
    g_free(grid.clip);
    g_free(grid.clip_id);
    g_free(grid.missing);
    result->seconds = (double)(g_get_monotonic_time() - begin) * 1e-6;
    return status;
}

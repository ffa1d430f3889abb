/* The test clips of the runs, prepared as their models take them, one after the other.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/analyse/clip_walk.h"

#include <string.h>

#include "pipeline/cli.h"
#include "pipeline/eval/grid_input.h"
#include "pipeline/interrupt.h"

enum { BATCH = 16, AHEAD = 2 };

static CopStatus add_model(CopClipWalk *walk, const char *path, CopError *err)
{
    CopModel **model = &walk->model[walk->n_models];
    COP_TRY(
        cop_model_open(model, path, NULL, NULL, BATCH, cop_pool_threads(walk->pool), NULL, err));
    walk->n_models++;
    CopGridInput input;
    COP_TRY(cop_grid_input(walk->config, *model, &input, err));
    if (walk->n_models == 1)
        walk->input = input;
    if (!cop_grid_input_equal(&walk->input, &input))
        return cop_error_set(err, COP_ERR_DATA,
                             "%s and %s take clips of different sizes or preparations: analyse "
                             "them apart",
                             walk->model[0]->path, path);
    return cop_grid_check_classes(*model, &walk->dataset.classes, err);
}

static CopStatus choose_clips(CopClipWalk *walk, int limit, CopError *err)
{
    const int all = walk->dataset.n, n = limit > 0 && limit < all ? limit : all;
    if (n == 0)
        return cop_error_set(err, COP_ERR_DATA, "%s: holds no test clips", walk->config->data.root);
    walk->clip = g_new(int, n);
    for (int i = 0; i < n; i++)
        walk->clip[walk->n_clips++] = (int)((gint64)i * all / n);
    return COP_OK;
}

CopStatus cop_clip_walk_open(CopClipWalk *walk, const CopAnalysis *a, int n, int limit,
                             CopError *err)
{
    *walk = (CopClipWalk){.config = &a->run[0].config, .model = g_new0(CopModel *, n)};
    COP_TRY(cop_dataset_load(&walk->config->data, COP_SPLIT_TEST, &walk->dataset, err));
    COP_TRY(cop_pool_create(&walk->pool, walk->config->run.threads));
    for (int i = 0; i < n; i++)
        COP_TRY(add_model(walk, a->run[i].model, err));
    return choose_clips(walk, limit, err);
}

void cop_clip_walk_close(CopClipWalk *walk)
{
    for (int i = 0; i < walk->n_models; i++)
        cop_model_close(&walk->model[i]);
    g_free(walk->model);
    g_free(walk->clip);
    cop_pool_destroy(&walk->pool);
    cop_dataset_free(&walk->dataset);
    *walk = (CopClipWalk){0};
}

static CopStatus visit_all(CopClipWalk *walk, CopGridWork *work, const int *place, int n,
                           const char *label, CopClipVisit *visit, void *ctx, CopError *err)
{
    CopProgress *progress = cop_progress_start(label, n);
    CopStatus status = COP_OK;
    CopGridSlot *slot;
    int index;
    while (status == COP_OK && (slot = cop_grid_work_next(work, &index)) != NULL) {
        const CopStatus fault = slot->error.status;
        if (fault != COP_OK && !cop_clip_is_broken(fault))
            status = cop_error_set(err, fault, "%s", slot->error.text);
        walk->skipped += fault != COP_OK;
        if (status == COP_OK)
            status = visit(ctx, slot, place[index], err);
        cop_grid_work_release(work);
        cop_progress_step(progress, index + 1, NULL);
        if (status == COP_OK && cop_interrupted())
            status = cop_error_set(err, COP_ERR_INTERRUPTED,
                                   "interrupted; the same command goes on from there");
    }
    cop_progress_end(&progress);
    return status;
}

CopStatus cop_clip_walk_run(CopClipWalk *walk, const CopVariants *variants, const bool *wanted,
                            const char *label, CopClipVisit *visit, void *ctx, CopError *err)
{
    const CopConfig *c = walk->config;
    int *place = g_new(int, walk->n_clips), *item = g_new(int, walk->n_clips), n = 0;
    bool *need = g_new(bool, (gsize)walk->n_clips *(gsize)variants->n);
    for (int i = 0; i < walk->n_clips; i++)
        if (!wanted || wanted[i]) {
            place[n] = i;
            item[n++] = walk->clip[i];
        }
    memset(need, true, (size_t)walk->n_clips * (size_t)variants->n * sizeof *need);
    walk->skipped = 0;
    const int threads = cop_pool_threads(walk->pool);
    const CopGridWorkOptions options = {.dataset = &walk->dataset,
                                        .clips = item,
                                        .n_clips = n,
                                        .picture_clip = -1,
                                        .variants = variants,
                                        .need = need,
                                        .inputs = &walk->input,
                                        .n_inputs = 1,
                                        .clips_each = c->clip.clips,
                                        .crops = c->clip.crops,
                                        .stage = (CopStage)c->corrupt.stage,
                                        .threads = threads,
                                        .depth = threads + AHEAD};
    CopGridWork *work = NULL;
    CopStatus status = cop_grid_work_create(&work, &options, err);
    if (status == COP_OK)
        status = visit_all(walk, work, place, n, label, visit, ctx, err);
    cop_grid_work_destroy(&work);
    g_free(place);
    g_free(item);
    g_free(need);
    if (status == COP_OK && walk->skipped > c->data.max_skip * walk->n_clips)
        return cop_error_set(err, COP_ERR_DATA,
                             "%d of %d clips cannot be read, more than data.max_skip = %g",
                             walk->skipped, walk->n_clips, c->data.max_skip);
    return status;
}

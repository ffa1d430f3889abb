/* Models on clips that were changed in floats, between preparation and net.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/analyse/probe.h"

#include <math.h>
#include <string.h>

#include "models/core/arena.h"
#include "pipeline/eval/lane_batch.h"
#include "pipeline/eval/model_row.h"
#include "pipeline/eval/provenance.h"
#include "pipeline/eval/setup.h"
#include "pipeline/json_text.h"

enum { TOGETHER = 16 }; /* changed clips in memory, a view each */

typedef struct Runner {
    CopProbes *probes;
    const char *label;
    CopProbeChange *change;
    void *ctx;
    CopStore *store;
    int64_t setup;
    int64_t *model;       /* [runs] */
    int64_t *cell;        /* [runs * probes] */
    int64_t *clip;        /* [clips] */
    bool *missing;        /* [clips * runs * probes] */
    bool *wanted;         /* [clips] */
    CopLaneBatch **batch; /* [runs] */
    CopArena *arena;
    CopTensor changed; /* TOGETHER * views lanes */
    size_t floats;     /* of a clip */
    float *x;          /* [views][floats] */
    float *y;          /* [threads][floats] */
    /* What the threads are at: probes list[n] of one clip. */
    int *list, n, place;
} Runner;

static int views_of(const CopProbes *probes)
{
    return probes->walk.config->clip.clips * probes->walk.config->clip.crops;
}

static const CopDataItem *item_at(const CopProbes *probes, int place)
{
    return &probes->walk.dataset.item[probes->walk.clip[place]];
}

static bool *missing_at(const Runner *r, int place, int run, int probe)
{
    return &r->missing[((size_t)place * (size_t)r->probes->a->n_runs + (size_t)run) *
                           (size_t)r->probes->n +
                       (size_t)probe];
}

/* --- rows ------------------------------------------------------------------------------ */

static CopStatus store_model(Runner *r, int run, CopError *err)
{
    const CopProbes *probes = r->probes;
    const CopStoreModel row = cop_model_row(probes->walk.model[run]);
    COP_TRY(cop_store_model(r->store, &row, &r->model[run], err));
    for (int p = 0; p < probes->n; p++)
        COP_TRY(cop_store_cell(r->store, r->model[run], r->setup, probes->item[p].name,
                               strcmp(probes->item[p].name, "clean") == 0 ? "clean" : "spectral",
                               probes->item[p].level, probes->item[p].detail,
                               &r->cell[run * probes->n + p], err));
    return COP_OK;
}

/* The setup of the grid, and a line that keeps these answers apart from its own: filters work on
 * floats, after preparation. */
static CopStatus find_setup(Runner *r, CopError *err)
{
    const CopKernelTable kernels = {0};
    const CopClipWalk *walk = &r->probes->walk;
    char *text = cop_setup_text(walk->config, &walk->dataset, &kernels);
    char *own = g_strconcat(text, "analyse.stage=net\n", NULL);
    char *classes = cop_json_strings(&walk->dataset.classes);
    CopStatus status = cop_store_setup(r->store, own, classes, &r->setup, err);
    if (status == COP_OK)
        status = cop_provenance_write(r->store, cop_pool_threads(walk->pool), &kernels, err);
    g_free(text);
    g_free(own);
    g_free(classes);
    return status;
}

static CopStatus store_rows(Runner *r, CopError *err)
{
    const CopProbes *probes = r->probes;
    COP_TRY(find_setup(r, err));
    for (int run = 0; run < probes->a->n_runs; run++)
        COP_TRY(store_model(r, run, err));
    for (int i = 0; i < probes->walk.n_clips; i++) {
        const CopDataItem *item = item_at(probes, i);
        COP_TRY(cop_store_clip(r->store, item->relative, item->id, item->label, &r->clip[i], err));
    }
    int64_t id;
    return cop_provenance_run(r->store, r->setup, probes->walk.config, probes->a->options->command,
                              &id, err);
}

static CopStatus find_missing(Runner *r, long *n, CopError *err)
{
    const CopProbes *probes = r->probes;
    *n = 0;
    for (int i = 0; i < probes->walk.n_clips; i++)
        for (int run = 0; run < probes->a->n_runs; run++)
            for (int p = 0; p < probes->n; p++) {
                bool has;
                COP_TRY(cop_store_has(r->store, r->cell[run * probes->n + p], r->clip[i],
                                      COP_VIEW_ALL, &has, err));
                *missing_at(r, i, run, p) = !has;
                r->wanted[i] |= !has;
                *n += !has;
            }
    return COP_OK;
}

/* --- work ------------------------------------------------------------------------------ */

/* Probe list[i] in all views of the clip: lanes i * views + view. */
static void change_one(void *ctx, int i, int worker)
{
    Runner *r = ctx;
    const CopProbes *probes = r->probes;
    float *y = r->y + (size_t)worker * r->floats;
    const int views = views_of(probes);
    for (int view = 0; view < views; view++) {
        r->change(r->ctx, &probes->item[r->list[i]], &probes->walk.input,
                  item_at(probes, r->place)->id, worker, r->x + (size_t)view * r->floats, y);
        cop_tensor_load_lane(&r->changed, i * views + view, y);
    }
}

static CopStatus run_list(Runner *r, CopError *err)
{
    const CopProbes *probes = r->probes;
    const int views = views_of(probes);
    cop_parallel_for(probes->walk.pool, r->n, change_one, r);
    for (int i = 0; i < r->n; i++)
        for (int run = 0; run < probes->a->n_runs; run++)
            if (*missing_at(r, r->place, run, r->list[i]))
                COP_TRY(cop_lane_batch_add(r->batch[run], r->cell[run * probes->n + r->list[i]],
                                           r->clip[r->place], &r->changed, i * views, 1, err));
    r->n = 0;
    return COP_OK;
}

static CopStatus visit(void *ctx, const CopGridSlot *slot, int place, CopError *err)
{
    Runner *r = ctx;
    const CopProbes *probes = r->probes;
    if (slot->error.status != COP_OK)
        return cop_store_skip(r->store, r->setup, r->clip[place], slot->error.text, err);
    COP_TRY(cop_store_unskip(r->store, r->setup, r->clip[place], err));
    for (int view = 0; view < views_of(probes); view++)
        cop_tensor_store_lane(&slot->x[0], view, r->x + (size_t)view * r->floats);
    r->place = place;
    for (int p = 0; p < probes->n; p++) {
        bool any = false;
        for (int run = 0; run < probes->a->n_runs; run++)
            any |= *missing_at(r, place, run, p);
        if (any)
            r->list[r->n++] = p;
        if (r->n == TOGETHER)
            COP_TRY(run_list(r, err));
    }
    return run_list(r, err);
}

static CopStatus prepare(Runner *r, CopError *err)
{
    const CopProbes *probes = r->probes;
    const CopGridInput *input = &probes->walk.input;
    const CopConfig *c = probes->walk.config;
    const int views = views_of(probes);
    r->floats = (size_t)3 * (size_t)input->sample.frames * (size_t)input->h * (size_t)input->w;
    COP_TRY(cop_arena_create(&r->arena, 0));
    COP_TRY(cop_tensor_create(&r->changed, r->arena, TOGETHER * views, 3, input->sample.frames,
                              input->h, input->w, (CopHalo){0}));
    r->x = g_new(float, (gsize)views * r->floats);
    r->y = g_new(float, (gsize)cop_pool_threads(probes->walk.pool) * r->floats);
    r->list = g_new(int, TOGETHER);
    for (int run = 0; run < probes->a->n_runs; run++)
        COP_TRY(cop_lane_batch_create(&r->batch[run], probes->walk.model[run], r->store,
                                      probes->walk.pool, (CopAggregate)c->eval.aggregate, views,
                                      false, err));
    return COP_OK;
}

static CopStatus work_through(Runner *r, CopError *err)
{
    const CopProbes *probes = r->probes;
    CopVariant clean = {.desc = NULL};
    const CopVariants variants = {&clean, 1};
    COP_TRY(prepare(r, err));
    const CopStatus status =
        cop_clip_walk_run(&r->probes->walk, &variants, r->wanted, r->label, visit, r, err);
    if (status != COP_OK && status != COP_ERR_INTERRUPTED)
        return status;
    for (int run = 0; run < probes->a->n_runs; run++)
        COP_TRY(cop_lane_batch_flush(r->batch[run], err));
    return status;
}

static char *db_of(const CopProbes *probes)
{
    return g_build_filename(probes->a->options->out, "analyse.db", NULL);
}

static CopStatus run_all(Runner *r, CopError *err)
{
    long missing = 0;
    COP_TRY(cop_store_begin(r->store, err));
    CopStatus status = store_rows(r, err);
    if (status == COP_OK)
        status = find_missing(r, &missing, err);
    /* A run that finds nothing to do leaves no trace. */
    if (status == COP_OK && missing > 0)
        status = cop_store_commit(r->store, err);
    else
        cop_store_rollback(r->store);
    COP_TRY(status);
    return missing > 0 ? work_through(r, err) : COP_OK;
}

/* --- answers --------------------------------------------------------------------------- */

static int find_column(const CopResults *results, const CopProbe *probe)
{
    if (strcmp(probe->name, "clean") == 0)
        return 0;
    for (int k = 1; k < results->n_columns; k++)
        if (fabs(results->columns[k].severity - probe->level) < 1e-9 &&
            strcmp(results->corruptions[results->columns[k].corruption].name, probe->name) == 0)
            return k;
    return -1;
}

/* The file may hold more clips than this walk has. */
static bool *chosen_clips(const CopProbes *probes, const CopResults *results, int *n)
{
    GHashTable *paths = g_hash_table_new(g_str_hash, g_str_equal);
    bool *chosen = g_new0(bool, results->n_clips);
    for (int i = 0; i < probes->walk.n_clips; i++)
        g_hash_table_add(paths, item_at(probes, i)->relative);
    *n = 0;
    for (int i = 0; i < results->n_clips; i++) {
        chosen[i] = g_hash_table_contains(paths, results->clips[i].path);
        *n += chosen[i];
    }
    g_hash_table_destroy(paths);
    return chosen;
}

static double top1_of(const CopResults *results, const CopResultCell *cell, const bool *chosen)
{
    int right = 0, answers = 0;
    for (int i = 0; i < results->n_clips; i++)
        if (chosen[i] && results->clips[i].label >= 0 && cell->hit[i] & COP_HIT_ANSWERED) {
            answers++;
            right += (cell->hit[i] & COP_HIT_TOP1) != 0;
        }
    return answers ? (double)right / answers : NAN;
}

/* Of one setup: the file may hold answers of others, to more views, say. */
static CopStatus read_answers(CopProbes *probes, int64_t setup, CopError *err)
{
    CopResults *results;
    char *db = db_of(probes);
    const CopStatus status = cop_results_load(&results, db, setup, err);
    g_free(db);
    COP_TRY(status);
    bool *chosen = chosen_clips(probes, results, &probes->clips);
    probes->top1 = g_new(double, (gsize)probes->a->n_runs *(gsize)probes->n);
    for (int run = 0; run < probes->a->n_runs; run++) {
        const int model = cop_results_find(results, probes->a->run[run].sha256);
        for (int p = 0; p < probes->n; p++) {
            const int column = find_column(results, &probes->item[p]);
            probes->top1[run * probes->n + p] =
                model < 0 || column < 0
                    ? NAN
                    : top1_of(results, &results->models[model].cells[column], chosen);
        }
    }
    g_free(chosen);
    cop_results_free(&results);
    return COP_OK;
}

/* --- all of it --------------------------------------------------------------------------- */

CopStatus cop_probes_answer(CopProbes *probes, const char *label, CopProbeChange *change, void *ctx,
                            CopError *err)
{
    const gsize runs = (gsize)probes->a->n_runs, cells = runs * (gsize)probes->n;
    const gsize n_clips = (gsize)probes->walk.n_clips;
    Runner r = {.probes = probes,
                .label = label,
                .change = change,
                .ctx = ctx,
                .model = g_new0(int64_t, runs),
                .cell = g_new0(int64_t, cells),
                .clip = g_new0(int64_t, n_clips),
                .missing = g_new0(bool, n_clips *cells),
                .wanted = g_new0(bool, n_clips),
                .batch = g_new0(CopLaneBatch *, runs)};
    char *db = db_of(probes);
    CopStatus status = cop_store_open(&r.store, db, true, err);
    if (status == COP_OK)
        status = run_all(&r, err);
    for (int run = 0; run < probes->a->n_runs; run++) {
        probes->a->answers += r.batch[run] ? cop_lane_batch_written(r.batch[run]) : 0;
        cop_lane_batch_destroy(&r.batch[run]);
    }
    cop_store_close(&r.store);
    cop_arena_destroy(&r.arena);
    g_free(db);
    g_free(r.model);
    g_free(r.cell);
    g_free(r.clip);
    g_free(r.missing);
    g_free(r.wanted);
    g_free(r.batch);
    g_free(r.x);
    g_free(r.y);
    g_free(r.list);
    return status == COP_OK ? read_answers(probes, r.setup, err) : status;
}

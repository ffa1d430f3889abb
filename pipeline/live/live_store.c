/* A live grid's answers in a result file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/live_store.h"

#include <glib.h>
#include <string.h>

#include "pipeline/eval/aggregate.h"
#include "pipeline/eval/model_row.h"
#include "pipeline/eval/provenance.h"
#include "pipeline/eval/setup.h"
#include "pipeline/json_text.h"

struct CopLiveStore {
    CopStore *store;
    const CopLiveGrid *grid;
    char *stream, *command;
    int64_t setup;
    int64_t *model; /* [models] */
    int64_t *cell;  /* [models * variants] */
    bool run_stored;
};

char *cop_live_setup_text(const CopLiveGrid *grid)
{
    const CopLiveGridOptions *o = cop_live_grid_options(grid);
    GString *text = g_string_new("data.format=live\n");
    /* Where windows lie decides which frames a clip shows. */
    g_string_append_printf(text, "live.hop=%d\nlive.hop_us=%" G_GINT64_FORMAT "\nlive.pad=%d\n",
                           o->hop, o->hop_us, o->pad);
    if (o->rate > 0)
        g_string_append_printf(text, "live.rate=%.17g\n", o->rate);
    g_string_append_printf(text, "live.clip_id=%u\n", o->clip);
    cop_setup_append_corrupt(text, &cop_live_grid_config(grid)->corrupt);
    cop_setup_append_machine(text, COP_AGGREGATE_PROB);
    return g_string_free(text, FALSE);
}

/* --- life -------------------------------------------------------------------------- */

static CopStatus write_setup(CopLiveStore *s, CopError *err)
{
    const CopLiveModel *first = cop_live_grid_model(s->grid, 0);
    const CopStrings names = {first->label, first->classes};
    char *text = cop_live_setup_text(s->grid), *classes = cop_json_strings(&names);
    const CopStatus status = cop_store_setup(s->store, text, classes, &s->setup, err);
    g_free(text);
    g_free(classes);
    return status;
}

static CopStatus write_models(CopLiveStore *s, CopError *err)
{
    const CopVariants *variants = cop_live_grid_variants(s->grid);
    for (int m = 0; m < cop_live_grid_models(s->grid); m++) {
        const CopStoreModel row = cop_model_row(cop_live_grid_model(s->grid, m)->model);
        COP_TRY(cop_store_model(s->store, &row, &s->model[m], err));
        for (int v = 0; v < variants->n; v++) {
            const CopVariant *variant = &variants->item[v];
            COP_TRY(cop_store_cell(s->store, s->model[m], s->setup, cop_variant_name(variant),
                                   cop_variant_family(variant), variant->severity, variant->detail,
                                   &s->cell[m * variants->n + v], err));
        }
    }
    return COP_OK;
}

static CopStatus write_head(CopLiveStore *s, CopError *err)
{
    const CopKernelTable built_in = {0};
    COP_TRY(write_setup(s, err));
    COP_TRY(write_models(s, err));
    return cop_provenance_write(s->store, cop_live_grid_options(s->grid)->threads, &built_in, err);
}

CopStatus cop_live_store_open(CopLiveStore **out, const char *path, const char *stream,
                              const CopLiveGrid *grid, const char *command, CopError *err)
{
    const int models = cop_live_grid_models(grid), variants = cop_live_grid_variants(grid)->n;
    CopLiveStore *s = g_new0(CopLiveStore, 1);
    s->grid = grid;
    s->stream = g_strdup(stream);
    s->command = g_strdup(command);
    s->model = g_new0(int64_t, models);
    s->cell = g_new0(int64_t, models * variants);
    CopStatus status = cop_store_open(&s->store, path, true, err);
    if (status == COP_OK)
        status = cop_store_begin(s->store, err);
    if (status == COP_OK)
        status = write_head(s, err);
    if (status == COP_OK)
        status = cop_store_commit(s->store, err);
    if (status != COP_OK)
        cop_live_store_close(&s);
    *out = s;
    return status;
}

void cop_live_store_close(CopLiveStore **out)
{
    if (!out || !*out)
        return;
    CopLiveStore *s = *out;
    cop_store_close(&s->store); /* what is not committed is rolled back */
    g_free(s->stream);
    g_free(s->command);
    g_free(s->model);
    g_free(s->cell);
    g_free(s);
    *out = NULL;
}

/* --- windows ------------------------------------------------------------------------ */

/* Only a run that writes answers leaves a row. */
static CopStatus write_run(CopLiveStore *s, CopError *err)
{
    int64_t run;
    if (s->run_stored)
        return COP_OK;
    COP_TRY(cop_provenance_run(s->store, s->setup, cop_live_grid_config(s->grid), s->command, &run,
                               err));
    for (int m = 0; m < cop_live_grid_models(s->grid); m++) {
        char *path = g_canonicalize_filename(cop_live_grid_model(s->grid, m)->model->path, NULL);
        const CopStatus status = cop_store_run_model(s->store, run, s->model[m], path, err);
        g_free(path);
        COP_TRY(status);
    }
    return COP_OK;
}

static CopStatus write_lane(CopLiveStore *s, int64_t cell, int64_t clip, const CopLiveLane *lane,
                            CopError *err)
{
    bool there;
    COP_TRY(cop_store_has(s->store, cell, clip, COP_VIEW_ALL, &there, err));
    if (there)
        return COP_OK;
    CopStorePrediction row = {
        .cell = cell, .clip = clip, .view = COP_VIEW_ALL, .n_top = lane->n_top};
    memcpy(row.top, lane->top, sizeof row.top);
    memcpy(row.score, lane->score, sizeof row.score);
    COP_TRY(cop_store_predict(s->store, &row, err));
    return cop_store_seconds(s->store, cell, lane->hit.seconds, err);
}

static CopStatus write_window(CopLiveStore *s, const CopLiveGridAnswer *answer, CopError *err)
{
    const CopLiveWindow *window = answer->window;
    const int variants = cop_live_grid_variants(s->grid)->n;
    int64_t clip;
    char *name = window->pts == INT64_MIN
                     ? g_strdup_printf("%s#%" G_GINT64_FORMAT, s->stream, window->first)
                     : g_strdup_printf("%s@%.6f", s->stream, (double)window->pts / 1e6);
    CopStatus status = write_run(s, err);
    if (status == COP_OK)
        status = cop_store_clip(s->store, name, cop_live_grid_options(s->grid)->clip, answer->label,
                                &clip, err);
    g_free(name);
    COP_TRY(status);
    for (int m = 0; m < cop_live_grid_models(s->grid); m++)
        for (int i = 0; i < answer->n_lanes; i++)
            COP_TRY(write_lane(s, s->cell[m * variants + answer->variant[i]], clip,
                               &answer->lane[m * answer->n_lanes + i], err));
    return COP_OK;
}

CopStatus cop_live_store_add(CopLiveStore *s, const CopLiveGridAnswer *answer, CopError *err)
{
    COP_TRY(cop_store_begin(s->store, err));
    CopStatus status = write_window(s, answer, err);
    if (status == COP_OK)
        status = cop_store_commit(s->store, err);
    if (status == COP_OK)
        s->run_stored = true;
    else
        cop_store_rollback(s->store);
    return status;
}

CopStatus cop_live_store_note(CopLiveStore *s, const char *key, const char *value, CopError *err)
{
    return cop_store_meta(s->store, key, value, err);
}

/* Reading a result file: one setup's models, corruptions and clips.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "pipeline/eval/fidelity.h"
#include "pipeline/eval/results_load.h"

CopStatus cop_load_ask(CopLoader *load, const char *sql, int64_t key)
{
    sqlite3_finalize(load->rows);
    load->rows = NULL;
    COP_TRY(cop_database_prepare(load->db, sql, &load->rows, load->err));
    if (sqlite3_bind_parameter_count(load->rows) > 0)
        sqlite3_bind_int64(load->rows, 1, key);
    return COP_OK;
}

/* Files of an older schema lack some; *status is what became of asking. */
static bool has_table(CopLoader *load, const char *name, CopStatus *status)
{
    bool has = false;
    *status = cop_database_has(load->db, name, &has, load->err);
    return has;
}

CopStatus cop_load_next(CopLoader *load)
{
    const int code = sqlite3_step(load->rows);
    if (code == SQLITE_ROW)
        return COP_OK;
    return code == SQLITE_DONE ? COP_EOF : cop_database_error(load->db, "be read", load->err);
}

CopStatus cop_load_take(CopLoader *load, void *pointer, int64_t count, size_t size)
{
    void *memory = cop_arena_alloc(load->out->arena, (size_t)count, size);
    if (!memory)
        return cop_error_set(load->err, COP_ERR_NOMEM, "%s: does not fit into memory",
                             load->out->path);
    memcpy(pointer, &memory, sizeof memory);
    return COP_OK;
}

/* Room for as many items as `sql` counts; pages that stay unused cost nothing. */
static CopStatus take_for(CopLoader *load, void *pointer, size_t size, const char *sql)
{
    COP_TRY(cop_load_ask(load, sql, load->out->setup));
    const CopStatus status = cop_load_next(load);
    if (status != COP_OK)
        return status == COP_EOF ? COP_ERR_DATA : status;
    return cop_load_take(load, pointer, sqlite3_column_int64(load->rows, 0) + 1, size);
}

static CopStatus copy(CopLoader *load, const char **out, int column)
{
    const unsigned char *text = sqlite3_column_text(load->rows, column);
    *out = cop_arena_strdup(load->out->arena, text ? (const char *)text : "");
    return *out ? COP_OK : cop_error_set(load->err, COP_ERR_NOMEM, "out of memory");
}

static CopStatus load_setup(CopLoader *load, int64_t wanted)
{
    CopResults *out = load->out;
    CopStatus status;
    COP_TRY(cop_load_ask(
        load,
        "SELECT id, text, classes, EXISTS(SELECT 1 FROM cell JOIN prediction"
        " ON prediction.cell = cell.id WHERE cell.setup = setup.id) FROM setup ORDER BY id",
        0));
    while ((status = cop_load_next(load)) == COP_OK) {
        const int64_t id = sqlite3_column_int64(load->rows, 0);
        const bool filled = sqlite3_column_int(load->rows, 3) != 0;
        out->n_setups += filled;
        if (wanted ? id != wanted : !filled)
            continue;
        out->setup = id;
        COP_TRY(copy(load, &out->setup_text, 1));
        COP_TRY(copy(load, &out->classes, 2));
    }
    if (status != COP_EOF)
        return status;
    if (out->setup == 0 && wanted)
        return cop_error_set(load->err, COP_ERR_DATA, "%s: has no setup %lld", out->path,
                             (long long)wanted);
    if (out->setup == 0)
        return cop_error_set(load->err, COP_ERR_DATA, "%s: holds no predictions yet", out->path);
    return COP_OK;
}

static CopStatus load_clips(CopLoader *load)
{
    CopResults *out = load->out;
    CopStatus status;
    COP_TRY(take_for(load, &out->clips, sizeof *out->clips, "SELECT count(*) FROM clip"));
    COP_TRY(
        cop_load_ask(load,
                     "SELECT id, path, label FROM clip WHERE id IN (SELECT clip FROM prediction"
                     " JOIN cell ON cell.id = prediction.cell WHERE cell.setup = ?1 AND view = -1)"
                     " AND id NOT IN (SELECT clip FROM skip WHERE setup = ?1) ORDER BY id",
                     out->setup));
    while ((status = cop_load_next(load)) == COP_OK) {
        CopResultClip *clip = &out->clips[out->n_clips++];
        clip->id = sqlite3_column_int64(load->rows, 0);
        clip->label = sqlite3_column_int(load->rows, 2);
        out->n_labelled += clip->label >= 0;
        COP_TRY(copy(load, &clip->path, 1));
    }
    return status == COP_EOF ? COP_OK : status;
}

static CopStatus load_columns(CopLoader *load)
{
    CopResults *out = load->out;
    CopStatus status;
    static const char count[] = "SELECT count(*) FROM cell WHERE setup = ?1";
    COP_TRY(take_for(load, &out->columns, sizeof *out->columns, count));
    COP_TRY(take_for(load, &out->corruptions, sizeof *out->corruptions, count));
    out->columns[0] = (CopResultColumn){.corruption = -1, .detail = "", .psnr = NAN, .ssim = NAN};
    out->n_columns = 1;
    COP_TRY(cop_load_ask(load,
                         "SELECT corruption, family, severity, detail, min(id) FROM cell AS c"
                         " WHERE setup = ?1 AND corruption <> 'clean' GROUP BY corruption, severity"
                         " ORDER BY (SELECT min(id) FROM cell WHERE setup = ?1"
                         " AND corruption = c.corruption), severity",
                         out->setup));
    while ((status = cop_load_next(load)) == COP_OK) {
        const char *name;
        COP_TRY(copy(load, &name, 0));
        if (out->n_corruptions == 0 ||
            strcmp(name, out->corruptions[out->n_corruptions - 1].name) != 0) {
            CopResultCorruption *added = &out->corruptions[out->n_corruptions++];
            *added = (CopResultCorruption){.name = name, .first = out->n_columns};
            COP_TRY(copy(load, &added->family, 1));
        }
        CopResultColumn *column = &out->columns[out->n_columns++];
        column->corruption = out->n_corruptions - 1;
        column->severity = sqlite3_column_double(load->rows, 2);
        column->psnr = column->ssim = NAN;
        COP_TRY(copy(load, &column->detail, 3));
        out->corruptions[column->corruption].n++;
    }
    return status == COP_EOF ? COP_OK : status;
}

int cop_load_corruption(const CopResults *results, const char *name)
{
    int i = 0;
    while (i < results->n_corruptions && name && strcmp(results->corruptions[i].name, name) != 0)
        i++;
    return name ? i : results->n_corruptions;
}

/* What the corruptions did to the clips that count. */
static CopStatus load_fidelity(CopLoader *load)
{
    const CopResults *out = load->out;
    CopStatus status;
    if (!has_table(load, "fidelity", &status))
        return status;
    COP_TRY(
        cop_load_ask(load,
                     "SELECT corruption, severity, count(*), avg(mse), avg(ssim) FROM fidelity"
                     " WHERE setup = ?1 AND clip NOT IN (SELECT clip FROM skip WHERE setup = ?1)"
                     " GROUP BY corruption, severity",
                     out->setup));
    while ((status = cop_load_next(load)) == COP_OK) {
        const char *name = (const char *)sqlite3_column_text(load->rows, 0);
        const int at = cop_results_column(out, cop_load_corruption(out, name),
                                          sqlite3_column_double(load->rows, 1));
        if (at < 0)
            continue;
        out->columns[at].measured = sqlite3_column_int64(load->rows, 2);
        out->columns[at].psnr = cop_psnr(sqlite3_column_double(load->rows, 3));
        out->columns[at].ssim = sqlite3_column_double(load->rows, 4);
    }
    return status == COP_EOF ? COP_OK : status;
}

/* A text of each model that the query names, the last one where it names several. */
static CopStatus load_texts(CopLoader *load, const char *sql, size_t field)
{
    CopResults *out = load->out;
    CopStatus status;
    COP_TRY(cop_load_ask(load, sql, 0));
    while ((status = cop_load_next(load)) == COP_OK)
        for (int i = 0; i < out->n_models; i++)
            if (load->model_id[i] == sqlite3_column_int64(load->rows, 0))
                COP_TRY(copy(load, (void *)((char *)&out->models[i] + field), 1));
    return status == COP_EOF ? COP_OK : status;
}

static CopStatus load_models(CopLoader *load)
{
    CopResults *out = load->out;
    CopStatus status;
    static const char count[] = "SELECT count(*) FROM model";
    COP_TRY(take_for(load, &out->models, sizeof *out->models, count));
    COP_TRY(take_for(load, &load->model_id, sizeof *load->model_id, count));
    COP_TRY(cop_load_ask(
        load,
        "SELECT id, sha256, name, arch, method, density, seed, parameters, nonzeros, flops,"
        " flops_dense FROM model WHERE id IN (SELECT model FROM cell WHERE setup = ?1)"
        " ORDER BY id",
        out->setup));
    while ((status = cop_load_next(load)) == COP_OK) {
        load->model_id[out->n_models] = sqlite3_column_int64(load->rows, 0);
        CopResultModel *model = &out->models[out->n_models++];
        CopStoreModel *about = &model->about;
        COP_TRY(copy(load, &about->sha256, 1));
        COP_TRY(copy(load, &about->name, 2));
        COP_TRY(copy(load, &about->arch, 3));
        COP_TRY(copy(load, &about->method, 4));
        about->recipe = "";
        about->density = sqlite3_column_double(load->rows, 5);
        about->seed = (uint64_t)sqlite3_column_int64(load->rows, 6);
        about->parameters = sqlite3_column_int64(load->rows, 7);
        about->nonzeros = sqlite3_column_int64(load->rows, 8);
        about->flops = sqlite3_column_int64(load->rows, 9);
        about->flops_dense = sqlite3_column_int64(load->rows, 10);
    }
    if (status != COP_EOF)
        return status;
    if (has_table(load, "recipe", &status))
        status = load_texts(load, "SELECT model, hash FROM recipe",
                            offsetof(CopResultModel, about.recipe));
    COP_TRY(status);
    for (int i = 0; i < out->n_models; i++) {
        CopResultModel *model = &out->models[i];
        COP_TRY(cop_load_take(load, &model->cells, out->n_columns, sizeof *model->cells));
    }
    if (cop_results_arrange(out) != COP_OK)
        return cop_error_set(load->err, COP_ERR_NOMEM, "%s: does not fit into memory", out->path);
    return COP_OK;
}

/* Pictures of the clip that has most of them: a strip shows one clip throughout. */
static CopStatus load_pictures(CopLoader *load)
{
    CopResults *out = load->out;
    CopStatus status;
    COP_TRY(take_for(load, &out->pictures, sizeof *out->pictures,
                     "SELECT count(*) FROM picture WHERE setup = ?1"));
    COP_TRY(cop_load_ask(load,
                         "SELECT corruption, severity, png, path, min(frame) FROM picture"
                         " JOIN clip ON clip.id = picture.clip WHERE setup = ?1 AND clip.id ="
                         " (SELECT clip FROM picture WHERE setup = ?1 GROUP BY clip"
                         " ORDER BY count(*) DESC, clip LIMIT 1) GROUP BY corruption, severity",
                         out->setup));
    while ((status = cop_load_next(load)) == COP_OK) {
        CopResultPicture *picture = &out->pictures[out->n_pictures];
        const char *name = (const char *)sqlite3_column_text(load->rows, 0);
        picture->corruption = -1;
        if (name && strcmp(name, "clean") != 0) {
            picture->corruption = cop_load_corruption(out, name);
            if (picture->corruption == out->n_corruptions)
                continue;
        }
        const void *bytes = sqlite3_column_blob(load->rows, 2);
        picture->severity = sqlite3_column_double(load->rows, 1);
        picture->size = (size_t)sqlite3_column_bytes(load->rows, 2);
        void *png = NULL;
        COP_TRY(cop_load_take(load, &png, (int64_t)picture->size, 1));
        if (bytes)
            memcpy(png, bytes, picture->size);
        picture->png = png;
        COP_TRY(copy(load, &out->picture_clip, 3));
        out->n_pictures++;
    }
    return status == COP_EOF ? COP_OK : status;
}

static CopStatus load_pairs(CopLoader *load, CopResultPair **pairs, int *n, const char *count,
                            const char *sql)
{
    CopStatus status;
    COP_TRY(take_for(load, pairs, sizeof **pairs, count));
    COP_TRY(cop_load_ask(load, sql, load->out->setup));
    while ((status = cop_load_next(load)) == COP_OK) {
        CopResultPair *pair = &(*pairs)[(*n)++];
        COP_TRY(copy(load, &pair->key, 0));
        COP_TRY(copy(load, &pair->value, 1));
    }
    return status == COP_EOF ? COP_OK : status;
}

static CopStatus load_runs(CopLoader *load)
{
    CopResults *out = load->out;
    CopStatus status;
    if (!has_table(load, "run", &status))
        return status;
    COP_TRY(
        take_for(load, &out->runs, sizeof *out->runs, "SELECT count(*) FROM run WHERE setup = ?1"));
    COP_TRY(
        cop_load_ask(load,
                     "SELECT started, command, folder, config_hash, config, root, version FROM run"
                     " WHERE setup = ?1 ORDER BY id",
                     out->setup));
    while ((status = cop_load_next(load)) == COP_OK) {
        CopResultRun *run = &out->runs[out->n_runs++];
        const char **const fields[] = {&run->started,     &run->command, &run->folder,
                                       &run->config_hash, &run->config,  &run->root,
                                       &run->version};
        for (int i = 0; i < (int)(sizeof fields / sizeof fields[0]); i++)
            COP_TRY(copy(load, fields[i], i));
    }
    if (status != COP_EOF)
        return status;
    return load_texts(load, "SELECT model, path FROM run_model ORDER BY run",
                      offsetof(CopResultModel, path));
}

static CopStatus load_all(CopLoader *load, int64_t setup)
{
    CopResults *out = load->out;
    /* One read transaction: an evaluation may be adding rows meanwhile. */
    COP_TRY(cop_database_exec(load->db, "BEGIN", load->err));
    COP_TRY(load_setup(load, setup));
    COP_TRY(load_clips(load));
    COP_TRY(load_columns(load));
    COP_TRY(load_fidelity(load));
    COP_TRY(load_models(load));
    COP_TRY(cop_load_cells(load));
    COP_TRY(load_pictures(load));
    COP_TRY(load_runs(load));
    COP_TRY(load_pairs(load, &out->skips, &out->n_skips,
                       "SELECT count(*) FROM skip WHERE setup = ?1",
                       "SELECT path, reason FROM skip JOIN clip ON clip.id = skip.clip"
                       " WHERE setup = ?1 ORDER BY path"));
    return load_pairs(load, &out->meta, &out->n_meta, "SELECT count(*) FROM meta",
                      "SELECT key, value FROM meta ORDER BY key");
}

CopStatus cop_results_load(CopResults **out, const char *path, int64_t setup, CopError *err)
{
    *out = NULL;
    CopArena *arena;
    if (setup < 0)
        return cop_error_set(err, COP_ERR_ARG, "setup: got %lld; allowed: 1 and up",
                             (long long)setup);
    if (cop_arena_create(&arena, 0) != COP_OK)
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", path);
    CopResults *results = cop_arena_alloc(arena, 1, sizeof *results);
    results->arena = arena;
    results->path = cop_arena_strdup(arena, path);
    CopLoader load = {.out = results, .err = err};
    CopStatus status = cop_database_open(&load.db, path, COP_DATABASE_READ, err);
    if (status == COP_OK)
        status = load_all(&load, setup);
    sqlite3_finalize(load.rows);
    sqlite3_close(load.db);
    if (status != COP_OK)
        cop_results_free(&results);
    *out = results;
    return status;
}

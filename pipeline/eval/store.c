/* The result file: SQLite, write-ahead log, one row a prediction.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/store.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/rng.h"
#include "pipeline/eval/database.h"

typedef enum Query {
    MODEL_ADD,
    MODEL_FIND,
    SETUP_ADD,
    SETUP_FIND,
    CLIP_ADD,
    CLIP_FIND,
    CELL_ADD,
    CELL_FIND,
    CELL_SECONDS,
    HAS,
    PREDICT,
    PICTURE,
    FIDELITY,
    RECIPE,
    SKIP,
    UNSKIP,
    META,
    RUN,
    RUN_MODEL,
    QUERIES
} Query;

static const char *const queries[QUERIES] = {
    [MODEL_ADD] = "INSERT INTO model(sha256, name, arch, method, density, seed, parameters,"
                  " nonzeros, flops, flops_dense) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                  " ON CONFLICT DO NOTHING",
    [MODEL_FIND] = "SELECT id FROM model WHERE sha256 = ?",
    [SETUP_ADD] = "INSERT INTO setup(identity, text, classes) VALUES(?, ?, ?)"
                  " ON CONFLICT DO NOTHING",
    [SETUP_FIND] = "SELECT id FROM setup WHERE identity = ? AND text = ? AND classes = ?",
    [CLIP_ADD] = "INSERT INTO clip(path, identity, label) VALUES(?, ?, ?) ON CONFLICT DO NOTHING",
    [CLIP_FIND] = "SELECT id FROM clip WHERE path = ? AND identity = ? AND label = ?",
    [CELL_ADD] = "INSERT INTO cell(model, setup, corruption, severity, family, detail)"
                 " VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    [CELL_FIND] = "SELECT id FROM cell WHERE model = ? AND setup = ? AND corruption = ?"
                  " AND severity = ? AND family = ? AND detail = ?",
    [CELL_SECONDS] = "UPDATE cell SET seconds = seconds + ?2 WHERE id = ?1 RETURNING id",
    [HAS] = "SELECT 1 FROM prediction WHERE cell = ? AND clip = ? AND view = ?",
    [PREDICT] = "INSERT INTO prediction VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [PICTURE] = "INSERT OR REPLACE INTO picture VALUES(?, ?, ?, ?, ?, ?)",
    [FIDELITY] = "INSERT OR IGNORE INTO fidelity VALUES(?, ?, ?, ?, ?, ?)",
    [RECIPE] = "INSERT OR IGNORE INTO recipe VALUES(?, ?)",
    [SKIP] = "INSERT OR REPLACE INTO skip VALUES(?, ?, ?)",
    [UNSKIP] = "DELETE FROM skip WHERE setup = ? AND clip = ?",
    [META] = "INSERT OR REPLACE INTO meta VALUES(?, ?)",
    [RUN] = "INSERT INTO run(setup, started, command, folder, config_hash, config, root, version)"
            " VALUES(?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), ?, ?, ?, ?, ?, ?) RETURNING id",
    [RUN_MODEL] = "INSERT OR REPLACE INTO run_model VALUES(?, ?, ?)",
};

struct CopStore {
    sqlite3 *db;
    sqlite3_stmt *statement[QUERIES];
};

static CopStatus prepare(CopStore *store, Query query, CopError *err)
{
    sqlite3_stmt **statement = &store->statement[query];
    return *statement ? COP_OK : cop_database_prepare(store->db, queries[query], statement, err);
}

/* Runs a query whose values are bound. The first column of the row that comes back,
 * if one does, goes into *value. */
static CopStatus step(CopStore *store, Query query, int64_t *value, bool *found, CopError *err)
{
    sqlite3_stmt *statement = store->statement[query];
    const int code = sqlite3_step(statement);
    CopStatus status = COP_OK;
    if (code == SQLITE_ROW && value)
        *value = sqlite3_column_int64(statement, 0);
    else if (code != SQLITE_ROW && code != SQLITE_DONE)
        status = cop_database_error(store->db, query == HAS ? "be read" : "be written", err);
    if (found)
        *found = code == SQLITE_ROW;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return status;
}

/* Binds and runs. Types: i int64_t, d double, s text, b bytes and their size_t. */
static CopStatus run(CopStore *store, Query query, int64_t *value, bool *found, CopError *err,
                     const char *types, ...)
{
    COP_TRY(prepare(store, query, err));
    sqlite3_stmt *statement = store->statement[query];
    int code = SQLITE_OK, column = 1;
    va_list values;
    va_start(values, types);
    for (const char *type = types; *type && code == SQLITE_OK; type++, column++) {
        if (*type == 'i') {
            code = sqlite3_bind_int64(statement, column, va_arg(values, int64_t));
        } else if (*type == 'd') {
            code = sqlite3_bind_double(statement, column, va_arg(values, double));
        } else if (*type == 's') {
            const char *text = va_arg(values, const char *);
            code = sqlite3_bind_text(statement, column, text, -1, SQLITE_STATIC);
        } else {
            const void *bytes = va_arg(values, const void *);
            const size_t size = va_arg(values, size_t);
            code = sqlite3_bind_blob64(statement, column, bytes, size, SQLITE_STATIC);
        }
    }
    va_end(values);
    if (code != SQLITE_OK) {
        sqlite3_clear_bindings(statement);
        return cop_database_error(store->db, "be written", err);
    }
    return step(store, query, value, found, err);
}

CopStatus cop_store_open(CopStore **out, const char *path, bool create, CopError *err)
{
    *out = NULL;
    CopStore *store = calloc(1, sizeof *store);
    if (!store)
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", path);
    const CopDatabaseMode mode = create ? COP_DATABASE_CREATE : COP_DATABASE_WRITE;
    const CopStatus status = cop_database_open(&store->db, path, mode, err);
    if (status != COP_OK)
        cop_store_close(&store);
    *out = store;
    return status;
}

void cop_store_close(CopStore **store)
{
    if (!store || !*store)
        return;
    for (int i = 0; i < QUERIES; i++)
        sqlite3_finalize((*store)->statement[i]);
    sqlite3_close((*store)->db); /* an open transaction is rolled back */
    free(*store);
    *store = NULL;
}

/* Models of files from before there were recipes get theirs when they are seen again. */
static CopStatus store_recipe(CopStore *store, int64_t model, const char *recipe, CopError *err)
{
    if (!recipe || !*recipe)
        return COP_OK;
    return run(store, RECIPE, NULL, NULL, err, "is", model, recipe);
}

CopStatus cop_store_model(CopStore *store, const CopStoreModel *model, int64_t *id, CopError *err)
{
    bool found;
    COP_TRY(run(store, MODEL_FIND, id, &found, err, "s", model->sha256));
    if (found)
        return store_recipe(store, *id, model->recipe, err);
    COP_TRY(run(store, MODEL_ADD, NULL, NULL, err, "ssssdiiiii", model->sha256, model->name,
                model->arch, model->method, model->density, (int64_t)model->seed, model->parameters,
                model->nonzeros, model->flops, model->flops_dense));
    COP_TRY(run(store, MODEL_FIND, id, NULL, err, "s", model->sha256));
    return store_recipe(store, *id, model->recipe, err);
}

static int64_t identity_of(const char *text, const char *classes)
{
    const uint64_t hash[2] = {cop_fnv1a(text, strlen(text)), cop_fnv1a(classes, strlen(classes))};
    return (int64_t)cop_fnv1a(hash, sizeof hash);
}

CopStatus cop_store_setup(CopStore *store, const char *text, const char *classes, int64_t *id,
                          CopError *err)
{
    bool found;
    const int64_t identity = identity_of(text, classes);
    COP_TRY(run(store, SETUP_FIND, id, &found, err, "iss", identity, text, classes));
    if (found)
        return COP_OK;
    COP_TRY(run(store, SETUP_ADD, NULL, NULL, err, "iss", identity, text, classes));
    COP_TRY(run(store, SETUP_FIND, id, &found, err, "iss", identity, text, classes));
    if (!found)
        return cop_error_set(err, COP_ERR_DATA,
                             "two setups have the identity %llx; use another result file",
                             (unsigned long long)identity);
    return COP_OK;
}

CopStatus cop_store_clip(CopStore *store, const char *path, uint32_t identity, int label,
                         int64_t *id, CopError *err)
{
    bool found;
    const int64_t identity64 = identity, label64 = label;
    COP_TRY(run(store, CLIP_FIND, id, &found, err, "sii", path, identity64, label64));
    if (found)
        return COP_OK;
    COP_TRY(run(store, CLIP_ADD, NULL, NULL, err, "sii", path, identity64, label64));
    return run(store, CLIP_FIND, id, NULL, err, "sii", path, identity64, label64);
}

CopStatus cop_store_cell(CopStore *store, int64_t model, int64_t setup, const char *corruption,
                         const char *family, double severity, const char *detail, int64_t *id,
                         CopError *err)
{
    static const char types[] = "iisdss";
    bool found;
    if (!isfinite(severity)) /* SQLite would keep NULL, and the grid lose a cell */
        return cop_error_set(err, COP_ERR_ARG, "%s: severity must be a number", corruption);
    COP_TRY(run(store, CELL_FIND, id, &found, err, types, model, setup, corruption, severity,
                family, detail));
    if (found)
        return COP_OK;
    COP_TRY(run(store, CELL_ADD, NULL, NULL, err, types, model, setup, corruption, severity, family,
                detail));
    COP_TRY(run(store, CELL_FIND, id, &found, err, types, model, setup, corruption, severity,
                family, detail));
    /* The setup's text covers the options; a detail that moved under it means that the
     * corruption itself is another one than when this file was begun. */
    if (!found)
        return cop_error_set(err, COP_ERR_DATA,
                             "%s at severity %g is in this result file with other parameters than "
                             "\"%s\"; use another file",
                             corruption, severity, detail);
    return COP_OK;
}

CopStatus cop_store_has(CopStore *store, int64_t cell, int64_t clip, int view, bool *has,
                        CopError *err)
{
    return run(store, HAS, NULL, has, err, "iii", cell, clip, (int64_t)view);
}

CopStatus cop_store_begin(CopStore *store, CopError *err)
{
    /* IMMEDIATE waits for another writer here, where waiting works; a deferred one
     * would fail at its first write instead. */
    return cop_database_exec(store->db, "BEGIN IMMEDIATE", err);
}

CopStatus cop_store_commit(CopStore *store, CopError *err)
{
    return cop_database_exec(store->db, "COMMIT", err);
}

void cop_store_rollback(CopStore *store)
{
    /* Fails only where no transaction is open, and then nothing is to be undone. */
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

CopStatus cop_store_predict(CopStore *store, const CopStorePrediction *prediction, CopError *err)
{
    const CopStorePrediction *p = prediction;
    if (p->n_top < 1 || p->n_top > COP_TOP)
        return cop_error_set(err, COP_ERR_ARG, "a prediction has 1 to %d classes, not %d", COP_TOP,
                             p->n_top);
    COP_TRY(prepare(store, PREDICT, err));
    sqlite3_stmt *statement = store->statement[PREDICT];
    bool bound = sqlite3_bind_int64(statement, 1, p->cell) == SQLITE_OK &&
                 sqlite3_bind_int64(statement, 2, p->clip) == SQLITE_OK &&
                 sqlite3_bind_int(statement, 3, p->view) == SQLITE_OK;
    for (int i = 0; bound && i < p->n_top; i++) /* what is not bound stays NULL */
        bound = sqlite3_bind_int(statement, 4 + i, p->top[i]) == SQLITE_OK &&
                sqlite3_bind_double(statement, 4 + COP_TOP + i, (double)p->score[i]) == SQLITE_OK;
    if (!bound) {
        sqlite3_clear_bindings(statement);
        return cop_database_error(store->db, "be written", err);
    }
    return step(store, PREDICT, NULL, NULL, err);
}

CopStatus cop_store_seconds(CopStore *store, int64_t cell, double seconds, CopError *err)
{
    bool found;
    COP_TRY(run(store, CELL_SECONDS, NULL, &found, err, "id", cell, seconds));
    if (!found)
        return cop_error_set(err, COP_ERR_ARG, "there is no cell %lld", (long long)cell);
    return COP_OK;
}

CopStatus cop_store_picture(CopStore *store, int64_t setup, const char *corruption, double severity,
                            int64_t clip, int frame, const void *png, size_t size, CopError *err)
{
    return run(store, PICTURE, NULL, NULL, err, "isdiib", setup, corruption, severity, clip,
               (int64_t)frame, png, size);
}

CopStatus cop_store_fidelity(CopStore *store, int64_t setup, const char *corruption,
                             double severity, int64_t clip, double mse, double ssim, CopError *err)
{
    return run(store, FIDELITY, NULL, NULL, err, "isdidd", setup, corruption, severity, clip, mse,
               ssim);
}

CopStatus cop_store_skip(CopStore *store, int64_t setup, int64_t clip, const char *reason,
                         CopError *err)
{
    return run(store, SKIP, NULL, NULL, err, "iis", setup, clip, reason);
}

CopStatus cop_store_unskip(CopStore *store, int64_t setup, int64_t clip, CopError *err)
{
    return run(store, UNSKIP, NULL, NULL, err, "ii", setup, clip);
}

CopStatus cop_store_run(CopStore *store, int64_t setup, const CopStoreRun *about, int64_t *id,
                        CopError *err)
{
    char hash[17];
    snprintf(hash, sizeof hash, "%016llx",
             (unsigned long long)cop_fnv1a(about->config, strlen(about->config)));
    return run(store, RUN, id, NULL, err, "issssss", setup, about->command, about->folder, hash,
               about->config, about->root, about->version);
}

CopStatus cop_store_run_model(CopStore *store, int64_t run_id, int64_t model, const char *path,
                              CopError *err)
{
    return run(store, RUN_MODEL, NULL, NULL, err, "iis", run_id, model, path);
}

CopStatus cop_store_meta(CopStore *store, const char *key, const char *value, CopError *err)
{
    return run(store, META, NULL, NULL, err, "ss", key, value);
}

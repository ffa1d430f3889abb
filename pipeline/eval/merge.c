/* Joining result files: the part is attached, and SQL does the rest.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/merge.h"

#include <glib.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/eval/database.h"

/* Rows that stand for something of their own, and the numbers that they have on both sides. */
static const char things[] =
    "INSERT OR IGNORE INTO main.model(sha256, name, arch, method, density, seed, parameters,"
    " nonzeros, flops, flops_dense) SELECT sha256, name, arch, method, density, seed, parameters,"
    " nonzeros, flops, flops_dense FROM part.model;"
    "INSERT OR IGNORE INTO main.setup(identity, text, classes)"
    " SELECT identity, text, classes FROM part.setup;"
    "INSERT OR IGNORE INTO main.clip(path, identity, label)"
    " SELECT path, identity, label FROM part.clip ORDER BY id;"
    "CREATE TEMP TABLE model_of(part INTEGER PRIMARY KEY, main INTEGER);"
    "INSERT INTO model_of SELECT p.id, m.id FROM part.model p JOIN main.model m USING(sha256);"
    "CREATE TEMP TABLE setup_of(part INTEGER PRIMARY KEY, main INTEGER);"
    "INSERT INTO setup_of SELECT p.id, m.id FROM part.setup p"
    " JOIN main.setup m USING(identity, text, classes);"
    "CREATE TEMP TABLE clip_of(part INTEGER PRIMARY KEY, main INTEGER);"
    "INSERT INTO clip_of SELECT p.id, m.id FROM part.clip p"
    " JOIN main.clip m USING(path, identity, label);"
    "INSERT OR IGNORE INTO main.cell(model, setup, corruption, family, severity, detail)"
    " SELECT m.main, s.main, corruption, family, severity, detail FROM part.cell c"
    " JOIN model_of m ON m.part = c.model JOIN setup_of s ON s.part = c.setup ORDER BY c.id;"
    "CREATE TEMP TABLE cell_of(part INTEGER PRIMARY KEY, main INTEGER);"
    "INSERT INTO cell_of SELECT c.id, o.id FROM part.cell c"
    " JOIN model_of m ON m.part = c.model JOIN setup_of s ON s.part = c.setup"
    " JOIN main.cell o ON o.model = m.main AND o.setup = s.main AND o.corruption = c.corruption"
    " AND o.severity = c.severity AND o.family = c.family AND o.detail = c.detail;";

/* What the two sides must agree on: a count of 0 each. */
static const struct {
    const char *count, *complaint;
} conditions[] = {
    {"SELECT (SELECT count(*) FROM part.setup) - (SELECT count(*) FROM setup_of)",
     "holds a setup whose identity another one has in"},
    {"SELECT (SELECT count(*) FROM part.cell) - (SELECT count(*) FROM cell_of)",
     "has corruptions with other parameters than"},
    {"SELECT count(*) FROM part.prediction p JOIN cell_of c ON c.part = p.cell"
     " JOIN clip_of k ON k.part = p.clip JOIN main.prediction o"
     " ON o.cell = c.main AND o.clip = k.main AND o.view = p.view"
     " WHERE (p.top1, p.top2, p.top3, p.top4, p.top5, p.score1, p.score2, p.score3, p.score4,"
     " p.score5) IS NOT (o.top1, o.top2, o.top3, o.top4, o.top5, o.score1, o.score2, o.score3,"
     " o.score4, o.score5)",
     "answers differently than"},
};

static const char count_all[] = "SELECT count(*) FROM part.prediction";
static const char count_new[] =
    "SELECT count(*) FROM part.prediction p JOIN cell_of c ON c.part = p.cell"
    " JOIN clip_of k ON k.part = p.clip WHERE NOT EXISTS (SELECT 1 FROM main.prediction o"
    " WHERE o.cell = c.main AND o.clip = k.main AND o.view = p.view)";

/* Time counts with the answers that it bought: those that were there have brought theirs. A
 * clip is left out of a setup until every cell of it has its answer: an answer that one model
 * gave before the clip broke heals nothing for the other models. */
static const char rows[] =
    "CREATE TEMP TABLE share(cell INTEGER PRIMARY KEY, seconds REAL);"
    "INSERT INTO share SELECT c.main, p.seconds * avg(o.cell IS NULL) FROM part.cell p"
    " JOIN cell_of c ON c.part = p.id JOIN part.prediction q ON q.cell = p.id"
    " JOIN clip_of k ON k.part = q.clip LEFT JOIN main.prediction o"
    " ON o.cell = c.main AND o.clip = k.main AND o.view = q.view GROUP BY p.id;"
    "UPDATE main.cell SET seconds = cell.seconds + share.seconds FROM share"
    " WHERE share.cell = cell.id;"
    "INSERT OR IGNORE INTO main.prediction SELECT c.main, k.main, view, top1, top2, top3, top4,"
    " top5, score1, score2, score3, score4, score5 FROM part.prediction p"
    " JOIN cell_of c ON c.part = p.cell JOIN clip_of k ON k.part = p.clip;"
    "INSERT OR IGNORE INTO main.picture SELECT s.main, corruption, severity, k.main, frame, png"
    " FROM part.picture p JOIN setup_of s ON s.part = p.setup JOIN clip_of k ON k.part = p.clip;"
    "INSERT OR IGNORE INTO main.fidelity SELECT s.main, corruption, severity, k.main, mse, ssim"
    " FROM part.fidelity p JOIN setup_of s ON s.part = p.setup JOIN clip_of k ON k.part = p.clip;"
    "INSERT OR IGNORE INTO main.recipe SELECT m.main, hash FROM part.recipe p"
    " JOIN model_of m ON m.part = p.model;"
    "INSERT OR IGNORE INTO main.skip SELECT s.main, k.main, reason FROM part.skip p"
    " JOIN setup_of s ON s.part = p.setup JOIN clip_of k ON k.part = p.clip;"
    "DELETE FROM main.skip WHERE setup IN (SELECT main FROM setup_of)"
    " AND NOT EXISTS (SELECT 1 FROM main.cell c WHERE c.setup = skip.setup"
    " AND NOT EXISTS (SELECT 1 FROM main.prediction p"
    " WHERE p.cell = c.id AND p.clip = skip.clip AND p.view = -1));" /* COP_VIEW_ALL */
    "INSERT OR IGNORE INTO main.meta SELECT * FROM part.meta;"
    "CREATE TEMP TABLE run_of(part INTEGER PRIMARY KEY, main INTEGER);"
    "INSERT INTO run_of SELECT id, (SELECT coalesce(max(id), 0) FROM main.run)"
    " + row_number() OVER (ORDER BY id) FROM part.run p WHERE NOT EXISTS (SELECT 1 FROM main.run o"
    " WHERE (o.started, o.command, o.folder, o.config_hash) ="
    " (p.started, p.command, p.folder, p.config_hash));"
    "INSERT INTO main.run SELECT r.main, s.main, started, command, folder, config_hash, config,"
    " root, version FROM part.run p JOIN run_of r ON r.part = p.id"
    " JOIN setup_of s ON s.part = p.setup;"
    "INSERT INTO main.run_model SELECT r.main, m.main, path FROM part.run_model p"
    " JOIN run_of r ON r.part = p.run JOIN model_of m ON m.part = p.model;";

static const char clean_up[] =
    "DROP TABLE IF EXISTS temp.model_of; DROP TABLE IF EXISTS temp.setup_of;"
    "DROP TABLE IF EXISTS temp.clip_of; DROP TABLE IF EXISTS temp.cell_of;"
    "DROP TABLE IF EXISTS temp.run_of; DROP TABLE IF EXISTS temp.share;";

static CopStatus number(sqlite3 *db, const char *sql, long *out, CopError *err)
{
    sqlite3_stmt *statement = NULL;
    CopStatus status = cop_database_prepare(db, sql, &statement, err);
    if (status == COP_OK && sqlite3_step(statement) == SQLITE_ROW)
        *out = (long)sqlite3_column_int64(statement, 0);
    else if (status == COP_OK)
        status = cop_database_error(db, "be read", err);
    sqlite3_finalize(statement);
    return status;
}

static CopStatus attach(sqlite3 *db, const char *part, const char *uri, CopError *err)
{
    sqlite3_stmt *statement = NULL;
    COP_TRY(cop_database_prepare(db, "ATTACH ? AS part", &statement, err));
    CopStatus status = COP_OK;
    if (sqlite3_bind_text(statement, 1, uri, -1, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_DONE)
        status =
            cop_error_set(err, COP_ERR_DATA, "%s: cannot be read: %s", part, sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return status;
}

static CopStatus join(sqlite3 *db, const char *into, const char *part, CopMergeResult *result,
                      CopError *err)
{
    COP_TRY(cop_database_exec(db, things, err));
    for (gsize i = 0; i < G_N_ELEMENTS(conditions); i++) {
        long differences = 0;
        COP_TRY(number(db, conditions[i].count, &differences, err));
        if (differences)
            return cop_error_set(err, COP_ERR_DATA, "%s: %s %s (%ld rows); nothing was merged",
                                 part, conditions[i].complaint, into, differences);
    }
    COP_TRY(number(db, count_all, &result->predictions, err));
    COP_TRY(number(db, count_new, &result->added, err));
    return cop_database_exec(db, rows, err);
}

static CopStatus merge_attached(sqlite3 *db, const char *into, const char *part,
                                CopMergeResult *result, CopError *err)
{
    COP_TRY(cop_database_exec(db, "BEGIN IMMEDIATE", err));
    CopStatus status = join(db, into, part, result, err);
    if (status == COP_OK)
        status = cop_database_exec(db, clean_up, err);
    if (status == COP_OK)
        status = cop_database_exec(db, "COMMIT", err);
    if (status != COP_OK)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

CopStatus cop_merge(const char *into, const char *part, CopMergeResult *result, CopError *err)
{
    sqlite3 *db;
    *result = (CopMergeResult){0};
    if (same_file(into, part))
        return cop_error_set(err, COP_ERR_ARG, "%s: cannot be merged into itself", part);
    char *uri;
    COP_TRY(cop_database_uri(part, &uri, err));
    CopStatus status = cop_database_open(&db, into, COP_DATABASE_CREATE, err);
    if (status == COP_OK)
        status = attach(db, part, uri, err);
    if (status == COP_OK)
        status = merge_attached(db, into, part, result, err);
    sqlite3_close(db);
    g_free(uri);
    return status;
}

/* A setup's clips are those that it answers for or leaves out: the file has no list of them. */
static const char count_skips[] =
    "SELECT setup, count(*), (SELECT count(*) FROM (SELECT p.clip FROM prediction p JOIN cell c"
    " ON c.id = p.cell WHERE c.setup = s.setup UNION SELECT clip FROM skip WHERE setup = s.setup))"
    " FROM skip s GROUP BY setup ORDER BY setup";

CopStatus cop_merge_skips(const char *path, char **out, CopError *err)
{
    sqlite3 *db;
    sqlite3_stmt *statement = NULL;
    *out = NULL;
    COP_TRY(cop_database_open(&db, path, COP_DATABASE_READ, err));
    CopStatus status = cop_database_prepare(db, count_skips, &statement, err);
    GString *text = g_string_new(NULL);
    int code = SQLITE_DONE;
    while (status == COP_OK && (code = sqlite3_step(statement)) == SQLITE_ROW)
        g_string_append_printf(text, "%s, setup %lld: %lld of %lld clips skipped\n", path,
                               (long long)sqlite3_column_int64(statement, 0),
                               (long long)sqlite3_column_int64(statement, 1),
                               (long long)sqlite3_column_int64(statement, 2));
    if (status == COP_OK && code != SQLITE_DONE)
        status = cop_database_error(db, "be read", err);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    *out = g_string_free(text, status != COP_OK);
    return status;
}

/* SQLite under the result file: opening, schema, statements, errors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/database.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    APPLICATION_ID = 0x436F7043, /* "CopC": tells our files from other SQLite files */
    SCHEMA = 4,
    BUSY_MS = 20000 /* a lane batch commits in milliseconds; a checkpoint may take seconds */
};

/* Schema 1; what came later is added to it step by step, in new files as in old ones. */
static const char schema[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE model(id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
    " arch TEXT NOT NULL, method TEXT NOT NULL, density REAL NOT NULL, seed INTEGER NOT NULL,"
    " parameters INTEGER NOT NULL, nonzeros INTEGER NOT NULL, flops INTEGER NOT NULL,"
    " flops_dense INTEGER NOT NULL);"
    "CREATE TABLE setup(id INTEGER PRIMARY KEY, identity INTEGER NOT NULL UNIQUE,"
    " text TEXT NOT NULL, classes TEXT NOT NULL);"
    "CREATE TABLE clip(id INTEGER PRIMARY KEY, path TEXT NOT NULL, identity INTEGER NOT NULL,"
    " label INTEGER NOT NULL, UNIQUE(path, identity, label));"
    "CREATE TABLE cell(id INTEGER PRIMARY KEY, model INTEGER NOT NULL REFERENCES model,"
    " setup INTEGER NOT NULL REFERENCES setup, corruption TEXT NOT NULL, family TEXT NOT NULL,"
    " severity REAL NOT NULL, detail TEXT NOT NULL, seconds REAL NOT NULL DEFAULT 0,"
    " UNIQUE(model, setup, corruption, severity));"
    "CREATE TABLE prediction(cell INTEGER NOT NULL REFERENCES cell,"
    " clip INTEGER NOT NULL REFERENCES clip, view INTEGER NOT NULL,"
    " top1 INTEGER NOT NULL, top2 INTEGER, top3 INTEGER, top4 INTEGER, top5 INTEGER,"
    " score1 REAL, score2 REAL, score3 REAL, score4 REAL, score5 REAL,"
    " PRIMARY KEY(cell, clip, view)) WITHOUT ROWID;"
    "CREATE TABLE picture(setup INTEGER NOT NULL REFERENCES setup, corruption TEXT NOT NULL,"
    " severity REAL NOT NULL, clip INTEGER NOT NULL REFERENCES clip, frame INTEGER NOT NULL,"
    " png BLOB NOT NULL, PRIMARY KEY(setup, corruption, severity, clip, frame));"
    "CREATE TABLE skip(setup INTEGER NOT NULL REFERENCES setup,"
    " clip INTEGER NOT NULL REFERENCES clip, reason TEXT NOT NULL,"
    " PRIMARY KEY(setup, clip)) WITHOUT ROWID;"
    "INSERT INTO meta VALUES('created', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'));";

/* From each schema to the next one. */
static const char *const upgrades[SCHEMA] = {
    [1] = "CREATE TABLE run(id INTEGER PRIMARY KEY, setup INTEGER NOT NULL REFERENCES setup,"
          " started TEXT NOT NULL, command TEXT NOT NULL, folder TEXT NOT NULL,"
          " config_hash TEXT NOT NULL, config TEXT NOT NULL, root TEXT NOT NULL,"
          " version TEXT NOT NULL);"
          "CREATE TABLE run_model(run INTEGER NOT NULL REFERENCES run,"
          " model INTEGER NOT NULL REFERENCES model, path TEXT NOT NULL,"
          " PRIMARY KEY(run, model)) WITHOUT ROWID;",
    [2] = "CREATE TABLE recipe(model INTEGER PRIMARY KEY REFERENCES model, hash TEXT NOT NULL);"
          "CREATE TABLE fidelity(setup INTEGER NOT NULL REFERENCES setup,"
          " corruption TEXT NOT NULL, severity REAL NOT NULL,"
          " clip INTEGER NOT NULL REFERENCES clip, mse REAL NOT NULL, ssim REAL NOT NULL,"
          " PRIMARY KEY(setup, corruption, severity, clip)) WITHOUT ROWID;",
    /* In the order in which a grid answers, so that a lane batch touches a page or two. */
    [3] = "CREATE TABLE answers(cell INTEGER NOT NULL REFERENCES cell,"
          " clip INTEGER NOT NULL REFERENCES clip, view INTEGER NOT NULL,"
          " top1 INTEGER NOT NULL, top2 INTEGER, top3 INTEGER, top4 INTEGER, top5 INTEGER,"
          " score1 REAL, score2 REAL, score3 REAL, score4 REAL, score5 REAL,"
          " PRIMARY KEY(clip, cell, view)) WITHOUT ROWID;"
          "INSERT INTO answers SELECT * FROM prediction ORDER BY clip, cell, view;"
          "DROP TABLE prediction;"
          "ALTER TABLE answers RENAME TO prediction;",
};

static CopStatus report(sqlite3 *db, const char *path, const char *doing, CopError *err)
{
    const int code = sqlite3_errcode(db) & 0xFF;
    CopStatus status = COP_ERR_IO; /* busy, full, read-only, not permitted, cannot open */
    switch (code) {
    case SQLITE_NOMEM:
        status = COP_ERR_NOMEM;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_ERROR: /* a table or column that is not there: not our file */
        status = COP_ERR_DATA;
        break;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
        status = COP_ERR_ARG;
        break;
    case SQLITE_INTERRUPT:
        status = COP_ERR_INTERRUPTED;
        break;
    }
    if (code == SQLITE_NOTADB)
        return cop_error_set(err, status, "%s: is not a coppice result file", path);
    /* Only these two leave an errno of their own, which says more; for others it is an
     * old one. */
    const bool refused = code == SQLITE_CANTOPEN || code == SQLITE_IOERR;
    const int reason = refused ? sqlite3_system_errno(db) : 0;
    return cop_error_set(err, status, "%s: cannot %s: %s", path, doing,
                         reason ? strerror(reason) : sqlite3_errmsg(db));
}

CopStatus cop_database_error(sqlite3 *db, const char *doing, CopError *err)
{
    const char *path = sqlite3_db_filename(db, "main");
    return report(db, path && path[0] ? path : "result file", doing, err);
}

CopStatus cop_database_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out, CopError *err)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK)
        return COP_OK;
    return cop_database_error(db, "be read", err);
}

CopStatus cop_database_exec(sqlite3 *db, const char *sql, CopError *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return COP_OK;
    return cop_database_error(db, "be written", err);
}

static CopStatus pragma(sqlite3 *db, const char *sql, int *value, CopError *err)
{
    sqlite3_stmt *statement = NULL;
    CopStatus status = cop_database_prepare(db, sql, &statement, err);
    if (status == COP_OK && sqlite3_step(statement) == SQLITE_ROW)
        *value = sqlite3_column_int(statement, 0);
    else if (status == COP_OK)
        status = cop_database_error(db, "be read", err);
    sqlite3_finalize(statement);
    return status;
}

CopStatus cop_database_has(sqlite3 *db, const char *table, bool *has, CopError *err)
{
    sqlite3_stmt *statement = NULL;
    COP_TRY(cop_database_prepare(
        db, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", &statement, err));
    sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
    const int code = sqlite3_step(statement);
    *has = code == SQLITE_ROW;
    const CopStatus status =
        code == SQLITE_ROW || code == SQLITE_DONE ? COP_OK : cop_database_error(db, "be read", err);
    sqlite3_finalize(statement);
    return status;
}

static CopStatus check_version(const char *path, int version, CopError *err)
{
    if (version <= SCHEMA)
        return COP_OK;
    return cop_error_set(err, COP_ERR_DATA,
                         "%s: is of schema %d; this version of coppice reads up to %d", path,
                         version, SCHEMA);
}

/* Reads the marks only, so that a file of another kind is left as it was. *version is 0
 * for an empty file. */
static CopStatus check(sqlite3 *db, const char *path, int *version, CopError *err)
{
    int pages = 0, application = 0;
    COP_TRY(pragma(db, "PRAGMA page_count", &pages, err));
    COP_TRY(pragma(db, "PRAGMA application_id", &application, err));
    COP_TRY(pragma(db, "PRAGMA user_version", version, err));
    if (pages == 0) {
        *version = 0;
        return COP_OK;
    }
    if (application != APPLICATION_ID || *version < 1)
        return cop_error_set(err, COP_ERR_DATA, "%s: is not a coppice result file", path);
    return check_version(path, *version, err);
}

/* Runs what lies between the file's schema and ours; inside a transaction. */
static CopStatus lift(sqlite3 *db, const char *path, CopError *err)
{
    int application = 0, version = 0;
    char marks[96];
    COP_TRY(pragma(db, "PRAGMA application_id", &application, err));
    COP_TRY(pragma(db, "PRAGMA user_version", &version, err));
    if (application == 0) {
        COP_TRY(cop_database_exec(db, schema, err));
        version = 1;
    }
    COP_TRY(check_version(path, version, err));
    for (; version < SCHEMA; version++)
        COP_TRY(cop_database_exec(db, upgrades[version], err));
    sqlite3_snprintf(sizeof marks, marks, "PRAGMA application_id=%d; PRAGMA user_version=%d",
                     APPLICATION_ID, SCHEMA);
    return cop_database_exec(db, marks, err);
}

/* Fills an empty file, or brings an older one up. Two processes may find it at once:
 * whoever locks it first does the work, and the other one sees it done. */
static CopStatus bring_up(sqlite3 *db, const char *path, CopError *err)
{
    COP_TRY(cop_database_exec(db, "BEGIN IMMEDIATE", err));
    CopStatus status = lift(db, path, err);
    if (status == COP_OK)
        status = cop_database_exec(db, "COMMIT", err);
    if (status != COP_OK)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

static CopStatus attach(sqlite3 **out, const char *name, const char *path, int flags, int *version,
                        CopError *err)
{
    const int code = sqlite3_open_v2(name, out, flags, NULL);
    CopStatus status = COP_OK;
    if (code != SQLITE_OK) {
        status = report(*out, path, "be opened", err); /* it has no name yet */
    } else {
        sqlite3_extended_result_codes(*out, 1);
        sqlite3_busy_timeout(*out, BUSY_MS);
        status = check(*out, path, version, err);
    }
    if (status != COP_OK) {
        sqlite3_close(*out);
        *out = NULL;
    }
    return status;
}

/* SQLite reports the failure of its second try, to read what it could not make. */
CopStatus cop_database_check_folder(const char *path, CopError *err)
{
    char *folder = g_path_get_dirname(path);
    CopStatus status = COP_OK;
    if (access(path, F_OK) != 0 && access(folder, W_OK | X_OK) != 0)
        status = cop_error_set(err, COP_ERR_IO, "%s: cannot be made in folder %s: %s", path, folder,
                               strerror(errno));
    g_free(folder);
    return status;
}

static bool has_log(const char *path)
{
    struct stat info;
    char *log = g_strconcat(path, "-wal", NULL);
    const bool there = stat(log, &info) == 0 && info.st_size > 0;
    g_free(log);
    return there;
}

/* The path as a URI, whatever signs are in it; "//" at its start would name another machine. */
static char *uri_of(const char *path, const char *query)
{
    char *escaped = g_uri_escape_string(path, "/", FALSE);
    char *uri = g_strconcat(path[0] == '/' ? "file://" : "file:", escaped, query, NULL);
    g_free(escaped);
    return uri;
}

static CopStatus attach_uri(sqlite3 **out, const char *path, const char *query, int flags,
                            int *version, CopError *err)
{
    char *uri = uri_of(path, query);
    const CopStatus status = attach(out, uri, path, flags | SQLITE_OPEN_URI, version, err);
    g_free(uri);
    return status;
}

static const char immutable[] = "?immutable=1", read_only[] = "?mode=ro";

/* A file with a write-ahead log needs its shared-memory file even to be read. Where
 * that cannot be made and no log is left, nobody can be writing: read the bare file. */
static CopStatus open_to_read(sqlite3 **out, const char *path, int *version, const char **query,
                              CopError *err)
{
    CopError first = {0};
    *query = read_only;
    const CopStatus status = attach(out, path, path, SQLITE_OPEN_READONLY, version, &first);
    if (status == COP_ERR_IO && g_file_test(path, G_FILE_TEST_IS_REGULAR) && !has_log(path)) {
        *query = immutable;
        if (attach_uri(out, path, immutable, SQLITE_OPEN_READONLY, version, NULL) == COP_OK)
            return COP_OK;
    }
    return status == COP_OK ? COP_OK : cop_error_set(err, status, "%s", first.text);
}

CopStatus cop_database_open(sqlite3 **out, const char *path, CopDatabaseMode mode, CopError *err)
{
    *out = NULL;
    if (!path[0]) /* SQLite would make a temporary file of it */
        return cop_error_set(err, COP_ERR_ARG, "a result file needs a name");
    int version = 0;
    const char *query;
    if (mode == COP_DATABASE_READ) {
        if (access(path, F_OK) != 0)
            return cop_error_set(err, COP_ERR_DATA, "%s: cannot be read: %s", path,
                                 strerror(errno));
        COP_TRY(open_to_read(out, path, &version, &query, err));
    } else {
        if (mode == COP_DATABASE_CREATE)
            COP_TRY(cop_database_check_folder(path, err));
        const int flags =
            SQLITE_OPEN_READWRITE | (mode == COP_DATABASE_CREATE ? SQLITE_OPEN_CREATE : 0);
        COP_TRY(attach_uri(out, path, "", flags, &version, err));
    }
    CopStatus status = COP_OK;
    if (version == 0 && mode != COP_DATABASE_CREATE)
        status = cop_error_set(err, COP_ERR_DATA, "%s: is empty, not a coppice result file", path);
    else if (version < SCHEMA && mode != COP_DATABASE_READ)
        status = bring_up(*out, path, err);
    /* A file system without shared memory stays with the rollback journal, which is
     * slower and right. With the log, NORMAL survives any kill of the process. */
    if (status == COP_OK && mode != COP_DATABASE_READ) {
        sqlite3_exec(*out, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
        status = cop_database_exec(*out, "PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON", err);
    }
    if (status != COP_OK) {
        sqlite3_close(*out);
        *out = NULL;
    }
    return status;
}

CopStatus cop_database_uri(const char *path, char **uri, CopError *err)
{
    sqlite3 *db;
    CopError first = {0};
    int version = 0;
    const char *query = "";
    *uri = NULL;
    if (access(path, F_OK) != 0)
        return cop_error_set(err, COP_ERR_DATA, "%s: there is no such file", path);
    CopStatus status = cop_database_open(&db, path, COP_DATABASE_WRITE, &first);
    if (status == COP_ERR_IO && open_to_read(&db, path, &version, &query, NULL) == COP_OK) {
        if (version == SCHEMA)
            status = COP_OK;
        else
            g_strlcat(first.text, "; it is of an older schema: merge a copy that can be written",
                      sizeof first.text);
    }
    sqlite3_close(db);
    if (status != COP_OK)
        return cop_error_set(err, status, "%s", first.text);
    *uri = uri_of(path, query);
    return COP_OK;
}

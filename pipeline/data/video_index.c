/* The index of a data set in SQLite.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/data/video_index.h"

#include <glib.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/cli.h"
#include "pipeline/eval/database.h"
#include "pipeline/eval/provenance.h"

enum { APPLICATION_ID = 0x43505649 /* "CPVI" */, SCHEMA = 2, BUSY_MS = 10000 };

static const char schema[] =
    "CREATE TABLE video(path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL,"
    " ffmpeg TEXT NOT NULL, sha256 TEXT NOT NULL, fault TEXT NOT NULL, reason TEXT NOT NULL,"
    " frames INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,"
    " rate_num INTEGER NOT NULL, rate_den INTEGER NOT NULL, errors INTEGER NOT NULL,"
    " codec TEXT NOT NULL, seek BLOB, waited REAL NOT NULL DEFAULT 0)";

/* From schema 1, which kept nothing of slow files. */
static const char upgrade[] = "ALTER TABLE video ADD COLUMN waited REAL NOT NULL DEFAULT 0;"
                              "PRAGMA user_version=2";

/* A row that is still to be written. */
typedef struct Pending {
    char *relative;
    CopIndexRow row;
} Pending;

struct CopIndex {
    sqlite3 *db;
    sqlite3_stmt *find, *put;
    int version;     /* of the file's schema: older ones are read as they are */
    GArray *pending; /* of Pending */
};

char *cop_index_path(const CopDataOptions *options)
{
    if (options->index && *options->index)
        return g_strdup(options->index);
    gsize length = strlen(options->root);
    while (length > 1 && options->root[length - 1] == '/')
        length--;
    return g_strdup_printf("%.*s.index", (int)length, options->root);
}

/* --- opening ------------------------------------------------------------------- */

static CopStatus ask(sqlite3 *db, const char *sql, int *value, CopError *err)
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

/* Two processes may find the same empty file: whoever locks it first fills it. */
static CopStatus fill(sqlite3 *db, CopError *err)
{
    int application = 0;
    COP_TRY(cop_database_exec(db, "BEGIN IMMEDIATE", err));
    CopStatus status = ask(db, "PRAGMA application_id", &application, err);
    if (status == COP_OK && application == 0) {
        char marks[96];
        sqlite3_snprintf(sizeof marks, marks, "PRAGMA application_id=%d; PRAGMA user_version=%d",
                         APPLICATION_ID, SCHEMA);
        status = cop_database_exec(db, schema, err);
        if (status == COP_OK)
            status = cop_database_exec(db, marks, err);
    }
    if (status == COP_OK)
        return cop_database_exec(db, "COMMIT", err);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

/* Likewise two that find the same old one. */
static CopStatus bring_up(sqlite3 *db, CopError *err)
{
    int version = 0;
    COP_TRY(cop_database_exec(db, "BEGIN IMMEDIATE", err));
    CopStatus status = ask(db, "PRAGMA user_version", &version, err);
    if (status == COP_OK && version < SCHEMA)
        status = cop_database_exec(db, upgrade, err);
    if (status == COP_OK)
        return cop_database_exec(db, "COMMIT", err);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

static CopStatus check(CopIndex *index, const char *path, bool write, CopError *err)
{
    sqlite3 *db = index->db;
    int pages = 0, application = 0, version = 0;
    index->version = SCHEMA;
    COP_TRY(ask(db, "PRAGMA page_count", &pages, err));
    if (pages == 0 && write)
        return fill(db, err);
    COP_TRY(ask(db, "PRAGMA application_id", &application, err));
    COP_TRY(ask(db, "PRAGMA user_version", &version, err));
    if (pages > 0 && application == APPLICATION_ID && version > 0 && version <= SCHEMA) {
        index->version = write ? SCHEMA : version;
        return index->version == version ? COP_OK : bring_up(db, err);
    }
    return cop_error_set(err, COP_ERR_DATA,
                         application == APPLICATION_ID
                             ? "%s: is an index of schema %d, not %d; remove it and verify again"
                             : "%s: is not an index of videos (data.index)",
                         path, version, SCHEMA);
}

/* SQLite would say of any other file that it is no database, and of a folder less. */
static CopStatus check_file(const char *path, CopError *err)
{
    static const char magic[] = "SQLite format 3";
    char start[sizeof magic] = "";
    if (g_file_test(path, G_FILE_TEST_IS_DIR))
        return cop_error_set(err, COP_ERR_DATA, "%s: is a folder, not an index (data.index)", path);
    FILE *file = fopen(path, "rbe");
    if (!file)
        return COP_OK; /* SQLite says why */
    const size_t n = fread(start, 1, sizeof start, file);
    fclose(file);
    if (n == 0 || (n == sizeof start && memcmp(start, magic, sizeof magic) == 0))
        return COP_OK;
    return cop_error_set(err, COP_ERR_DATA, "%s: is not an index of videos (data.index)", path);
}

static void clear_pending(gpointer data)
{
    Pending *pending = data;
    g_free(pending->relative);
    cop_video_facts_free(&pending->row.facts);
}

/* A reader writes, too: the transaction of a writer that was killed must be rolled back before
 * anything can be read. Where the file may not be written, SQLite opens it to be read. */
static CopStatus attach(CopIndex *index, const char *path, bool write, CopError *err)
{
    const int flags = SQLITE_OPEN_READWRITE | (write ? SQLITE_OPEN_CREATE : 0);
    if (sqlite3_open_v2(path, &index->db, flags, NULL) != SQLITE_OK) {
        CopError why = {0};
        if (!write || cop_database_check_folder(path, &why) == COP_OK)
            cop_error_set(&why, COP_ERR_IO, "%s: cannot be opened: %s", path,
                          strerror(sqlite3_system_errno(index->db)));
        return cop_error_set(err, COP_ERR_IO, "%s; data.index names another place", why.text);
    }
    sqlite3_extended_result_codes(index->db, 1);
    sqlite3_busy_timeout(index->db, BUSY_MS);
    return check(index, path, write, err);
}

/* By its header, which holds the application's number at byte 68. */
static bool is_ours(const char *path)
{
    unsigned char start[72] = {0};
    FILE *file = fopen(path, "rbe");
    if (!file)
        return false;
    const size_t n = fread(start, 1, sizeof start, file);
    fclose(file);
    return n == sizeof start && start[68] == (APPLICATION_ID >> 24 & 0xFF) &&
           start[69] == (APPLICATION_ID >> 16 & 0xFF) &&
           start[70] == (APPLICATION_ID >> 8 & 0xFF) && start[71] == (APPLICATION_ID & 0xFF);
}

static bool is_damaged(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL);
    bool sound = true;
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        sound = strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
    sqlite3_finalize(statement);
    code &= 0xFF;
    return !sound || code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

/* All that a damaged index held can be found again. */
static CopStatus mend(CopIndex *index, const char *path, CopError *err)
{
    char *journal = g_strconcat(path, "-journal", NULL);
    sqlite3_close(index->db);
    index->db = NULL;
    unlink(journal);
    unlink(path);
    g_free(journal);
    return attach(index, path, true, err);
}

CopStatus cop_index_open(CopIndex **out, const char *path, bool write, CopError *err)
{
    *out = NULL;
    COP_TRY(check_file(path, err));
    CopIndex *index = calloc(1, sizeof *index);
    if (!index)
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", path);
    index->pending = g_array_new(FALSE, FALSE, sizeof(Pending));
    g_array_set_clear_func(index->pending, clear_pending);
    CopError own = {0};
    CopStatus status = attach(index, path, write, &own);
    if (write && is_ours(path) && is_damaged(index->db)) {
        own = (CopError){0};
        status = mend(index, path, &own);
    }
    if (status != COP_OK)
        cop_error_set(err, status, "%s", own.text);
    if (status != COP_OK)
        cop_index_close(&index);
    *out = index;
    return status;
}

void cop_index_close(CopIndex **index)
{
    if (!index || !*index)
        return;
    g_array_unref((*index)->pending);
    sqlite3_finalize((*index)->find);
    sqlite3_finalize((*index)->put);
    sqlite3_close((*index)->db);
    free(*index);
    *index = NULL;
}

/* --- rows ----------------------------------------------------------------------- */

static void copy_text(char *to, size_t room, sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    g_strlcpy(to, text ? text : "", room);
}

static CopVideoFault fault_of(const char *name)
{
    for (int i = 0; cop_fault_names[i]; i++)
        if (strcmp(cop_fault_names[i], name) == 0)
            return (CopVideoFault)i;
    return COP_FAULT_UNDECODABLE;
}

static CopStatus read_row(sqlite3_stmt *row, CopIndexRow *out)
{
    CopVideoFacts *facts = &out->facts;
    char fault[32];
    out->size = sqlite3_column_int64(row, 0);
    out->mtime = sqlite3_column_int64(row, 1);
    copy_text(out->sha256, sizeof out->sha256, row, 2);
    copy_text(fault, sizeof fault, row, 3);
    facts->fault = fault_of(fault);
    copy_text(facts->reason, sizeof facts->reason, row, 4);
    int *const number[] = {&facts->frames,   &facts->width,    &facts->height,
                           &facts->rate_num, &facts->rate_den, &facts->errors};
    for (int i = 0; i < (int)G_N_ELEMENTS(number); i++)
        *number[i] = sqlite3_column_int(row, 5 + i);
    copy_text(facts->codec, sizeof facts->codec, row, 11);
    facts->waited = sqlite3_column_double(row, 13);
    const void *seek = sqlite3_column_blob(row, 12);
    facts->seek_size = seek ? (size_t)sqlite3_column_bytes(row, 12) : 0;
    facts->seek = seek ? malloc(facts->seek_size) : NULL;
    if (facts->seek)
        memcpy(facts->seek, seek, facts->seek_size);
    return facts->seek || !seek ? COP_OK : COP_ERR_NOMEM;
}

CopStatus cop_index_find(CopIndex *index, const char *relative, CopIndexRow *row, bool *found,
                         CopError *err)
{
    *row = (CopIndexRow){0};
    *found = false;
    char sql[256];
    snprintf(sql, sizeof sql,
             "SELECT size, mtime, sha256, fault, reason, frames, width, height, rate_num, rate_den,"
             " errors, codec, seek, %s FROM video WHERE path = ? AND ffmpeg = ?",
             index->version < 2 ? "0" : "waited");
    if (!index->find)
        COP_TRY(cop_database_prepare(index->db, sql, &index->find, err));
    sqlite3_bind_text(index->find, 1, relative, -1, SQLITE_STATIC);
    sqlite3_bind_text(index->find, 2, cop_provenance_ffmpeg(), -1, SQLITE_STATIC);
    const int code = sqlite3_step(index->find);
    CopStatus status = COP_OK;
    if (code == SQLITE_ROW) {
        *found = true;
        if (read_row(index->find, row) != COP_OK)
            status = cop_error_set(err, COP_ERR_NOMEM, "out of memory");
    } else if (code != SQLITE_DONE) {
        status = cop_database_error(index->db, "be read", err);
    }
    sqlite3_reset(index->find);
    return status;
}

CopStatus cop_index_put(CopIndex *index, const char *relative, const CopIndexRow *row,
                        CopError *err)
{
    Pending pending = {.row = *row};
    CopVideoFacts *facts = &pending.row.facts;
    if (facts->seek) {
        facts->seek = malloc(facts->seek_size);
        if (!facts->seek)
            return cop_error_set(err, COP_ERR_NOMEM, "out of memory");
        memcpy(facts->seek, row->facts.seek, facts->seek_size);
    }
    pending.relative = g_strdup(relative);
    g_array_append_val(index->pending, pending);
    return COP_OK;
}

static CopStatus write_row(CopIndex *index, const Pending *pending, CopError *err)
{
    const CopIndexRow *row = &pending->row;
    const CopVideoFacts *facts = &row->facts;
    const int64_t stamp[] = {row->size, row->mtime};
    const char *const text[] = {cop_provenance_ffmpeg(), row->sha256, cop_fault_names[facts->fault],
                                facts->reason};
    const int number[] = {facts->frames,   facts->width,    facts->height,
                          facts->rate_num, facts->rate_den, facts->errors};
    sqlite3_stmt *put = index->put;
    int column = 1;
    sqlite3_bind_text(put, column++, pending->relative, -1, SQLITE_STATIC);
    for (gsize i = 0; i < G_N_ELEMENTS(stamp); i++)
        sqlite3_bind_int64(put, column++, stamp[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(text); i++)
        sqlite3_bind_text(put, column++, text[i], -1, SQLITE_STATIC);
    for (gsize i = 0; i < G_N_ELEMENTS(number); i++)
        sqlite3_bind_int(put, column++, number[i]);
    sqlite3_bind_text(put, column++, facts->codec, -1, SQLITE_STATIC);
    if (facts->seek)
        sqlite3_bind_blob64(put, column, facts->seek, facts->seek_size, SQLITE_STATIC);
    sqlite3_bind_double(put, column + 1, facts->waited);
    const int code = sqlite3_step(put);
    const CopStatus status =
        code == SQLITE_DONE ? COP_OK : cop_database_error(index->db, "be written", err);
    sqlite3_reset(put);
    sqlite3_clear_bindings(put);
    return status;
}

static CopStatus write_rows(CopIndex *index, CopError *err)
{
    if (!index->put)
        COP_TRY(cop_database_prepare(
            index->db,
            "INSERT OR REPLACE INTO video SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
            " ?12, ?13, ?14, ?15, ?16 WHERE ?6 <> 'slow' OR NOT EXISTS (SELECT 1 FROM video WHERE"
            " path = ?1 AND size = ?2 AND mtime = ?3 AND ffmpeg = ?4 AND fault <> 'slow')",
            &index->put, err));
    for (guint i = 0; i < index->pending->len; i++)
        COP_TRY(write_row(index, &g_array_index(index->pending, Pending, i), err));
    return cop_database_exec(index->db, "COMMIT", err);
}

CopStatus cop_index_commit(CopIndex *index, CopError *err)
{
    if (index->pending->len == 0)
        return COP_OK;
    COP_TRY(cop_database_exec(index->db, "BEGIN IMMEDIATE", err));
    const CopStatus status = write_rows(index, err);
    if (status != COP_OK)
        sqlite3_exec(index->db, "ROLLBACK", NULL, NULL, NULL);
    g_array_set_size(index->pending, 0);
    return status;
}

static CopStatus apply(const char *path, const CopDataset *dataset, CopError *err)
{
    CopIndex *index;
    CopStatus status = cop_index_open(&index, path, false, err);
    for (int i = 0; i < dataset->n && status == COP_OK; i++) {
        CopIndexRow row;
        bool found;
        status = cop_index_find(index, dataset->item[i].relative, &row, &found, err);
        if (status == COP_OK && found && cop_fault_lasts(row.facts.fault))
            cop_video_remember(dataset->item[i].path, row.size, row.mtime, &row.facts);
        cop_video_facts_free(&row.facts);
    }
    cop_index_close(&index);
    return status;
}

CopStatus cop_index_apply(const CopDataOptions *options, const CopDataset *dataset, CopError *err)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;
    char *path = cop_index_path(options);
    CopError own = {0};
    CopStatus status = COP_OK;
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        status = apply(path, dataset, &own);
    g_free(path);
    if (status == COP_ERR_NOMEM)
        return cop_error_set(err, status, "%s", own.text);
    if (status != COP_OK && !atomic_flag_test_and_set(&said))
        cop_cli_note("coppice: %s; going on without an index", own.text);
    return COP_OK;
}

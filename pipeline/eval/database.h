/* SQLite under the result file: opening, schema, statements, errors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_DATABASE_H
#define COP_EVAL_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "models/core/status.h"

typedef enum CopDatabaseMode {
    COP_DATABASE_READ,  /* also from a folder that cannot be written */
    COP_DATABASE_WRITE, /* an existing file */
    COP_DATABASE_CREATE /* an existing file, or a new one */
} CopDatabaseMode;

/* Opens a result file and checks that it is one. One of an older schema is brought up to
 * this one's, in a transaction, where it is opened to be written; a reader finds what it
 * has (cop_database_has()). COP_ERR_DATA for a file of another
 * kind or of a newer schema (it is left as it was) and for none where one is to be read,
 * COP_ERR_IO when the system refuses.
 * Returned in *out (NULL on failure); close it with sqlite3_close(). */
CopStatus cop_database_open(sqlite3 **out, const char *path, CopDatabaseMode mode,
                            CopError *err) COP_MUST_CHECK;

/* The URI by which another database attaches the result file `path`; g_malloc'ed in *uri. A file of
 * an older schema is brought up to date. One that cannot be written is read as it is, and refused
 * where its schema is older (COP_ERR_IO). COP_ERR_DATA where it is no result file. */
CopStatus cop_database_uri(const char *path, char **uri, CopError *err) COP_MUST_CHECK;

/* The status that goes with the database's last error, its text in `err`: the only
 * place that knows SQLite's codes. `doing` ends the sentence "cannot ...". */
CopStatus cop_database_error(sqlite3 *db, const char *doing, CopError *err);

/* COP_ERR_IO, with the system's reason, where `path` is not there and cannot be made. */
CopStatus cop_database_check_folder(const char *path, CopError *err) COP_MUST_CHECK;

/* True in *has when the file has a table of that name. */
CopStatus cop_database_has(sqlite3 *db, const char *table, bool *has, CopError *err) COP_MUST_CHECK;

/* Compiles one statement that lives long; finalize it before closing. */
CopStatus cop_database_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out,
                               CopError *err) COP_MUST_CHECK;

/* Runs statements that return nothing. */
CopStatus cop_database_exec(sqlite3 *db, const char *sql, CopError *err) COP_MUST_CHECK;

#endif

/* What the files that read a result file share. Not for others.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_RESULTS_LOAD_H
#define COP_EVAL_RESULTS_LOAD_H

#include <stdint.h>

#include "pipeline/eval/database.h"
#include "pipeline/eval/results_private.h"

/* One load: a connection, what it fills, and one open query at a time. */
typedef struct CopLoader {
    sqlite3 *db;
    sqlite3_stmt *rows;
    CopResults *out;
    CopError *err;
    int64_t *model_id; /* [n_models] */
} CopLoader;

/* Begins a query in place of the one before; `key` is its first parameter, if it has one. */
CopStatus cop_load_ask(CopLoader *load, const char *sql, int64_t key) COP_MUST_CHECK;

/* On to the next row; COP_EOF after the last one. */
CopStatus cop_load_next(CopLoader *load) COP_MUST_CHECK;

/* *pointer, of any type, becomes zeroed memory of the results. COP_ERR_NOMEM. */
CopStatus cop_load_take(CopLoader *load, void *pointer, int64_t count, size_t size) COP_MUST_CHECK;

/* Index of a corruption; past the last one where there is none. */
int cop_load_corruption(const CopResults *results, const char *name);

/* Fills the cells of all models, whose columns and clips are there. */
CopStatus cop_load_cells(CopLoader *load) COP_MUST_CHECK;

#endif

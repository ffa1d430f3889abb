/* Tidy tables: one row an observation, written as CSV and as JSON. GLib's memory.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ANALYSE_TIDY_H
#define COP_ANALYSE_TIDY_H

#include <stdint.h>

#include "models/core/status.h"

typedef struct CopTidy CopTidy;

/* A table whose columns are called so, in this order (borrowed); ended by NULL. */
CopTidy *cop_tidy_create(const char *const *columns);
void cop_tidy_destroy(CopTidy **tidy);

/* The next cell, row by row. A NaN or NULL is empty in CSV and null in JSON; numbers are the
 * shortest text that reads back as the same one. */
void cop_tidy_text(CopTidy *tidy, const char *text);
void cop_tidy_number(CopTidy *tidy, double value);
void cop_tidy_count(CopTidy *tidy, int64_t value);

int64_t cop_tidy_rows(const CopTidy *tidy);

/* Writes FOLDER/NAME.csv (RFC 4180, a header) and FOLDER/NAME.json, {"table": NAME,
 * "columns": [...], "rows": [[...], ...]}. COP_ERR_IO. */
CopStatus cop_tidy_write(const CopTidy *tidy, const char *folder, const char *name,
                         CopError *err) COP_MUST_CHECK;

#endif

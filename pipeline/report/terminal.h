/* Tables for people: aligned text, CSV and LaTeX from one set of cells; and numbers
 * as reports write them. Memory is GLib's.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_REPORT_TERMINAL_H
#define COP_REPORT_TERMINAL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "models/core/status.h"
#include "pipeline/eval/metrics.h"

typedef enum CopTableStyle {
    COP_TABLE_TEXT, /* columns aligned, header ruled off */
    COP_TABLE_CSV,  /* RFC 4180 */
    COP_TABLE_LATEX /* a tabular with booktabs' rules; text is escaped */
} CopTableStyle;

typedef struct CopTable CopTable;

CopTable *cop_table_create(void);
void cop_table_destroy(CopTable **table);

/* Adds a column, to the right if it holds numbers. All columns before the first cell. */
void cop_table_column(CopTable *table, const char *head, bool number);

/* Fills the next cell, row by row. */
void cop_table_cell(CopTable *table, const char *fmt, ...) COP_PRINTF(2, 3);

/* The table as text with a final newline; returned, freed with g_free(). */
char *cop_table_text(const CopTable *table, CopTableStyle style);

/* Appends `text` as a cell of CSV (RFC 4180), between quotes where it needs them. */
void cop_csv_text(GString *out, const char *text);

/* Appends `text` with control characters replaced: a name in a result file may hold
 * anything, and a terminal must not act on it. */
void cop_text_plain(GString *out, const char *text);

enum { COP_NUMBER_SIZE = 64 };

/* Each writes into `text` (borrowed) and returns it. A NaN becomes "-". The decimal
 * sign is a point in every locale. */
char *cop_text_percent(char text[COP_NUMBER_SIZE], double share);          /* "85.0" */
char *cop_text_points(char text[COP_NUMBER_SIZE], double share);           /* "+1.3", "-0.4" */
char *cop_text_interval(char text[COP_NUMBER_SIZE], CopInterval interval); /* "85.0 [76.7, 90.7]" */
char *cop_text_change(char text[COP_NUMBER_SIZE], CopInterval interval);   /* "+1.3 [-0.2, +2.8]" */
char *cop_text_measure(char text[COP_NUMBER_SIZE], double value, bool share); /* "85.0"; "0.851" */
char *cop_text_p(char text[COP_NUMBER_SIZE], double p);          /* "0.041", "< 0.001" */
char *cop_text_count(char text[COP_NUMBER_SIZE], int64_t count); /* "33.2 M" */
char *cop_text_number(char text[COP_NUMBER_SIZE], double value, int digits); /* significant ones */
char *cop_text_exact(char text[COP_NUMBER_SIZE], double value); /* reads back the same */

#endif

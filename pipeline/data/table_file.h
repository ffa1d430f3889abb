/* Text files that are tables: a header line names the columns.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_DATA_TABLE_FILE_H
#define COP_DATA_TABLE_FILE_H

#include "pipeline/data/list_file.h"

/* Columns are parted by `separator`; with ',' a field may stand in double quotes, which
 * may hold commas and doubled quotes (RFC 4180, one line a row). */
typedef struct CopTableFile {
    CopListFile list;
    char separator;
    char **column; /* ended by NULL */
    char **field;  /* of the row read last */
    int n;         /* columns */
} CopTableFile;

/* Reads folder/name and its header, the first line that is not empty: list.line[i] for i
 * from 0 with that line blanked. Close it also after a failure. */
CopStatus cop_table_file_open(CopTableFile *table, const char *folder, const char *name,
                              char separator, CopError *err) COP_MUST_CHECK;
void cop_table_file_close(CopTableFile *table);

/* Number of the column called `name`, -1 if there is none. */
int cop_table_file_column(const CopTableFile *table, const char *name);

/* Reads row list.line[i] into field[n]; missing ones at the end are empty. COP_EOF for an
 * empty line; COP_ERR_DATA for more fields than columns and for quotes that do not end. */
CopStatus cop_table_file_row(CopTableFile *table, int i, CopError *err) COP_MUST_CHECK;

#endif

/* From preset, severity and overrides to the options in a corruption's state.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_RESOLVE_H
#define COP_CORRUPT_RESOLVE_H

#include "pipeline/corrupt/corrupt.h"

/* The severity table called `preset`, "NAME" or "NAME@VERSION" (NULL or "": the first),
 * '-' and '_' being the same. NULL with COP_ERR_CONFIG and the names there are. */
const CopSeverityTable *cop_corrupt_table(const CopCorruptDesc *desc, const char *preset,
                                          CopError *err);

/* Value of one column (an index into table->columns) at `severity` 0..5, by the flags of
 * its option: rows at whole numbers; between them linear, or of linear reciprocal, else
 * the lower row, which below severity 1 is row 1. */
double cop_corrupt_table_value(const CopSeverityTable *table, int column, double severity,
                               unsigned flags);

/* True where the table's values hang on the picture's size: the default preset of a
 * corruption with lengths. */
bool cop_corrupt_table_scales(const CopCorruptDesc *desc, const CopSeverityTable *table);

/* Writes into `state` the defaults, then the table's values at `severity`, lengths times
 * `scale` (whole ones at least 1, all within their bounds), then `params` as they are
 * ("a=1, b=[1, 2]"; may be NULL). Fields outside the option rows are left
 * alone. COP_ERR_CONFIG names what is wrong and what is allowed. */
CopStatus cop_corrupt_resolve(const CopCorruptDesc *desc, const CopSeverityTable *table,
                              double severity, double scale, const char *params, void *state,
                              CopError *err) COP_MUST_CHECK;

#endif

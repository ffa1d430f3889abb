/* One setup's results as one self-contained HTML page.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_REPORT_REPORT_H
#define COP_REPORT_REPORT_H

#include "pipeline/eval/results.h"

/* The page as text: tables and heat maps are plain HTML, charts are drawn from an
 * embedded JSON block by embedded scripts; nothing is fetched. `baseline` is the index
 * of the model that the others are compared with. Returned, freed with g_free(). */
char *cop_report_html(const CopResults *results, int baseline);

/* Writes it to `path`, whole or not at all. */
CopStatus cop_report_write(const CopResults *results, int baseline, const char *path,
                           CopError *err) COP_MUST_CHECK;

#endif

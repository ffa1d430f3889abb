/* One setup's results as one self-contained HTML page.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_REPORT_REPORT_H
#define COP_REPORT_REPORT_H

#include "pipeline/eval/results.h"
#include "pipeline/report/figure_list.h"

/* What a page takes from beside the result file; all may be left out. */
typedef struct CopReportOptions {
    const char *media;          /* folder of the clips; NULL: where the last run found them */
    const char *const *folders; /* training runs, or folders of them; beside models anyhow */
    int n_folders;
    const CopFigureList *figures; /* of `coppice analyse`; NULL: none */
    const char *command;          /* that makes the page, for its provenance */
} CopReportOptions;

/* The page as text: tables and heat maps are plain HTML, charts are drawn from embedded JSON
 * blocks by embedded scripts; nothing is fetched. `baseline` is the index of the model that
 * the others are compared with. A few frames of the hardest clips are decoded where the clips
 * can be read; where not, the page says so. `options` may be NULL. Returned, freed with
 * g_free(). */
char *cop_report_html(const CopResults *results, int baseline, const CopReportOptions *options);

/* Writes it to `path`, whole or not at all. */
CopStatus cop_report_write(const CopResults *results, int baseline, const CopReportOptions *options,
                           const char *path, CopError *err) COP_MUST_CHECK;

#endif

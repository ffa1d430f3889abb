/* Comparing the models of one setup, as text, CSV, LaTeX or JSON.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_REPORT_COMPARE_H
#define COP_REPORT_COMPARE_H

#include <stdbool.h>

#include "pipeline/eval/results.h"
#include "pipeline/report/terminal.h"

/* All are returned, with a final newline, and freed with g_free(). `baseline` is the
 * index of the model that the others are tested against. */

/* Tables of models, measures, corruptions, families, severities, seeds and paired tests;
 * those that say nothing are left out. Percent. */
char *cop_compare_text(const CopResults *results, int baseline);

/* One row a model, shares 0..1 at full precision, empty where missing. */
char *cop_compare_csv(const CopResults *results, int baseline);

/* One row a cell: what was counted there, with Wilson's interval of top-1. */
char *cop_compare_cells(const CopResults *results);

/* One row a model and scope (clean, robust, each corruption, family and severity) with
 * every measure. */
char *cop_compare_scopes(const CopResults *results, int baseline);

/* A tabular with a row a model, in percent, and one with means and deviations over seeds
 * where a recipe has several. */
char *cop_compare_latex(const CopResults *results, int baseline);

/* The latter alone: a column a recipe. NULL where every recipe has one model; else returned,
 * cop_table_destroy() it. */
CopTable *cop_compare_seeds(const CopResults *results, int baseline);

/* The keys of DESIGN.md, section 7, and more; null where missing. On one line unless
 * `pretty`. */
char *cop_compare_json(const CopResults *results, int baseline, bool pretty);

/* Top-1 for TensorBoard, a folder a model: top1/clean and top1/robust at step 0, and
 * top1/CORRUPTION with a step for each hundredth of severity; missing cells are left out.
 * COP_ERR_IO. */
CopStatus cop_compare_events(const CopResults *results, const char *folder,
                             CopError *err) COP_MUST_CHECK;

#endif

/* Comparing the models of one setup, as text, CSV, LaTeX or JSON.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_REPORT_COMPARE_H
#define COP_REPORT_COMPARE_H

#include <stdbool.h>

#include "pipeline/eval/results.h"

/* All are returned, with a final newline, and freed with g_free(). `baseline` is the
 * index of the model that the others are tested against. */

/* Three tables: models, corruptions (mean over severities), paired tests. Percent. */
char *cop_compare_text(const CopResults *results, int baseline);

/* One row a model, shares 0..1 at full precision, empty where missing. */
char *cop_compare_csv(const CopResults *results);

/* One tabular with a row a model, in percent. */
char *cop_compare_latex(const CopResults *results);

/* The keys of DESIGN.md, section 7, and more; null where missing. On one line unless
 * `pretty`. */
char *cop_compare_json(const CopResults *results, int baseline, bool pretty);

#endif

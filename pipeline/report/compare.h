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

/* One row a recipe and scope: mean and deviation of top-1 over seeds, and what it gains over the
 * baseline's recipe, seed by seed. */
char *cop_compare_seeds_csv(const CopResults *results, int baseline);

/* A tabular with a row a model, in percent, and where a recipe has several models those of
 * cop_compare_seeds() and cop_compare_seed_gains(). */
char *cop_compare_latex(const CopResults *results, int baseline);

/* Tables end at this many columns, which no screen has room for. */
enum { COP_COMPARE_ACROSS = 16 };

/* Means and deviations over seeds: a column a recipe, or, where these are too many, a row, without
 * single corruptions. NULL where every recipe has one model; else returned, cop_table_destroy()
 * it. */
CopTable *cop_compare_seeds(const CopResults *results, int baseline);

/* Gains over the baseline's recipe, seed by seed: a row a recipe. NULL where no recipe shares two
 * seeds with it; returned likewise. */
CopTable *cop_compare_seed_gains(const CopResults *results, int baseline);

/* Whether models are too many to be shown one by one, and recipes of several stand for them. */
bool cop_compare_pools(const CopResults *results);

/* What a recipe is called: its models' name without their seeds, or method and density where they
 * have no name in common; a model's label where its recipe is not pooled. g_free() it. */
char *cop_compare_recipe(const CopResults *results, int recipe);

/* The keys of DESIGN.md, section 7, and more; null where missing. On one line unless
 * `pretty`. */
char *cop_compare_json(const CopResults *results, int baseline, bool pretty);

/* Top-1 for TensorBoard, a folder a model: top1/clean and top1/robust at step 0, and
 * top1/CORRUPTION with a step for each hundredth of severity; missing cells are left out.
 * COP_ERR_IO. */
CopStatus cop_compare_events(const CopResults *results, const char *folder,
                             CopError *err) COP_MUST_CHECK;

#endif

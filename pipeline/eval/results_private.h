/* What the files behind results.h share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_RESULTS_PRIVATE_H
#define COP_EVAL_RESULTS_PRIVATE_H

#include "pipeline/eval/results.h"

/* What follows from the rows that are loaded: slices, recipes, labels, the aggregate's name.
 * COP_ERR_NOMEM. */
CopStatus cop_results_arrange(CopResults *results) COP_MUST_CHECK;

/* Whether a column takes part in a scope; clean is the only one of its own. */
bool cop_results_in_scope(const CopResults *results, int scope, int column);

#endif

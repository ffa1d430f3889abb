/* What a model wants to be shown of a data set.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_GRID_INPUT_H
#define COP_EVAL_GRID_INPUT_H

#include "pipeline/config/config.h"
#include "pipeline/eval/grid_work.h"
#include "pipeline/model/model.h"

/* Test clips as the configuration samples them, of the model's length, stride and preparation.
 * COP_ERR_CONFIG where it wants several crops of a model that does not crop. */
CopStatus cop_grid_input(const CopConfig *config, const CopModel *model, CopGridInput *input,
                         CopError *err) COP_MUST_CHECK;
/* Models of equal inputs share their clips. */
bool cop_grid_input_equal(const CopGridInput *a, const CopGridInput *b);

/* COP_ERR_MODEL where the model has other classes, as many as it names, than the data set. */
CopStatus cop_grid_check_classes(const CopModel *model, const CopStrings *classes,
                                 CopError *err) COP_MUST_CHECK;

#endif

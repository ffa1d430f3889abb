/* A model as the result file names it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_MODEL_ROW_H
#define COP_EVAL_MODEL_ROW_H

#include "pipeline/eval/store.h"
#include "pipeline/model/model.h"

/* Its strings are the model's, borrowed. */
CopStoreModel cop_model_row(const CopModel *model);

#endif

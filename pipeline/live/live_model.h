/* A model in use by a stream: shared, so that one can take another's place in mid-stream.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_LIVE_MODEL_H
#define COP_LIVE_LIVE_MODEL_H

#include "pipeline/model/model.h"

/* Counted by reference from any thread; the net is for one thread at a time. */
typedef struct CopLiveModel {
    CopModel *model;
    int classes;
    char **label; /* [classes]: of the labels file, else of the model, else numbers */
} CopLiveModel;

/* Opens a model file (cop_model_open()) for `batch` clips a step. `labels` (NULL or "": none) is
 * a text file with a line a class, which takes the place of the model's own names. COP_ERR_DATA
 * where it has another number of lines. Returned in *out. */
CopStatus cop_live_model_open(CopLiveModel **out, const char *path, const char *labels, int batch,
                              int threads, CopError *err) COP_MUST_CHECK;
CopLiveModel *cop_live_model_ref(CopLiveModel *model);
void cop_live_model_unref(CopLiveModel **model); /* NULL-safe, idempotent */

/* The class called `name`, or with that number; -1 if there is none. */
int cop_live_model_class(const CopLiveModel *model, const char *name);

#endif

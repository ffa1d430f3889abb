/* The weights of a run's layers, with their masks.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ANALYSE_LAYER_WEIGHTS_H
#define COP_ANALYSE_LAYER_WEIGHTS_H

#include "pipeline/analyse/analysis.h"
#include "pipeline/analyse/degrees.h"

/* Name of the largest layer of which a sparse run keeps a part, the first of equals; g_malloc'ed in
 * *name. COP_ERR_DATA where all layers of all runs are dense. */
CopStatus cop_layer_choose(const CopAnalysis *a, char **name, CopError *err) COP_MUST_CHECK;

/* Reads the weight called `name` (with or without ".weight") of a run. The mask is the
 * checkpoint's where it is of the model's run and has one: of a weight that is active but zero
 * the model file says nothing. COP_ERR_DATA where the run has no such layer, with the nearest
 * name. cop_layer_weights_free() it. */
CopStatus cop_layer_weights_read(const CopAnalysisRun *run, const char *name, CopLayerWeights *out,
                                 CopError *err) COP_MUST_CHECK;
void cop_layer_weights_free(CopLayerWeights *weights);

/* Active weights of all, 0..1. */
double cop_layer_density(const CopLayerWeights *weights);

#endif

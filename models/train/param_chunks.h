/* The parameters that training moves, in pieces for a pool.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TRAIN_PARAM_CHUNKS_H
#define COP_TRAIN_PARAM_CHUNKS_H

#include <stdbool.h>

#include "models/core/param.h"
#include "models/core/pool.h"

/* True for a parameter that has a gradient and is neither a statistic nor frozen. */
bool cop_param_trains(const CopParam *param);

typedef void CopParamChunkFn(const void *ctx, const CopParam *param, size_t begin, size_t end);

/* Calls fn on the active weights begin..end-1 of pieces that together cover every one of
 * params[n] that trains. Pieces do not depend on the pool. */
void cop_param_chunks(CopParam *const *params, int n, CopParamChunkFn *fn, const void *ctx,
                      CopPool *pool);

#endif

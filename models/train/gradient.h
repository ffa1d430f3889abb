/* What happens to gradients between backward and the optimiser.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TRAIN_GRADIENT_H
#define COP_TRAIN_GRADIENT_H

#include <stdbool.h>

#include "models/core/param.h"
#include "models/core/pool.h"

/* All of these work on the active weights of those of params[n] (borrowed) that training
 * moves, and give the same bits for any number of threads. */

/* param->sum = (first ? 0 : param->sum) + weight * param->grad. */
void cop_grad_add(CopParam *const *params, int n, float weight, bool first, CopPool *pool);

/* param->grad = scale * param->sum. */
void cop_grad_take(CopParam *const *params, int n, float scale, CopPool *pool);

/* Euclidean norm of all gradients together, summed in double. */
double cop_grad_norm(CopParam *const *params, int n, CopPool *pool);

/* Scales the gradients down to a norm of `most` where `norm`, which they have, is larger: by
 * most / (norm + 1e-6), as torch.nn.utils.clip_grad_norm_ (Pascanu et al., ICML 2013).
 * Returns the scale, 1 where they stay as they are. */
float cop_grad_clip(CopParam *const *params, int n, double norm, double most, CopPool *pool);

#endif

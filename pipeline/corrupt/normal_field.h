/* Fields of normal noise.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_NORMAL_FIELD_H
#define COP_CORRUPT_NORMAL_FIELD_H

#include "models/core/rng.h"

/* out[n] = mean + std z, z the normal deviates of positions first .. first + n - 1: what
 * cop_rng_normal() gives for each. */
void cop_normal_field(CopRngKey key, CopRngAddress at, uint32_t first, double mean, double std,
                      double *out, int n);

#endif

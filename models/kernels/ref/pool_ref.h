/* Pooling of one channel of one clip in double: the plain loops of the definitions in
 * lane_kernels.h, to check kernels against.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_KERNELS_REF_POOL_REF_H
#define COP_KERNELS_REF_POOL_REF_H

#include "models/kernels/lane_kernels.h"

/* All arrays are dense and borrowed: x [t][h][w], y by the size that cop_conv_out() gives. */
void cop_pool_ref_max(const CopPoolShape *shape, int t, int h, int w, const double *x, double *y);
void cop_pool_ref_avg(const CopPoolShape *shape, int t, int h, int w, const double *x, double *y);

/* These add to what is in dx. */
void cop_pool_ref_max_backward(const CopPoolShape *shape, int t, int h, int w, const double *x,
                               const double *dy, double *dx);
void cop_pool_ref_avg_backward(const CopPoolShape *shape, int t, int h, int w, const double *dy,
                               double *dx);

#endif

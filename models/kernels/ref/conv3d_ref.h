/* Three-dimensional convolution of one clip in double: the plain loops of the
 * definition in conv3d.h, to check kernels against.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_KERNELS_REF_CONV3D_REF_H
#define COP_KERNELS_REF_CONV3D_REF_H

#include "models/kernels/conv3d.h"

/* All arrays are dense and borrowed: x [ic][t][h][w], weight
 * [oc][ic][kt][kh][kw], y [oc] by the size that cop_conv_out() gives of
 * (t, h, w). Bias may be NULL. */
void cop_conv3d_ref_forward(const CopConvShape *shape, int t, int h, int w, const double *x,
                            const double *weight, const double *bias, double *y);

/* These add to what is in dx, dweight and dbias [oc]. */
void cop_conv3d_ref_backward_data(const CopConvShape *shape, int t, int h, int w, const double *dy,
                                  const double *weight, double *dx);
void cop_conv3d_ref_backward_weight(const CopConvShape *shape, int t, int h, int w, const double *x,
                                    const double *dy, double *dweight);
void cop_conv3d_ref_backward_bias(const CopConvShape *shape, int t, int h, int w, const double *dy,
                                  double *dbias);

#endif

/* Everything but convolution: kernels over one channel of lane tensors.
 * All groups are visited; sums run over valid lanes only. Sums are float within
 * a row and double across rows, in a fixed order.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_KERNELS_LANE_KERNELS_H
#define COP_KERNELS_LANE_KERNELS_H

#include <stdbool.h>

#include "models/core/tensor.h"

/* Window of a pooling layer. */
typedef struct CopPoolShape {
    int kt, kh, kw, st, sh, sw, pt, ph, pw;
} CopPoolShape;

typedef struct CopLaneKernels {
    /* sum of x, and of (x - mean)^2, over channel c */
    double (*sum)(const CopTensor *x, int c);
    double (*square_sum)(const CopTensor *x, int c, float mean);
    /* sums of dy and of dy * (x - mean) */
    void (*norm_sums)(const CopTensor *x, const CopTensor *dy, int c, float mean, double *dy_sum,
                      double *dyx_sum);
    /* y = (x - mean) * scale + shift */
    void (*norm)(const CopTensor *x, const CopTensor *y, int c, float mean, float scale,
                 float shift);
    /* dx = (accumulate ? dx : 0) + a * dy + b * (x - mean) + k; idle lanes of dx are zero */
    void (*norm_backward)(const CopTensor *x, const CopTensor *dy, const CopTensor *dx, int c,
                          float mean, float a, float b, float k, bool accumulate);
    /* y = max(x, 0), and dx = (accumulate ? dx : 0) + (y > 0 ? dy : 0) */
    void (*relu)(const CopTensor *x, const CopTensor *y, int c);
    void (*relu_backward)(const CopTensor *y, const CopTensor *dy, const CopTensor *dx, int c,
                          bool accumulate);
    /* y = a + b, and y = (accumulate ? y : 0) + x */
    void (*add)(const CopTensor *a, const CopTensor *b, const CopTensor *y, int c);
    void (*copy)(const CopTensor *x, const CopTensor *y, int c, bool accumulate);
    /* Pooling; max pads with -inf, average counts padding as zeros (PyTorch's defaults).
     * The gradient of a maximum goes to its first position in t, h, w order. */
    void (*max_pool)(const CopTensor *x, const CopTensor *y, int c, const CopPoolShape *shape);
    void (*max_pool_backward)(const CopTensor *x, const CopTensor *dy, const CopTensor *dx, int c,
                              const CopPoolShape *shape, bool accumulate);
    void (*avg_pool)(const CopTensor *x, const CopTensor *y, int c, const CopPoolShape *shape);
    void (*avg_pool_backward)(const CopTensor *dy, const CopTensor *dx, int c,
                              const CopPoolShape *shape, bool accumulate);
} CopLaneKernels;

extern const CopLaneKernels cop_lane_kernels_generic, cop_lane_kernels_avx2,
    cop_lane_kernels_avx512;

/* The table of the tier that runs. */
const CopLaneKernels *cop_lane_kernels(void);

#endif

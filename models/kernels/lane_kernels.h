/* Everything but convolution: kernels over one channel of lane tensors, all groups, or over
 * one plane of it. Sums run over valid lanes only, float within a row and double across rows,
 * in a fixed order.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_KERNELS_LANE_KERNELS_H
#define COP_KERNELS_LANE_KERNELS_H

#include <stdbool.h>

#include "models/core/tensor.h"

/* Window of a pooling layer. */
typedef struct CopPoolShape {
    int kt, kh, kw, st, sh, sw, pt, ph, pw;
} CopPoolShape;

/* One time step of a channel of a group: h x w positions. */
typedef struct CopPlane {
    int g, c, t;
} CopPlane;

/* Batch normalisation of a channel with what follows it:
 * y = relu((x - mean) * scale + shift + add), the parts that are set. */
typedef struct CopLaneNorm {
    const CopTensor *x, *add, *y; /* add: NULL for none */
    float mean, scale, shift;
    bool relu;
} CopLaneNorm;

/* Its gradients, with d = dy where the rectifier is open and 0 elsewhere:
 * dx = (accumulate ? dx : 0) + a * d + b * (x - mean) + k, which may lie on dy, and
 * then dadd = (accumulate_add ? dadd : 0) + d. Either may be NULL. Idle lanes of dx are zero. */
typedef struct CopLaneNormGrad {
    const CopTensor *dy, *dx, *dadd;
    float a, b, k;
    bool accumulate, accumulate_add;
} CopLaneNormGrad;

typedef struct CopLaneKernels {
    /* sums of x - origin and of (x - origin)^2 over the valid lanes of a plane; about as exact as
     * if each row's own middle were the origin */
    void (*moments)(const CopTensor *x, CopPlane at, float origin, double sums[2]);
    void (*norm)(const CopLaneNorm *norm, CopPlane at);
    /* sums of d and of d * (x - mean) over the valid lanes of a plane. The rectifier is open where
     * its argument was above zero: with an addend, y tells. */
    void (*norm_sums)(const CopLaneNorm *norm, const CopTensor *dy, CopPlane at, double sums[2]);
    void (*norm_backward)(const CopLaneNorm *norm, const CopLaneNormGrad *grad, CopPlane at);
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

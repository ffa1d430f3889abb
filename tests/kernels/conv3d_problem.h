/* One convolution against conv3d_ref in all its passes, for 1 to 3 threads.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_CONV3D_PROBLEM_H
#define COP_TESTS_CONV3D_PROBLEM_H

#include "models/kernels/conv3d.h"
#include "models/kernels/conv3d_kernels.h"
#include "tests/kernels/kcheck.h"

enum { THREADS = 3 };

typedef enum Fill { FILL_RANDOM, FILL_ZERO, FILL_HUGE, FILL_DENORMAL, FILL_COUNT } Fill;

typedef struct Case {
    CopConvShape s;
    int n, t, h, w;
    double density; /* 1: no mask */
    Fill fill;
    int slack; /* halo beyond what is needed */
    bool accumulate;
    bool tail; /* scale, add and relu in the forward pass */
    const CopKernelTable *table;
} Case;

/* Everything of one case. Arrays in double hold floats exactly. */
typedef struct Problem {
    Case c;
    int ot, oh, ow;
    size_t x_clip, y_clip, numel; /* elements of a clip */
    double *x, *dy, *weight, *bias, *active;
    CopParam param;
    KTensor tx, ty, tdx, tdy, add;
    CopConv3d *conv;
} Problem;

/* Makes the pools of 1 to THREADS threads, and frees them. */
void conv3d_pools_create(void);
void conv3d_pools_destroy(void);

/* Draws values and a mask and plans the layer; a failure leaves conv NULL and is counted. */
void conv3d_set_up(Problem *p, const Case *c);

/* Draws a mask into the parameter; density 1 leaves it dense. */
void conv3d_draw_mask(Problem *p, double density);

bool conv3d_by_winograd(const Problem *p, CopConvPass pass);

/* Each pass of what was set up. */
void conv3d_check_passes(Problem *p);

/* A case of its own, of a kind. */
void conv3d_check(const char *kind, const Case *c);

#endif

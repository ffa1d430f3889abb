/* One convolution of ours at several densities, for the timing of layers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_BENCH_CONV_H
#define COP_TESTS_BENCH_CONV_H

#include "tests/bench/bench_onednn.h"

enum { BENCH_DENSITIES = 8 };

/* Tensors are shared by all densities; weights, masks and plans are not. */
typedef struct BenchConv {
    CopTensor x, y, dx, dy;
    int n; /* densities */
    CopParam param[BENCH_DENSITIES];
    CopConv3d *conv[BENCH_DENSITIES];
    CopPool *pool; /* borrowed */
} BenchConv;

/* Elements of one clip of the input and of the output, and weights. */
typedef struct BenchSize {
    size_t x, y, weight;
} BenchSize;

BenchSize bench_conv_size(const BenchLayer *layer);

/* Plans the layer for each density, with random masks of a fixed seed, and fills the
 * tensors from x, dy (clips [n][c][t][h][w]) and weight; table: NULL for the built-in one.
 * Everything lies in `arena`.
 * COP_ERR_SHAPE or COP_ERR_UNSUPPORTED where the kernels do not have such a layer. */
CopStatus bench_conv_create(BenchConv *conv, CopArena *arena, const BenchLayer *layer, int batch,
                            CopPool *pool, const double *density, int n, const float *x,
                            const float *dy, const float *weight,
                            const CopKernelTable *table) COP_MUST_CHECK;

/* Error of density i's result of a pass, as a share of the largest value of `expected`
 * (row-major), which has zeros where weights are masked. */
double bench_conv_error(const BenchConv *conv, int i, BenchPass pass, const float *expected);

/* weight[numel], zero where masked at density i. */
void bench_conv_masked(const BenchConv *conv, int i, float *weight);

#endif

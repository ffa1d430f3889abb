/* The convolutions of the nets that are timed, with the sizes that they run at.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_BENCH_SHAPES_H
#define COP_TESTS_BENCH_SHAPES_H

#include <stdbool.h>

#include "models/kernels/conv3d.h"

enum { BENCH_LAYERS = 64 };

typedef struct BenchLayer {
    char name[40]; /* of the first layer of this shape */
    CopConvShape s;
    int t, h, w; /* of the input */
    int count;   /* how many layers of the net have this shape */
    bool stem;   /* reads the clip: always dense, and no gradient of its input is asked for */
} BenchLayer;

typedef struct BenchNet {
    const char *name;
    int n;
    BenchLayer layer[BENCH_LAYERS]; /* distinct shapes, in the order of the net */
} BenchNet;

/* Names of all nets, ended by NULL. */
extern const char *const bench_net_names[];

/* Fills in the layers of the net called `name`; false for an unknown one. */
bool bench_net_layers(BenchNet *net, const char *name);

#endif

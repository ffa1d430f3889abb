/* A net of convolutions and linear layers whose gradients are random numbers, trained sparsely
 * under the eyes of an oracle: what tests of sparse-training methods share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_SPARSE_HELP_H
#define COP_TESTS_SPARSE_HELP_H

#include "models/sparsity/sparse.h"

enum {
    SPARSE_PARAMS = 9,
    SPARSE_MASKABLE = 7,
    SPARSE_NUMEL_MAX = 3456,
    SPARSE_WORDS_MAX = 54,
    SPARSE_STEPS = 60,
    SPARSE_INTERVAL = 5
};

typedef struct SparseRow {
    const char *name;
    int rank, shape[COP_RANK_MAX];
    CopParamRole role;
    int groups;
    double positions;
} SparseRow;
extern const SparseRow sparse_rows[SPARSE_PARAMS];

/* One run. `w`, `v` and `u` are what a dense optimiser with a mask multiplied in would
 * hold; the parameters must agree with them bit for bit. */
typedef struct SparseRun {
    CopSparseOptions options;
    CopSparse *sparse;
    CopParam param[SPARSE_PARAMS], *params[SPARSE_PARAMS];
    uint64_t mask[SPARSE_PARAMS][SPARSE_WORDS_MAX];
    float value[SPARSE_PARAMS][SPARSE_NUMEL_MAX], grad[SPARSE_PARAMS][SPARSE_NUMEL_MAX];
    float state[2][SPARSE_PARAMS][SPARSE_NUMEL_MAX];
    float w[SPARSE_PARAMS][SPARSE_NUMEL_MAX], g[SPARSE_PARAMS][SPARSE_NUMEL_MAX];
    float v[SPARSE_PARAMS][SPARSE_NUMEL_MAX], u[SPARSE_PARAMS][SPARSE_NUMEL_MAX];
    uint64_t before[SPARSE_PARAMS][SPARSE_WORDS_MAX]; /* masks ahead of the update, */
    float stepped[SPARSE_PARAMS][SPARSE_NUMEL_MAX];   /* and weights */
    uint64_t hash[SPARSE_STEPS + 1];                  /* of all masks after each step */
    double fraction;                                  /* drop fraction of the step */
    int events;
    bool gave[SPARSE_PARAMS];
    size_t thinned, dropped, grown; /* of the last update, over all layers */
} SparseRun;

CopSparseOptions sparse_options(const char *method);

/* Makes the net, applies the masks and fills the weights, as a trainer would. */
void sparse_start(SparseRun *run, CopSparseOptions options, uint64_t seed);

/* The same with parameter `frozen` (-1: none) kept as it is. */
void sparse_start_frozen(SparseRun *run, CopSparseOptions options, uint64_t seed, int frozen);
void sparse_finish(SparseRun *run);

CopGrowth sparse_growth(const SparseRun *run);

/* True for a method whose layers keep their numbers of weights under the run's options. */
bool sparse_is_constant(const SparseRun *run);

/* Steps from..to: random gradients, one step of an optimiser with two states a weight, and the
 * topology update, whose masks must be those that sorting gives. */
void sparse_train(SparseRun *run, uint64_t from, uint64_t to);

void sparse_same_weights(const SparseRun *a, const SparseRun *b);

size_t sparse_active(const SparseRun *run); /* over masked layers */

int sparse_methods(void);

#endif

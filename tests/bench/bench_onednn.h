/* A dense convolution of oneDNN, the peer that the layers are timed against.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_BENCH_ONEDNN_H
#define COP_TESTS_BENCH_ONEDNN_H

#include <stdbool.h>

#include "models/core/arena.h"
#include "tests/bench/bench_shapes.h"

typedef enum BenchPass {
    BENCH_FORWARD,
    BENCH_DATA,   /* gradient of the input */
    BENCH_WEIGHT, /* gradient of the weights */
    BENCH_PASSES
} BenchPass;

typedef struct BenchPeer BenchPeer;

/* Writes version and threading runtime, e.g. "2.6.3 OpenMP". */
void bench_peer_version(char *text, size_t size);

/* Makes the primitives of the passes wanted (bits 1 << pass), each in the layouts that it
 * likes best, and fills them from x, dy (clips [n][c][t][h][w]) and weight. Tensors lie in
 * `arena`, as ours do, so that both have pages of one size. NULL, after a message on stderr,
 * when something fails. */
BenchPeer *bench_peer_create(CopArena *arena, const BenchLayer *layer, int batch, int threads,
                             unsigned passes, float *x, float *dy, float *weight);
void bench_peer_destroy(BenchPeer **peer);

/* Replaces the weights of the passes that read them. */
bool bench_peer_set_weight(BenchPeer *peer, float *weight);

void bench_peer_run(BenchPeer *peer, BenchPass pass);

/* Name of the implementation that oneDNN chose, e.g. "jit:avx512_core". */
const char *bench_peer_kernel(const BenchPeer *peer, BenchPass pass);

/* Copies what a pass computed, row-major, into `result`. */
bool bench_peer_result(BenchPeer *peer, BenchPass pass, float *result);

#endif

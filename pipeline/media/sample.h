/* Which source frames make a clip.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_SAMPLE_H
#define COP_MEDIA_SAMPLE_H

#include <stdint.h>

#include "models/core/rng.h"

typedef enum CopSampler {
    COP_SAMPLER_UNIFORM, /* views spread evenly from the first to the last start */
    COP_SAMPLER_RANDOM   /* start uniform on 0 .. N - L, addressed (training) */
} CopSampler;
extern const char *const cop_sampler_names[]; /* "uniform", "random", NULL */

typedef enum CopEdgePolicy {
    COP_EDGE_LOOP,  /* index modulo N */
    COP_EDGE_REPEAT /* the last frame again */
} CopEdgePolicy;
extern const char *const cop_edge_names[]; /* "loop", "repeat", NULL */

typedef struct CopSampleOptions {
    int frames, stride; /* T and s; a clip spans L = (T - 1) s + 1 source frames */
    CopSampler sampler;
    int clips; /* views a video */
    CopEdgePolicy policy;
} CopSampleOptions;

/* Source indices index[frames] of view `view` (0..clips-1) of a video of `total`
 * (>= 1) frames: index[j] = start + j s, with N = total, n = clips and
 *   start = floor(k (N - L) / (n - 1) + 1/2)   uniform, view k of n > 1
 *   start = floor((N - L) / 2)                 uniform, n = 1
 *   start = cop_rng_below(key, view, at, N - L + 1)   random
 *   start = 0                                  any video with N < L
 * where an index of N or more becomes index % N (loop) or N - 1 (repeat). */
void cop_sample_clip(const CopSampleOptions *options, int total, int view, CopRngKey key,
                     CopRngAddress at, int *index);

#endif

/* Which source frames make a clip.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_SAMPLE_H
#define COP_MEDIA_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "models/core/rng.h"
#include "models/core/status.h"

typedef enum CopSampler {
    COP_SAMPLER_UNIFORM,         /* views spread evenly from the first to the last start */
    COP_SAMPLER_RANDOM,          /* start uniform on 0 .. N - L, addressed; uniform in testing */
    COP_SAMPLER_TORCHVISION,     /* VideoClips with RandomClipSampler, UniformClipSampler */
    COP_SAMPLER_MMACTION,        /* MMAction2's SampleFrames */
    COP_SAMPLER_SLOWFAST,        /* SlowFast's decoder */
    COP_SAMPLER_SLOWFAST_OFFSET, /* the same with TEST's USE_OFFSET_SAMPLING */
    COP_SAMPLER_SEGMENTS         /* SlowFast on Something-Something: a frame a segment */
} CopSampler;
extern const char *const cop_sampler_names[]; /* "uniform", "random", ..., NULL */

typedef enum CopEdgePolicy {
    COP_EDGE_LOOP,        /* index modulo N */
    COP_EDGE_REPEAT,      /* the video's last frame again */
    COP_EDGE_REPEAT_LAST, /* the clip's last frame again (MMAction2, torchcodec) */
    COP_EDGE_WRAP,        /* the clip's frames from its first on (torchcodec) */
    COP_EDGE_ERROR        /* the video is too short */
} CopEdgePolicy;
extern const char *const cop_edge_names[]; /* "loop", "repeat", ..., NULL */

typedef struct CopSampleOptions {
    int frames, stride; /* T and s; a clip spans L = (T - 1) s + 1 source frames */
    CopSampler sampler;
    int clips; /* views a video */
    CopEdgePolicy policy;
    bool test;  /* the sampler's form for testing, in which nothing is random */
    double fps; /* rate that clips are counted in; 0: the source's */
} CopSampleOptions;

/* Source indices index[frames] of view `view` (0..clips-1) of a video of `total`
 * (>= 1) frames, `rate` a second (0: unknown, as if it were fps): index[j] = start + j s,
 * with N = total, n = clips and
 *   start = floor(k (N - L) / (n - 1) + 1/2)   uniform, view k of n > 1
 *   start = floor((N - L) / 2)                 uniform, n = 1
 *   start = cop_rng_below(key, view, at, N - L + 1)   random
 *   start = 0                                  any video with N < L
 * Where fps is set, r = rate / fps, a line of frames floor(i r), as many as floor(N / r),
 * takes the video's place (where r is whole: every r-th frame), as in torchvision. Others:
 *   torchvision: start = floor(k (N - L) / (n - 1)), 0 with n = 1; training: uniform on
 *     0 .. N - L
 *   mmaction: start = round(k (N - L) / (n - 1)), halves to even; n = 1: floor((N - L) / 2);
 *     training: uniform on 0 .. N - T s
 *   slowfast: no line, but span = T s r, room = max(N - span, 0), start = room k / n, real; offset:
 *     k floor(room / (n - 1)), n = 1: floor(room / 2); training: uniform on 0 .. room;
 *     index[j] is the whole part of T points from start to start + span - 1, at most N - 1
 *   segments: index[j] lies between round(j (N - 1) / T) and round((j + 1) (N - 1) / T):
 *     rounded-down middle; training: any of them
 * Points are computed as torch.linspace computes them, in float. An index of N or more
 * becomes what the policy says, but for slowfast's. False with the policy `error` where there
 * is one. Training forms are those of one clip a video. */
bool cop_sample_clip(const CopSampleOptions *options, int total, double rate, int view,
                     CopRngKey key, CopRngAddress at, int *index);

/* What to say where it is false: COP_ERR_DATA. */
CopStatus cop_sample_too_short(const CopSampleOptions *options, const char *path, int total,
                               CopError *err) COP_MUST_CHECK;

/* True when the sampler counts in frames a second: all but mmaction and segments. */
bool cop_sampler_takes_fps(CopSampler sampler);

#endif

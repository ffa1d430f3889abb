/* Addressed random words for whole pictures at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_NOISE_WORDS_H
#define COP_CORRUPT_NOISE_WORDS_H

#include "models/core/rng.h"

/* Words of positions first .. first + n - 1, each what cop_rng_u32() gives for
 * it, computed many counters at a time. `first` must be a multiple of 4. `out`
 * needs room for n rounded up to a multiple of COP_NOISE_STEP; what lies past
 * n is overwritten. */
enum { COP_NOISE_STEP = 64 };
void cop_noise_words(CopRngKey key, uint32_t first, CopRngAddress at, uint32_t *out, int n);

/* Room for as many words as stay in the first-level cache. */
enum { COP_NOISE_CHUNK = 1024 };
typedef struct CopNoiseChunk {
    uint32_t word[COP_NOISE_CHUNK + COP_NOISE_STEP];
} CopNoiseChunk;

/* The words of any `position` and those after it, as many of `left` (1 or more) as
 * fit: *n, of which the chunk keeps the words until the next call. */
const uint32_t *cop_noise_chunk(CopNoiseChunk *chunk, CopRngKey key, uint32_t position,
                                CopRngAddress at, int64_t left, int *n);

#endif

/* Philox4x32-10 (Salmon et al., SC 2011) over many counters side by side.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/noise_words.h"

#include <string.h>

#include "models/core/cpu.h"
#include "pipeline/corrupt/tiers.h"

enum { SIDE = COP_NOISE_STEP / 4 };
static const uint32_t M0 = 0xD2511F53, M1 = 0xCD9E8D57, WEYL0 = 0x9E3779B9, WEYL1 = 0xBB67AE85;

static inline void philox_side_by_side(CopRngKey key, uint32_t block, CopRngAddress at,
                                       uint32_t out[COP_NOISE_STEP])
{
    uint32_t c0[SIDE], c1[SIDE], c2[SIDE], c3[SIDE];
    for (int i = 0; i < SIDE; i++) {
        c0[i] = block + (uint32_t)i;
        c1[i] = at.draw;
        c2[i] = at.frame;
        c3[i] = at.clip;
    }
    uint32_t k0 = key.word[0], k1 = key.word[1];
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < SIDE; i++) {
            const uint64_t p0 = (uint64_t)M0 * c0[i], p1 = (uint64_t)M1 * c2[i];
            c0[i] = (uint32_t)(p1 >> 32) ^ c1[i] ^ k0;
            c1[i] = (uint32_t)p1;
            c2[i] = (uint32_t)(p0 >> 32) ^ c3[i] ^ k1;
            c3[i] = (uint32_t)p0;
        }
        k0 += WEYL0;
        k1 += WEYL1;
    }
    for (int i = 0; i < SIDE; i++) {
        out[4 * i] = c0[i];
        out[4 * i + 1] = c1[i];
        out[4 * i + 2] = c2[i];
        out[4 * i + 3] = c3[i];
    }
}

COP_TIERS_WHOLE static void words_by_scalars(CopRngKey key, uint32_t block, CopRngAddress at,
                                             uint32_t *out, int n)
{
    for (int i = 0; i < n; i += COP_NOISE_STEP)
        philox_side_by_side(key, block + (uint32_t)i / 4, at, out + i);
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
/* A word in each 64-bit lane, whose upper half may hold anything: products need no moves
 * between lanes then. Several vectors at once, since each round waits for two products. */
typedef uint64_t Lanes __attribute__((vector_size(64)));
enum { VECTORS = 4, VECTORS_FEW = 2, WORDS_A_VECTOR = 32 };

static inline __attribute__((always_inline, target("arch=x86-64-v4"))) void
philox_by_vectors(CopRngKey key, uint32_t block, CopRngAddress at, uint32_t *out, int vectors)
{
    Lanes c0[VECTORS], c1[VECTORS], c2[VECTORS], c3[VECTORS];
    for (int j = 0; j < vectors; j++) {
        c0[j] = (Lanes){0, 1, 2, 3, 4, 5, 6, 7} + block + 8 * (unsigned)j;
        c1[j] = (Lanes){0} + at.draw;
        c2[j] = (Lanes){0} + at.frame;
        c3[j] = (Lanes){0} + at.clip;
    }
    uint64_t k0 = key.word[0], k1 = key.word[1];
    for (int round = 0; round < 10; round++) {
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++) {
            const Lanes p0 = (c0[j] & UINT32_MAX) * M0, p1 = (c2[j] & UINT32_MAX) * M1;
            c0[j] = (p1 >> 32) ^ c1[j] ^ k0;
            c1[j] = p1;
            c2[j] = (p0 >> 32) ^ c3[j] ^ k1;
            c3[j] = p0;
        }
        k0 += WEYL0;
        k1 += WEYL1;
    }
    for (int j = 0; j < vectors; j++, out += WORDS_A_VECTOR) {
        const Lanes a = (c0[j] & UINT32_MAX) | c1[j] << 32, b = (c2[j] & UINT32_MAX) | c3[j] << 32;
        const Lanes low = __builtin_shuffle(a, b, (Lanes){0, 8, 1, 9, 2, 10, 3, 11});
        const Lanes high = __builtin_shuffle(a, b, (Lanes){4, 12, 5, 13, 6, 14, 7, 15});
        memcpy(out, &low, sizeof low);
        memcpy(out + WORDS_A_VECTOR / 2, &high, sizeof high);
    }
}

__attribute__((target("arch=x86-64-v4"))) static void
words_by_vectors(CopRngKey key, uint32_t block, CopRngAddress at, uint32_t *out, int n)
{
    int i = 0;
    for (; n - i > COP_NOISE_STEP; i += VECTORS * WORDS_A_VECTOR)
        philox_by_vectors(key, block + (uint32_t)i / 4, at, out + i, VECTORS);
    if (i < n)
        philox_by_vectors(key, block + (uint32_t)i / 4, at, out + i, VECTORS_FEW);
}
#else
#define words_by_vectors words_by_scalars
#endif

void cop_noise_words(CopRngKey key, uint32_t first, CopRngAddress at, uint32_t *out, int n)
{
    if (cop_tier() == COP_TIER_AVX512)
        words_by_vectors(key, first / 4, at, out, n);
    else
        words_by_scalars(key, first / 4, at, out, n);
}

const uint32_t *cop_noise_chunk(CopNoiseChunk *chunk, CopRngKey key, uint32_t position,
                                CopRngAddress at, int64_t left, int *n)
{
    const int lead = (int)(position % 4), room = COP_NOISE_CHUNK - lead;
    *n = left < room ? (int)left : room;
    cop_noise_words(key, position - (uint32_t)lead, at, chunk->word, lead + *n);
    return chunk->word + lead;
}

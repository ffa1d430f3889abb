/* Philox4x32-10 (Salmon et al., SC 2011) over sixteen counters side by side:
 * plain loops of fixed length that compilers turn into vector code.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/noise_words.h"

#include "pipeline/corrupt/tiers.h"

enum { SIDE = COP_NOISE_STEP / 4 };

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
            const uint64_t p0 = (uint64_t)0xD2511F53u * c0[i], p1 = (uint64_t)0xCD9E8D57u * c2[i];
            c0[i] = (uint32_t)(p1 >> 32) ^ c1[i] ^ k0;
            c1[i] = (uint32_t)p1;
            c2[i] = (uint32_t)(p0 >> 32) ^ c3[i] ^ k1;
            c3[i] = (uint32_t)p0;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < SIDE; i++) {
        out[4 * i] = c0[i];
        out[4 * i + 1] = c1[i];
        out[4 * i + 2] = c2[i];
        out[4 * i + 3] = c3[i];
    }
}

COP_TIERS_WHOLE void cop_noise_words(CopRngKey key, uint32_t first, CopRngAddress at, uint32_t *out,
                                     int n)
{
    for (int i = 0; i < n; i += COP_NOISE_STEP)
        philox_side_by_side(key, first / 4 + (uint32_t)i / 4, at, out + i);
}

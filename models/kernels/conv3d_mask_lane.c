/* What conv3d makes of a mask: how many weights come before, and weights with zeros between.
 * Compiled once a CPU tier, since counting and expanding bits is what tiers differ in.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "models/kernels/conv3d_kernels.h"
#include "models/kernels/lane_vector.h"

static void rank(const uint64_t *mask, size_t words, uint32_t *ranks)
{
    uint32_t before = 0;
    for (size_t i = 0; i < words; i++) {
        ranks[i] = before;
        before += (uint32_t)__builtin_popcountll(mask[i]);
    }
}

static void spread(const uint64_t *mask, size_t words, const float *value, float *dense)
{
    for (size_t i = 0; i < words; i++, dense += 64) {
        uint64_t rest = mask[i];
#if COP_VEC_BYTES == 64 && defined(__AVX512F__)
        for (int j = 0; j < 64; j += WIDTH, rest >>= WIDTH) {
            const __mmask16 active = (__mmask16)rest;
            const unsigned n = (unsigned)__builtin_popcount(active);
            const __m512 next = _mm512_maskz_loadu_ps((__mmask16)((1U << n) - 1), value);
            _mm512_storeu_ps(dense + j, _mm512_maskz_expand_ps(active, next));
            value += n;
        }
#else
        memset(dense, 0, 64 * sizeof *dense);
        for (; rest; rest &= rest - 1)
            dense[__builtin_ctzll(rest)] = *value++;
#endif
    }
}

/* Every third bit from bit 0 on, in the low 22. */
INLINE uint64_t third_bits(uint64_t x)
{
#if COP_VEC_BYTES == 64 && defined(__AVX512F__)
    return _pext_u64(x, 0x9249249249249249); /* some processors without this tier are slow at it */
#else
    x &= 0x9249249249249249;
    x = (x | x >> 2) & 0x30c30c30c30c30c3;
    x = (x | x >> 4) & 0xf00f00f00f00f00f;
    x = (x | x >> 8) & 0x00ff0000ff0000ff;
    x = (x | x >> 16) & 0x00ff00000000ffff;
    return (x | x >> 32) & 0x3fffff;
#endif
}

static void rows(const uint64_t *mask, size_t words, CopRowMasks *out)
{
    size_t n[3] = {0};
    for (size_t i = 0, word = 0; word < words; i++, word += 3) {
        /* 64 rows, of which 22 begin in the first word. */
        const uint64_t x = mask[word], y = word + 1 < words ? mask[word + 1] : 0;
        const uint64_t z = word + 2 < words ? mask[word + 2] : 0;
        const uint64_t first = third_bits(x) | third_bits(y >> 2) << 22 | third_bits(z >> 1) << 43;
        const uint64_t middle = third_bits(x >> 1) | third_bits(y) << 21 | third_bits(z >> 2) << 43;
        const uint64_t last = third_bits(x >> 2) | third_bits(y >> 1) << 21 | third_bits(z) << 42;
        const uint64_t any = first | middle | last;
        out->mask[0][i] = first;
        out->mask[1][i] = any;
        out->mask[2][i] = last;
        n[0] += (size_t)__builtin_popcountll(first);
        n[1] += (size_t)__builtin_popcountll(any);
        n[2] += (size_t)__builtin_popcountll(last);
    }
    memcpy(out->n, n, sizeof n);
}

#if COP_VEC_BYTES == 64 && defined(__AVX512F__)

/* Rows of three taps at four places, and a float of no use behind each. */
INLINE __m512 four_rows(const float *value, const uint32_t *index)
{
    const __mmask8 row = 7; /* the last one may end where memory does */
    const __m128 a = _mm_maskz_loadu_ps(row, value + (size_t)index[0] * 3);
    const __m128 b = _mm_maskz_loadu_ps(row, value + (size_t)index[1] * 3);
    const __m128 c = _mm_maskz_loadu_ps(row, value + (size_t)index[2] * 3);
    const __m128 d = _mm_maskz_loadu_ps(row, value + (size_t)index[3] * 3);
    const __m256 ab = _mm256_insertf128_ps(_mm256_castps128_ps256(a), b, 1);
    const __m256 cd = _mm256_insertf128_ps(_mm256_castps128_ps256(c), d, 1);
    return _mm512_insertf32x8(_mm512_castps256_ps512(ab), cd, 1);
}

#endif

static void taps(const float *value, const uint32_t *index, size_t n, float *const tap[3])
{
    size_t j = 0;
#if COP_VEC_BYTES == 64 && defined(__AVX512F__)
    const __m512i four =
        _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28);
    for (; j + WIDTH <= n; j += WIDTH) {
        const __m512 a = four_rows(value, index + j), b = four_rows(value, index + j + 4);
        const __m512 c = four_rows(value, index + j + 8), d = four_rows(value, index + j + 12);
        for (int k = 0; k < 3; k++) {
            const __m512i from = _mm512_add_epi32(four, _mm512_set1_epi32(k));
            const __m512 ab = _mm512_permutex2var_ps(a, from, b);
            const __m512 cd = _mm512_permutex2var_ps(c, from, d);
            _mm512_storeu_ps(tap[k] + j, _mm512_mask_blend_ps(0xff00, ab, cd));
        }
    }
#endif
    for (; j < n; j++) {
        const float *row = value + (size_t)index[j] * 3;
        tap[0][j] = row[0];
        tap[1][j] = row[1];
        tap[2][j] = row[2];
    }
}

const CopConv3dMaskKernels TIER_NAME(cop_conv3d_mask_kernels_) = {
    .rank = rank, .spread = spread, .rows = rows, .taps = taps};

/* Placing of slots in lists of conv3d, compiled once a CPU tier: where vectors can be compressed,
 * a tap along t at a time. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/conv3d_kernels.h"
#include "models/kernels/lane_vector.h"

#if COP_VEC_BYTES == 64 && defined(__AVX512F__)

enum { LANES = COP_PLACE_TAPS };

/* The first n lanes. */
INLINE __mmask16 lanes(unsigned n)
{
    return (__mmask16)((1U << n) - 1);
}

/* Lists a few slots behind `*at` that are already there. */
INLINE void put(const CopConv3dSlots *slots, uint32_t *at, __m512i offset, __m512i index,
                unsigned n)
{
    _mm512_mask_storeu_epi32(slots->offset + *at, lanes(n), offset);
    _mm512_mask_storeu_epi32(slots->index + *at, lanes(n), index);
    *at += n;
}

/* Slots that both channels of a pair have, one after the other. */
INLINE void put_both(const CopConv3dSlots *slots, uint32_t *at, __mmask16 both, __m512i offset,
                     __m512i index_a, __m512i index_b)
{
    const __m512i twice = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    const __m512i turns = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i half = _mm512_set1_epi32(8);
    const unsigned n = 2 * (unsigned)__builtin_popcount(both);
    offset = _mm512_maskz_compress_epi32(both, offset);
    index_a = _mm512_maskz_compress_epi32(both, index_a);
    index_b = _mm512_maskz_compress_epi32(both, index_b);
    put(slots, at, _mm512_permutexvar_epi32(twice, offset),
        _mm512_permutex2var_epi32(index_a, turns, index_b), n < LANES ? n : LANES);
    if (n > LANES)
        put(slots, at, _mm512_permutexvar_epi32(_mm512_add_epi32(twice, half), offset),
            _mm512_permutex2var_epi32(index_a, _mm512_add_epi32(turns, half), index_b), n - LANES);
}

void TIER_NAME(cop_conv3d_place_)(const CopConv3dSlots *slots, uint32_t *start, uint64_t a,
                                  uint64_t b, uint32_t index_a, uint32_t index_b, uint32_t channel)
{
    const __m512i count = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const uint64_t all = ((uint64_t)1 << slots->taps) - 1;
    for (int i = 0; i < slots->segments; i++, a >>= slots->taps, b >>= slots->taps) {
        const __mmask16 in_a = (__mmask16)(a & all), in_b = (__mmask16)(b & all);
        const __mmask16 both = in_a & in_b, only_a = in_a & ~both, only_b = in_b & ~both;
        const unsigned n_a = (unsigned)__builtin_popcount(only_a);
        const unsigned n_b = (unsigned)__builtin_popcount(only_b);
        uint32_t *at = start + slots->segment[i];
        if (!slots->place) {
            at[2] += 2 * (unsigned)__builtin_popcount(both);
            at[2 + slots->kind] += n_a;
            at[2 + 2 * slots->kind] += n_b;
            continue;
        }
        const __m512i offset =
            _mm512_add_epi32(_mm512_set1_epi32((int)channel),
                             _mm512_loadu_si512(slots->tap_offset + i * slots->taps));
        const __m512i at_a = slots->positions ? count : _mm512_maskz_expand_epi32(in_a, count);
        const __m512i at_b = slots->positions ? count : _mm512_maskz_expand_epi32(in_b, count);
        const __m512i from_a = _mm512_add_epi32(_mm512_set1_epi32((int)index_a), at_a);
        const __m512i from_b = _mm512_add_epi32(_mm512_set1_epi32((int)index_b), at_b);
        put(slots, &at[1 + slots->kind], _mm512_maskz_compress_epi32(only_a, offset),
            _mm512_maskz_compress_epi32(only_a, from_a), n_a);
        if (in_b) {
            put_both(slots, &at[1], both, offset, from_a, from_b);
            put(slots, &at[1 + 2 * slots->kind], _mm512_maskz_compress_epi32(only_b, offset),
                _mm512_maskz_compress_epi32(only_b, from_b), n_b);
        }
        index_a += slots->positions ? (uint32_t)slots->taps : (uint32_t)__builtin_popcount(in_a);
        index_b += slots->positions ? (uint32_t)slots->taps : (uint32_t)__builtin_popcount(in_b);
    }
}

#endif

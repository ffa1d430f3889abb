/* Placing of slots in lists of conv3d, compiled once a CPU tier: where vectors can be compressed,
 * a tap along t at a time. SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/mask.h"
#include "models/kernels/conv3d_kernels.h"
#include "models/kernels/lane_vector.h"

#if COP_VEC_BYTES == 64 && defined(__AVX512F__)

enum { LANES = COP_PLACE_TAPS };

/* The first n lanes. */
INLINE __mmask16 lanes(unsigned n)
{
    return (__mmask16)((1U << n) - 1);
}

/* Where slots go, and what all units share. */
typedef struct Place {
    uint32_t *restrict offset, *restrict index;
    __m512i count, twice, twice_more, turns, turns_more;
} Place;

/* Lists n slots at `at`. */
INLINE void put(const Place *to, uint32_t at, __m512i offset, __m512i index, unsigned n)
{
    _mm512_mask_storeu_epi32(to->offset + at, lanes(n), offset);
    _mm512_mask_storeu_epi32(to->index + at, lanes(n), index);
}

/* Slots that both channels of a pair have, one after the other; returns how many. */
INLINE unsigned put_both(const Place *to, uint32_t at, __mmask16 both, __m512i offset,
                         __m512i index_a, __m512i index_b)
{
    const unsigned n = 2 * (unsigned)__builtin_popcount(both);
    offset = _mm512_maskz_compress_epi32(both, offset);
    index_a = _mm512_maskz_compress_epi32(both, index_a);
    index_b = _mm512_maskz_compress_epi32(both, index_b);
    put(to, at, _mm512_permutexvar_epi32(to->twice, offset),
        _mm512_permutex2var_epi32(index_a, to->turns, index_b), n < LANES ? n : LANES);
    if (n > LANES)
        put(to, at + LANES, _mm512_permutexvar_epi32(to->twice_more, offset),
            _mm512_permutex2var_epi32(index_a, to->turns_more, index_b), n - LANES);
    return n;
}

/* Taps along h and w of a unit in one segment. */
INLINE void put_segment(const CopConv3dSlots *slots, const Place *to, uint32_t *at, __mmask16 in_a,
                        __mmask16 in_b, __m512i offset, uint32_t index_a, uint32_t index_b)
{
    const __mmask16 both = in_a & in_b, only_a = in_a & ~both, only_b = in_b & ~both;
    const bool positions = slots->positions;
    const __m512i at_a = positions ? to->count : _mm512_maskz_expand_epi32(in_a, to->count);
    const __m512i from_a = _mm512_add_epi32(_mm512_set1_epi32((int)index_a), at_a);
    uint32_t *end = &at[1 + slots->kind];
    const unsigned n_a = (unsigned)__builtin_popcount(only_a);
    put(to, *end, _mm512_maskz_compress_epi32(only_a, offset),
        _mm512_maskz_compress_epi32(only_a, from_a), n_a);
    *end += n_a;
    if (!in_b)
        return;
    const __m512i at_b = positions ? to->count : _mm512_maskz_expand_epi32(in_b, to->count);
    const __m512i from_b = _mm512_add_epi32(_mm512_set1_epi32((int)index_b), at_b);
    at[1] += put_both(to, at[1], both, offset, from_a, from_b);
    end += slots->kind;
    const unsigned n_b = (unsigned)__builtin_popcount(only_b);
    put(to, *end, _mm512_maskz_compress_epi32(only_b, offset),
        _mm512_maskz_compress_epi32(only_b, from_b), n_b);
    *end += n_b;
}

INLINE void count_segment(const CopConv3dSlots *slots, uint32_t *at, uint32_t in_a, uint32_t in_b)
{
    const unsigned both = (unsigned)__builtin_popcount(in_a & in_b);
    at[2] += 2 * both;
    at[2 + slots->kind] += (unsigned)__builtin_popcount(in_a) - both;
    at[2 + 2 * slots->kind] += (unsigned)__builtin_popcount(in_b) - both;
}

void TIER_NAME(cop_conv3d_place_)(const CopConv3dSlots *slots, CopConv3dRow row)
{
    const __m512i half = _mm512_set1_epi32(8);
    Place to = {.offset = slots->offset,
                .index = slots->index,
                .count = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                .twice = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7),
                .turns = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)};
    to.twice_more = _mm512_add_epi32(to.twice, half);
    to.turns_more = _mm512_add_epi32(to.turns, half);
    const int taps = slots->taps, segments = slots->segments, bits = taps * segments;
    const uint32_t all = (1U << taps) - 1;
    for (int unit = 0; unit < row.n; unit++) {
        uint64_t a = cop_mask_bits(row.mask, row.first, bits);
        uint64_t b = unit < row.pairs ? cop_mask_bits(row.mask, row.second, bits) : 0;
        const uint32_t n_a = (uint32_t)__builtin_popcountll(a);
        const uint32_t n_b = (uint32_t)__builtin_popcountll(b);
        uint32_t index_a = row.rank_a, index_b = slots->follows ? index_a + n_a : row.rank_b;
        if (slots->positions) {
            index_a = (uint32_t)row.first;
            index_b = (uint32_t)row.second;
        }
        row.rank_a = slots->follows ? index_b + n_b : row.rank_a + n_a;
        row.rank_b += n_b;
        for (int i = 0; i < segments; i++, a >>= taps, b >>= taps) {
            const uint32_t in_a = (uint32_t)a & all, in_b = (uint32_t)b & all;
            uint32_t *at = row.start + slots->segment[i];
            if (!slots->place) {
                count_segment(slots, at, in_a, in_b);
                continue;
            }
            const __m512i offset =
                _mm512_add_epi32(_mm512_set1_epi32((int)row.channel),
                                 _mm512_loadu_si512(slots->tap_offset + i * taps));
            put_segment(slots, &to, at, (__mmask16)in_a, (__mmask16)in_b, offset, index_a, index_b);
            index_a += slots->positions ? (uint32_t)taps : (uint32_t)__builtin_popcount(in_a);
            index_b += slots->positions ? (uint32_t)taps : (uint32_t)__builtin_popcount(in_b);
        }
        row.first += row.step;
        row.second += row.step;
        row.start += row.start_step;
        row.channel += row.channel_step;
        if (--row.block == 0) {
            row.block = row.blocks_of;
            row.start += row.start_jump;
            row.channel -= row.channel_back;
        }
    }
}

#endif

/* Placing of slots in lists of conv3d, compiled once a CPU tier: a unit's segments are counted
 * and then filled, a tap at a time, or, where vectors can be compressed, filled by up to sixteen
 * and then moved together.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "models/core/mask.h"
#include "models/kernels/conv3d_kernels.h"
#include "models/kernels/lane_vector.h"

INLINE uint32_t count(uint64_t bits)
{
    return (uint32_t)__builtin_popcountll(bits);
}

/* Active weights before a bit of the mask. */
INLINE uint32_t rank_of(const CopConv3dSlots *slots, size_t bit)
{
    const uint64_t below = ((uint64_t)1 << bit % 64) - 1;
    return slots->rank[bit / 64] + count(slots->mask[bit / 64] & below);
}

/* Between segments of one tap and the next kind. Units of single channels have one kind. */
INLINE size_t kind_step(const CopConv3dSlots *slots)
{
    return slots->pairs ? (size_t)slots->segments : 0;
}

/* Counts lie two behind a segment's start, and where its next slot goes one behind. */
INLINE void count_taps(const CopConv3dSlots *slots, uint32_t *at, uint64_t in_a, uint64_t in_b)
{
    const size_t kind = kind_step(slots);
    const uint32_t both = count(in_a & in_b);
    at[2] += 2 * both;
    at[2 + kind] += count(in_a) - both;
    at[2 + 2 * kind] += count(in_b) - both;
}

INLINE int lists_of(const CopConv3dSlots *slots)
{
    return slots->segments * (slots->pairs ? 3 : 1);
}

INLINE void clear(const CopConv3dSlots *slots, const CopConv3dUnit *unit)
{
    memset(unit->start, 0, ((size_t)lists_of(slots) + 2) * sizeof *unit->start);
}

/* From counts to starts. One list alone needs no counts. */
INLINE void add_up(const CopConv3dSlots *slots, const CopConv3dUnit *unit, uint32_t at)
{
    unit->start[0] = unit->start[1] = at;
    for (int i = 1; i < lists_of(slots); i++)
        unit->start[i + 1] += unit->start[i];
}

/* Where the slots of a unit end, once they are placed: at the end of its last list. */
INLINE uint32_t end_of(const CopConv3dSlots *slots, const CopConv3dUnit *unit)
{
    return unit->start[lists_of(slots)];
}

/* --- a tap at a time --- */

/* A word of a kernel, and where its active taps lie in the owner's array. */
typedef struct Taps {
    uint64_t active;
    uint32_t before; /* active ones before the word's, or all */
} Taps;

INLINE Taps taps_of(const CopConv3dSlots *slots, size_t kernel, int word)
{
    const size_t first = kernel + (size_t)word * 64;
    const int left = slots->taps - word * 64;
    return (Taps){cop_mask_bits(slots->mask, first, left < 64 ? left : 64),
                  slots->rank ? rank_of(slots, first) : (uint32_t)first};
}

INLINE uint32_t index_of(const CopConv3dSlots *slots, Taps taps, uint64_t below, int tap)
{
    return taps.before + (slots->rank ? count(taps.active & below) : (uint32_t)tap);
}

/* What both channels have and what one has are walked one after the other, since which comes next
 * in a random mask is what a processor guesses wrong. */
INLINE void place_both(const CopConv3dSlots *slots, uint32_t *at, const CopTap *tap, uint64_t rest,
                       Taps a, Taps b, uint32_t channel)
{
    for (; rest; rest &= rest - 1) {
        const int i = __builtin_ctzll(rest);
        const uint64_t below = (rest & -rest) - 1;
        slots->offset[*at] = slots->offset[*at + 1] = channel + (uint32_t)tap[i].offset;
        slots->index[*at] = index_of(slots, a, below, i);
        slots->index[*at + 1] = index_of(slots, b, below, i);
        *at += 2;
    }
}

INLINE void place_one(const CopConv3dSlots *slots, uint32_t *at, const CopTap *tap, uint64_t rest,
                      Taps of, uint32_t channel)
{
    for (; rest; rest &= rest - 1) {
        const int i = __builtin_ctzll(rest);
        slots->offset[*at] = channel + (uint32_t)tap[i].offset;
        slots->index[*at] = index_of(slots, of, (rest & -rest) - 1, i);
        ++*at;
    }
}

/* Counts or places the taps of an input channel that lie in a word of kernels. */
INLINE void visit_word(const CopConv3dSlots *slots, const CopConv3dUnit *unit, int c, int word,
                       const bool place)
{
    const size_t kernel = (size_t)c * slots->in_step, kind = kind_step(slots);
    const Taps a = taps_of(slots, unit->first + kernel, word);
    Taps b = {0, 0};
    if (!unit->alone)
        b = taps_of(slots, unit->second + kernel, word);
    const CopTap *tap = slots->tap + (ptrdiff_t)word * 64;
    const uint32_t channel = unit->offset + (uint32_t)c * slots->in_c;
    for (int i = 0; i < slots->segments; i++) {
        const uint64_t own = slots->in_segment[i * slots->words + word];
        const uint64_t in_a = a.active & own, in_b = b.active & own;
        uint32_t *at = unit->start + i;
        if (!place) {
            count_taps(slots, at, in_a, in_b);
            continue;
        }
        place_both(slots, at + 1, tap, in_a & in_b, a, b, channel);
        place_one(slots, at + 1 + kind, tap, in_a & ~in_b, a, channel);
        place_one(slots, at + 1 + 2 * kind, tap, in_b & ~in_a, b, channel);
    }
}

static uint32_t place_taps(const CopConv3dSlots *slots, const CopConv3dUnit *unit, uint32_t at)
{
    if (lists_of(slots) > 1) {
        clear(slots, unit);
        for (int c = 0; c < unit->channels; c++)
            for (int word = 0; word < slots->words; word++)
                visit_word(slots, unit, c, word, false);
    }
    add_up(slots, unit, at);
    for (int c = 0; c < unit->channels; c++)
        for (int word = 0; word < slots->words; word++)
            visit_word(slots, unit, c, word, true);
    return end_of(slots, unit);
}

#if COP_VEC_BYTES == 64 && defined(__AVX512F__)

/* --- vectors --- */

enum { LANES = COP_PLACE_LANES };

/* Where in the layer's memory a list starts is known when those before it are complete. Until then
 * a unit's lists grow side by side in scratch memory, what both channels have once and with two
 * indices, and whole vectors may be written behind each. */
enum { BOTH, BOTH_A, BOTH_B, A, A_INDEX, B, B_INDEX };
_Static_assert(B_INDEX + 1 == COP_PLACE_ARRAYS, "slots->room tells them apart");

typedef struct Grown {
    uint32_t both, a, b; /* slots so far, those of both counted once */
} Grown;

INLINE uint32_t *grown_at(const CopConv3dSlots *slots, int segment, int array)
{
    return slots->scratch + (size_t)(segment * COP_PLACE_ARRAYS + array) * slots->room;
}

INLINE void put(uint32_t *at, __mmask16 own, __m512i slot)
{
    _mm512_storeu_si512(at, _mm512_maskz_compress_epi32(own, slot));
}

/* Slots of one channel, from scratch memory to `at`; returns where the next ones go. */
INLINE uint32_t copy_one(const CopConv3dSlots *slots, int segment, int array, uint32_t n,
                         uint32_t at)
{
    const uint32_t *offset = grown_at(slots, segment, array), *index = offset + slots->room;
    uint32_t *to_offset = slots->offset + at, *to_index = slots->index + at;
    for (uint32_t j = 0; j < n; j += LANES) {
        _mm512_storeu_si512(to_offset + j, _mm512_loadu_si512(offset + j));
        _mm512_storeu_si512(to_index + j, _mm512_loadu_si512(index + j));
    }
    return at + n;
}

/* Slots that both channels of a pair have, one after the other. */
INLINE uint32_t copy_both(const CopConv3dSlots *slots, int segment, uint32_t n, uint32_t at)
{
    const __m512i half = _mm512_set1_epi32(LANES / 2);
    const __m512i twice = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    const __m512i turns = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i twice_more = _mm512_add_epi32(twice, half);
    const __m512i turns_more = _mm512_add_epi32(turns, half);
    const uint32_t *offset = grown_at(slots, segment, BOTH);
    const uint32_t *index_a = offset + slots->room, *index_b = index_a + slots->room;
    uint32_t *to_offset = slots->offset + at, *to_index = slots->index + at;
    for (uint32_t j = 0; j < n; j += LANES, to_offset += 2 * LANES, to_index += 2 * LANES) {
        const __m512i o = _mm512_loadu_si512(offset + j);
        const __m512i a = _mm512_loadu_si512(index_a + j), b = _mm512_loadu_si512(index_b + j);
        _mm512_storeu_si512(to_offset, _mm512_permutexvar_epi32(twice, o));
        _mm512_storeu_si512(to_offset + LANES, _mm512_permutexvar_epi32(twice_more, o));
        _mm512_storeu_si512(to_index, _mm512_permutex2var_epi32(a, turns, b));
        _mm512_storeu_si512(to_index + LANES, _mm512_permutex2var_epi32(a, turns_more, b));
    }
    return at + 2 * n;
}

/* A unit's lists, in their order, from scratch memory to `at`. */
INLINE uint32_t copy_lists(const CopConv3dSlots *slots, const CopConv3dUnit *unit,
                           const Grown *grown, uint32_t at)
{
    const int segments = slots->segments;
    uint32_t *start = unit->start;
    for (int i = 0; i < segments && slots->pairs; i++) {
        *start++ = at;
        at = copy_both(slots, i, grown[i].both, at);
    }
    for (int i = 0; i < segments; i++) {
        *start++ = at;
        at = copy_one(slots, i, A, grown[i].a, at);
    }
    for (int i = 0; i < segments && slots->pairs; i++) {
        *start++ = at;
        at = copy_one(slots, i, B, grown[i].b, at);
    }
    return at;
}

/* The kernels of a few input channels, of both output channels, one behind the other. */
typedef struct Kernels {
    uint64_t a, b;
} Kernels;

INLINE Kernels kernels_of(const CopConv3dSlots *slots, const CopConv3dUnit *unit, int c, int n,
                          const bool transposed)
{
    const int taps = slots->taps;
    const uint64_t *mask = slots->mask;
    const size_t step = slots->in_step, from = (size_t)c * step;
    Kernels out = {0};
    if (!transposed) {
        out.a = cop_mask_bits(mask, unit->first + from, n * taps);
        if (!unit->alone)
            out.b = cop_mask_bits(mask, unit->second + from, n * taps);
        return out;
    }
    const uint64_t all = ((uint64_t)2 << (taps - 1)) - 1;
    size_t kernel = unit->first + from;
    if (!unit->alone && 2 * taps <= 64) {
        for (int i = 0; i < n * taps; i += taps, kernel += step) {
            const uint64_t bits = cop_mask_bits(mask, kernel, 2 * taps);
            out.a |= (bits & all) << i;
            out.b |= bits >> taps << i;
        }
        return out;
    }
    for (int i = 0; i < n * taps; i += taps, kernel += step) {
        out.a |= cop_mask_bits(mask, kernel, taps) << i;
        if (!unit->alone)
            out.b |= cop_mask_bits(mask, kernel + (size_t)taps, taps) << i;
    }
    return out;
}

/* Indices of a segment's taps, those of kernels with `all` active taps; `before` come before. */
INLINE __m512i indices(const CopConv3dSlots *slots, int segment, uint64_t all, __mmask16 own,
                       uint32_t before, const bool ranked)
{
    if (!ranked)
        return _mm512_add_epi32(_mm512_set1_epi32((int)before),
                                _mm512_loadu_si512(slots->lane_index[segment]));
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const uint64_t lanes_of = slots->lanes_of[segment];
    before += count(all & ((lanes_of & -lanes_of) - 1));
    return _mm512_add_epi32(_mm512_set1_epi32((int)before), _mm512_maskz_expand_epi32(own, lane));
}

/* Taps of some input channels, in all segments. */
INLINE void put_kernels(const CopConv3dSlots *slots, const CopConv3dUnit *unit, Grown *grown,
                        Kernels kernels, Kernels before, uint32_t channel, const bool ranked)
{
    const size_t room = slots->room;
    uint32_t *to = slots->scratch;
    for (int i = 0, end = slots->segments; i < end; i++, to += COP_PLACE_ARRAYS * room, grown++) {
        const uint64_t lanes_of = slots->lanes_of[i];
        const __mmask16 in_a = (__mmask16)_pext_u64(kernels.a, lanes_of);
        const __mmask16 in_b = (__mmask16)_pext_u64(kernels.b, lanes_of);
        const __mmask16 only_a = in_a & ~in_b;
        const __m512i offset = _mm512_add_epi32(_mm512_set1_epi32((int)channel),
                                                _mm512_loadu_si512(slots->lane_offset[i]));
        const __m512i index_a = indices(slots, i, kernels.a, in_a, (uint32_t)before.a, ranked);
        put(to + A * room + grown->a, only_a, offset);
        put(to + A_INDEX * room + grown->a, only_a, index_a);
        grown->a += count(only_a);
        if (unit->alone)
            continue;
        const __mmask16 both = in_a & in_b, only_b = in_b & ~in_a;
        const __m512i index_b = indices(slots, i, kernels.b, in_b, (uint32_t)before.b, ranked);
        put(to + BOTH * room + grown->both, both, offset);
        put(to + BOTH_A * room + grown->both, both, index_a);
        put(to + BOTH_B * room + grown->both, both, index_b);
        grown->both += count(both);
        put(to + B * room + grown->b, only_b, offset);
        put(to + B_INDEX * room + grown->b, only_b, index_b);
        grown->b += count(only_b);
    }
}

INLINE uint32_t place_vectors(const CopConv3dSlots *slots, const CopConv3dUnit *unit, uint32_t at,
                              const bool ranked, const bool transposed)
{
    const int step = slots->channels, channels = unit->channels;
    Grown grown[COP_PLACE_BITS];
    memset(grown, 0, (size_t)slots->segments * sizeof *grown);
    Kernels before = {0};
    for (int c = 0; c < channels; c += step) {
        const int n = channels - c < step ? channels - c : step;
        const Kernels kernels = kernels_of(slots, unit, c, n, transposed);
        const size_t from = (size_t)c * slots->in_step;
        if (!ranked)
            before = (Kernels){unit->first + from, unit->second + from};
        else if (transposed || c == 0) /* else this kernel begins where the one before ended */
            before = (Kernels){rank_of(slots, unit->first + from),
                               unit->alone ? 0 : rank_of(slots, unit->second + from)};
        put_kernels(slots, unit, grown, kernels, before, unit->offset + (uint32_t)c * slots->in_c,
                    ranked);
        before.a += count(kernels.a);
        before.b += count(kernels.b);
    }
    return copy_lists(slots, unit, grown, at);
}

#endif

uint32_t TIER_NAME(cop_conv3d_place_)(const CopConv3dSlots *slots, const CopConv3dUnit *unit,
                                      uint32_t at)
{
#if COP_VEC_BYTES == 64 && defined(__AVX512F__)
    if (slots->channels && slots->rank)
        return slots->transposed ? place_vectors(slots, unit, at, true, true)
                                 : place_vectors(slots, unit, at, true, false);
    if (slots->channels)
        return slots->transposed ? place_vectors(slots, unit, at, false, true)
                                 : place_vectors(slots, unit, at, false, false);
#endif
    return place_taps(slots, unit, at);
}

/* Bit masks over the weights of one parameter; bit i of word i/64 belongs to
 * flat (row-major) index i. Bits past the last weight are zero.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORE_MASK_H
#define COP_CORE_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline size_t cop_mask_words(size_t bits)
{
    return (bits + 63) / 64;
}

static inline bool cop_mask_get(const uint64_t *mask, size_t i)
{
    return mask[i / 64] >> (i % 64) & 1;
}

static inline void cop_mask_set(uint64_t *mask, size_t i)
{
    mask[i / 64] |= (uint64_t)1 << (i % 64);
}

static inline void cop_mask_clear(uint64_t *mask, size_t i)
{
    mask[i / 64] &= ~((uint64_t)1 << (i % 64));
}

/* n bits, 1..64, from bit i on, in the low ones. */
static inline uint64_t cop_mask_bits(const uint64_t *mask, size_t i, int n)
{
    const size_t word = i / 64, shift = i % 64;
    uint64_t bits = mask[word] >> shift;
    if (shift + (size_t)n > 64)
        bits |= mask[word + 1] << (64 - shift);
    return n < 64 ? bits & (((uint64_t)1 << n) - 1) : bits;
}

static inline size_t cop_mask_count(const uint64_t *mask, size_t bits)
{
    size_t count = 0;
    for (size_t word = 0; word < cop_mask_words(bits); word++)
        count += (size_t)__builtin_popcountll(mask[word]);
    return count;
}

#endif

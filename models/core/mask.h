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

static inline size_t cop_mask_count(const uint64_t *mask, size_t bits)
{
    size_t count = 0;
    for (size_t word = 0; word < cop_mask_words(bits); word++)
        count += (size_t)__builtin_popcountll(mask[word]);
    return count;
}

#endif

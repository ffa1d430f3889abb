/* The k smallest of many 32-bit keys, in time linear in their number: a radix search.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_SPARSITY_SELECT_H
#define COP_SPARSITY_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { COP_KEY_LARGEST = 0x7FFFFFFF, COP_KEY_INFINITE = 0x7F800000 };

/* |x| as an integer of the same order; infinities and NaNs lie above the rest. */
static inline uint32_t cop_magnitude_key(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & COP_KEY_LARGEST;
}

/* Selects the keys below `key` and the first `ties` of those that equal it. */
typedef struct CopCut {
    uint32_t key;
    size_t ties;
} CopCut;

/* Keys must be shown in the order in which ties are broken. */
static inline bool cop_cut_selects(CopCut *cut, uint32_t key)
{
    if (key != cut->key)
        return key < cut->key;
    if (cut->ties == 0)
        return false;
    cut->ties--;
    return true;
}

/* A search for the k-th smallest key, 1 <= k <= number of keys, that keeps no copy of
 * them: between cop_radix_begin() and the false of cop_radix_next(), and again after
 * each true, all keys are added once, in any order. */
typedef struct CopRadix {
    size_t k, count[256];
    uint32_t prefix, known;
    int shift;
} CopRadix;

void cop_radix_begin(CopRadix *radix, size_t k);

static inline void cop_radix_add(CopRadix *radix, uint32_t key)
{
    if ((key & radix->known) == radix->prefix)
        radix->count[key >> radix->shift & 255]++;
}

bool cop_radix_next(CopRadix *radix);
CopCut cop_radix_cut(const CopRadix *radix);

/* The cut that selects the k smallest of n keys, k <= n. */
CopCut cop_cut_smallest(const uint32_t *key, size_t n, size_t k);

/* The same over the magnitudes of n values. */
CopCut cop_cut_smallest_values(const float *value, size_t n, size_t k);

#endif

/* The k smallest of many 32-bit keys: a radix search, one byte a pass.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/sparsity/select.h"

void cop_radix_begin(CopRadix *radix, size_t k)
{
    *radix = (CopRadix){.k = k, .shift = 24};
}

bool cop_radix_next(CopRadix *radix)
{
    uint32_t digit = 0;
    while (radix->count[digit] < radix->k)
        radix->k -= radix->count[digit++];
    radix->prefix |= digit << radix->shift;
    radix->known |= (uint32_t)255 << radix->shift;
    radix->shift -= 8;
    memset(radix->count, 0, sizeof radix->count);
    return radix->shift >= 0;
}

CopCut cop_radix_cut(const CopRadix *radix)
{
    return (CopCut){radix->prefix, radix->k};
}

CopCut cop_cut_smallest(const uint32_t *key, size_t n, size_t k)
{
    CopRadix radix;
    if (k == 0)
        return (CopCut){0};
    cop_radix_begin(&radix, k);
    do
        for (size_t i = 0; i < n; i++)
            cop_radix_add(&radix, key[i]);
    while (cop_radix_next(&radix));
    return cop_radix_cut(&radix);
}

CopCut cop_cut_smallest_values(const float *value, size_t n, size_t k)
{
    CopRadix radix;
    if (k == 0)
        return (CopCut){0};
    cop_radix_begin(&radix, k);
    do
        for (size_t i = 0; i < n; i++)
            cop_radix_add(&radix, cop_magnitude_key(value[i]));
    while (cop_radix_next(&radix));
    return cop_radix_cut(&radix);
}

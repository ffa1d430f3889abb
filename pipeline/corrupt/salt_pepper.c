/* Elements that become white or black by chance.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/salt_pepper.h"

#include "pipeline/corrupt/tiers.h"

COP_TIERS
void cop_salt_pepper_row(uint32_t last, const uint32_t *word, uint8_t *x, int n)
{
    for (int i = 0; i < n; i++) {
        const uint8_t level = word[i] & 1 ? 255 : 0;
        x[i] = word[i] <= last ? level : x[i];
    }
}

uint32_t cop_salt_pepper_last(double amount)
{
    return amount < 1 ? (uint32_t)(amount * 4294967296.0) : UINT32_MAX;
}

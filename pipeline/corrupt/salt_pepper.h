/* Elements that become white or black by chance.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_SALT_PEPPER_H
#define COP_CORRUPT_SALT_PEPPER_H

#include <stdint.h>

/* Of n elements in place, those whose word is at most `last` become 255 where the word
 * is odd, else 0. */
void cop_salt_pepper_row(uint32_t last, const uint32_t *word, uint8_t *x, int n);

/* The last word that hits: the greatest u with u / 2^32 <= amount (0 .. 1). */
uint32_t cop_salt_pepper_last(double amount);

#endif

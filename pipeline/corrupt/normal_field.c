/* Fields of normal noise.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/normal_field.h"

#include "pipeline/corrupt/noise_words.h"

enum { CHUNK = 1024 };

void cop_normal_field(CopRngKey key, CopRngAddress at, uint32_t first, double mean, double std,
                      double *out, int n)
{
    uint32_t word[CHUNK + COP_NOISE_STEP];
    for (int done = 0, count; done < n; done += count) {
        const uint32_t position = first + (uint32_t)done;
        const int lead = (int)(position % 4);
        count = n - done < CHUNK - lead ? n - done : CHUNK - lead;
        cop_noise_words(key, position - (uint32_t)lead, at, word, lead + count);
        for (int i = 0; i < count; i++)
            out[done + i] = mean + std * cop_normal_quantile((word[lead + i] + 0.5) * 0x1p-32);
    }
}

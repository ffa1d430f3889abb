/* Fields of normal noise.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/normal_field.h"

#include "pipeline/corrupt/noise_words.h"

void cop_normal_field(CopRngKey key, CopRngAddress at, uint32_t first, double mean, double std,
                      double *out, int n)
{
    CopNoiseChunk chunk;
    for (int done = 0, count; done < n; done += count) {
        const uint32_t *word =
            cop_noise_chunk(&chunk, key, first + (uint32_t)done, at, n - done, &count);
        for (int i = 0; i < count; i++)
            out[done + i] = mean + std * cop_normal_quantile((word[i] + 0.5) * 0x1p-32);
    }
}

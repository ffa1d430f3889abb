/* Noise that is independent from element to element, over whole pictures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/noise_rows.h"

#include "pipeline/corrupt/noise_words.h"

void cop_noise_rows(const CopCorrupt *corrupt, CopFrame *frame, CopNoiseRow row, const void *noise)
{
    const CopRngAddress at = {.frame = cop_corrupt_drawn_at(corrupt, frame->index),
                              .clip = corrupt->clip};
    CopNoiseChunk chunk;
    const uint32_t *word = NULL;
    const int row_bytes = 3 * frame->width;
    const int64_t size = (int64_t)row_bytes * frame->height;
    int64_t position = 0;
    int drawn = 0; /* words that no element has used */
    for (int y = 0; y < frame->height; y++) {
        uint8_t *x = frame->plane[0] + (ptrdiff_t)y * frame->stride[0];
        for (int done = 0; done < row_bytes;) {
            if (drawn == 0)
                word = cop_noise_chunk(&chunk, corrupt->key, (uint32_t)position, at,
                                       size - position, &drawn);
            const int n = row_bytes - done < drawn ? row_bytes - done : drawn;
            row(noise, word, x + done, n);
            done += n;
            position += n;
            word += n;
            drawn -= n;
        }
    }
}

/* Noise that is independent from element to element, over whole pictures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/noise_rows.h"

#include "pipeline/corrupt/noise_words.h"

enum { CHUNK = 1024 };

void cop_noise_rows(const CopCorrupt *corrupt, CopFrame *frame, CopNoiseRow row, const void *noise)
{
    const CopRngAddress at = {.frame = cop_corrupt_drawn_at(corrupt, frame->index),
                              .clip = corrupt->clip};
    uint32_t word[CHUNK + COP_NOISE_STEP];
    const int row_bytes = 3 * frame->width;
    for (int y = 0; y < frame->height; y++) {
        uint8_t *x = frame->plane[0] + (ptrdiff_t)y * frame->stride[0];
        for (int done = 0, n; done < row_bytes; done += n) {
            const uint32_t position = (uint32_t)y * (uint32_t)row_bytes + (uint32_t)done;
            const int lead = (int)(position % 4);
            n = row_bytes - done < CHUNK - lead ? row_bytes - done : CHUNK - lead;
            cop_noise_words(corrupt->key, position - (uint32_t)lead, at, word, lead + n);
            row(noise, word + lead, x + done, n);
        }
    }
}

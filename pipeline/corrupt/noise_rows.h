/* Noise that is independent from element to element, over whole pictures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_NOISE_ROWS_H
#define COP_CORRUPT_NOISE_ROWS_H

#include "pipeline/corrupt/corrupt.h"

/* Changes n elements in place, one word each. */
typedef void (*CopNoiseRow)(const void *noise, const uint32_t *word, uint8_t *x, int n);

/* Runs `row` over all elements of an RGB frame. Element 3 (y width + x) + channel gets
 * the word at that position of draw 0: of the frame's own index, or of frame 0 where
 * the corruption is static. Sensor noise has no motion to follow: other modes are fresh. */
void cop_noise_rows(const CopCorrupt *corrupt, CopFrame *frame, CopNoiseRow row, const void *noise);

#endif

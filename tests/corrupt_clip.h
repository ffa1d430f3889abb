/* Clips for tests of corruptions: made, compared, run through an instance.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_CORRUPT_CLIP_H
#define COP_TESTS_CORRUPT_CLIP_H

#include <stdbool.h>

#include "pipeline/corrupt/corrupt.h"

/* A textured gradient that moves by two columns and a row a frame; every byte
 * hangs on `index`. pts is 40 ms a frame. Stops the test when memory is out. */
CopFrame clip_frame(CopPixelFormat format, int width, int height, int64_t index);

/* n frames of consecutive index from `first` on. */
void clip_make(CopFrame *frame, int n, CopPixelFormat format, int width, int height, int64_t first);
void clip_free(CopFrame *frame, int n);

/* Same format, size, index and pts; and the same pixels. */
bool clip_same_shape(const CopFrame *a, const CopFrame *b);
bool clip_same_pixels(const CopFrame *a, const CopFrame *b);

/* Mean squared difference of all bytes. */
double clip_mse(const CopFrame *a, const CopFrame *b, int n);

/* An instance, or a failed test with the error's text. */
CopCorrupt *clip_corrupt(const char *name, double severity, uint64_t seed, const char *preset,
                         const char *params);

#endif

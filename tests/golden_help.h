/* Outputs of the original corruption scripts with what they drew (golden/corrupt/README.md).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_GOLDEN_HELP_H
#define TESTS_GOLDEN_HELP_H

#include "models/train/safetensors.h"
#include "pipeline/media/frame.h"

typedef struct Golden {
    CopSafetensors *file;
    const CopStTensor *input, *output; /* U8 [h][w][3] or [t][h][w][3] */
    int t, h, w;
} Golden;

/* "tiny-64_fog_s3_coffee"; a failure ends the test. Close golden->file after. */
void golden_open(Golden *golden, const char *name);

/* Picture i of a tensor as an RGB frame of that index (returned). */
CopFrame golden_frame(const Golden *golden, const CopStTensor *tensor, int i);

/* A tensor of n numbers, malloc'ed and returned. */
float *golden_floats(const Golden *golden, const char *name, size_t n);
double *golden_doubles(const Golden *golden, const char *name, size_t n);

/* Bytes of two RGB frames of one size that differ; the largest difference in *worst. */
size_t golden_differ(const CopFrame *a, const CopFrame *b, int *worst);

/* Runs `corruption` with the table `preset` at severity s over the input of
 * "PRESET_CORRUPTION_sS_PICTURE": at most `bytes` bytes may differ, none by more than
 * `levels`. */
void golden_exact(const char *preset, const char *corruption, int s, const char *picture,
                  size_t bytes, int levels);

#endif

/* How far a corrupted picture is from what it was: squared error and structural similarity.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_FIDELITY_H
#define COP_EVAL_FIDELITY_H

#include "pipeline/media/frame.h"

/* Sums over frames; zeroed is empty. */
typedef struct CopFidelity {
    double squares, samples; /* of differences of 8-bit samples */
    double ssim;             /* a frame's, summed over frames */
    int64_t frames;
} CopFidelity;

/* Adds a pair of frames of one format and size. All planes count, by their samples, as in
 * the "average" PSNR and the "All" SSIM of FFmpeg's filters; a fourth byte of packed
 * formats does not. SSIM (Wang et al., IEEE Transactions on Image Processing 13, 2004) is
 * over windows of 8 x 8 every 4 samples and with the constants of x264 and FFmpeg; a
 * plane smaller than that is one window. */
void cop_fidelity_add(CopFidelity *sum, const CopFrame *a, const CopFrame *b);

/* 10 log10(255^2 / mean squared error); infinite for equal pictures. */
double cop_psnr(double mean_squared_error);

#endif

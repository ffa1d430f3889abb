/* Winograd's minimal filtering F(2,3) along w: two outputs of a row under three taps take four
 * products instead of six (Lavin and Gray, CVPR 2016, section 4.1, in one dimension).
 *   v = (x0 - x2, x1 + x2, x2 - x1, x1 - x3)
 *   u = (g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g2)
 *   y0 = m0 + m1 + m2, y1 = m1 - m2 - m3, where m = u v, summed over all that a position sees
 * Each of the four sums is a convolution over two dimensions, which conv3d's kernels do.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_KERNELS_WINOGRAD_H
#define COP_KERNELS_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>

enum {
    COP_WINOGRAD_PARTS = 4,
    COP_WINOGRAD_TAPS = 3, /* along w */
    COP_WINOGRAD_COLS = 7  /* pairs of outputs in a row of a tile, at most */
};

/* Rows of inputs to be transformed, of a block's channels and taps along t; one vector's lanes. */
typedef struct CopWinogradInput {
    const float *in; /* channel 0, tap 0, the first row's first input */
    ptrdiff_t in_c, in_t, in_h;
    float *out; /* part 0; [channel][tap][row][COP_WINOGRAD_COLS] */
    size_t out_part, out_c, out_t;
    int channels, first_tap, end_tap, rows;
    int pairs; /* of outputs in a row */
    bool odd;  /* the last pair lacks its second output, and no fourth input is read */
} CopWinogradInput;

/* Sums m of a tile to be turned into outputs. */
typedef struct CopWinogradOutput {
    const float *sums; /* part 0; [channel][row][pair], vectors */
    size_t part;       /* from one part's sums to the next's, in floats */
    float *out;        /* first output in channel 0 */
    ptrdiff_t out_c, out_h, out_w;
    int channels, rows, pairs;
    bool odd;
    const float *bias, *add; /* as CopConv3dTile's */
    ptrdiff_t add_c, add_h, add_w;
    bool relu, stream;
} CopWinogradOutput;

typedef struct CopWinogradKernels {
    void (*input)(const CopWinogradInput *job);
    void (*output)(const CopWinogradOutput *job);
} CopWinogradKernels;

extern const CopWinogradKernels cop_winograd_kernels_generic, cop_winograd_kernels_avx2,
    cop_winograd_kernels_avx512;

#endif

/* Winograd's minimal filtering along w (Lavin and Gray, CVPR 2016, in one dimension): F(4,3), four
 * outputs of a row under three taps by six products instead of twelve, and for seven taps under a
 * stride of two F(4,4) on the even ones and F(4,3) on the odd ones, by 13 instead of 28. Outputs
 * are y = A'(G g * B'x), where products are summed over all that a position sees: each is a
 * convolution over two dimensions, which conv3d's kernels do. Points are chosen for rounding
 * errors, 1.4 to 1.7 times those of plain sums, and 2 to 2.3 with 0, +-1 and +-2
 * (tests/kernels/winograd_points.py; on choosing: Barabasz et al., ACM TOMS 46, 2020).
 *
 * F(4,3), points 0, +-a, +-b and infinity, with A = a^2 and B = b^2:
 *   v0 = AB x0 - (A + B) x2 + x4              u0 = g0 / AB
 *   v1, v2 = (x4 - B x2) +- a (x3 - B x1)     u1, u2 = (g0 +- a g1 + A g2) / (2 A (A - B))
 *   v3, v4 = (x4 - A x2) +- b (x3 - A x1)     u3, u4 = (g0 +- b g1 + B g2) / (2 B (B - A))
 *   v5 = AB x1 - (A + B) x3 + x5              u5 = g2
 *   y0 = m0 + m1 + m2 + m3 + m4                     y1 = a (m1 - m2) + b (m3 - m4)
 *   y2 = A (m1 + m2) + B (m3 + m4)                  y3 = a^3 (m1 - m2) + b^3 (m3 - m4) + m5
 * F(4,4), points +-p, +-q, +-r and infinity, P = p^2 ...; for +-p, and +-q, +-r alike:
 *   v = (x5 - (Q + R) x3 + QR x1) +- p (x4 - (Q + R) x2 + QR x0)
 *   u = ((g1 + P g3) +- (g0 + P g2) / p) / (2 (P - Q) (P - R))
 *   v6 = x6 - (P + Q + R) x4 + (PQ + QR + RP) x2 - PQR x0     u6 = g3
 *   yi = the sum over p, q, r of p^i (m+ + m-), minus where i is odd, and m6 in y3
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_KERNELS_WINOGRAD_H
#define COP_KERNELS_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>

enum {
    COP_WINOGRAD_QUAD = 4,  /* outputs of a row that are made at a time */
    COP_WINOGRAD_QUADS = 7, /* in a row of a tile, at most */
    COP_WINOGRAD_PARTS = 13 /* products for a quad, at most */
};

typedef enum CopFilter { COP_FILTER_3, COP_FILTER_7, COP_FILTER_COUNT } CopFilter;

#define COP_WINOGRAD_A 0.75F
#define COP_WINOGRAD_B 1.5F
#define COP_WINOGRAD_P 0.25F
#define COP_WINOGRAD_Q 0.875F
#define COP_WINOGRAD_R 1.75F

/* Rows of inputs to be transformed, of a block's channels; one vector's lanes. */
typedef struct CopWinogradInput {
    const float *in; /* channel 0, the first row's first input */
    ptrdiff_t in_c, in_h;
    float *out; /* part 0; [channel][row][quad] */
    size_t out_part, out_c, out_h;
    int channels, rows;
    int cols; /* outputs in a row; inputs beyond theirs are not read */
} CopWinogradInput;

/* Sums m of a tile to be turned into outputs. */
typedef struct CopWinogradOutput {
    const float *sums; /* part 0; [channel][row][quad], vectors */
    size_t part;       /* from one part's sums to the next's, in floats */
    float *out;        /* first output in channel 0 */
    ptrdiff_t out_c, out_h, out_w;
    int channels, rows, cols;
    const float *bias, *add; /* as CopConv3dTile's */
    ptrdiff_t add_c, add_h, add_w;
    bool relu, stream;
} CopWinogradOutput;

typedef struct CopWinogradKernels {
    void (*input[COP_FILTER_COUNT])(const CopWinogradInput *job);
    void (*output[COP_FILTER_COUNT])(const CopWinogradOutput *job);
} CopWinogradKernels;

extern const CopWinogradKernels cop_winograd_kernels_generic, cop_winograd_kernels_avx2,
    cop_winograd_kernels_avx512;

#endif

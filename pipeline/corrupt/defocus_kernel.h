/* The kernel of defocus blur: a disk with soft edges.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_DEFOCUS_KERNEL_H
#define COP_CORRUPT_DEFOCUS_KERNEL_H

#include "models/core/status.h"

/* Sums over a row of the widest disk must fit in 16 bits. */
enum { COP_DEFOCUS_RADIUS_MAX = 127, COP_DEFOCUS_MIDDLE = 128 };

typedef struct CopDefocusTap {
    int dx, dy;
    double weight;
} CopDefocusTap;

/* One kernel in two forms, to be computed with: nearly, as a disk and a Gaussian of 3 or 5
 * taps, and a few taps more; and exactly, as a level that fills the inside of each row,
 * and many. */
typedef struct CopDefocusKernel {
    int reach;     /* weights lie within this many rows and columns */
    float *weight; /* [2 reach + 1][2 reach + 1] */

    int disk;                             /* rows of the disk above and below its middle */
    int half[COP_DEFOCUS_RADIUS_MAX + 1]; /* [disk + 1]: its columns left and right, by row */
    float smooth[5];                      /* the Gaussian, of 3 taps with zeros around */
    int pixels;                           /* of the disk */
    float per_pixel;                      /* 1 / that */
    float middle;                         /* what COP_DEFOCUS_MIDDLE becomes by both */
    CopDefocusTap *rest;                  /* what is missing then, or too much */
    int n_rest;
    float bound; /* of the error of all that in floats, on levels */

    double level;
    int *inside;         /* [2 reach + 1]: columns left and right that have it; -1: none */
    CopDefocusTap *edge; /* all others that are not 0, row by row */
    int n_edge;
} CopDefocusKernel;

/* Pixels (x, y) of x^2 + y^2 <= radius^2, divided by their number and smoothed by a Gaussian
 * of sigma `soft` with 3x3 taps, or 5x5 above radius 8; in floats, as OpenCV does. The grid
 * ends 8 pixels from its middle, above that at a whole radius, where the smoothing
 * mirrors it: so the sum is 1.0130 for radius 8. A radius above 8 that is not whole
 * has all its grid. COP_ERR_NOMEM; free after that, too. */
CopStatus cop_defocus_kernel(CopDefocusKernel *kernel, double radius, double soft) COP_MUST_CHECK;

void cop_defocus_kernel_free(CopDefocusKernel *kernel);

#endif

/* Gaussian filters of planes of doubles: fields, masks, layers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_GAUSSIAN_H
#define COP_CORRUPT_GAUSSIAN_H

#include "models/core/status.h"

/* What lies outside a row a b c d. */
typedef enum CopBorder {
    COP_BORDER_REPLICATE,  /* a a a | a b c d | d d d */
    COP_BORDER_REFLECT,    /* c b a | a b c d | d c b */
    COP_BORDER_REFLECT_101 /* d c b | a b c d | c b a */
} CopBorder;

/* Index in 0 .. n-1 of what stands at `i`, however far outside. */
int cop_border_index(int i, int n, CopBorder border);

/* The kernel cut at radius int(truncate sigma + 0.5): weights [2 radius + 1], of sum 1,
 * malloc'ed and returned. sigma 0 is radius 0. */
CopStatus cop_gaussian_kernel(double sigma, double truncate, double **weight,
                              int *radius) COP_MUST_CHECK;

/* Filters x [height][width] in place, columns first, as scipy.ndimage and scikit-image
 * do (their default truncate is 4). */
CopStatus cop_gaussian_plane(double *x, int width, int height, double sigma, double truncate,
                             CopBorder border) COP_MUST_CHECK;

#endif

/* Gaussian filter of 8-bit RGB pictures, the result cut to whole levels.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_GAUSSIAN_RGB_H
#define COP_CORRUPT_GAUSSIAN_RGB_H

#include "models/core/status.h"
#include "pipeline/corrupt/flat_map.h"
#include "pipeline/media/frame.h"

/* Weights and memory that stay from picture to picture; start from zeros. */
typedef struct CopGaussianRgb {
    double sigma;
    int radius, blocks, width, height;
    double *weight;      /* [radius + 1], far end first, middle last */
    float *fast;         /* all taps, between zeros (see gaussian_rgb.c) */
    float bound;         /* of the error of sums in floats, in levels */
    uint8_t *source;     /* the picture before: rows without gaps */
    float *strip, *rows; /* see gaussian_rgb.c */
    double *column;      /* sums over columns, around one value */
    CopFlatMap flat;
} CopGaussianRgb;

enum { COP_GAUSSIAN_RGB_SIGMA_MAX = 256 };

/* Filters in place as skimage.filters.gaussian() does, the border repeated, the kernel cut at
 * int(4 sigma + 1/2), and cuts each value to the whole level below. What lies within 1e-9 of
 * a level counts as that level, so flat areas keep theirs; the original leaves it to
 * the last bits of its weights. Sigma under 1/8 changes nothing. COP_ERR_NOMEM. */
CopStatus cop_gaussian_rgb(CopGaussianRgb *gaussian, const CopFrame *frame,
                           double sigma) COP_MUST_CHECK;

void cop_gaussian_rgb_free(CopGaussianRgb *gaussian);

#endif

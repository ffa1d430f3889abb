/* Gaussian filter of 8-bit RGB pictures, the result cut to whole levels.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_GAUSSIAN_RGB_H
#define COP_CORRUPT_GAUSSIAN_RGB_H

#include <stddef.h>

#include "models/core/status.h"
#include "pipeline/media/frame.h"

/* Weights and memory that stay from picture to picture; start from zeros. */
typedef struct CopGaussianRgb {
    double sigma;
    int radius, width;
    double *weight;        /* [radius + 1], far end first, centre last */
    float *fast;           /* the same in floats */
    float bound;           /* of the error of a sum in floats, in levels */
    uint8_t *source;       /* the picture before: rows without gaps */
    double *strip, *mixed; /* see gaussian_rgb.c */
    float *row;
    size_t source_size;
} CopGaussianRgb;

enum { COP_GAUSSIAN_RGB_SIGMA_MAX = 256 };

/* Filters in place what skimage.filters.gaussian() gives for x / 255: truncate 4, border
 * repeated, columns before rows, in doubles and in its order of operations. The result is
 * cut to 0 .. 255 by floor(). Sigma under 1/8 changes nothing. COP_ERR_NOMEM. */
CopStatus cop_gaussian_rgb(CopGaussianRgb *gaussian, const CopFrame *frame,
                           double sigma) COP_MUST_CHECK;

void cop_gaussian_rgb_free(CopGaussianRgb *gaussian);

#endif

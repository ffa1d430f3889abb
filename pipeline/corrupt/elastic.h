/* The elastic warp: an affine map, then a field of displacements.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_ELASTIC_H
#define COP_CORRUPT_ELASTIC_H

#include "models/core/rng.h"
#include "pipeline/media/frame.h"

/* The inverse map (out to in, two rows of three) of the affine one that moves three
 * points around the centre, centre + s, (centre x + s, centre y - s) and centre - s with
 * s a third of the shorter side, by jitter (dx, dy each), computed as OpenCV does. */
void cop_elastic_affine(int width, int height, const float jitter[6], double inverse[6]);

/* Displacements out [height][width] in pixels: the field x [height][width] filtered in
 * place by a Gaussian (cut at 3 sigma, half-sample mirror), times alpha. */
CopStatus cop_elastic_field(double *x, int width, int height, double sigma, double alpha,
                            float *out) COP_MUST_CHECK;

/* The same of a field drawn at `at`, uniform on -1..1. Above sigma 6 it is drawn and
 * filtered on every k-th pixel, k a power of two that leaves sigma / k >= 3, and linear
 * in between: its variance is within a few per cent of the full field's. */
CopStatus cop_elastic_draw(CopRngKey key, CopRngAddress at, int width, int height, double sigma,
                           double alpha, float *out) COP_MUST_CHECK;

/* Two displacement fields [height][width] in pixels, mixed: a[0] x[0] + a[1] x[1].
 * Where a[1] is 0 only the first is read. */
typedef struct CopElasticFields {
    const float *dx[2], *dy[2];
    double a[2];
} CopElasticFields;

/* Warps an RGB frame in place: the affine map by `inverse` at 1/32 pixel with reflect-101
 * borders, then the displacement with half-sample mirrors, bilinear each, rounded as the
 * original rounds (32-bit floats, the second sum in doubles, truncated at the end).
 * `scratch` holds 8 * width * height floats. */
void cop_elastic_warp(const CopFrame *frame, const double inverse[6],
                      const CopElasticFields *fields, float *scratch);

#endif

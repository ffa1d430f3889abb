/* Pictures moved by affine and projective maps.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_WARP_H
#define COP_CORRUPT_WARP_H

#include <stddef.h>

#include "pipeline/corrupt/corrupt.h"

typedef enum CopWarpFilter { COP_WARP_NEAREST, COP_WARP_BILINEAR } CopWarpFilter;
extern const char *const cop_warp_filter_names[]; /* ended by NULL */

/* What lies outside the picture; the last two as in gaussian.h. */
typedef enum CopWarpBorder {
    COP_WARP_BLACK,
    COP_WARP_REPLICATE,
    COP_WARP_REFLECT_101
} CopWarpBorder;
extern const char *const cop_warp_border_names[]; /* ended by NULL */

/* Memory that warps of one picture after another share; starts zeroed. */
typedef struct CopWarpScratch {
    uint8_t *pixel; /* [height][width][4] */
    size_t bytes;
} CopWarpScratch;
void cop_warp_scratch_free(CopWarpScratch *scratch);

/* Warps an RGB frame in place: what appears at (x, y) comes from (m[0] x + m[1] y + m[2],
 * m[3] x + m[4] y + m[5]), where pixel i covers i .. i + 1. By Pillow's rules: nearest at
 * 16 bits of fraction, bilinear between centres in doubles, truncated, a black border
 * sharp at the picture's edge. COP_ERR_NOMEM. */
CopStatus cop_warp_affine(const CopFrame *frame, const double m[6], CopWarpFilter filter,
                          CopWarpBorder border, CopWarpScratch *scratch) COP_MUST_CHECK;

/* The same by a projective map of centres, (x, y) from (X / W, Y / W) with (X, Y, W) =
 * m (x, y, 1) and pixel i's centre at i. By OpenCV's rules: at 1/32 pixel, bilinear in
 * whole numbers, rounded, borders mixed in. */
CopStatus cop_warp_projective(const CopFrame *frame, const double m[9], CopWarpBorder border,
                              CopWarpScratch *scratch) COP_MUST_CHECK;

/* First member of the state of each corruption that warps, its option rows (interpolation has a
 * help and a default of its own), cop_warp_affine() by them, and its close(). */
typedef struct CopWarp {
    int interpolation, border;
    CopWarpScratch scratch;
} CopWarp;

#define COP_WARP_BORDER_OPTION                                                                     \
    {                                                                                              \
        "border", "what comes in from outside", COP_TYPE_CHOICE, offsetof(CopWarp, border),        \
            "black", 0, 0, cop_warp_border_names, COP_OPTION_CONTROLLABLE                          \
    }
#define COP_WARP_OPTIONS(interpolation_help, interpolation_default)                                \
    {"interpolation",                                                                              \
     interpolation_help,                                                                           \
     COP_TYPE_CHOICE,                                                                              \
     offsetof(CopWarp, interpolation),                                                             \
     interpolation_default,                                                                        \
     0,                                                                                            \
     0,                                                                                            \
     cop_warp_filter_names,                                                                        \
     COP_OPTION_CONTROLLABLE},                                                                     \
        COP_WARP_BORDER_OPTION

CopStatus cop_warp_frame(CopWarp *warp, const CopFrame *frame, const double m[6]) COP_MUST_CHECK;
void cop_warp_close(CopCorrupt *corrupt);

/* The map for cop_warp_affine() that turns about the picture's centre, then moves by
 * (tx, ty): its linear part takes what appears back to where it was. */
void cop_warp_about_centre(int width, int height, const double linear[4], double tx, double ty,
                           double m[6]);

/* The linear part that turns a picture anticlockwise, rounded to 15 decimals as Pillow
 * does, so that quarter turns are exact. */
void cop_warp_turn(double degrees, double linear[4]);

/* Where pixels (u .. u + n - 1, v) come from, in 1/32 pixel of centres, by OpenCV's rules:
 * sums of two numbers rounded to 1/1024. Within +-2^26. */
void cop_warp_affine_places(const double m[6], int u, int v, int n, int *x, int *y);

/* The inverse of an affine map as OpenCV computes it; of one without an inverse, zeros. */
void cop_warp_invert_affine(const double m[6], double inverse[6]);

/* The inverse of a map of three rows; of one without an inverse, zeros. */
void cop_warp_invert(const double m[9], double inverse[9]);

#endif

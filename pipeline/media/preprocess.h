/* From pictures to a lane of the net's input: resize, crop, normalise.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_PREPROCESS_H
#define COP_MEDIA_PREPROCESS_H

#include <stdbool.h>

#include "models/core/tensor.h"
#include "pipeline/media/frame.h"

/* Bilinear resize without antialiasing, half-pixel centres, as torch's
 * interpolate(align_corners=False) on float tensors (torchvision's tensor path). */
typedef struct CopPrepare {
    int resize_h, resize_w; /* target size; resize_w = 0: resize_h is the short side and the
                              other one int(resize_h * long / short); both 0: none */
    int crop;               /* side of the square crop, 0: none */
    double mean[3], std[3]; /* of RGB in 0..1 */
} CopPrepare;

/* Size of the picture that the net sees for a width x height source: the crop, or
 * else the resized picture. */
void cop_prepare_size(const CopPrepare *prepare, int width, int height, int *out_h, int *out_w);

/* COP_ERR_SHAPE, with what to set, unless a width x height source becomes h x w. */
CopStatus cop_prepare_check(const CopPrepare *prepare, const char *path, int width, int height,
                            int h, int w, CopError *err) COP_MUST_CHECK;

/* True where both make the same of every picture. */
bool cop_prepare_equal(const CopPrepare *a, const CopPrepare *b);

/* Where the crop lies in the resized picture; centre is torchvision's (round half to even). */
typedef struct CopCropBox {
    int top, left;
    bool flip; /* mirror left and right after the crop */
    int pad;   /* black pixels around the resized picture, which the box may reach into: top and
                  left are then -pad or more, as torchvision's RandomCrop(padding=pad) has it */
} CopCropBox;
CopCropBox cop_prepare_centre(const CopPrepare *prepare, int width, int height);

/* Crop k of n, spread along the longer side of the resized picture from one end to the
 * other, as SlowFast's uniform_crop() for n = 3; n = 1: the centre. */
CopCropBox cop_prepare_view(const CopPrepare *prepare, int width, int height, int k, int n);

/* Writes ((v / 255 resized) - mean) / std, all in float, of one frame (any format;
 * converted by cop_convert) as time step t of lane `lane` of x [c = 3]. Not
 * thread-safe on one lane; different lanes may be written at once.
 * COP_ERR_SHAPE when x has another size than cop_prepare_size() says, COP_ERR_ARG when the
 * box lies outside the resized picture and its pad or that is larger than 16384 a side. */
CopStatus cop_prepare_frame(const CopPrepare *prepare, const CopFrame *frame, CopCropBox box,
                            const CopTensor *x, int lane, int t) COP_MUST_CHECK;

/* The same into memory of its own, [3][h][w] of cop_prepare_size(), for later:
 * cop_tensor_load_lane() of several puts the very same numbers into a lane. */
CopStatus cop_prepare_values(const CopPrepare *prepare, const CopFrame *frame, CopCropBox box,
                             float *values) COP_MUST_CHECK;

/* The resized and cropped picture itself, 8-bit RGB (rounded to nearest), for corruption at
 * stage "input" and for looking at; index and pts are carried over. `out` is returned. */
CopStatus cop_prepare_picture(const CopPrepare *prepare, const CopFrame *frame, CopCropBox box,
                              CopFrame *out) COP_MUST_CHECK;

/* Normalises an RGB picture of the net's size into time step t of a lane. */
void cop_prepare_normalise(const CopPrepare *prepare, const CopFrame *picture, const CopTensor *x,
                           int lane, int t);

#endif

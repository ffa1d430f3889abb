/* Frames in a format and size that an encoder takes, and back.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_CODED_FRAME_H
#define COP_CORRUPT_CODED_FRAME_H

#include "pipeline/media/frame.h"

/* What an encoder takes. */
typedef struct CopCodedShape {
    unsigned formats;        /* bits 1u << CopPixelFormat of GRAY8, I420, I422, I444; I420 always */
    int side_min, side_step; /* sides are at least this, and multiples of this */
    CopRange rgb_range;      /* of the luma and chroma that RGB becomes (BT.601) */
} CopCodedShape;

/* The format that `frame` is coded in. 4:2:0 and 4:2:2 stay what they are where the size
 * allows it; RGB and odd sizes become 4:4:4, so that the loss is the codec's alone. What
 * the encoder does not take becomes 4:2:0. */
CopPixelFormat cop_coded_format(const CopCodedShape *shape, const CopFrame *frame);

/* A new reference (returned) to `frame` in that format, its right and lower edges repeated
 * up to a size that the encoder takes; the same planes where nothing is to be done. */
CopStatus cop_coded_frame(CopFrame *out, const CopCodedShape *shape,
                          const CopFrame *frame) COP_MUST_CHECK;

/* Writes a decoded picture, at least as large and in cop_coded_format(), into the planes of the
 * frame that it came from: planes and strides of `decoded` are read, its colour is known. */
void cop_coded_store(const CopFrame *frame, const CopCodedShape *shape, const CopFrame *decoded);

#endif

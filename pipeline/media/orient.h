/* Quarter turns and mirrors of pictures: pixels are moved, never computed.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_ORIENT_H
#define COP_MEDIA_ORIENT_H

#include "pipeline/media/frame.h"

/* What is done to a picture, in this order; 0 leaves it as it is. */
enum {
    COP_TURN_TRANSPOSE = 1, /* rows become columns */
    COP_TURN_FLIP_X = 2,    /* left and right change places */
    COP_TURN_FLIP_Y = 4,    /* top and bottom do */
    COP_TURN_CLOCKWISE = COP_TURN_TRANSPOSE | COP_TURN_FLIP_X,
    COP_TURN_COUNTERCLOCKWISE = COP_TURN_TRANSPOSE | COP_TURN_FLIP_Y,
    COP_TURN_HALF = COP_TURN_FLIP_X | COP_TURN_FLIP_Y
};

/* What a display matrix (ISO 14496-12, 8.3.2: nine numbers of 16.16 and 2.30 bits, as FFmpeg
 * keeps them) asks for. Angles within a degree of a quarter turn count as one; others, and
 * NULL, are 0. Mirrors as the ffmpeg command takes them. */
unsigned cop_turn_of_matrix(const int32_t matrix[9]);

/* A new frame with the picture of `in` turned; the caller's to drop. Each plane is moved
 * by itself, as FFmpeg's filters do, so that chroma of odd sizes keeps its samples. i422
 * transposed becomes i444, chroma repeated. */
CopStatus cop_frame_turn(CopFrame *out, const CopFrame *in, unsigned turn) COP_MUST_CHECK;

#endif

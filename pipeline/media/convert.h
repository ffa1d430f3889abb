/* Colour conversion in fixed point, the same bytes on every machine: ITU-R
 * BT.601 and BT.709, limited and full range, 16-bit coefficients. Chroma is
 * repeated on the way up and averaged (rounded) on the way down, so that
 * YUV -> RGB -> YUV of an untouched picture stays within one level in luma.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_CONVERT_H
#define COP_MEDIA_CONVERT_H

#include "pipeline/media/frame.h"

/* Writes `from` into `to` (allocated, same width and height, any two formats, no
 * shared memory). to->colour says what luma and chroma shall mean; RGB to RGB moves
 * bytes. The fourth byte of packed formats is copied if both have one and stays as
 * it is in `to` otherwise. */
void cop_convert(const CopFrame *to, const CopFrame *from);

/* Allocates and converts; index, pts and colour are carried over. A fourth byte that
 * `from` does not have is 255. */
CopStatus cop_convert_new(CopFrame *out, CopPixelFormat format,
                          const CopFrame *from) COP_MUST_CHECK;

#endif

/* Colour conversion in fixed point, the same bytes on every machine: ITU-R
 * BT.601 and BT.709, limited and full range, 16-bit coefficients. Chroma is
 * repeated on the way up and averaged (rounded) on the way down, so that
 * YUV -> RGB -> YUV of an untouched picture stays within one level in luma.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_CONVERT_H
#define COP_MEDIA_CONVERT_H

#include "pipeline/media/frame.h"

/* Writes `from` into `to` (allocated, same width and height, any two formats).
 * to->colour says what luma and chroma shall mean; RGB to RGB moves bytes. */
void cop_convert(const CopFrame *to, const CopFrame *from);

/* Allocates and converts; index, pts and colour are carried over. */
CopStatus cop_convert_new(CopFrame *out, CopPixelFormat format,
                          const CopFrame *from) COP_MUST_CHECK;

#endif

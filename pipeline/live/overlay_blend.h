/* A drawn sheet onto frames of any format, where they lie.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_OVERLAY_BLEND_H
#define COP_LIVE_OVERLAY_BLEND_H

#include "pipeline/live/overlay_canvas.h"

/* The sheet in a frame's own format, made once and blended into many. */
typedef struct CopBlend CopBlend;

CopStatus cop_blend_create(CopBlend **out) COP_MUST_CHECK;
void cop_blend_destroy(CopBlend **blend); /* NULL-safe, idempotent */

/* Takes over what is on the canvas for frames like `frame` (format, size and colour). Sizes must
 * be equal: COP_ERR_SHAPE. */
CopStatus cop_blend_load(CopBlend *blend, CopCanvas *canvas, const CopFrame *frame) COP_MUST_CHECK;

void cop_blend_forget(CopBlend *blend); /* fits nothing any more */

/* True where what was loaded fits the frame. */
bool cop_blend_fits(const CopBlend *blend, const CopFrame *frame);

/* out = sheet over frame, byte by byte, inside the rectangles that were drawn in; a fourth
 * byte stays. The frame's planes, borrowed or not, are written. */
void cop_blend_apply(const CopBlend *blend, const CopFrame *frame);

#endif

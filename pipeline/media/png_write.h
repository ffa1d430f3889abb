/* Pictures as PNG files in memory.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_PNG_WRITE_H
#define COP_MEDIA_PNG_WRITE_H

#include <stddef.h>

#include "pipeline/media/frame.h"

/* Encodes an RGB frame; *png is malloc'ed and returned. COP_ERR_NOMEM, or COP_ERR_ARG for
 * another format. */
CopStatus cop_png_encode(const CopFrame *frame, void **png, size_t *size) COP_MUST_CHECK;

#endif

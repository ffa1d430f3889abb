/* Edges of grey pictures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_CANNY_H
#define COP_CORRUPT_CANNY_H

#include <stdint.h>

#include "models/core/status.h"

/* edge [height][width] = 255 on edges of grey [height][width], else 0 (Canny, PAMI 8,
 * 1986): 3x3 Sobel with a replicated border, |dx| + |dy| as strength, thinned across the
 * nearest of four directions, kept above `high` and, where connected to that, above `low`. */
CopStatus cop_canny(const uint8_t *grey, int width, int height, int low, int high,
                    uint8_t *edge) COP_MUST_CHECK;

#endif

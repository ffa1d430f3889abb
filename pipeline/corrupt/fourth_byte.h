/* What RGBX and BGRX carry beside light.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_FOURTH_BYTE_H
#define COP_CORRUPT_FOURTH_BYTE_H

#include <stdbool.h>

#include "pipeline/media/frame.h"

/* True for formats whose fourth byte is not light and stays each frame's own. */
bool cop_has_fourth_byte(CopPixelFormat format);

/* Copies it from `from` into the writable `to` of the same format and size; nothing is done
 * where the format has none. */
void cop_keep_fourth_byte(const CopFrame *to, const CopFrame *from);

#endif

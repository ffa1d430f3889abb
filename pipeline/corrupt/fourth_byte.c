/* What RGBX and BGRX carry beside light.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/fourth_byte.h"

#include <stddef.h>

bool cop_has_fourth_byte(CopPixelFormat format)
{
    return format == COP_PIXEL_RGBX || format == COP_PIXEL_BGRX;
}

void cop_keep_fourth_byte(const CopFrame *to, const CopFrame *from)
{
    if (!cop_has_fourth_byte(to->format))
        return;
    for (int y = 0; y < to->height; y++) {
        uint8_t *row = to->plane[0] + (ptrdiff_t)y * to->stride[0];
        const uint8_t *own = from->plane[0] + (ptrdiff_t)y * from->stride[0];
        for (int x = 0; x < to->width; x++)
            row[4 * x + 3] = own[4 * x + 3];
    }
}

/* Pictures as PNG files in memory.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/png_write.h"

#include <png.h>
#include <stdlib.h>

CopStatus cop_png_encode(const CopFrame *frame, void **png, size_t *size)
{
    *png = NULL;
    *size = 0;
    if (frame->format != COP_PIXEL_RGB)
        return COP_ERR_ARG;
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)frame->width,
                       .height = (png_uint_32)frame->height,
                       .format = PNG_FORMAT_RGB};
    png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
    void *memory = malloc(bytes);
    if (!memory)
        return COP_ERR_NOMEM;
    if (!png_image_write_to_memory(&image, memory, &bytes, 0, frame->plane[0], frame->stride[0],
                                   NULL)) {
        png_image_free(&image);
        free(memory);
        return COP_ERR_NOMEM;
    }
    *png = memory;
    *size = bytes;
    return COP_OK;
}

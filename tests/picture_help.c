/* Pictures for tests of corruptions: made, corrupted, compared.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/picture_help.h"

#include <gst/check/check.h>
#include <string.h>

#include "tests/corrupt_clip.h"

CopFrame picture_flat(int width, int height, int level)
{
    CopFrame frame = clip_frame(COP_PIXEL_RGB, width, height, 0);
    for (int y = 0; y < height; y++)
        memset(frame.plane[0] + y * frame.stride[0], level, (size_t)(3 * width));
    return frame;
}

CopFrame picture_rough(int width, int height)
{
    CopFrame frame = picture_flat(width, height, 0);
    const CopRngKey key = cop_rng_key(5, "rough");
    for (int y = 0; y < height; y++)
        for (int x = 0; x < 3 * width; x++)
            frame.plane[0][y * frame.stride[0] + x] =
                x < width && y < height / 2
                    ? 201
                    : (uint8_t)cop_rng_below(key, (uint32_t)x,
                                             (CopRngAddress){.frame = (uint32_t)y}, 256);
    return frame;
}

void picture_corrupt(const char *name, const char *params, CopFrame *frame)
{
    CopCorrupt *corrupt = clip_corrupt(name, 1, 7, "tiny-64", params);
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, frame), COP_OK);
    cop_corrupt_destroy(&corrupt);
}

int picture_differ(const CopFrame *a, const CopFrame *b)
{
    int n = 0;
    for (int y = 0; y < a->height; y++)
        for (int i = 0; i < 3 * a->width; i++)
            n += a->plane[0][y * a->stride[0] + i] != b->plane[0][y * b->stride[0] + i];
    return n;
}

/* Files that hold many pictures of one size, as bytes one behind the other.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_PICTURE_SET_H
#define COP_MEDIA_PICTURE_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "pipeline/media/frame.h"

/* The file's bytes, and how pictures lie in them: who knows the format sets the second
 * part. Picture i is planes x height x width bytes at offset + i * stride. */
typedef struct CopPictureSet {
    uint8_t *bytes;
    size_t size;
    size_t offset, stride;
    int n, width, height;
    int planes; /* 1: grey of full range; 3: red, green, blue */
} CopPictureSet;

/* Reads the whole file, decompressed where it is gzip's. COP_ERR_DATA where it cannot be
 * read, holds nothing or more than 4 GiB. Returned in *out. */
CopStatus cop_picture_set_open(CopPictureSet **out, const char *path, CopError *err) COP_MUST_CHECK;
void cop_picture_set_close(CopPictureSet **set);

/* True when the pictures lie inside the bytes and have a size that a frame may have. */
bool cop_picture_set_fits(const CopPictureSet *set);

/* Picture i (0..n-1) as a frame of its own: gray8 or rgb, index 0. */
CopStatus cop_picture_set_frame(const CopPictureSet *set, int i, CopFrame *out) COP_MUST_CHECK;

#endif

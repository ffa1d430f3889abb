/* Photographs of frost from a folder of the user's.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_FROST_PICTURES_H
#define COP_CORRUPT_FROST_PICTURES_H

#include "pipeline/media/frame.h"

typedef struct CopFrostPictures {
    char **path; /* [n] by name */
    int n;
    char *folder; /* where they were found */
} CopFrostPictures;

/* Finds all .png, .jpg and .jpeg of `folder`; does nothing if these are listed already.
 * COP_ERR_CONFIG where there is none. */
CopStatus cop_frost_pictures_list(CopFrostPictures *pictures, const char *folder,
                                  CopError *err) COP_MUST_CHECK;
void cop_frost_pictures_free(CopFrostPictures *pictures);

/* rgb [height][width][3] = a part of the picture at `path`, resized by `scale` (bilinear)
 * or, if that is too small, to 1.1 times what covers width x height. (u, v) in 0..1
 * choose where the part lies. */
CopStatus cop_frost_picture_crop(const char *path, int width, int height, double scale, double u,
                                 double v, uint8_t *rgb) COP_MUST_CHECK;

/* The same of a picture in memory, RGB. */
void cop_frost_crop(const CopFrame *picture, int width, int height, double scale, double u,
                    double v, uint8_t *rgb);

#endif

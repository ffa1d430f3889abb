/* Photographs of frost from a folder of the user's.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/frost_pictures.h"

#include <dirent.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pipeline/media/convert.h"
#include "pipeline/media/decode.h"

void cop_frost_pictures_free(CopFrostPictures *pictures)
{
    for (int i = 0; i < pictures->n; i++)
        free(pictures->path[i]);
    free(pictures->path);
    free(pictures->folder);
    *pictures = (CopFrostPictures){.n = 0};
}

static bool is_picture(const char *name)
{
    static const char *const endings[] = {".png", ".jpg", ".jpeg"};
    const size_t length = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        const size_t ending = strlen(endings[i]);
        if (length > ending && strcasecmp(name + length - ending, endings[i]) == 0)
            return true;
    }
    return false;
}

static CopStatus add(CopFrostPictures *pictures, const char *folder, const char *name)
{
    char **path = realloc(pictures->path, ((size_t)pictures->n + 1) * sizeof *path);
    if (!path)
        return COP_ERR_NOMEM;
    pictures->path = path;
    const size_t size = strlen(folder) + strlen(name) + 2;
    path[pictures->n] = malloc(size);
    if (!path[pictures->n])
        return COP_ERR_NOMEM;
    snprintf(path[pictures->n++], size, "%s/%s", folder, name);
    return COP_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

CopStatus cop_frost_pictures_list(CopFrostPictures *pictures, const char *folder, CopError *err)
{
    if (pictures->folder && strcmp(pictures->folder, folder) == 0)
        return COP_OK;
    cop_frost_pictures_free(pictures);
    DIR *stream = opendir(folder);
    if (!stream)
        return cop_error_set(err, COP_ERR_CONFIG, "folder \"%s\" cannot be opened", folder);
    CopStatus status = COP_OK;
    for (const struct dirent *entry; status == COP_OK && (entry = readdir(stream));)
        if (is_picture(entry->d_name))
            status = add(pictures, folder, entry->d_name);
    closedir(stream);
    if (status == COP_OK && pictures->n == 0)
        status = cop_error_set(err, COP_ERR_CONFIG, "folder \"%s\" holds no .png or .jpg", folder);
    if (status == COP_OK && !(pictures->folder = strdup(folder)))
        status = COP_ERR_NOMEM;
    if (status == COP_OK)
        qsort(pictures->path, (size_t)pictures->n, sizeof *pictures->path, by_name);
    else
        cop_frost_pictures_free(pictures);
    return status;
}

/* Between which pixels of n the middle of pixel i of a resized row lies. */
static int place(double i, double scale, int n, int *after, double *share)
{
    double at = (i + 0.5) / scale - 0.5;
    at = at < 0 ? 0 : at > n - 1 ? n - 1 : at;
    const int before = (int)at;
    *share = at - before;
    *after = before + 1 < n ? before + 1 : before;
    return before;
}

void cop_frost_crop(const CopFrame *picture, int width, int height, double scale, double u,
                    double v, uint8_t *rgb)
{
    const double across = (double)width / picture->width, down = (double)height / picture->height;
    const double covers = across > down ? across : down;
    if (scale < covers)
        scale = 1.1 * covers;
    const int left = (int)(u * (floor(picture->width * scale) - width));
    const int top = (int)(v * (floor(picture->height * scale) - height));
    for (int y = 0; y < height; y++) {
        int below, right;
        double s, t;
        const int above = place(top + y, scale, picture->height, &below, &t);
        const uint8_t *upper = picture->plane[0] + (ptrdiff_t)above * picture->stride[0];
        const uint8_t *lower = picture->plane[0] + (ptrdiff_t)below * picture->stride[0];
        for (int x = 0; x < width; x++) {
            const int at = place(left + x, scale, picture->width, &right, &s);
            for (int c = 0; c < 3; c++) {
                const double a = upper[3 * at + c] * (1 - s) + upper[3 * right + c] * s;
                const double b = lower[3 * at + c] * (1 - s) + lower[3 * right + c] * s;
                *rgb++ = (uint8_t)(a * (1 - t) + b * t + 0.5);
            }
        }
    }
}

CopStatus cop_frost_picture_crop(const char *path, int width, int height, double scale, double u,
                                 double v, uint8_t *rgb)
{
    CopDecoder *decoder;
    COP_TRY(cop_decoder_open(&decoder, path, 1, NULL));
    CopFrame frame = {0}, picture = {0};
    CopStatus status = cop_decoder_next(decoder, &frame, NULL);
    if (status == COP_OK)
        status = cop_convert_new(&picture, COP_PIXEL_RGB, &frame);
    if (status == COP_OK)
        cop_frost_crop(&picture, width, height, scale, u, v, rgb);
    cop_frame_unref(&picture);
    cop_frame_unref(&frame);
    cop_decoder_close(&decoder);
    return status == COP_EOF ? COP_ERR_DATA : status;
}

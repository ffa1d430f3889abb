/* Layers of falling flakes, and a picture seen through them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/snow_layer.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/motion_line.h"
#include "pipeline/corrupt/normal_field.h"
#include "pipeline/corrupt/tiers.h"

CopSnowCrop cop_snow_crop(int width, int height, double zoom)
{
    CopSnowCrop crop = {.width = (int)ceil(width / zoom), .height = (int)ceil(height / zoom)};
    crop.left = (width - crop.width) / 2;
    crop.top = (height - crop.height) / 2;
    return crop;
}

/* Where pixels of an axis lie between numbers of the crop. */
typedef struct Place {
    int before, after;
    double share; /* of `after` */
} Place;

/* The crop is spread over round(n * zoom) pixels, end on end, of whose middle `size` are used. */
static void still_places(Place *place, int size, int n, double zoom)
{
    const int whole = (int)rint(n * zoom), skipped = (whole - size) / 2;
    const double step = whole > 1 ? (double)(n - 1) / (whole - 1) : 0;
    for (int i = 0; i < size; i++) {
        const double at = step * (i + skipped);
        const int before = (int)at;
        place[i] = (Place){
            .before = before, .after = before + 1 < n ? before + 1 : n - 1, .share = at - before};
    }
}

/* Numbers along a torus. One more than fit, so that pixels lie everywhere between them: at
 * whole zooms half of them would be numbers themselves, and brighter. */
static int torus_numbers(int size, double zoom)
{
    return zoom > 1 ? (int)(size / zoom) + 1 : size;
}

static void torus_places(Place *place, int size, int n)
{
    for (int i = 0; i < size; i++) {
        const double at = (double)i * n / size;
        const int before = (int)at;
        place[i] = (Place){.before = before, .after = (before + 1) % n, .share = at - before};
    }
}

static uint8_t flake(double x, double threshold)
{
    return (uint8_t)(x < threshold || x <= 0 ? 0 : x >= 1 ? 255 : x * 255);
}

/* Numbers [][n] at places become flakes [height][stride]. */
static void spread(const double *number, int n, const Place *column, const Place *row, int width,
                   int height, double threshold, uint8_t *layer, ptrdiff_t stride)
{
    for (int y = 0; y < height; y++) {
        const double *upper = number + (ptrdiff_t)row[y].before * n;
        const double *lower = number + (ptrdiff_t)row[y].after * n;
        const double down = row[y].share;
        for (int x = 0; x < width; x++) {
            const Place at = column[x];
            const double above = upper[at.before] * (1 - at.share) + upper[at.after] * at.share;
            const double below = lower[at.before] * (1 - at.share) + lower[at.after] * at.share;
            layer[y * stride + x] = flake(above * (1 - down) + below * down, threshold);
        }
    }
}

CopStatus cop_snow_still(const double *field, int width, int height, const CopSnowFlakes *flakes,
                         uint8_t *layer)
{
    const CopSnowCrop crop = cop_snow_crop(width, height, flakes->zoom);
    Place *column = malloc(((size_t)width + (size_t)height) * sizeof *column);
    if (!column)
        return COP_ERR_NOMEM;
    still_places(column, width, crop.width, flakes->zoom);
    still_places(column + width, height, crop.height, flakes->zoom);
    spread(field, crop.width, column, column + width, width, height, flakes->threshold, layer,
           width);
    free(column);
    return cop_motion_line(layer, 1, width, height, width, flakes->radius, flakes->sigma,
                           flakes->angle);
}

/* Copies what wraps around into the margin of a padded layer. */
static void wrap_margins(uint8_t *padded, int width, int height, int margin)
{
    const ptrdiff_t stride = width + 2 * margin;
    for (int y = 0; y < height; y++) {
        uint8_t *row = padded + (y + margin) * stride + margin;
        for (int x = 1; x <= margin; x++) {
            row[-x] = row[width - 1 - (x - 1) % width];
            row[width - 1 + x] = row[(x - 1) % width];
        }
    }
    for (int y = 1; y <= margin; y++) {
        const int above = height - 1 - (y - 1) % height, below = (y - 1) % height;
        memcpy(padded + (margin - y) * stride, padded + (margin + above) * stride, (size_t)stride);
        memcpy(padded + (margin + height - 1 + y) * stride, padded + (margin + below) * stride,
               (size_t)stride);
    }
}

/* Numbers and places for cop_snow_torus(), then flakes in the middle of `padded`. */
static CopStatus fill_torus(CopRngKey key, CopRngAddress at, int width, int height,
                            const CopSnowFlakes *flakes, uint8_t *first, ptrdiff_t stride)
{
    const int columns = torus_numbers(width, flakes->zoom);
    const int rows = torus_numbers(height, flakes->zoom);
    double *number = malloc((size_t)columns * (size_t)rows * sizeof *number);
    Place *place = malloc(((size_t)width + (size_t)height) * sizeof *place);
    if (number && place) {
        cop_normal_field(key, at, 0, flakes->mean, flakes->std, number, columns * rows);
        torus_places(place, width, columns);
        torus_places(place + width, height, rows);
        spread(number, columns, place, place + width, width, height, flakes->threshold, first,
               stride);
    }
    const CopStatus status = number && place ? COP_OK : COP_ERR_NOMEM;
    free(number);
    free(place);
    return status;
}

CopStatus cop_snow_torus(CopRngKey key, CopRngAddress at, int width, int height,
                         const CopSnowFlakes *flakes, uint16_t *layer)
{
    const int margin = 2 * (int)ceil(flakes->radius) + 1;
    const int padded_width = width + 2 * margin, padded_height = height + 2 * margin;
    const ptrdiff_t stride = padded_width;
    uint8_t *padded = malloc((size_t)padded_width * (size_t)padded_height);
    if (!padded)
        return COP_ERR_NOMEM;
    uint8_t *first = padded + margin * stride + margin;
    CopStatus status = fill_torus(key, at, width, height, flakes, first, stride);
    if (status == COP_OK) {
        wrap_margins(padded, width, height, margin);
        status = cop_motion_line(padded, 1, padded_width, padded_height, stride, flakes->radius,
                                 flakes->sigma, flakes->angle);
    }
    if (status == COP_OK)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                layer[(ptrdiff_t)y * width + x] = (uint16_t)(first[y * stride + x] * 257);
    free(padded);
    return status;
}

/* Pixels paled towards white, [3 n]. */
COP_TIERS static void pale(const uint8_t *restrict x, const float *restrict front,
                           const float *restrict back, double *restrict y, int n, float keep,
                           float rest, double range)
{
    for (int i = 0; i < n; i++) {
        const float red = (float)x[3 * i] / 255, green = (float)x[3 * i + 1] / 255;
        const float blue = (float)x[3 * i + 2] / 255;
        const float grey = red * 0.299F + green * 0.587F + blue * 0.114F;
        const float least = grey * 1.5F + 0.5F;
        const double a = (double)front[i] / range, b = (double)back[i] / range;
        y[3 * i] = (double)(keep * red + rest * (red > least ? red : least)) + a + b;
        y[3 * i + 1] = (double)(keep * green + rest * (green > least ? green : least)) + a + b;
        y[3 * i + 2] = (double)(keep * blue + rest * (blue > least ? blue : least)) + a + b;
    }
}

COP_TIERS static void truncate(const double *restrict y, uint8_t *restrict x, int n)
{
    for (int i = 0; i < n; i++) {
        double z = y[i] < 0 ? 0 : y[i];
        z = z > 1 ? 1 : z;
        x[i] = (uint8_t)(int)(z * 255);
    }
}

void cop_snow_row(uint8_t *x, const float *front, const float *back, double range, double *scratch,
                  int n, double weight)
{
    pale(x, front, back, scratch, n, (float)weight, (float)(1 - weight), range);
    truncate(scratch, x, 3 * n);
}

/* Streaks of rain: where they are in a frame, and how a picture looks through them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/rain_fall.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "pipeline/corrupt/gaussian.h"
#include "pipeline/corrupt/marks.h"

static uint8_t *mask_at(const CopRainMask *mask, int x, int y)
{
    return mask->level + (size_t)y * (size_t)mask->width + x;
}

static void wet(const CopRainMask *mask, int x, int y, int level)
{
    if (x < 0 || x >= mask->width || y < 0 || y >= mask->height)
        return;
    uint8_t *at = mask_at(mask, x, y);
    if (level > *at)
        *at = (uint8_t)level;
}

void cop_rain_line(CopRainMask *mask, int x, int y, int length, int level)
{
    if (x < 0)
        return;
    if (x == 0) {
        wet(mask, 0, y, level);
        return;
    }
    for (int i = 0; i <= length; i++)
        wet(mask, i < length / 2 ? x : x - 1, y + i, level);
}

static double overlap(double a0, double a1, double b0, double b1)
{
    const double from = a0 > b0 ? a0 : b0, to = a1 < b1 ? a1 : b1;
    return to > from ? to - from : 0;
}

void cop_rain_streak(CopRainMask *mask, const CopRainStreak *streak)
{
    if (!(streak->length > 0))
        return;
    const double end = streak->y + streak->length;
    const int first = streak->y > 0 ? (int)streak->y : 0;
    const int last = end < mask->height ? (int)ceil(end) : mask->height;
    const double slope = streak->slant / streak->length;
    for (int y = first; y < last; y++) {
        const double along = y + 0.5 - streak->y, centred = 2 * along / streak->length - 1;
        const double square = centred * centred, fade = 1 - square * square;
        if (fade <= 0)
            continue;
        const double left = streak->x + slope * along - streak->width / 2;
        const double right = left + streak->width;
        if (right <= 0 || left >= mask->width)
            continue;
        for (int x = (int)floor(left); x < right; x++)
            wet(mask, x, y, (int)(streak->level * fade * overlap(left, right, x, x + 1)));
    }
}

static void sum_channels(const CopFrame *frame, uint64_t sum[3])
{
    for (int y = 0; y < frame->height; y++) {
        const uint8_t *x = frame->plane[0] + (ptrdiff_t)y * frame->stride[0];
        unsigned row[3] = {0};
        for (int i = 0; i < frame->width; i++)
            for (int c = 0; c < 3; c++)
                row[c] += x[3 * i + c];
        for (int c = 0; c < 3; c++)
            sum[c] += row[c];
    }
}

/* J, where the mask is; elsewhere the picture itself. */
static void light(const CopFrame *frame, const CopRainMask *mask, double mean, uint8_t *lit)
{
    const int width = frame->width;
    double room[256]; /* (1 - I / 255)(1 - mean / 255) */
    for (int i = 0; i < 256; i++)
        room[i] = (1 - i / 255.0) * (1 - mean / 255);
    for (int y = 0; y < frame->height; y++) {
        const uint8_t *row = mask_at(mask, 0, y);
        uint8_t *out = lit + (size_t)y * 3 * (size_t)width;
        memcpy(out, frame->plane[0] + (ptrdiff_t)y * frame->stride[0], 3 * (size_t)width);
        for (int x = -1; (x = cop_next_mark(row, x + 1, width)) < width;)
            for (int c = 3 * x; c < 3 * x + 3; c++)
                out[c] = (uint8_t)(out[c] + (int)(row[x] * room[out[c]]));
    }
}

/* K of the RGB pixel at column x between the rows. */
static void box(const uint8_t *const rows[3], int x, int width, uint8_t *out)
{
    const int left = 3 * cop_border_index(x - 1, width, COP_BORDER_REFLECT_101);
    const int right = 3 * cop_border_index(x + 1, width, COP_BORDER_REFLECT_101);
    for (int c = 0; c < 3; c++) {
        int sum = 0;
        for (int k = 0; k < 3; k++)
            sum += rows[k][left + c] + rows[k][3 * x + c] + rows[k][right + c];
        out[c] = (uint8_t)((2 * sum + 9) / 18); /* a ninth, to the nearest */
    }
}

/* What a wet pixel shows. */
static double seen(int soft, int dry, int level)
{
    const double share = level / 255.0;
    return soft * share + dry * (1 - share);
}

/* K in order of the wet pixels. Each channel's sum of these is taken out of `dry`, that of what
 * is seen of them added to `sum`. */
static void soften(const CopFrame *frame, const CopRainMask *mask, const CopRainScratch *scratch,
                   uint64_t dry[3], double sum[3])
{
    const int width = frame->width, height = frame->height;
    const size_t row_bytes = 3 * (size_t)width;
    uint8_t *soft = scratch->soft;
    for (int y = 0; y < height; y++) {
        const uint8_t *row = mask_at(mask, 0, y);
        const uint8_t *in = frame->plane[0] + (ptrdiff_t)y * frame->stride[0];
        const uint8_t *rows[3];
        for (int k = 0; k < 3; k++)
            rows[k] =
                scratch->lit +
                (size_t)cop_border_index(y + k - 1, height, COP_BORDER_REFLECT_101) * row_bytes;
        for (int x = -1; (x = cop_next_mark(row, x + 1, width)) < width;) {
            box(rows, x, width, soft);
            for (int c = 0; c < 3; c++) {
                dry[c] -= in[3 * x + c];
                sum[c] += seen(soft[c], in[3 * x + c], row[x]);
            }
            soft += 3;
        }
    }
}

static uint8_t contrast(double x, double mean, double darken)
{
    const double y = (x - mean) * darken + mean;
    return (uint8_t)(y < 0 ? 0 : y > 255 ? 255 : y);
}

void cop_rain_blend(CopFrame *frame, const CopRainMask *mask, double darken,
                    const CopRainScratch *scratch)
{
    const int width = frame->width;
    const double pixels = (double)width * frame->height;
    uint64_t sum[3] = {0};
    sum_channels(frame, sum);
    light(frame, mask, (double)(sum[0] + sum[1] + sum[2]) / (3 * pixels), scratch->lit);
    double mean[3] = {0};
    soften(frame, mask, scratch, sum, mean);
    uint8_t dry[3][256];
    for (int c = 0; c < 3; c++) {
        mean[c] = (mean[c] + (double)sum[c]) / pixels;
        for (int i = 0; i < 256; i++)
            dry[c][i] = darken == 1 ? (uint8_t)i : contrast(i, mean[c], darken);
    }
    const uint8_t *soft = scratch->soft;
    for (int y = 0; y < frame->height; y++) {
        const uint8_t *row = mask_at(mask, 0, y);
        uint8_t *out = frame->plane[0] + (ptrdiff_t)y * frame->stride[0];
        for (int x = 0; x < width; x++, out += 3) {
            if (!row[x]) {
                for (int c = 0; c < 3; c++)
                    out[c] = dry[c][out[c]];
                continue;
            }
            for (int c = 0; c < 3; c++)
                out[c] = contrast(seen(soft[c], out[c], row[x]), mean[c], darken);
            soft += 3;
        }
    }
}

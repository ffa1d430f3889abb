/* Mixing a row of pixels with fog: in floats, and where a level hangs on their rounding, in
 * the original's doubles.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/fog_veil.h"

#include <stddef.h>
#include <string.h>

#include "pipeline/corrupt/tiers.h"
#include "pipeline/corrupt/whole_levels.h"

enum { PIXELS = 256 };

COP_TIERS static uint8_t largest(const uint8_t *x, int n)
{
    uint8_t most = 0;
    for (int i = 0; i < n; i++)
        most = x[i] > most ? x[i] : most;
    return most;
}

double cop_fog_maximum(const CopFrame *frame)
{
    uint8_t most = 0;
    for (int row = 0; row < frame->height; row++) {
        const uint8_t *x = frame->plane[0] + (ptrdiff_t)row * frame->stride[0];
        const uint8_t here = largest(x, 3 * frame->width);
        most = here > most ? here : most;
    }
    return most / 255.0;
}

typedef struct Veil {
    const uint8_t *x; /* pixels before */
    const double *map;
    double weight, maximum;
} Veil;

COP_TIERS_ROUGH static void mix(float *restrict level, const uint8_t *restrict x,
                                const double *restrict map, float weight, float factor, int n)
{
    float veil[3 * PIXELS];
    for (int i = 0; i < n; i++)
        veil[3 * i] = veil[3 * i + 1] = veil[3 * i + 2] = weight * (float)map[i];
    for (int i = 0; i < 3 * n; i++)
        level[i] = ((float)x[i] + veil[i]) * factor;
}

static uint8_t exact(void *filter, int v, int i)
{
    (void)v;
    const Veil *veil = filter;
    const double y = (veil->x[i] / 255.0 + veil->weight * veil->map[i / 3]) * veil->maximum /
                     (veil->maximum + veil->weight);
    return (uint8_t)((y < 0 ? 0 : y > 1 ? 1 : y) * 255);
}

void cop_fog_row(uint8_t *x, const double *map, int n, double weight, double maximum)
{
    if (maximum + weight <= 0)
        return;
    const float factor = (float)(maximum / (maximum + weight));
    for (int part; n > 0; x += 3 * (ptrdiff_t)part, map += part, n -= part) {
        float level[3 * PIXELS];
        uint8_t before[3 * PIXELS];
        part = n < PIXELS ? n : PIXELS;
        memcpy(before, x, 3 * (size_t)part);
        Veil veil = {before, map, weight, maximum};
        /* Six roundings of what is at most 256 */
        const CopCut cut = {.filter = &veil, .bound = 7 * 256 * 0x1p-24f, .exact = exact};
        mix(level, before, map, (float)(255 * weight), factor, part);
        cop_cut_row(&cut, x, level, 0, 0, 3 * part);
    }
}

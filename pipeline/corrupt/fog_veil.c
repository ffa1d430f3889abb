/* Mixing a row of pixels with fog.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/fog_veil.h"

#include <stddef.h>

#include "pipeline/corrupt/tiers.h"

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

COP_TIERS static void spread(const double *restrict map, double *restrict veil, int n,
                             double weight)
{
    for (int i = 0; i < n; i++)
        veil[3 * i] = veil[3 * i + 1] = veil[3 * i + 2] = weight * map[i];
}

COP_TIERS static void mix(uint8_t *restrict x, const double *restrict veil, int n, double maximum,
                          double sum)
{
    for (int i = 0; i < n; i++) {
        double y = (x[i] / 255.0 + veil[i]) * maximum / sum;
        y = y < 0 ? 0 : y;
        y = y > 1 ? 1 : y;
        x[i] = (uint8_t)(int)(y * 255);
    }
}

void cop_fog_row(uint8_t *x, const double *map, double *scratch, int n, double weight,
                 double maximum)
{
    if (maximum + weight <= 0)
        return;
    spread(map, scratch, n, weight);
    mix(x, scratch, 3 * n, maximum, maximum + weight);
}

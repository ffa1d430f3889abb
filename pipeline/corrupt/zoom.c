/* Pictures zoomed about their middle, the factors of zoom blur.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/zoom.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "pipeline/corrupt/tiers.h"

enum { BLOCK = COP_ZOOM_BLOCK, TAPS = COP_ZOOM_TAPS };

/* To the nearest, halves to even, of x >= 0 */
static int rounded(double x)
{
    const double whole = floor(x), part = x - whole;
    const int n = (int)whole;
    return part > 0.5 || (part == 0.5 && n % 2) ? n + 1 : n;
}

void cop_zoom_axis(CopZoomPoint *point, int size, double factor)
{
    const int kept = (int)ceil(size / factor), skipped = (size - kept) / 2;
    const int zoomed = rounded(kept * factor), trimmed = (zoomed - size) / 2;
    const double step = zoomed > 1 ? (kept - 1) / (double)(zoomed - 1) : 1;
    for (int i = 0; i < size; i++) {
        double at = (i + trimmed) * step;
        if (at > kept - 1)
            at = kept - 1;
        const int first = (int)at;
        point[i].first = skipped + first;
        /* The second weight is what is missing to one, as SciPy has it. */
        point[i].weight[0] = 1 - (at - first);
        point[i].weight[1] = 1 - point[i].weight[0];
        if (first == kept - 1 && first > 0) { /* the end of the row has no next one */
            point[i].first--;
            point[i].weight[1] = point[i].weight[0];
            point[i].weight[0] = 0;
        }
    }
}

static int shift_of(const CopZoomPoint *point, int pixel)
{
    return point[pixel].first - pixel;
}

CopStatus cop_zoom_row(CopZoomRow *row, const CopZoomPoint *point, int width)
{
    const int n = 3 * width;
    *row = (CopZoomRow){.blocks = (n + BLOCK - 1) / BLOCK};
    row->shift = malloc((size_t)row->blocks * sizeof *row->shift);
    if (!row->shift)
        return COP_ERR_NOMEM;
    int taps = 2;
    for (int block = 0; block < row->blocks; block++) {
        const int first = block * BLOCK / 3;
        const int last =
            (block * BLOCK + BLOCK - 1) / 3 < width ? (block * BLOCK + BLOCK - 1) / 3 : width - 1;
        int low = shift_of(point, first), high = low;
        for (int p = first + 1; p <= last; p++) {
            const int shift = shift_of(point, p);
            low = shift < low ? shift : low;
            high = shift > high ? shift : high;
        }
        row->shift[block] = low;
        taps = high - low + 2 > taps ? high - low + 2 : taps;
    }
    row->groups = (taps + TAPS - 1) / TAPS;
    row->weight = calloc((size_t)(row->groups * row->blocks) * TAPS * BLOCK, sizeof *row->weight);
    if (!row->weight)
        return COP_ERR_NOMEM;
    for (int e = 0; e < n; e++)
        for (int k = 0; k < 2; k++) {
            const int block = e / BLOCK, tap = shift_of(point, e / 3) - row->shift[block] + k;
            const int at = ((tap / TAPS * row->blocks + block) * TAPS + tap % TAPS) * BLOCK;
            row->weight[at + e % BLOCK] = (float)point[e / 3].weight[k];
        }
    return COP_OK;
}

void cop_zoom_row_free(CopZoomRow *row)
{
    free(row->shift);
    free(row->weight);
    *row = (CopZoomRow){.blocks = 0};
}

int cop_zoom_reach(const CopZoomRow *row)
{
    return 3 * TAPS * row->groups + 2 * BLOCK;
}

COP_TIERS static void set_blocks(float *restrict y, const float *restrict x,
                                 const int *restrict shift, const float *restrict weight,
                                 int blocks)
{
    for (int block = 0; block < blocks; block++) {
        const float *from = x + block * BLOCK + 3 * shift[block];
        const float *w = weight + (ptrdiff_t)block * TAPS * BLOCK;
        float *to = y + block * BLOCK;
        for (int i = 0; i < BLOCK; i++)
            to[i] = (w[i] * from[i] + w[BLOCK + i] * from[i + 3]) +
                    (w[2 * BLOCK + i] * from[i + 6] + w[3 * BLOCK + i] * from[i + 9]);
    }
}

COP_TIERS static void add_blocks(float *restrict y, const float *restrict x,
                                 const int *restrict shift, const float *restrict weight,
                                 int blocks)
{
    for (int block = 0; block < blocks; block++) {
        const float *from = x + block * BLOCK + 3 * shift[block];
        const float *w = weight + (ptrdiff_t)block * TAPS * BLOCK;
        float *to = y + block * BLOCK;
        for (int i = 0; i < BLOCK; i++)
            to[i] += (w[i] * from[i] + w[BLOCK + i] * from[i + 3]) +
                     (w[2 * BLOCK + i] * from[i + 6] + w[3 * BLOCK + i] * from[i + 9]);
    }
}

void cop_zoom_blocks(float *y, const float *x, const CopZoomRow *row, int first, int end)
{
    const size_t group = (size_t)row->blocks * TAPS * BLOCK;
    const float *weight = row->weight + (size_t)first * TAPS * BLOCK;
    const float *from = x + first * BLOCK;
    set_blocks(y, from, row->shift + first, weight, end - first);
    for (int g = 1; g < row->groups; g++)
        add_blocks(y, from + 3 * TAPS * g, row->shift + first, weight + (size_t)g * group,
                   end - first);
}

/* Edges of grey pictures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/canny.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "pipeline/corrupt/gaussian.h"
#include "pipeline/corrupt/tiers.h"

enum { NOTHING, WEAK = 1, EDGE = 255 };

/* Gradients of a picture; strength has a frame of zeros, so that thinning needs no border. */
typedef struct Gradient {
    int16_t *dx, *dy;  /* [height][width] */
    int16_t *strength; /* [height + 2][width + 2] */
    int width, height;
} Gradient;

/* Sobel from three rows that have a pixel of border each side. */
COP_TIERS static void sobel(const int16_t *restrict above, const int16_t *restrict here,
                            const int16_t *restrict below, int16_t *restrict dx,
                            int16_t *restrict dy, int16_t *restrict strength, int n)
{
    for (int i = 0; i < n; i++) {
        const int along =
            above[i + 2] - above[i] + 2 * (here[i + 2] - here[i]) + below[i + 2] - below[i];
        const int down = below[i] + 2 * below[i + 1] + below[i + 2] -
                         (above[i] + 2 * above[i + 1] + above[i + 2]);
        dx[i] = (int16_t)along;
        dy[i] = (int16_t)down;
        strength[i] = (int16_t)((along < 0 ? -along : along) + (down < 0 ? -down : down));
    }
}

static void widen(const uint8_t *row, int16_t *out, int width)
{
    for (int x = 0; x < width; x++)
        out[x + 1] = row[x];
    out[0] = row[0];
    out[width + 1] = row[width - 1];
}

static void gradients(const uint8_t *grey, const Gradient *g, int16_t *rows)
{
    const int width = g->width, height = g->height;
    const size_t padded = (size_t)width + 2;
    for (int y = 0; y < height; y++) {
        for (int k = 0; k < 3; k++) {
            const int inside = cop_border_index(y + k - 1, height, COP_BORDER_REPLICATE);
            widen(grey + (size_t)inside * (size_t)width, rows + (size_t)k * padded, width);
        }
        sobel(rows, rows + padded, rows + 2 * padded, g->dx + (size_t)y * (size_t)width,
              g->dy + (size_t)y * (size_t)width, g->strength + ((size_t)y + 1) * padded + 1, width);
    }
}

/* Whether no neighbour across the edge is stronger. tan(22.5 degrees) in 15 bits. */
static bool is_ridge(const int16_t *strength, ptrdiff_t row, int dx, int dy)
{
    const int tan_22 = 13573, m = *strength;
    const int x = dx < 0 ? -dx : dx, y = (dy < 0 ? -dy : dy) * 32768;
    if (y < x * tan_22)
        return m > strength[-1] && m >= strength[1];
    if (y > x * tan_22 + x * 65536) /* tan(67.5) = tan(22.5) + 2 */
        return m > strength[-row] && m >= strength[row];
    const ptrdiff_t side = (dx ^ dy) < 0 ? -1 : 1;
    return m > strength[-row - side] && m > strength[row + side];
}

/* Marks ridges; pushes those above `high`. Returns how many these are. */
static size_t thin(const Gradient *g, int low, int high, uint8_t *edge, int32_t *stack)
{
    const ptrdiff_t row = g->width + 2;
    size_t n = 0;
    for (int y = 0; y < g->height; y++)
        for (int x = 0; x < g->width; x++) {
            const int32_t at = y * g->width + x;
            const int16_t *strength = g->strength + (y + 1) * row + x + 1;
            edge[at] = NOTHING;
            if (*strength <= low || !is_ridge(strength, row, g->dx[at], g->dy[at]))
                continue;
            edge[at] = *strength > high ? EDGE : WEAK;
            if (*strength > high)
                stack[n++] = at;
        }
    return n;
}

/* Weak pixels beside edges are edges. Each pixel is pushed once at most. */
static void follow(const Gradient *g, uint8_t *edge, int32_t *stack, size_t n)
{
    const int width = g->width, height = g->height;
    while (n > 0) {
        const int32_t at = stack[--n];
        const int x = at % width, y = at / width;
        for (int v = y > 0 ? y - 1 : 0; v <= y + 1 && v < height; v++)
            for (int u = x > 0 ? x - 1 : 0; u <= x + 1 && u < width; u++)
                if (edge[v * width + u] == WEAK) {
                    edge[v * width + u] = EDGE;
                    stack[n++] = v * width + u;
                }
    }
    for (int i = 0; i < width * height; i++)
        if (edge[i] != EDGE)
            edge[i] = NOTHING;
}

CopStatus cop_canny(const uint8_t *grey, int width, int height, int low, int high, uint8_t *edge)
{
    const size_t n = (size_t)width * (size_t)height, padded = (size_t)width + 2;
    Gradient g = {.width = width, .height = height};
    g.dx = malloc(n * sizeof *g.dx);
    g.dy = malloc(n * sizeof *g.dy);
    g.strength = calloc(padded * ((size_t)height + 2), sizeof *g.strength);
    int16_t *rows = malloc(3 * padded * sizeof *rows);
    int32_t *stack = malloc(n * sizeof *stack);
    const bool fits = g.dx && g.dy && g.strength && rows && stack;
    if (fits) {
        gradients(grey, &g, rows);
        follow(&g, edge, stack, thin(&g, low, high, edge, stack));
    }
    free(g.dx);
    free(g.dy);
    free(g.strength);
    free(rows);
    free(stack);
    return fits ? COP_OK : COP_ERR_NOMEM;
}

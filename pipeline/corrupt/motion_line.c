/* Motion blur along a line, as ImageMagick computes it.
 *
 * Rows become floats once, in a ring that reaches as far as the line does: rows are
 * walked so that the line only reads rows that are still to be written. The sum in floats
 * decides all values but those that lie within its error bound of a whole level,
 * which are summed again in doubles. With the half unit of 16 bits that is added before
 * the cut, flat areas lie at 1/514 above a level, outside that bound.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/motion_line.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "models/core/portable_math.h"
#include "pipeline/corrupt/tiers.h"
#include "pipeline/corrupt/whole_levels.h"

/* Taps go eight at a time; a block of columns stays in the first-level cache. */
enum { GROUP = 8, BLOCK = 1024 };

typedef struct Line {
    int taps, groups;
    double *weight; /* [taps], of sum 1 */
    float *fast;    /* [groups * GROUP], zeros and then from the far end on */
    int *column, *row;
    int reach;   /* rows that the line spans, beyond its own */
    float bound; /* of the error of a sum in floats, in levels */
} Line;

typedef struct Ring {
    float *memory;
    int rows, left; /* left: elements in front of column 0 */
    size_t length;  /* of a row */
    int filled;     /* rows converted so far, in walking order */
} Ring;

static void line_free(Line *line)
{
    free(line->weight);
    free(line->fast);
    free(line->column);
    free(line->row);
}

/* Weights, largest first; what cannot move a sum of 16 bits in doubles is left out. */
static void weigh(Line *line, double sigma)
{
    double sum = 0;
    int kept = 0;
    for (int i = 0; i < line->taps; i++) {
        line->weight[i] = i ? cop_exp(-(double)i * i / (2 * sigma * sigma)) : 1;
        sum += line->weight[i];
        if (line->weight[i] > 1e-22)
            kept = i + 1;
    }
    line->taps = kept;
    line->groups = (kept + GROUP - 1) / GROUP;
    double partial = 0, partials = 0;
    for (int i = 0; i < line->groups * GROUP; i++) {
        const int tap = line->groups * GROUP - 1 - i;
        if (tap < kept)
            line->weight[tap] /= sum;
        line->fast[i] = tap < kept ? (float)line->weight[tap] : 0;
        partial += (double)line->fast[i];
        if (i % GROUP == GROUP - 1)
            partials += partial;
    }
    /* A weight, a product, three additions in a group, each partial sum. */
    line->bound = (float)(255 * ldexp(1, -24) * (8 + partials));
}

static CopStatus line_make(Line *line, double radius, double sigma, double angle)
{
    if (radius > COP_MOTION_RADIUS_MAX)
        radius = COP_MOTION_RADIUS_MAX;
    line->taps = radius > 0 && sigma > 0 ? 2 * (int)ceil(radius) + 1 : 1;
    const size_t taps = (size_t)line->taps;
    line->weight = malloc(taps * sizeof *line->weight);
    line->fast = malloc((taps + GROUP) * sizeof *line->fast);
    line->column = malloc(taps * sizeof *line->column);
    line->row = malloc(taps * sizeof *line->row);
    if (!line->weight || !line->fast || !line->column || !line->row)
        return COP_ERR_NOMEM;
    double sine, cosine;
    cop_sin_cos(angle * COP_PI / 180, &sine, &cosine);
    weigh(line, sigma);
    for (int i = 0; i < line->taps; i++) {
        line->column[i] = (int)ceil(i * cosine - 0.5);
        line->row[i] = (int)ceil(i * sine - 0.5);
    }
    line->reach = abs(line->row[line->taps - 1]);
    return COP_OK;
}

static void convert_row(float *y, const uint8_t *x, int channels, int width, int left, int right)
{
    for (int i = 0; i < channels * width; i++)
        y[i] = x[i];
    for (int i = 1; i <= channels * left; i++)
        y[-i] = x[channels - 1 - (i - 1) % channels];
    for (int i = 0; i < channels * right; i++)
        y[channels * width + i] = x[channels * (width - 1) + i % channels];
}

/* sum += eight weighted rows, in a tree */
COP_TIERS static void add_group(float *restrict sum, const float *const tap[GROUP],
                                const float *weight, int n)
{
    const float *a = tap[0], *b = tap[1], *c = tap[2], *d = tap[3];
    const float *e = tap[4], *f = tap[5], *g = tap[6], *h = tap[7];
    const float wa = weight[0], wb = weight[1], wc = weight[2], wd = weight[3];
    const float we = weight[4], wf = weight[5], wg = weight[6], wh = weight[7];
    for (int i = 0; i < n; i++)
        sum[i] += ((wa * a[i] + wb * b[i]) + (wc * c[i] + wd * d[i])) +
                  ((we * e[i] + wf * f[i]) + (wg * g[i] + wh * h[i]));
}

typedef struct Row {
    const Line *line;
    const float *const *tap; /* rows that its taps read, the near end last, as `fast` is */
} Row;

static uint8_t exact(void *filter, int v, int i)
{
    (void)v;
    const Row *row = filter;
    const Line *line = row->line;
    double sum = 0;
    for (int k = 0; k < line->taps; k++)
        sum += line->weight[k] * (257.0 * (double)row->tap[line->groups * GROUP - 1 - k][i]);
    const double level = floor(floor(sum + 0.5) / 257);
    return (uint8_t)(level > 255 ? 255 : level);
}

static void blur_row(uint8_t *y, const Line *line, const float *const *tap, int n)
{
    Row row = {line, tap};
    const CopCut cut = {.filter = &row, .bound = line->bound, .exact = exact};
    float sum[BLOCK];
    for (int from = 0; from < n; from += BLOCK) {
        const int part = n - from < BLOCK ? n - from : BLOCK;
        for (int i = 0; i < part; i++)
            sum[i] = 1.0f / 514;
        for (int g = 0; g < line->groups; g++) {
            const float *moved[GROUP];
            for (int k = 0; k < GROUP; k++)
                moved[k] = tap[g * GROUP + k] + from;
            add_group(sum, moved, line->fast + (ptrdiff_t)g * GROUP, part);
        }
        cop_cut_row(&cut, y + from, sum, 0, from, part);
    }
}

typedef struct Picture {
    uint8_t *x;
    int channels, width, height;
    ptrdiff_t stride;
    bool upwards; /* row u of the walk is the u-th from below */
} Picture;

static uint8_t *row_of(const Picture *picture, int u)
{
    return picture->x + (picture->upwards ? picture->height - 1 - u : u) * picture->stride;
}

static float *ring_row(const Ring *ring, int u)
{
    return ring->memory + (size_t)(u % ring->rows) * ring->length + ring->left;
}

static void walk(const Picture *picture, const Line *line, Ring *ring, int right, const float **tap)
{
    const int channels = picture->channels, last = picture->height - 1;
    const int listed = line->groups * GROUP;
    for (int u = 0; u <= last; u++) {
        for (; ring->filled <= last && ring->filled <= u + line->reach; ring->filled++)
            convert_row(ring_row(ring, ring->filled), row_of(picture, ring->filled), channels,
                        picture->width, ring->left / channels, right);
        for (int i = 0; i < listed; i++) {
            const int k = i < line->taps ? i : 0;
            const int at = u + abs(line->row[k]);
            tap[listed - 1 - i] =
                ring_row(ring, at < last ? at : last) + channels * line->column[k];
        }
        blur_row(row_of(picture, u), line, tap, channels * picture->width);
    }
}

CopStatus cop_motion_line(uint8_t *x, int channels, int width, int height, ptrdiff_t stride,
                          double radius, double sigma, double angle)
{
    Line line = {0};
    CopStatus status = line_make(&line, radius, sigma, angle);
    if (status == COP_OK && line.taps > 1) {
        const int far = line.column[line.taps - 1];
        const int left = far < 0 ? -far : 0, right = far > 0 ? far : 0;
        Ring ring = {.rows = (line.reach < height ? line.reach : height - 1) + 1,
                     .left = channels * left,
                     .length = (size_t)channels * (size_t)(left + width + right)};
        ring.memory = malloc((size_t)ring.rows * ring.length * sizeof *ring.memory);
        const float **tap = malloc((size_t)(line.groups * GROUP) * sizeof *tap);
        const Picture picture = {x,      channels, width,
                                 height, stride,   .upwards = line.row[line.taps - 1] < 0};
        if (ring.memory && tap)
            walk(&picture, &line, &ring, right, tap);
        else
            status = COP_ERR_NOMEM;
        free(ring.memory);
        free(tap);
    }
    line_free(&line);
    return status;
}

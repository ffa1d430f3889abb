/* Pixelate: a box filter down to a share of the size, and each pixel of that as a block
 * (Hendrycks and Dietterich, ICLR 2019).
 *
 * Pillow's fixed point: along rows first, the mean of whole pixels rounded to 8 bits, then
 * along columns, by weights of 22 bits. A box has one weight for all its pixels, so their
 * sum is multiplied once. Blocks come from Pillow's box filter upwards, which takes
 * one pixel each.
 *
 * For pictures of any size a block's width is a length b that grows with the picture. Where
 * it shrinks with a small one, blocks must not vanish: they are the fourth root of 1 + b^4
 * wide, which is b but for little where b is two or more, and never as narrow as a pixel.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/tiers.h"

enum { BITS = 22 };

/* Where one output pixel's box lies. */
typedef struct Box {
    int first, n;
    uint32_t weight; /* 2^22 / n, rounded */
} Box;

typedef struct Pixelate {
    double scale, block;
    int width, height, small_width, small_height;
    Box *down[2];      /* [small_width], [small_height] */
    int *up[2];        /* [width], [height]: what stands there */
    uint8_t *narrow;   /* [height][small_width][3] */
    uint32_t *sum;     /* [3 small_width] */
    uint8_t *row;      /* one row of blocks, [width][3] */
    uint8_t *narrowed; /* one row of them before, [small_width][3] */
} Pixelate;

static const CopOption options[] = {
    {"scale", "share of the size that the picture is reduced to; 0: as `block` says",
     COP_TYPE_DOUBLE, offsetof(Pixelate, scale), "0", 0, 1, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"block", "b: blocks are (1 + b^4)^(1/4) pixels wide", COP_TYPE_DOUBLE,
     offsetof(Pixelate, block), "2.5", 0, 16384, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    COP_OPTIONS_END,
};

static int reduced(const Pixelate *state, int size)
{
    const double square = state->block * state->block, width = sqrt(sqrt(1 + square * square));
    /* A whole number must not fall to the one below by rounding errors of the root. */
    const double small = state->scale > 0 ? size * state->scale : size / width + 1e-6;
    return small < 1 ? 1 : (int)small;
}

/* Pillow's box: pixels whose centre lies within half a box of the output's, the upper
 * end included. */
static void lay_boxes(Box *box, int from, int to)
{
    const double scale = (double)from / to, reach = scale < 1 ? 1 : scale;
    for (int i = 0; i < to; i++) {
        const double centre = (i + 0.5) * scale, inverse = 1 / reach;
        const double low = centre - 0.5 * reach + 0.5, high = centre + 0.5 * reach + 0.5;
        const int first = low < 0 ? 0 : (int)low, end = high > from ? from : (int)high;
        box[i] = (Box){.first = first};
        for (int k = first; k < end; k++) {
            const double at = (k - first + first - centre + 0.5) * inverse;
            if (at > 0.5 || at <= -0.5)
                continue;
            if (box[i].n++ == 0)
                box[i].first = k;
        }
        if (box[i].n == 0)
            box[i].n = 1;
        box[i].weight = (uint32_t)(0.5 + 1.0 / box[i].n * (1 << BITS));
    }
}

static void release(Pixelate *state)
{
    for (int axis = 0; axis < 2; axis++) {
        free(state->down[axis]);
        free(state->up[axis]);
        state->down[axis] = NULL;
        state->up[axis] = NULL;
    }
    free(state->narrow);
    free(state->sum);
    free(state->row);
    free(state->narrowed);
    state->narrow = state->row = state->narrowed = NULL;
    state->sum = NULL;
    state->width = state->height = 0;
}

static CopStatus lay(Pixelate *state, int axis, int size, int small)
{
    Box *boxes = state->down[axis] = malloc((size_t)small * sizeof *boxes);
    int *up = state->up[axis] = malloc((size_t)size * sizeof *up);
    Box *over = malloc((size_t)size * sizeof *over);
    if (boxes && up && over) {
        lay_boxes(boxes, size, small);
        lay_boxes(over, small, size);
        for (int i = 0; i < size; i++)
            up[i] = over[i].first;
    }
    const CopStatus status = boxes && up && over ? COP_OK : COP_ERR_NOMEM;
    free(over);
    return status;
}

static CopStatus prepare(Pixelate *state, const CopFrame *frame)
{
    const int small_width = reduced(state, frame->width);
    const int small_height = reduced(state, frame->height);
    if (state->width == frame->width && state->height == frame->height &&
        state->small_width == small_width && state->small_height == small_height)
        return COP_OK;
    release(state);
    COP_TRY(lay(state, 0, frame->width, small_width));
    COP_TRY(lay(state, 1, frame->height, small_height));
    const size_t row = 3 * (size_t)small_width;
    state->narrow = malloc(row * (size_t)frame->height);
    state->sum = malloc(row * sizeof *state->sum);
    state->narrowed = malloc(row);
    state->row = malloc(3 * (size_t)frame->width);
    if (!state->narrow || !state->sum || !state->narrowed || !state->row)
        return COP_ERR_NOMEM;
    state->width = frame->width;
    state->height = frame->height;
    state->small_width = small_width;
    state->small_height = small_height;
    return COP_OK;
}

static uint8_t mean(uint32_t sum, uint32_t weight)
{
    return (uint8_t)((sum * weight + (1u << (BITS - 1))) >> BITS);
}

static void narrow_row(uint8_t *restrict y, const uint8_t *restrict x, const Box *restrict box,
                       int n)
{
    for (int i = 0; i < n; i++) {
        const uint8_t *from = x + 3 * box[i].first;
        uint32_t r = 0, g = 0, b = 0;
        for (int k = 0; k < box[i].n; k++) {
            r += from[3 * k];
            g += from[3 * k + 1];
            b += from[3 * k + 2];
        }
        y[3 * i] = mean(r, box[i].weight);
        y[3 * i + 1] = mean(g, box[i].weight);
        y[3 * i + 2] = mean(b, box[i].weight);
    }
}

COP_TIERS static void add_row(uint32_t *restrict sum, const uint8_t *restrict x, int n)
{
    for (int i = 0; i < n; i++)
        sum[i] += x[i];
}

COP_TIERS static void mean_row(uint8_t *restrict y, const uint32_t *restrict sum, uint32_t weight,
                               int n)
{
    for (int i = 0; i < n; i++)
        y[i] = mean(sum[i], weight);
}

/* Row `at` of the small picture, each pixel as wide as its block. */
static void make_blocks(const Pixelate *state, int at)
{
    const int n = 3 * state->small_width;
    const Box *box = &state->down[1][at];
    memset(state->sum, 0, (size_t)n * sizeof *state->sum);
    for (int k = 0; k < box->n; k++)
        add_row(state->sum, state->narrow + (ptrdiff_t)(box->first + k) * n, n);
    mean_row(state->narrowed, state->sum, box->weight, n);
    for (int i = 0; i < state->width; i++) {
        const uint8_t *from = state->narrowed + 3 * state->up[0][i];
        state->row[3 * i] = from[0];
        state->row[3 * i + 1] = from[1];
        state->row[3 * i + 2] = from[2];
    }
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    Pixelate *state = corrupt->state;
    COP_TRY(prepare(state, frame));
    for (int v = 0; v < frame->height; v++)
        narrow_row(state->narrow + (ptrdiff_t)v * state->small_width * 3,
                   frame->plane[0] + (ptrdiff_t)v * frame->stride[0], state->down[0],
                   state->small_width);
    for (int v = 0; v < frame->height; v++) {
        if (v == 0 || state->up[1][v] != state->up[1][v - 1])
            make_blocks(state, state->up[1][v]);
        memcpy(frame->plane[0] + (ptrdiff_t)v * frame->stride[0], state->row,
               3 * (size_t)frame->width);
    }
    return COP_OK;
}

static void close(CopCorrupt *corrupt)
{
    release(corrupt->state);
}

static const char *const columns[] = {"scale", NULL};
static const char *const lengths[] = {"block", NULL};

static const CopSeverityTable tables[] = {
    /* ImageNet-C's at 224: (1 / scale^4 - 1)^(1/4) */
    {COP_PRESET_DEFAULT, "after Hendrycks and Dietterich, ICLR 2019", lengths, (const double[]){0},
     (const double[]){1.6098242685109454, 1.9679896712654303, 2.48384406507867, 3.326562732788284,
                      3.996088014880467}},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){1},
     (const double[]){0.6, 0.5, 0.4, 0.3, 0.25}},
    {"imagenet-c-299", "ImageNet-C for Inception, same authors", columns, (const double[]){1},
     (const double[]){0.5, 0.4, 0.3, 0.25, 0.2}},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, (const double[]){1},
     (const double[]){0.9, 0.8, 0.7, 0.6, 0.5}},
    {"cifar-32", "CIFAR-10-C, same authors", columns, (const double[]){1},
     (const double[]){0.95, 0.9, 0.85, 0.75, 0.65}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_pixelate = {
    .name = "pixelate",
    .summary = "a box filter down, and blocks up",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_DIGITAL,
    .flags = COP_CORRUPT_RGB,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Pixelate),
    .apply = apply,
    .close = close,
};

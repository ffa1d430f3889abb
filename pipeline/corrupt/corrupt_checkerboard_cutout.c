/* Checkerboard cutout: of a turned checkerboard's squares of one colour a share is cut out,
 * to mid-grey (Mintun et al., NeurIPS 2021: C-bar). With s the side of a square and a the
 * angle, pixel (u, v) lies in square (floor((v cos a + u sin a) / s),
 * floor((u cos a - v sin a) / s)); squares whose numbers are both even or both odd
 * may go, each with its own drawn number. Side and angle are drawn, too: 0.1 to
 * 0.25 of the shorter side and any angle.
 *
 * The original numbers squares from zero both ways, so that a few beside the axes share
 * a draw; here each has its own.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <math.h>
#include <stdlib.h>

#include "models/core/portable_math.h"

typedef struct Cutout {
    double fraction, side, angle;
    bool draw;
} Cutout;

static const CopOption options[] = {
    {"fraction", "of the squares of one colour that is cut out", COP_TYPE_DOUBLE,
     offsetof(Cutout, fraction), "0.4", 0, 1, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"draw", "draws side and angle, which else are as given", COP_TYPE_BOOL, offsetof(Cutout, draw),
     "true", 0, 0, NULL, COP_OPTION_CONTROLLABLE},
    {"side", "of a square, of the picture's shorter side; at least a pixel", COP_TYPE_DOUBLE,
     offsetof(Cutout, side), "0.175", 0.001, 4, NULL, COP_OPTION_CONTROLLABLE},
    {"angle", "of the board, in degrees", COP_TYPE_DOUBLE, offsetof(Cutout, angle), "30", -360, 360,
     NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

enum { GREY = 128, BOARD_DRAW = 0, SQUARE_DRAW = 1 };

/* Whether square (i, j), whose numbers are both even or both odd, goes. */
static bool is_cut(const CopCorrupt *corrupt, int i, int j, CopRngAddress at)
{
    const Cutout *cutout = corrupt->state;
    const uint32_t position = ((uint32_t)i & 0xFFFF) << 16 | ((uint32_t)j & 0xFFFF);
    at.draw = SQUARE_DRAW;
    return cop_rng_uniform(corrupt->key, position, at) < cutout->fraction;
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    const Cutout *cutout = corrupt->state;
    const CopRngAddress at = {.draw = BOARD_DRAW,
                              .frame = cop_corrupt_drawn_at(corrupt, frame->index),
                              .clip = corrupt->clip};
    double side = cutout->side, turns = cutout->angle / 360;
    if (cutout->draw) {
        turns = cop_rng_uniform(corrupt->key, 0, at);
        side = 0.1 + 0.15 * cop_rng_uniform(corrupt->key, 1, at);
    }
    side *= frame->width < frame->height ? frame->width : frame->height;
    if (side < 1)
        side = 1;
    double sine, cosine;
    cop_sin_cos(2 * COP_PI * turns, &sine, &cosine);
    int i = 0, j = 0;
    bool cut = is_cut(corrupt, 0, 0, at); /* square (i, j): neighbours mostly share it */
    for (int v = 0; v < frame->height; v++) {
        uint8_t *x = frame->plane[0] + (ptrdiff_t)v * frame->stride[0];
        for (int u = 0; u < frame->width; u++) {
            const int row = (int)floor((cosine * v + sine * u) / side);
            const int column = (int)floor((-sine * v + cosine * u) / side);
            if (row != i || column != j) {
                i = row;
                j = column;
                cut = ((i ^ j) & 1) == 0 && is_cut(corrupt, i, j, at);
            }
            if (cut)
                x[3 * u] = x[3 * u + 1] = x[3 * u + 2] = GREY;
        }
    }
    return COP_OK;
}

static const char *const columns[] = {"fraction", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "ImageNet-C-bar, Mintun et al., NeurIPS 2021", columns,
     (const double[]){0}, (const double[]){0.2, 0.3, 0.4, 0.5, 0.6}},
    {"imagenet-c-bar-224", "Mintun et al., NeurIPS 2021", columns, (const double[]){0},
     (const double[]){0.2, 0.3, 0.4, 0.5, 0.6}},
    {"cifar-c-bar-32", "CIFAR-10-C-bar, same authors", columns, (const double[]){0},
     (const double[]){0.1, 0.2, 0.3, 0.4, 0.5}},
    {.preset = NULL},
};

/* With few squares in view none may go. */
const CopCorruptDesc cop_corrupt_checkerboard_cutout = {
    .name = "checkerboard_cutout",
    .summary = "some squares of a turned checkerboard cut out",
    .reference = "Mintun et al., NeurIPS 2021 (C-bar)",
    .family = COP_FAMILY_SPECTRAL,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM | COP_CORRUPT_PARTIAL,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC,
    .temporal_default = COP_TEMPORAL_STATIC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Cutout),
    .apply = apply,
};

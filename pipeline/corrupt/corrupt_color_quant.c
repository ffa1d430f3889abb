/* Colour quantisation: the upper bits of every RGB element are kept, the others
 * cleared (Kar et al., CVPR 2022; Pillow's posterize).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/tiers.h"

typedef struct ColorQuant {
    int bits;
} ColorQuant;

static const CopOption options[] = {
    {"bits", "upper bits of each element that are kept", COP_TYPE_INT, offsetof(ColorQuant, bits),
     "5", 1, 8, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

COP_TIERS
static void keep_bits(uint8_t *x, int n, uint8_t mask)
{
    for (int i = 0; i < n; i++)
        x[i] &= mask;
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    const ColorQuant *state = corrupt->state;
    const uint8_t mask = (uint8_t)(0xFF << (8 - state->bits));
    for (int row = 0; row < frame->height; row++)
        keep_bits(frame->plane[0] + (ptrdiff_t)row * frame->stride[0], 3 * frame->width, mask);
    return COP_OK;
}

static const char *const columns[] = {"bits", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "3D Common Corruptions, Kar et al., CVPR 2022", columns,
     (const double[]){8}, (const double[]){5, 4, 3, 2, 1}},
    {"3dcc", "3D Common Corruptions, Kar et al., CVPR 2022", columns, (const double[]){8},
     (const double[]){5, 4, 3, 2, 1}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_color_quant = {
    .name = "color_quant",
    .summary = "only the upper bits of each colour element kept",
    .reference = "Kar et al., 3D Common Corruptions, CVPR 2022",
    .family = COP_FAMILY_DIGITAL,
    .flags = COP_CORRUPT_RGB,
    .options = options,
    .tables = tables,
    .state_size = sizeof(ColorQuant),
    .apply = apply,
};

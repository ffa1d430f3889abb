/* Translation: the window that a larger picture is cropped by moves, black beyond the
 * picture (Schiappa et al., CVPR 2023).
 *
 * The original crops 224 of 256 pixels at offsets 0 .. 8 s - 1, to the right and below
 * of the corner, and pads with zeros where the window leaves the picture. Here the
 * picture keeps its size and its content moves left and up by an offset less `margin`:
 * with a margin of 0 an offset of 0 is the picture itself, with one of 16 the original's
 * centre crop is. The default draws both ways alike. `static` draws one offset a clip,
 * as the original's evaluation does, `iid` one a frame, as its generator of files does;
 * `coherent` is the shake of a camera in a hand.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/sway.h"
#include "pipeline/corrupt/warp.h"

typedef struct Translate {
    CopWarp warp; /* first */
    int reach, margin, period;
} Translate;

static const CopOption options[] = {
    {"reach", "offsets to choose from, each way: 0 to reach - 1 pixels", COP_TYPE_INT,
     offsetof(Translate, reach), "24", 1, 16384, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    {"margin", "the offset that leaves the picture where it is, in pixels", COP_TYPE_INT,
     offsetof(Translate, margin), "0", 0, 16384, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    COP_WARP_OPTIONS("between pixels, of coherent offsets", "nearest"),
    {"period", "frames of the slowest coherent sway", COP_TYPE_INT, offsetof(Translate, period),
     "90", 1, 1000000, NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static double offset_at(const CopCorrupt *corrupt, int64_t index, uint32_t axis)
{
    const Translate *translate = corrupt->state;
    if (corrupt->temporal == COP_TEMPORAL_COHERENT)
        return (translate->reach - 1) / 2.0 *
               (1 + cop_sway(corrupt->key, axis, corrupt->clip, translate->period, index));
    const CopRngAddress at = {.frame = cop_corrupt_drawn_at(corrupt, index), .clip = corrupt->clip};
    return cop_rng_below(corrupt->key, axis, at, (uint32_t)translate->reach);
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    Translate *translate = corrupt->state;
    const double x = offset_at(corrupt, frame->index, 0) - translate->margin;
    const double y = offset_at(corrupt, frame->index, 1) - translate->margin;
    const double map[6] = {1, 0, x, 0, 1, y};
    return cop_warp_frame(&translate->warp, frame, map);
}

static const char *const columns[] = {"reach", "margin", NULL};
static const double identity[] = {1, 0};
static const double both_ways[] = {17, 8, 33, 16, 49, 24, 65, 32, 81, 40};
static const double one_way[] = {8, 0, 16, 0, 24, 0, 32, 0, 40, 0};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Schiappa et al., CVPR 2023, both ways", columns, identity, both_ways},
    {"ucf101-p", "Schiappa et al., CVPR 2023", columns, identity, one_way},
    {"schiappa-orig", "Schiappa et al., CVPR 2023", columns, identity, one_way},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_translate = {
    .name = "translate",
    .summary = "frames moved sideways by random offsets",
    .reference = "Schiappa et al., CVPR 2023",
    .family = COP_FAMILY_CAMERA,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM | COP_CORRUPT_PARTIAL,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC | 1u << COP_TEMPORAL_COHERENT,
    .temporal_default = COP_TEMPORAL_STATIC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Translate),
    .apply = apply,
    .close = cop_warp_close,
};

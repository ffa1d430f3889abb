/* Static rotation: the whole clip turned anticlockwise by one angle, corners black
 * (Schiappa et al., CVPR 2023; their nearest neighbour is Pillow's).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/warp.h"

typedef struct StaticRotate {
    CopWarp warp; /* first */
    double angle;
} StaticRotate;

static const CopOption options[] = {
    {"angle", "degrees, anticlockwise", COP_TYPE_DOUBLE, offsetof(StaticRotate, angle), "30", -360,
     360, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_WARP_OPTIONS("nearest aliases as the original does", "nearest"),
    COP_OPTIONS_END,
};

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    StaticRotate *rotate = corrupt->state;
    double turn[4], map[6];
    cop_warp_turn(rotate->angle, turn);
    cop_warp_about_centre(frame->width, frame->height, turn, 0, 0, map);
    return cop_warp_frame(&rotate->warp, frame, map);
}

static const char *const columns[] = {"angle", NULL};
static const double identity[] = {0};
static const double angles[] = {7.5, 15, 30, 45, 90};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Schiappa et al., CVPR 2023", columns, identity, angles},
    {"ucf101-p", "Schiappa et al., CVPR 2023", columns, identity, angles},
    {"schiappa-orig", "Schiappa et al., CVPR 2023", columns, identity, angles},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_static_rotate = {
    .name = "static_rotate",
    .summary = "the whole clip turned by one angle",
    .reference = "Schiappa et al., CVPR 2023",
    .family = COP_FAMILY_CAMERA,
    .flags = COP_CORRUPT_RGB,
    .options = options,
    .tables = tables,
    .state_size = sizeof(StaticRotate),
    .apply = apply,
    .close = cop_warp_close,
};

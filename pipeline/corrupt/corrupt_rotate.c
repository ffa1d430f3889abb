/* Rotation jitter: frames turned by random angles, corners black (Schiappa et al., CVPR
 * 2023; their nearest neighbour is Pillow's).
 *
 * `iid` draws whole degrees in every frame, as the original does, `static` once a clip;
 * `coherent` sways by fractions of a degree as a camera in a hand does.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/sway.h"
#include "pipeline/corrupt/warp.h"

typedef struct Rotate {
    CopWarp warp; /* first */
    double reach;
    int period;
} Rotate;

static const CopOption options[] = {
    {"reach", "largest angle either way, in degrees", COP_TYPE_DOUBLE, offsetof(Rotate, reach),
     "19", 0, 180, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_WARP_OPTIONS("nearest aliases as the original does", "nearest"),
    {"period", "frames of the slowest coherent sway", COP_TYPE_INT, offsetof(Rotate, period), "90",
     1, 1000000, NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static double angle_at(const CopCorrupt *corrupt, int64_t index)
{
    const Rotate *rotate = corrupt->state;
    if (corrupt->temporal == COP_TEMPORAL_COHERENT)
        return rotate->reach * cop_sway(corrupt->key, 0, corrupt->clip, rotate->period, index);
    const CopRngAddress at = {.frame = cop_corrupt_drawn_at(corrupt, index), .clip = corrupt->clip};
    const uint32_t most = (uint32_t)rotate->reach;
    return (double)cop_rng_below(corrupt->key, 0, at, 2 * most + 1) - most;
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    Rotate *rotate = corrupt->state;
    double turn[4], map[6];
    cop_warp_turn(angle_at(corrupt, frame->index), turn);
    cop_warp_about_centre(frame->width, frame->height, turn, 0, 0, map);
    return cop_warp_frame(&rotate->warp, frame, map);
}

static const char *const columns[] = {"reach", NULL};
static const double identity[] = {0};
static const double evaluated[] = {7, 13, 19, 25, 31};
static const double generated[] = {6, 12, 18, 24, 30};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Schiappa et al., CVPR 2023", columns, identity, evaluated},
    {"ucf101-p", "Schiappa et al., CVPR 2023, their evaluation code", columns, identity, evaluated},
    {"schiappa-orig", "the same authors' generator of files", columns, identity, generated},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_rotate = {
    .name = "rotate",
    .summary = "frames turned by random angles",
    .reference = "Schiappa et al., CVPR 2023",
    .family = COP_FAMILY_CAMERA,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM | COP_CORRUPT_PARTIAL,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC | 1u << COP_TEMPORAL_COHERENT,
    .temporal_default = COP_TEMPORAL_IID,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Rotate),
    .apply = apply,
    .close = cop_warp_close,
};

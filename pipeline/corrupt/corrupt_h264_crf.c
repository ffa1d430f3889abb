/* H.264 at constant quality (Yi et al., NeurIPS 2021 datasets track: h264_crf), by
 * libx264, a group of pictures at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/x26x.h"

static const CopOption options[] = {
    {"crf", "constant rate factor; 0 is lossless", COP_TYPE_DOUBLE, offsetof(CopX26x, crf), "23", 0,
     51, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_X26X_CODEC_OPTIONS,
    COP_OPTIONS_END,
};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    return cop_x26x_init(corrupt, "libx264", err);
}

static const char *const columns[] = {"crf", "preset", NULL};
static const char *const columns_as_published[] = {"crf", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "ours: losses of kinetics-c by a faster encoder", columns,
     (const double[]){0, COP_X26X_SUPERFAST},
     (const double[]){23, COP_X26X_SUPERFAST, 29, COP_X26X_SUPERFAST, 35, COP_X26X_SUPERFAST, 41,
                      COP_X26X_SUPERFAST, 48, COP_X26X_SUPERFAST}},
    {"kinetics-c", "the h264_crf of Yi et al., NeurIPS 2021", columns_as_published,
     (const double[]){0}, (const double[]){23, 30, 37, 44, 51}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_h264_crf = {
    .name = "h264_crf",
    .summary = "H.264 compression at constant quality",
    .reference = "Yi et al., NeurIPS 2021 (datasets and benchmarks)",
    .family = COP_FAMILY_CODEC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(CopX26x),
    .init = init,
    .push = cop_x26x_push_crf,
    .pull = cop_group_pull,
    .flush = cop_group_flush,
    .close = cop_group_close,
};

/* H.264 at a bit rate (Yi et al., NeurIPS 2021 datasets track: h264_abr), by libx264, a
 * group of pictures at a time. Peak rate and buffer are as large as the rate, as there.
 *
 * The original divides a file's bit rate by 2 .. 32. Frames in memory have none, so the rate
 * is in bits a pixel: 0.1 is half of what a clean file of 0.2 has.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/x26x.h"

static const char encoder[] = "libx264";

static const CopOption options[] = {
    COP_X26X_BITRATE_OPTIONS,
    COP_X26X_OPTIONS(CopX26x, "32"),
    COP_OPTIONS_END,
};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    return cop_x26x_init(corrupt, encoder, err);
}

static CopStatus push(CopCorrupt *corrupt, const CopFrame *frame)
{
    return cop_x26x_push_abr(corrupt, encoder, frame);
}

static const char *const columns[] = {"bits_per_pixel", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "ours: about 0.2 bits a pixel divided by 2, 4, 8, 16, 32", columns,
     (const double[]){0.2}, (const double[]){0.1, 0.05, 0.025, 0.012, 0.006}},
    {"kinetics-c", "Yi et al., NeurIPS 2021, on files of 0.2 bits a pixel", columns,
     (const double[]){0.2}, (const double[]){0.1, 0.05, 0.025, 0.0125, 0.00625}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_h264_abr = {
    .name = "h264_abr",
    .summary = "H.264 compression at a bit rate",
    .reference = "Yi et al., NeurIPS 2021 (datasets and benchmarks)",
    .family = COP_FAMILY_CODEC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(CopX26x),
    .init = init,
    .push = push,
    .pull = cop_group_pull,
    .flush = cop_group_flush,
    .close = cop_group_close,
};

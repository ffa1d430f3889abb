/* H.264 at a bit rate (Yi et al., NeurIPS 2021 datasets track: h264_abr), by libx264, a
 * group of pictures at a time. Peak rate and buffer are as large as the rate, as there.
 *
 * The original divides a file's bit rate by 2 .. 32. Frames in memory have none, so the rate
 * is in bits a pixel: 0.1 is half of what a clean file of 0.2 has.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/x26x.h"

static const char encoder[] = "libx264";

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    return cop_x26x_init(corrupt, encoder, err);
}

static CopStatus push(CopCorrupt *corrupt, const CopFrame *frame)
{
    return cop_x26x_push_abr(corrupt, encoder, frame);
}

const CopCorruptDesc cop_corrupt_h264_abr = {
    .name = "h264_abr",
    .summary = "H.264 compression at a bit rate",
    .reference = "Yi et al., NeurIPS 2021 (datasets and benchmarks)",
    .family = COP_FAMILY_CODEC,
    .options = cop_x26x_abr_options,
    .tables = cop_x26x_abr_tables,
    .state_size = sizeof(CopX26x),
    .init = init,
    .push = push,
    .pull = cop_group_pull,
    .flush = cop_group_flush,
    .close = cop_group_close,
};

/* MPEG-2 at a constant quantiser (Schiappa et al., CVPR 2023: codec perturbations).
 *
 * The published scripts that are called mpeg1 make MPEG-2 of quantisers 20 .. 100. There is
 * none above 31, so that their severities 2 .. 5 are one: schiappa-orig.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/mpeg.h"

static const char encoder[] = "mpeg2video";

static const CopOption options[] = {
    COP_MPEG_OPTIONS,
    COP_OPTIONS_END,
};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    return cop_mpeg_init(corrupt, encoder, err);
}

static CopStatus push(CopCorrupt *corrupt, const CopFrame *frame)
{
    return cop_mpeg_push(corrupt, encoder, 1u << COP_PIXEL_I420 | 1u << COP_PIXEL_I422, frame);
}

static const char *const columns[] = {"q", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "ours, after Schiappa et al., CVPR 2023", columns, (const double[]){1},
     (const double[]){6, 10, 16, 23, 31}},
    {"ucf101-p", "Schiappa et al., CVPR 2023, with quantisers that there are", columns,
     (const double[]){1}, (const double[]){6, 10, 16, 23, 31}},
    {"schiappa-orig", "codec1 of Schiappa et al., CVPR 2023: 20 .. 100, which FFmpeg stops at 31",
     columns, (const double[]){1}, (const double[]){20, 31, 31, 31, 31}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_mpeg2 = {
    .name = "mpeg2",
    .summary = "MPEG-2 compression at a constant quantiser",
    .reference = "Schiappa et al., CVPR 2023",
    .family = COP_FAMILY_CODEC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(CopMpeg),
    .init = init,
    .push = push,
    .pull = cop_group_pull,
    .flush = cop_group_flush,
    .close = cop_group_close,
};

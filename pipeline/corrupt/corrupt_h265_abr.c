/* H.265 at a bit rate (Yi et al., NeurIPS 2021 datasets track: h265_abr), by libx265, a
 * group of pictures at a time. Peak rate and buffer are as large as the rate, as there.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/x26x_abr.h"

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    return cop_x26x_abr_init(corrupt, "libx265", err);
}

static const CopSeverityTable tables[] = {COP_X26X_ABR_TABLES(COP_X26X_ULTRAFAST)};

const CopCorruptDesc cop_corrupt_h265_abr = {
    .name = "h265_abr",
    .summary = "H.265 compression at a bit rate",
    .reference = "Yi et al., NeurIPS 2021 (datasets and benchmarks)",
    .family = COP_FAMILY_CODEC,
    .options = cop_x26x_abr_options,
    .tables = tables,
    .state_size = sizeof(CopX26xAbr),
    .init = init,
    .push = cop_x26x_abr_push,
    .pull = cop_group_pull,
    .flush = cop_group_flush,
    .close = cop_group_close,
};

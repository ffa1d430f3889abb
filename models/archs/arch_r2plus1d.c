/* R(2+1)D: a residual net whose 3-D convolutions are divided into 2-D and 1-D ones.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/archs/residual.h"

static void build(CopNet *net, const void *options, int classes)
{
    static const CopBlockKind kind[COP_STAGES] = {COP_BLOCK_2PLUS1D, COP_BLOCK_2PLUS1D,
                                                  COP_BLOCK_2PLUS1D, COP_BLOCK_2PLUS1D};
    cop_residual_build(net, options, kind, classes);
}

static const CopOption rows[] = {
    COP_RESIDUAL_ROWS("64", "2, 2, 2, 2", "7"),
    COP_RESIDUAL_ROW(stem_mid, "channels between the first convolution's 2-D and 1-D halves", INT,
                     "45", 1, 4096),
    COP_OPTIONS_END,
};

const CopArchDesc cop_arch_r2plus1d_18 = {
    .name = "r2plus1d_18",
    .summary = "R(2+1)D-18 with torchvision's names: 31.5 M parameters",
    .reference = "Tran et al., A Closer Look at Spatiotemporal Convolutions, CVPR 2018, section "
                 "3.5; torchvision.models.video.r2plus1d_18",
    .options = rows,
    .options_size = sizeof(CopResidualOptions),
    .input = {3, 16, 112, 112},
    .build = build,
};

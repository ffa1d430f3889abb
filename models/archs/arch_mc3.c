/* MC3: a residual net that convolves over time in its stem and first stage only.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/archs/residual.h"

static void build(CopNet *net, const void *options, int classes)
{
    static const CopBlockKind kind[COP_STAGES] = {COP_BLOCK_3D, COP_BLOCK_2D, COP_BLOCK_2D,
                                                  COP_BLOCK_2D};
    cop_residual_build(net, options, kind, classes);
}

static const CopOption rows[] = {COP_RESIDUAL_ROWS("64", "2, 2, 2, 2", "7"), COP_OPTIONS_END};

const CopArchDesc cop_arch_mc3_18 = {
    .name = "mc3_18",
    .summary = "3-D first, then 2-D convolutions, with torchvision's names: 11.7 M parameters",
    .reference = "Tran et al., A Closer Look at Spatiotemporal Convolutions, CVPR 2018, section "
                 "3.4; torchvision.models.video.mc3_18",
    .options = rows,
    .options_size = sizeof(CopResidualOptions),
    .input = {3, 16, 112, 112},
    .build = build,
};

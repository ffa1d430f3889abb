/* R3D: residual nets of 3x3x3 convolutions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/archs/residual.h"

static void build(CopNet *net, const void *options, int classes)
{
    static const CopBlockKind kind[COP_STAGES] = {COP_BLOCK_3D, COP_BLOCK_3D, COP_BLOCK_3D,
                                                  COP_BLOCK_3D};
    cop_residual_build(net, options, kind, classes);
}

static const CopOption rows_18[] = {COP_RESIDUAL_ROWS("64", "2, 2, 2, 2", "7"), COP_OPTIONS_END};
static const CopOption rows_10[] = {COP_RESIDUAL_ROWS("64", "1, 1, 1, 1", "7"), COP_OPTIONS_END};
static const CopOption rows_tiny[] = {COP_RESIDUAL_ROWS("16", "1, 1, 1", "5"), COP_OPTIONS_END};

#define REFERENCE "Tran et al., A Closer Look at Spatiotemporal Convolutions, CVPR 2018"

const CopArchDesc cop_arch_r3d_18 = {
    .name = "r3d_18",
    .summary = "R3D-18 with torchvision's names: 33.4 M parameters",
    .reference = REFERENCE "; torchvision.models.video.r3d_18",
    .options = rows_18,
    .options_size = sizeof(CopResidualOptions),
    .input = {3, 16, 112, 112},
    .build = build,
};

const CopArchDesc cop_arch_r3d_10 = {
    .name = "r3d_10",
    .summary = "R3D with one block a stage",
    .reference = REFERENCE,
    .options = rows_10,
    .options_size = sizeof(CopResidualOptions),
    .input = {3, 16, 112, 112},
    .build = build,
};

const CopArchDesc cop_arch_r3d_tiny = {
    .name = "r3d_tiny",
    .summary = "three stages of one block, 16 channels and up: trains on two cores in minutes",
    .reference = REFERENCE,
    .options = rows_tiny,
    .options_size = sizeof(CopResidualOptions),
    .input = {3, 8, 56, 56},
    .build = build,
};

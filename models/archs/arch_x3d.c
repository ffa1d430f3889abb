/* X3D-shaped nets: inverted bottlenecks around a depthwise 3x3x3 convolution.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/archs/residual.h"

typedef struct Options {
    int width;        /* channels of the stem and the first stage; doubles a stage */
    CopInts blocks;   /* in each stage, 1 to 4 stages */
    double expansion; /* inner channels of a block, in its outer ones */
    double dropout;
} Options;

static int unit(CopBuilder *b, const char *name, int x, CopKernel kernel)
{
    x = cop_build_conv(b, name, ".0", x, kernel);
    return cop_build_norm(b, name, ".1", x);
}

static int bottleneck(CopBuilder *b, int in, int inner, int channels, int s)
{
    int x = unit(b, "conv1", in, (CopKernel){inner, 1, 1, 1, 1, 1});
    x = cop_build_relu(b, "conv1", ".2", x);
    x = unit(b, "conv2", x, (CopKernel){inner, 3, 3, 1, s, inner});
    x = cop_build_relu(b, "conv2", ".2", x);
    x = unit(b, "conv3", x, (CopKernel){channels, 1, 1, 1, 1, 1});
    return cop_build_shortcut(b, x, in, 1, s);
}

static void build(CopNet *net, const void *options, int classes)
{
    const Options *o = options;
    if (o->blocks.n < 1 || o->blocks.n > COP_STAGES) {
        cop_net_refuse(net, "blocks: must be a list of one to four stages");
        return;
    }
    CopBuilder b = {.net = net};
    int x = cop_build_conv(&b, "stem", ".0", 0, (CopKernel){o->width, 1, 3, 1, 2, 1});
    x = cop_build_conv(&b, "stem", ".1", x, (CopKernel){o->width, 5, 1, 1, 1, o->width});
    x = cop_build_norm(&b, "stem", ".2", x);
    x = cop_build_relu(&b, "stem", ".3", x);
    for (int stage = 0; stage < o->blocks.n; stage++) {
        const int channels = o->width << stage;
        const int inner = (int)(channels * o->expansion + 0.5);
        for (int block = 0; block < o->blocks.item[stage]; block++) {
            cop_build_at(&b, stage, block);
            x = bottleneck(&b, x, inner, channels, block == 0 ? 2 : 1);
        }
    }
    cop_build_head(&b, x, o->dropout, "fc", classes);
}

#define ROW(field, text, kind, default_, low, high)                                                \
    {                                                                                              \
        .name = #field, .help = text, .type = COP_TYPE_##kind, .offset = offsetof(Options, field), \
        .def = default_, .min = low, .max = high                                                   \
    }
static const CopOption rows[] = {
    ROW(width, "channels of the first stage; each further stage has twice as many", INT, "24", 1,
        512),
    ROW(blocks, "residual blocks in each stage, one to four stages", INTS, "3, 5, 11, 7", 1, 64),
    ROW(expansion, "inner channels of a block, as a multiple of its outer ones", DOUBLE, "2.25", 1,
        8),
    ROW(dropout, "probability that a feature is dropped before the classifier", DOUBLE, "0", 0,
        0.95),
    COP_OPTIONS_END,
};

const CopArchDesc cop_arch_x3d_stack = {
    .name = "x3d_stack",
    .summary = "X3D-S's stem and stages of depthwise blocks, without squeeze-excitation, swish and "
               "conv5",
    .reference =
        "Feichtenhofer, X3D: Expanding Architectures for Efficient Video Recognition, CVPR "
        "2020, table 1",
    .options = rows,
    .options_size = sizeof(Options),
    .input = {3, 13, 160, 160},
    .build = build,
};

/* 3-D residual nets: R3D-18 of Tran et al., CVPR 2018, with torchvision's layer
 * names, and smaller nets of the same make by depth and width.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "models/archs/arch.h"
#include "models/layers/layer_options.h"

extern const CopLayerDesc cop_layer_conv3d, cop_layer_batchnorm3d, cop_layer_relu,
    cop_layer_global_avgpool, cop_layer_linear, cop_layer_add, cop_layer_dropout;

enum { STAGES = 4 };

typedef struct Options {
    int width;       /* channels of the stem and the first stage; doubles a stage */
    CopInts blocks;  /* residual blocks in each stage, 1 to 4 stages */
    int stem_kernel; /* height and width of the stem's kernel */
    int stem_stride; /* of height and width */
    int stem_kernel_t;
    double dropout; /* before the classifier */
} Options;

typedef struct Builder {
    CopNet *net;
    char name[96];
} Builder;

static int conv(Builder *b, const char *name, int in, int channels, int kt, int k, int st, int s)
{
    const CopConvOptions o = {channels, kt, k, k, st, s, s, kt / 2, k / 2, k / 2, 1, false};
    return cop_net_add(b->net, &cop_layer_conv3d, name, &o, in, 0);
}

static int norm(Builder *b, const char *name, int in)
{
    const CopNormOptions o = {1e-5, 0.1};
    return cop_net_add(b->net, &cop_layer_batchnorm3d, name, &o, in, 0);
}

static int relu(Builder *b, const char *name, int in)
{
    return cop_net_add(b->net, &cop_layer_relu, name, NULL, in, 0);
}

static const char *join(Builder *b, int stage, int block, const char *suffix)
{
    snprintf(b->name, sizeof b->name, "layer%d.%d.%s", stage + 1, block, suffix);
    return b->name;
}

/* Basic block: two 3x3x3 convolutions and a shortcut, 1x1x1 where the size changes. */
static int residual_block(Builder *b, int stage, int block, int in, int channels)
{
    const int stride = stage > 0 && block == 0 ? 2 : 1;
    int x = conv(b, join(b, stage, block, "conv1.0"), in, channels, 3, 3, stride, stride);
    x = norm(b, join(b, stage, block, "conv1.1"), x);
    x = relu(b, join(b, stage, block, "conv1.2"), x);
    x = conv(b, join(b, stage, block, "conv2.0"), x, channels, 3, 3, 1, 1);
    x = norm(b, join(b, stage, block, "conv2.1"), x);
    int shortcut = in;
    if (stride != 1 || cop_net_edge_shape(b->net, in).c != channels) {
        shortcut =
            conv(b, join(b, stage, block, "downsample.0"), in, channels, 1, 1, stride, stride);
        shortcut = norm(b, join(b, stage, block, "downsample.1"), shortcut);
    }
    x = cop_net_add(b->net, &cop_layer_add, join(b, stage, block, "add"), NULL, x, shortcut);
    return relu(b, join(b, stage, block, "relu"), x);
}

static void build(CopNet *net, const void *options, int classes)
{
    const Options *o = options;
    if (o->blocks.n < 1 || o->blocks.n > STAGES) {
        cop_net_refuse(net, "blocks: must be a list of one to four stages");
        return;
    }
    Builder b = {.net = net};
    int x = conv(&b, "stem.0", 0, o->width, o->stem_kernel_t, o->stem_kernel, 1, o->stem_stride);
    x = norm(&b, "stem.1", x);
    x = relu(&b, "stem.2", x);
    for (int stage = 0; stage < o->blocks.n; stage++)
        for (int block = 0; block < o->blocks.item[stage]; block++)
            x = residual_block(&b, stage, block, x, o->width << stage);
    x = cop_net_add(net, &cop_layer_global_avgpool, "avgpool", NULL, x, 0);
    if (o->dropout > 0)
        x = cop_net_add(net, &cop_layer_dropout, "dropout", &(CopDropoutOptions){.p = o->dropout},
                        x, 0);
    cop_net_add(net, &cop_layer_linear, "fc", &(CopLinearOptions){classes, true}, x, 0);
}

#define FIELD(f) offsetof(Options, f)
#define ROWS(width_, blocks_, kernel_, stride_)                                                    \
    {                                                                                              \
        {"width",                                                                                  \
         "channels of the first stage; each further stage has twice as many",                      \
         COP_TYPE_INT,                                                                             \
         FIELD(width),                                                                             \
         width_,                                                                                   \
         1,                                                                                        \
         512,                                                                                      \
         NULL,                                                                                     \
         0},                                                                                       \
            {"blocks",                                                                             \
             "residual blocks in each stage, one to four stages",                                  \
             COP_TYPE_INTS,                                                                        \
             FIELD(blocks),                                                                        \
             blocks_,                                                                              \
             1,                                                                                    \
             64,                                                                                   \
             NULL,                                                                                 \
             0},                                                                                   \
            {"stem_kernel",                                                                        \
             "height and width of the first kernel",                                               \
             COP_TYPE_INT,                                                                         \
             FIELD(stem_kernel),                                                                   \
             kernel_,                                                                              \
             1,                                                                                    \
             15,                                                                                   \
             NULL,                                                                                 \
             0},                                                                                   \
            {"stem_kernel_t",                                                                      \
             "length in time of the first kernel",                                                 \
             COP_TYPE_INT,                                                                         \
             FIELD(stem_kernel_t),                                                                 \
             "3",                                                                                  \
             1,                                                                                    \
             15,                                                                                   \
             NULL,                                                                                 \
             0},                                                                                   \
            {"stem_stride",                                                                        \
             "spatial stride of the first convolution",                                            \
             COP_TYPE_INT,                                                                         \
             FIELD(stem_stride),                                                                   \
             stride_,                                                                              \
             1,                                                                                    \
             4,                                                                                    \
             NULL,                                                                                 \
             0},                                                                                   \
            {"dropout",                                                                            \
             "probability that a feature is dropped before the classifier",                        \
             COP_TYPE_DOUBLE,                                                                      \
             FIELD(dropout),                                                                       \
             "0",                                                                                  \
             0,                                                                                    \
             0.95,                                                                                 \
             NULL,                                                                                 \
             0},                                                                                   \
            COP_OPTIONS_END,                                                                       \
    }

static const CopOption rows_18[] = ROWS("64", "2, 2, 2, 2", "7", "2");
static const CopOption rows_10[] = ROWS("64", "1, 1, 1, 1", "7", "2");
static const CopOption rows_tiny[] = ROWS("16", "1, 1, 1", "5", "2");

#define REFERENCE "Tran et al., A Closer Look at Spatiotemporal Convolutions, CVPR 2018"

const CopArchDesc cop_arch_r3d_18 = {
    .name = "r3d_18",
    .summary = "R3D-18 with torchvision's names: 33.4 M parameters",
    .reference = REFERENCE "; torchvision.models.video.r3d_18",
    .options = rows_18,
    .options_size = sizeof(Options),
    .input = {3, 16, 112, 112},
    .build = build,
};

const CopArchDesc cop_arch_r3d_10 = {
    .name = "r3d_10",
    .summary = "R3D with one block a stage",
    .reference = REFERENCE,
    .options = rows_10,
    .options_size = sizeof(Options),
    .input = {3, 16, 112, 112},
    .build = build,
};

const CopArchDesc cop_arch_r3d_tiny = {
    .name = "r3d_tiny",
    .summary = "three stages of one block, 16 channels and up: trains on two cores in minutes",
    .reference = REFERENCE,
    .options = rows_tiny,
    .options_size = sizeof(Options),
    .input = {3, 8, 56, 56},
    .build = build,
};

/* ResNet for images: each frame of a clip by itself, their features averaged.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/archs/residual.h"
#include "models/layers/layer_options.h"

extern const CopLayerDesc cop_layer_maxpool3d;

typedef enum Stem {
    STEM_IMAGENET, /* 7x7 with stride 2, maximum over 3x3 with stride 2 */
    STEM_CIFAR     /* 3x3: pictures of 28 or 32 pixels keep their size */
} Stem;
static const char *const stems[] = {"imagenet", "cifar", NULL};

typedef struct Options {
    int width;      /* channels of the stem and the first stage; doubles a stage */
    CopInts blocks; /* in each stage, 1 to 4 stages */
    int stem;
    double dropout;
} Options;

/* Convolution and batch norm number `i` of a block or the stem. */
static int unit(CopBuilder *b, int i, int x, CopKernel kernel)
{
    static const char *const conv[] = {"conv1", "conv2", "conv3"};
    static const char *const norm[] = {"bn1", "bn2", "bn3"};
    x = cop_build_conv(b, conv[i - 1], "", x, kernel);
    return cop_build_norm(b, norm[i - 1], "", x);
}

static int stem(CopBuilder *b, const Options *o)
{
    static const CopPoolOptions pool = {1, 3, 3, 1, 2, 2, 0, 1, 1};
    const bool small = o->stem == STEM_CIFAR;
    int x = unit(b, 1, 0, (CopKernel){o->width, 1, small ? 3 : 7, 1, small ? 1 : 2, 1});
    x = cop_build_relu(b, "relu", "", x);
    return small ? x : cop_net_add(b->net, &cop_layer_maxpool3d, "maxpool", &pool, x, 0);
}

static int basic_block(CopBuilder *b, int in, int channels, int s)
{
    int x = unit(b, 1, in, (CopKernel){channels, 1, 3, 1, s, 1});
    x = cop_build_relu(b, "relu1", "", x);
    x = unit(b, 2, x, (CopKernel){channels, 1, 3, 1, 1, 1});
    return cop_build_shortcut(b, x, in, 1, s);
}

/* The stride is in the 3x3 convolution, as torchvision has it ("v1.5"). */
static int bottleneck(CopBuilder *b, int in, int channels, int s)
{
    int x = unit(b, 1, in, (CopKernel){channels, 1, 1, 1, 1, 1});
    x = cop_build_relu(b, "relu1", "", x);
    x = unit(b, 2, x, (CopKernel){channels, 1, 3, 1, s, 1});
    x = cop_build_relu(b, "relu2", "", x);
    x = unit(b, 3, x, (CopKernel){channels * 4, 1, 1, 1, 1, 1});
    return cop_build_shortcut(b, x, in, 1, s);
}

static void build_of(CopNet *net, const Options *o, int classes,
                     int (*add_block)(CopBuilder *b, int in, int channels, int s))
{
    if (o->blocks.n < 1 || o->blocks.n > COP_STAGES) {
        cop_net_refuse(net, "blocks: must be a list of one to four stages");
        return;
    }
    CopBuilder b = {.net = net, .image = true};
    int x = stem(&b, o);
    for (int stage = 0; stage < o->blocks.n; stage++)
        for (int block = 0; block < o->blocks.item[stage]; block++) {
            cop_build_at(&b, stage, block);
            x = add_block(&b, x, o->width << stage, stage > 0 && block == 0 ? 2 : 1);
        }
    cop_build_head(&b, x, o->dropout, "fc", classes);
}

static void build_basic(CopNet *net, const void *options, int classes)
{
    build_of(net, options, classes, basic_block);
}

static void build_bottleneck(CopNet *net, const void *options, int classes)
{
    build_of(net, options, classes, bottleneck);
}

#define ROW(field, text, kind, default_, low, high)                                                \
    {                                                                                              \
        .name = #field, .help = text, .type = COP_TYPE_##kind, .offset = offsetof(Options, field), \
        .def = default_, .min = low, .max = high                                                   \
    }
#define ROWS(blocks_)                                                                              \
    ROW(width, "channels of the first stage; each further stage has twice as many", INT, "64", 1,  \
        512),                                                                                      \
        ROW(blocks, "residual blocks in each stage, one to four stages", INTS, blocks_, 1, 64),    \
        {.name = "stem",                                                                           \
         .help = "imagenet: 7x7 and pooling, a sixteenth of the pixels; cifar: 3x3, all of them",  \
         .type = COP_TYPE_CHOICE,                                                                  \
         .offset = offsetof(Options, stem),                                                        \
         .def = "imagenet",                                                                        \
         .choices = stems},                                                                        \
        ROW(dropout, "probability that a feature is dropped before the classifier", DOUBLE, "0",   \
            0, 0.95),                                                                              \
        COP_OPTIONS_END
static const CopOption rows_18[] = {ROWS("2, 2, 2, 2")};
static const CopOption rows_34[] = {ROWS("3, 4, 6, 3")}; /* of resnet50, too */

#define REFERENCE "He et al., Deep Residual Learning for Image Recognition, CVPR 2016"

const CopArchDesc cop_arch_resnet18 = {
    .name = "resnet18",
    .summary = "images: ResNet-18 with torchvision's names: 11.7 M parameters",
    .reference = REFERENCE "; torchvision.models.resnet18",
    .options = rows_18,
    .options_size = sizeof(Options),
    .input = {3, 1, 224, 224},
    .build = build_basic,
};

const CopArchDesc cop_arch_resnet34 = {
    .name = "resnet34",
    .summary = "images: ResNet-34 with torchvision's names: 21.8 M parameters",
    .reference = REFERENCE "; torchvision.models.resnet34",
    .options = rows_34,
    .options_size = sizeof(Options),
    .input = {3, 1, 224, 224},
    .build = build_basic,
};

const CopArchDesc cop_arch_resnet50 = {
    .name = "resnet50",
    .summary = "images: ResNet-50 of bottlenecks with torchvision's names: 25.6 M parameters",
    .reference = REFERENCE "; torchvision.models.resnet50",
    .options = rows_34,
    .options_size = sizeof(Options),
    .input = {3, 1, 224, 224},
    .build = build_bottleneck,
};

/* VGG with batch norm for small images: each frame of a clip by itself, their features
 * averaged.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "models/archs/residual.h"
#include "models/layers/layer_options.h"

extern const CopLayerDesc cop_layer_conv2d, cop_layer_batchnorm3d, cop_layer_relu,
    cop_layer_maxpool3d;

enum { STAGES = 5 };

typedef struct Options {
    int width; /* channels of the first stage; the others have 2, 4, 8 and 8 times as many */
    double dropout;
} Options;

/* "features" of torchvision's nets: layers are numbered through, so that its weights fit. */
typedef struct Features {
    CopNet *net;
    int edge, number;
} Features;

static void add(Features *f, const CopLayerDesc *layer, const void *options)
{
    char name[32];
    snprintf(name, sizeof name, "features.%d", f->number++);
    f->edge = cop_net_add(f->net, layer, name, options, f->edge, 0);
}

/* Halves the picture, unless one side is a single pixel: 28 pixels have four halvings in
 * them, 32 have five. */
static void halve(Features *f)
{
    static const CopPoolOptions pool = {1, 2, 2, 1, 2, 2, 0, 0, 0};
    const CopShape shape = cop_net_edge_shape(f->net, f->edge);
    if (shape.h > 1 && shape.w > 1)
        add(f, &cop_layer_maxpool3d, &pool);
    else
        f->number++;
}

static void build_of(CopNet *net, const Options *o, int classes, const int convs[STAGES])
{
    static const CopNormOptions norm = {1e-5, 0.1};
    static const int times[STAGES] = {1, 2, 4, 8, 8};
    Features f = {.net = net};
    for (int stage = 0; stage < STAGES; stage++) {
        const CopConvOptions conv = {o->width * times[stage], 1, 3, 3, 1, 1, 1, 0, 1, 1, 1, true};
        for (int i = 0; i < convs[stage]; i++) {
            add(&f, &cop_layer_conv2d, &conv);
            add(&f, &cop_layer_batchnorm3d, &norm);
            add(&f, &cop_layer_relu, NULL);
        }
        halve(&f);
    }
    cop_build_head(&(CopBuilder){.net = net}, f.edge, o->dropout, "classifier", classes);
}

static void build_11(CopNet *net, const void *options, int classes)
{
    static const int convs[STAGES] = {1, 1, 2, 2, 2};
    build_of(net, options, classes, convs);
}

static void build_16(CopNet *net, const void *options, int classes)
{
    static const int convs[STAGES] = {2, 2, 3, 3, 3};
    build_of(net, options, classes, convs);
}

static const CopOption rows[] = {
    {.name = "width",
     .help = "channels of the first stage; the others have 2, 4, 8 and 8 times as many",
     .type = COP_TYPE_INT,
     .offset = offsetof(Options, width),
     .def = "64",
     .min = 1,
     .max = 512},
    {.name = "dropout",
     .help = "probability that a feature is dropped before the classifier",
     .type = COP_TYPE_DOUBLE,
     .offset = offsetof(Options, dropout),
     .def = "0",
     .min = 0,
     .max = 0.95},
    COP_OPTIONS_END,
};

#define REFERENCE                                                                                  \
    "Simonyan and Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, " \
    "ICLR 2015, table 1; "

const CopArchDesc cop_arch_vgg11_bn = {
    .name = "vgg11_bn",
    .summary = "images of 28 to 64 pixels: 8 convolutions with batch norm, one linear layer: 9.2 M "
               "parameters",
    .reference = REFERENCE "torchvision.models.vgg11_bn up to the classifier",
    .options = rows,
    .options_size = sizeof(Options),
    .input = {3, 1, 32, 32},
    .build = build_11,
};

const CopArchDesc cop_arch_vgg16_bn = {
    .name = "vgg16_bn",
    .summary = "images of 28 to 64 pixels: 13 convolutions with batch norm, one linear layer: "
               "14.7 M parameters",
    .reference = REFERENCE "torchvision.models.vgg16_bn up to the classifier",
    .options = rows,
    .options_size = sizeof(Options),
    .input = {3, 1, 32, 32},
    .build = build_16,
};

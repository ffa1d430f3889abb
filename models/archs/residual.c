/* What the families of nets share, and 3-D nets of basic blocks.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/archs/residual.h"

#include <stdio.h>

#include "models/layers/layer_options.h"

extern const CopLayerDesc cop_layer_conv3d, cop_layer_conv2d, cop_layer_batchnorm3d, cop_layer_relu,
    cop_layer_global_avgpool, cop_layer_linear, cop_layer_add, cop_layer_dropout;

static int add(CopBuilder *builder, const CopLayerDesc *layer, const char *unit, const char *suffix,
               const void *options, int in0, int in1)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s%s", builder->prefix, unit, suffix);
    return cop_net_add(builder->net, layer, name, options, in0, in1);
}

void cop_build_at(CopBuilder *builder, int stage, int block)
{
    snprintf(builder->prefix, sizeof builder->prefix, "layer%d.%d.", stage + 1, block);
}

int cop_build_conv(CopBuilder *builder, const char *unit, const char *suffix, int in,
                   CopKernel kernel)
{
    const int pt = kernel.kt / 2, p = kernel.k / 2;
    const CopConvOptions options = {kernel.channels, kernel.kt, kernel.k, kernel.k, kernel.st,
                                    kernel.s,        kernel.s,  pt,       p,        p,
                                    kernel.groups,   false};
    return add(builder, builder->image ? &cop_layer_conv2d : &cop_layer_conv3d, unit, suffix,
               &options, in, 0);
}

int cop_build_norm(CopBuilder *builder, const char *unit, const char *suffix, int in)
{
    const CopNormOptions options = {1e-5, 0.1};
    return add(builder, &cop_layer_batchnorm3d, unit, suffix, &options, in, 0);
}

int cop_build_relu(CopBuilder *builder, const char *unit, const char *suffix, int in)
{
    return add(builder, &cop_layer_relu, unit, suffix, NULL, in, 0);
}

int cop_build_shortcut(CopBuilder *builder, int in, int from, int st, int s)
{
    const int channels = cop_net_edge_shape(builder->net, in).c;
    if (st != 1 || s != 1 || cop_net_edge_shape(builder->net, from).c != channels) {
        from = cop_build_conv(builder, "downsample", ".0", from,
                              (CopKernel){channels, 1, 1, st, s, 1});
        from = cop_build_norm(builder, "downsample", ".1", from);
    }
    in = add(builder, &cop_layer_add, "add", "", NULL, in, from);
    return cop_build_relu(builder, "relu", "", in);
}

void cop_build_head(CopBuilder *builder, int in, double p, const char *classifier, int classes)
{
    builder->prefix[0] = '\0';
    in = add(builder, &cop_layer_global_avgpool, "avgpool", "", NULL, in, 0);
    if (p > 0)
        in = add(builder, &cop_layer_dropout, "dropout", "", &(CopDropoutOptions){.p = p}, in, 0);
    add(builder, &cop_layer_linear, classifier, "", &(CopLinearOptions){classes, true}, in, 0);
}

/* --- nets of basic blocks ------------------------------------------------------ */

static int stem(CopBuilder *b, const CopResidualOptions *o)
{
    const int k = o->stem_kernel, kt = o->stem_kernel_t, s = o->stem_stride;
    int x;
    if (o->stem_mid == 0) {
        x = cop_build_conv(b, "stem", ".0", 0, (CopKernel){o->width, kt, k, 1, s, 1});
        x = cop_build_norm(b, "stem", ".1", x);
        return cop_build_relu(b, "stem", ".2", x);
    }
    x = cop_build_conv(b, "stem", ".0", 0, (CopKernel){o->stem_mid, 1, k, 1, s, 1});
    x = cop_build_norm(b, "stem", ".1", x);
    x = cop_build_relu(b, "stem", ".2", x);
    x = cop_build_conv(b, "stem", ".3", x, (CopKernel){o->width, kt, 1, 1, 1, 1});
    x = cop_build_norm(b, "stem", ".4", x);
    return cop_build_relu(b, "stem", ".5", x);
}

/* One of the block's two convolutions, with its batch norm. */
static int convolve(CopBuilder *b, const char *unit, int x, CopBlockKind kind, int channels,
                    int mid, int s)
{
    if (kind == COP_BLOCK_2PLUS1D) {
        x = cop_build_conv(b, unit, ".0.0", x, (CopKernel){mid, 1, 3, 1, s, 1});
        x = cop_build_norm(b, unit, ".0.1", x);
        x = cop_build_relu(b, unit, ".0.2", x);
        x = cop_build_conv(b, unit, ".0.3", x, (CopKernel){channels, 3, 1, s, 1, 1});
    } else if (kind == COP_BLOCK_2D) {
        x = cop_build_conv(b, unit, ".0", x, (CopKernel){channels, 1, 3, 1, s, 1});
    } else {
        x = cop_build_conv(b, unit, ".0", x, (CopKernel){channels, 3, 3, s, s, 1});
    }
    return cop_build_norm(b, unit, ".1", x);
}

static int basic_block(CopBuilder *b, int in, CopBlockKind kind, int channels, int s)
{
    /* Section 3.5 asks for as many weights as 3x3x3 has; torchvision counts those of the
     * block's first convolution and takes the number for both. */
    const int from = cop_net_edge_shape(b->net, in).c;
    const int mid = from * channels * 27 / (from * 9 + channels * 3);
    int x = convolve(b, "conv1", in, kind, channels, mid, s);
    x = cop_build_relu(b, "conv1", ".2", x);
    x = convolve(b, "conv2", x, kind, channels, mid, 1);
    return cop_build_shortcut(b, x, in, kind == COP_BLOCK_2D ? 1 : s, s);
}

void cop_residual_build(CopNet *net, const CopResidualOptions *options,
                        const CopBlockKind kind[COP_STAGES], int classes)
{
    const CopInts *blocks = &options->blocks;
    if (blocks->n < 1 || blocks->n > COP_STAGES) {
        cop_net_refuse(net, "blocks: must be a list of one to four stages");
        return;
    }
    CopBuilder b = {.net = net};
    int x = stem(&b, options);
    for (int stage = 0; stage < blocks->n; stage++)
        for (int block = 0; block < blocks->item[stage]; block++) {
            cop_build_at(&b, stage, block);
            x = basic_block(&b, x, kind[stage], options->width << stage,
                            stage > 0 && block == 0 ? 2 : 1);
        }
    cop_build_head(&b, x, options->dropout, "fc", classes);
}

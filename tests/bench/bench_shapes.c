/* The convolutions of the nets that are timed: R3D-18 and R(2+1)D-18 (Tran et al., CVPR 2018)
 * and VGG16 (Simonyan and Zisserman, ICLR 2015) as torchvision builds them, and the blocks of
 * X3D-S (Feichtenhofer, CVPR 2020). Layers of one shape are kept once, with a count.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/bench/bench_shapes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What flows between two layers. */
typedef struct Flow {
    BenchNet *net;
    int c, t, h, w;
} Flow;

const char *const bench_net_names[] = {"r3d_18", "r2plus1d_18", "vgg16", "x3d", NULL};

static bool same(const BenchLayer *a, const BenchLayer *b)
{
    return memcmp(&a->s, &b->s, sizeof a->s) == 0 && a->t == b->t && a->h == b->h && a->w == b->w;
}

/* Adds a convolution to oc channels, padded by half its kernel, and returns what comes out. */
static Flow conv(Flow in, int oc, int kt, int k, int st, int s, int groups, const char *fmt, ...)
{
    BenchNet *net = in.net;
    BenchLayer new = {.s = {in.c, oc, kt, k, k, st, s, s, kt / 2, k / 2, k / 2, groups},
                      .t = in.t,
                      .h = in.h,
                      .w = in.w,
                      .count = 1,
                      .stem = net->n == 0};
    va_list args;
    va_start(args, fmt);
    vsnprintf(new.name, sizeof new.name, fmt, args);
    va_end(args);
    int i = 0;
    while (i < net->n && !same(&net->layer[i], &new))
        i++;
    if (i < net->n)
        net->layer[i].count++;
    else if (net->n < BENCH_LAYERS)
        net->layer[net->n++] = new;
    return (Flow){net, oc, cop_conv_out(in.t, kt, st, kt / 2), cop_conv_out(in.h, k, s, k / 2),
                  cop_conv_out(in.w, k, s, k / 2)};
}

/* A 3x3x3 convolution, or its two factors. */
static Flow spatiotemporal(Flow in, int oc, int stride, int middle, const char *name)
{
    if (!middle)
        return conv(in, oc, 3, 3, stride, stride, 1, "%s.0", name);
    const Flow x = conv(in, middle, 1, 3, 1, stride, 1, "%s.0.0", name);
    return conv(x, oc, 3, 1, stride, 1, 1, "%s.0.3", name);
}

static void residual(Flow x, bool factored)
{
    for (int stage = 0; stage < 4; stage++)
        for (int block = 0; block < 2; block++) {
            const int stride = stage && !block ? 2 : 1, oc = 64 << stage;
            const int middle = factored ? x.c * oc * 27 / (x.c * 9 + 3 * oc) : 0;
            const Flow in = x;
            char name[32];
            snprintf(name, sizeof name, "layer%d.%d.conv1", stage + 1, block);
            x = spatiotemporal(x, oc, stride, middle, name);
            snprintf(name, sizeof name, "layer%d.%d.conv2", stage + 1, block);
            x = spatiotemporal(x, oc, 1, middle, name);
            if (stride > 1)
                conv(in, oc, 1, 1, stride, stride, 1, "layer%d.0.downsample.0", stage + 1);
        }
}

static void r3d_18(BenchNet *net)
{
    const Flow clip = {net, 3, 16, 112, 112};
    residual(conv(clip, 64, 3, 7, 1, 2, 1, "stem.0"), false);
}

static void r2plus1d_18(BenchNet *net)
{
    const Flow clip = {net, 3, 16, 112, 112};
    const Flow x = conv(clip, 45, 1, 7, 1, 2, 1, "stem.0");
    residual(conv(x, 64, 3, 1, 1, 1, 1, "stem.3"), true);
}

static void vgg16(BenchNet *net)
{
    static const int depth[] = {2, 2, 3, 3, 3}, width[] = {64, 128, 256, 512, 512};
    Flow x = {net, 3, 1, 224, 224};
    for (int stage = 0; stage < 5; stage++) {
        for (int i = 0; i < depth[stage]; i++)
            x = conv(x, width[stage], 1, 3, 1, 1, 1, "conv%d_%d", stage + 1, i + 1);
        x.h /= 2;
        x.w /= 2;
    }
}

static void x3d(BenchNet *net)
{
    static const int depth[] = {3, 5, 11, 7}, width[] = {24, 48, 96, 192};
    const Flow clip = {net, 3, 13, 160, 160};
    Flow x = conv(clip, 24, 1, 3, 1, 2, 1, "stem.conv_xy");
    x = conv(x, 24, 5, 1, 1, 1, 24, "stem.conv_t");
    for (int stage = 0; stage < 4; stage++)
        for (int block = 0; block < depth[stage]; block++) {
            const int stride = block ? 1 : 2, inner = width[stage] * 9 / 4;
            const Flow in = x;
            x = conv(x, inner, 1, 1, 1, 1, 1, "stage%d.%d.conv_a", stage + 1, block);
            x = conv(x, inner, 3, 3, 1, stride, inner, "stage%d.%d.conv_b", stage + 1, block);
            x = conv(x, width[stage], 1, 1, 1, 1, 1, "stage%d.%d.conv_c", stage + 1, block);
            if (!block)
                conv(in, width[stage], 1, 1, 1, stride, 1, "stage%d.0.shortcut", stage + 1);
        }
    conv(x, 432, 1, 1, 1, 1, 1, "head.conv_5");
}

bool bench_net_layers(BenchNet *net, const char *name)
{
    static void (*const build[])(BenchNet *) = {r3d_18, r2plus1d_18, vgg16, x3d};
    for (int i = 0; bench_net_names[i]; i++)
        if (strcmp(name, bench_net_names[i]) == 0) {
            *net = (BenchNet){.name = bench_net_names[i]};
            build[i](net);
            return true;
        }
    return false;
}

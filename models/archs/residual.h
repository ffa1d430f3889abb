/* What the families of nets share: named layers, the head, and 3-D nets of basic blocks.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ARCHS_RESIDUAL_H
#define COP_ARCHS_RESIDUAL_H

#include "models/archs/arch.h"

/* Adds layers called prefix + unit + suffix; the prefix is "" for the stem, "layer1.0."
 * for the first block of the first stage. Each call returns the edge of its output. */
typedef struct CopBuilder {
    CopNet *net;
    bool image; /* convolutions are 2-D, and so are their weights */
    char prefix[32];
} CopBuilder;

/* Padded by half its size, rounded down. */
typedef struct CopKernel {
    int channels, kt, k; /* output; length in time; height and width */
    int st, s;           /* strides of time and space */
    int groups;
} CopKernel;

void cop_build_at(CopBuilder *builder, int stage, int block); /* both from 0 */
int cop_build_conv(CopBuilder *builder, const char *unit, const char *suffix, int in,
                   CopKernel kernel);
int cop_build_norm(CopBuilder *builder, const char *unit, const char *suffix, int in);
int cop_build_relu(CopBuilder *builder, const char *unit, const char *suffix, int in);

/* The block's end: relu(in + shortcut), the shortcut being edge `from` or, where strides or
 * channels change, its 1x1x1 convolution "downsample". */
int cop_build_shortcut(CopBuilder *builder, int in, int from, int st, int s);

/* Mean over positions, dropout where p > 0, and the classifier by its name. */
void cop_build_head(CopBuilder *builder, int in, double p, const char *classifier, int classes);

enum { COP_STAGES = 4 };

/* How a basic block convolves. */
typedef enum CopBlockKind {
    COP_BLOCK_3D,     /* 3x3x3 */
    COP_BLOCK_2D,     /* 1x3x3: sees one frame, and keeps them all */
    COP_BLOCK_2PLUS1D /* 1x3x3, batch norm, ReLU, 3x1x1: as many weights as 3x3x3 */
} CopBlockKind;

typedef struct CopResidualOptions {
    int width;         /* channels of the stem and the first stage; doubles a stage */
    CopInts blocks;    /* basic blocks in each stage, 1 to 4 stages */
    int stem_kernel;   /* height and width of the stem's kernel */
    int stem_kernel_t; /* its length in time */
    int stem_stride;   /* of height and width */
    int stem_mid;      /* channels between the stem's 2-D and 1-D halves; 0: not divided */
    double dropout;    /* before the classifier */
} CopResidualOptions;

#define COP_RESIDUAL_ROW(field, text, kind, default_, low, high)                                   \
    {                                                                                              \
        .name = #field, .help = text, .type = COP_TYPE_##kind,                                     \
        .offset = offsetof(CopResidualOptions, field), .def = default_, .min = low, .max = high    \
    }

/* Option rows of a family, without stem_mid and COP_OPTIONS_END. */
#define COP_RESIDUAL_ROWS(width_, blocks_, stem_kernel_)                                           \
    COP_RESIDUAL_ROW(width, "channels of the first stage; each further stage has twice as many",   \
                     INT, width_, 1, 512),                                                         \
        COP_RESIDUAL_ROW(blocks, "residual blocks in each stage, one to four stages", INTS,        \
                         blocks_, 1, 64),                                                          \
        COP_RESIDUAL_ROW(stem_kernel, "height and width of the first kernel", INT, stem_kernel_,   \
                         1, 15),                                                                   \
        COP_RESIDUAL_ROW(stem_kernel_t, "length in time of the first kernel", INT, "3", 1, 15),    \
        COP_RESIDUAL_ROW(stem_stride, "spatial stride of the first convolution", INT, "2", 1, 4),  \
        COP_RESIDUAL_ROW(dropout, "probability that a feature is dropped before the classifier",   \
                         DOUBLE, "0", 0, 0.95)

/* Tran et al., CVPR 2018, figure 1, with torchvision's layer names; kind[i] is that of
 * stage i. */
void cop_residual_build(CopNet *net, const CopResidualOptions *options,
                        const CopBlockKind kind[COP_STAGES], int classes);

#endif

/* Options of the layers, as architectures fill them in.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LAYERS_LAYER_OPTIONS_H
#define COP_LAYERS_LAYER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct CopConvOptions {
    int channels;   /* output */
    int kt, kh, kw; /* kernel */
    int st, sh, sw; /* stride */
    int pt, ph, pw; /* padding */
    int groups;     /* of channels; divides input and output channels */
    bool bias;
} CopConvOptions;

typedef struct CopNormOptions {
    double eps, momentum;
} CopNormOptions;

typedef struct CopPoolOptions {
    int kt, kh, kw, st, sh, sw, pt, ph, pw;
} CopPoolOptions;

typedef struct CopLinearOptions {
    int features; /* output */
    bool bias;
} CopLinearOptions;

typedef struct CopDropoutOptions {
    double p; /* probability that a value is zeroed */
} CopDropoutOptions;

#endif

/* Glass blur: a Gaussian filter, passes that make each pixel a copy of a random
 * neighbour, and the filter again (Hendrycks and Dietterich, ICLR 2019; glass.h).
 *
 * Each pass and pixel has offsets of its own by address. Glass stands still in front of a
 * camera, so by default a clip keeps them; afresh in every frame they boil. They scale
 * with delta: a ramp of severity moves one field.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <stdlib.h>

#include "pipeline/corrupt/gaussian_rgb.h"
#include "pipeline/corrupt/glass.h"
#include "pipeline/corrupt/noise_words.h"
#include "pipeline/corrupt/tiers.h"

typedef struct GlassBlur {
    double sigma;
    int delta, passes;
    CopGaussianRgb filter;
    uint32_t *word;
    int *offset[2]; /* [width]: columns, rows */
    int width;
} GlassBlur;

static const CopOption options[] = {
    {"sigma", "of the Gaussian before and after, in pixels; under 1/8 there is none",
     COP_TYPE_DOUBLE, offsetof(GlassBlur, sigma), "1", 0, COP_GAUSSIAN_RGB_SIGMA_MAX, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    {"delta", "how far a neighbour may be, in pixels", COP_TYPE_INT, offsetof(GlassBlur, delta),
     "2", 0, 256, NULL, COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    {"passes", "how often the pixels are shuffled", COP_TYPE_INT, offsetof(GlassBlur, passes), "1",
     0, 16, NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopStatus prepare(GlassBlur *glass, int width)
{
    if (glass->width == width)
        return COP_OK;
    const size_t n = (size_t)width;
    free(glass->word);
    glass->word = malloc((n + 2 * COP_NOISE_STEP) * sizeof *glass->word);
    bool made = glass->word != NULL;
    for (int i = 0; i < 2; i++) {
        free(glass->offset[i]);
        glass->offset[i] = malloc(n * sizeof *glass->offset[i]);
        made = made && glass->offset[i];
    }
    glass->width = made ? width : 0;
    return made ? COP_OK : COP_ERR_NOMEM;
}

/* A word as a whole number from -delta to delta - 1. */
COP_TIERS static void spread(int *restrict offset, const uint32_t *restrict word, int delta, int n)
{
    const uint64_t range = 2 * (uint64_t)delta;
    for (int i = 0; i < n; i++)
        offset[i] = (int)(word[i] * range >> 32) - delta;
}

static void shuffle(const CopCorrupt *corrupt, const CopFrame *frame, int pass)
{
    const GlassBlur *glass = corrupt->state;
    for (int row = frame->height - glass->delta; row > glass->delta; row--) {
        const uint32_t first = (uint32_t)row * (uint32_t)frame->width;
        for (uint32_t axis = 0; axis < 2; axis++) {
            const CopRngAddress at = {.draw = 2 * (uint32_t)pass + axis,
                                      .frame = cop_corrupt_drawn_at(corrupt, frame->index),
                                      .clip = corrupt->clip};
            cop_noise_words(corrupt->key, first - first % 4, at, glass->word,
                            frame->width + (int)(first % 4));
            spread(glass->offset[axis], glass->word + first % 4, glass->delta, frame->width);
        }
        cop_glass_row(frame->plane[0] + (ptrdiff_t)row * frame->stride[0], frame->stride[0],
                      frame->width, glass->delta, glass->offset[0], glass->offset[1]);
    }
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    GlassBlur *glass = corrupt->state;
    COP_TRY(prepare(glass, frame->width));
    COP_TRY(cop_gaussian_rgb(&glass->filter, frame, glass->sigma));
    for (int pass = 0; pass < glass->passes && glass->delta > 0; pass++)
        shuffle(corrupt, frame, pass);
    return cop_gaussian_rgb(&glass->filter, frame, glass->sigma);
}

static void close(CopCorrupt *corrupt)
{
    GlassBlur *glass = corrupt->state;
    cop_gaussian_rgb_free(&glass->filter);
    free(glass->word);
    free(glass->offset[0]);
    free(glass->offset[1]);
    glass->word = NULL;
    glass->offset[0] = glass->offset[1] = NULL;
    glass->width = 0;
}

static const char *const columns[] = {"sigma", "delta", "passes", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){0, 0, 0},
     (const double[]){0.7, 1, 2, 0.9, 2, 1, 1, 2, 3, 1.1, 3, 2, 1.5, 4, 2}},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){0, 0, 0},
     (const double[]){0.7, 1, 2, 0.9, 2, 1, 1, 2, 3, 1.1, 3, 2, 1.5, 4, 2}},
    {"imagenet-c-299", "ImageNet-C for Inception, same authors", columns, (const double[]){0, 0, 0},
     (const double[]){0.8, 1, 3, 1, 3, 1, 1.1, 2, 4, 1.2, 4, 2, 1.6, 5, 2}},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, (const double[]){0, 0, 0},
     (const double[]){0.1, 1, 1, 0.5, 1, 1, 0.6, 1, 2, 0.7, 2, 1, 0.9, 2, 2}},
    {"cifar-32", "CIFAR-10-C, same authors", columns, (const double[]){0, 0, 0},
     (const double[]){0.05, 1, 1, 0.25, 1, 1, 0.4, 1, 1, 0.25, 1, 2, 0.4, 1, 2}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_glass_blur = {
    .name = "glass_blur",
    .summary = "pixels copied from random neighbours, between two Gaussian filters",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_BLUR,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC,
    .temporal_default = COP_TEMPORAL_STATIC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(GlassBlur),
    .apply = apply,
    .close = close,
};

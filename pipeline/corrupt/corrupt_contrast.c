/* Contrast: y = trunc(255 clip((x - m) gain + m)), x and m of a range of 1 and m the
 * channel's mean (Hendrycks and Dietterich, ICLR 2019; per frame as Yi et al., NeurIPS 2021).
 *
 * The mean of a frame follows what moves through it, so that a low gain makes the picture
 * pump. The mean of the whole clip would not, but a stream does not have it; `about=grey`
 * takes the middle of the range in its place. All sums are of whole levels, hence exact
 * in any order, and 256 levels a channel make a table.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/tiers.h"

enum { ABOUT_MEAN, ABOUT_GREY };
static const char *const abouts[] = {"mean", "grey", NULL};

typedef struct Contrast {
    double gain;
    int about;
} Contrast;

static const CopOption options[] = {
    {"gain", "what the distance from the mean is multiplied by", COP_TYPE_DOUBLE,
     offsetof(Contrast, gain), "0.2", 0, 100, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"about", "what stays: each channel's mean in the frame, or the middle of the range",
     COP_TYPE_CHOICE, offsetof(Contrast, about), "mean", 0, 0, abouts, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

/* Rows have at most 16384 pixels: their sums fit. */
COP_TIERS static void sum_row(const uint8_t *rgb, int width, uint32_t sum[3])
{
    uint32_t r = 0, g = 0, b = 0;
    for (int i = 0; i < width; i++) {
        r += rgb[3 * i];
        g += rgb[3 * i + 1];
        b += rgb[3 * i + 2];
    }
    sum[0] = r;
    sum[1] = g;
    sum[2] = b;
}

static void channel_means(const CopFrame *frame, double mean[3])
{
    uint64_t sum[3] = {0, 0, 0};
    for (int y = 0; y < frame->height; y++) {
        uint32_t row[3];
        sum_row(frame->plane[0] + (ptrdiff_t)y * frame->stride[0], frame->width, row);
        for (int c = 0; c < 3; c++)
            sum[c] += row[c];
    }
    for (int c = 0; c < 3; c++)
        mean[c] = (double)sum[c] / (255.0 * frame->width * frame->height);
}

static void make_table(uint8_t table[256], double gain, double mean)
{
    for (int level = 0; level < 256; level++) {
        const double x = (level / 255.0 - mean) * gain + mean;
        table[level] = (uint8_t)((x < 0 ? 0 : x > 1 ? 1 : x) * 255);
    }
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    const Contrast *contrast = corrupt->state;
    double mean[3] = {0.5, 0.5, 0.5};
    if (contrast->about == ABOUT_MEAN)
        channel_means(frame, mean);
    uint8_t table[3][256];
    for (int c = 0; c < 3; c++)
        make_table(table[c], contrast->gain, mean[c]);
    for (int y = 0; y < frame->height; y++) {
        uint8_t *rgb = frame->plane[0] + (ptrdiff_t)y * frame->stride[0];
        for (int x = 0; x < frame->width; x++, rgb += 3) {
            rgb[0] = table[0][rgb[0]];
            rgb[1] = table[1][rgb[1]];
            rgb[2] = table[2][rgb[2]];
        }
    }
    return COP_OK;
}

static const char *const columns[] = {"gain", NULL};
static const double identity[] = {1};
static const double of_pictures[] = {0.4, 0.3, 0.2, 0.1, 0.05};
static const double of_cifar[] = {0.75, 0.5, 0.4, 0.3, 0.15};
static const double of_clips[] = {0.5, 0.4, 0.3, 0.2, 0.1};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Yi et al., NeurIPS 2021", columns, identity, of_clips},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, identity, of_pictures},
    {"imagenet-c-299", "ImageNet-C for Inception, same authors", columns, identity, of_pictures},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, identity, of_pictures},
    {"cifar-32", "CIFAR-10-C, same authors", columns, identity, of_cifar},
    {"kinetics-c", "Yi et al., NeurIPS 2021", columns, identity, of_clips},
    {"ssv2-c", "Yi et al., NeurIPS 2021", columns, identity, of_clips},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_contrast = {
    .name = "contrast",
    .summary = "levels drawn towards each channel's mean",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_DIGITAL,
    .flags = COP_CORRUPT_RGB,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Contrast),
    .apply = apply,
};

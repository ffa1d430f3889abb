/* Brightness: a constant is added to V of HSV, hue and saturation kept, and the
 * result truncated to 8 bits (Hendrycks and Dietterich, ICLR 2019).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/hsv.h"

typedef struct Brightness {
    double offset;
} Brightness;

static const CopOption options[] = {
    {"offset", "added to V, of a range of 1", COP_TYPE_DOUBLE, offsetof(Brightness, offset), "0.1",
     -1, 1, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    const Brightness *brightness = corrupt->state;
    cop_hsv_change(frame, &(CopHsvChange){.gain = 1, .lift = brightness->offset});
    return COP_OK;
}

static const char *const columns[] = {"offset", NULL};
static const double identity[] = {0};
static const double of_pictures[] = {0.1, 0.2, 0.3, 0.4, 0.5};
static const double of_cifar[] = {0.05, 0.1, 0.15, 0.2, 0.3};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019", columns, identity, of_pictures},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, identity, of_pictures},
    {"imagenet-c-299", "ImageNet-C for Inception, same authors", columns, identity, of_pictures},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, identity, of_pictures},
    {"cifar-32", "CIFAR-10-C, same authors", columns, identity, of_cifar},
    {"kinetics-c", "Yi et al., NeurIPS 2021: as ImageNet-C", columns, identity, of_pictures},
    {"ssv2-c", "Yi et al., NeurIPS 2021: as ImageNet-C", columns, identity, of_pictures},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_brightness = {
    .name = "brightness",
    .summary = "a constant added to the value channel of HSV",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_DIGITAL,
    .flags = COP_CORRUPT_RGB,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Brightness),
    .apply = apply,
};

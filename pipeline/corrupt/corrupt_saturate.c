/* Saturate: S of HSV becomes clip(S gain + offset), hue and value kept, and the result
 * truncated to 8 bits (Hendrycks and Dietterich, ICLR 2019).
 *
 * The published tables are not monotone: severities 1 and 2 take colour away, 3 to 5 add
 * it, so between 2 and 3 there is a severity that leaves the picture nearly as it is. An
 * offset gives greys the hue 0: they turn red.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/hsv.h"

typedef struct Saturate {
    double gain, offset;
} Saturate;

static const CopOption options[] = {
    {"gain", "what S is multiplied by", COP_TYPE_DOUBLE, offsetof(Saturate, gain), "2", 0, 100,
     NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"offset", "added to S, of a range of 1", COP_TYPE_DOUBLE, offsetof(Saturate, offset), "0", -1,
     1, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    const Saturate *saturate = corrupt->state;
    cop_hsv_change(frame, &(CopHsvChange){.gain = saturate->gain, .offset = saturate->offset});
    return COP_OK;
}

static const char *const columns[] = {"gain", "offset", NULL};
static const double identity[] = {1, 0};
static const double at_224[] = {0.3, 0, 0.1, 0, 2, 0, 5, 0.1, 20, 0.2};
static const double at_64[] = {0.3, 0, 0.1, 0, 2, 0, 5, 0.1, 30, 0.2};
static const double at_32[] = {0.3, 0, 0.1, 0, 1.5, 0, 2, 0.1, 2.5, 0.2};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019", columns, identity, at_224},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, identity, at_224},
    {"imagenet-c-299", "ImageNet-C for Inception, same authors", columns, identity, at_224},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, identity, at_64},
    {"cifar-32", "CIFAR-10-C, same authors", columns, identity, at_32},
    {"kinetics-c", "Yi et al., NeurIPS 2021: as ImageNet-C", columns, identity, at_224},
    {"ssv2-c", "Yi et al., NeurIPS 2021: as ImageNet-C", columns, identity, at_224},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_saturate = {
    .name = "saturate",
    .summary = "less, then more saturation in HSV",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_DIGITAL,
    .flags = COP_CORRUPT_RGB,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Saturate),
    .apply = apply,
};

/* Impulse noise, salt and pepper: a share of all RGB elements becomes 255 or 0, each
 * half the time (Hendrycks and Dietterich, ICLR 2019).
 *
 * One word an element: it is hit where the word is at most amount 2^32, as the original
 * has flip <= amount; the lowest bit, which the height of that limit does not touch,
 * says which of the two. So a rising amount hits more, and none otherwise.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/noise_rows.h"
#include "pipeline/corrupt/salt_pepper.h"

typedef struct ImpulseNoise {
    double amount;
    uint32_t last; /* word that hits, where amount > 0 */
} ImpulseNoise;

static const CopOption options[] = {
    {"amount", "share of all elements", COP_TYPE_DOUBLE, offsetof(ImpulseNoise, amount), "0.03", 0,
     1, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    (void)err;
    ImpulseNoise *state = corrupt->state;
    state->last = cop_salt_pepper_last(state->amount);
    return COP_OK;
}

static void hit_row(const void *noise, const uint32_t *word, uint8_t *x, int n)
{
    const ImpulseNoise *state = noise;
    cop_salt_pepper_row(state->last, word, x, n);
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    const ImpulseNoise *state = corrupt->state;
    if (state->amount > 0) /* else the word 0 would hit */
        cop_noise_rows(corrupt, frame, hit_row, state);
    return COP_OK;
}

static const char *const columns[] = {"amount", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){0},
     (const double[]){0.03, 0.06, 0.09, 0.17, 0.27}},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){0},
     (const double[]){0.03, 0.06, 0.09, 0.17, 0.27}},
    {"imagenet-c-299", "ImageNet-C for Inception, same authors", columns, (const double[]){0},
     (const double[]){0.04, 0.07, 0.10, 0.18, 0.28}},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, (const double[]){0},
     (const double[]){0.01, 0.02, 0.05, 0.08, 0.14}},
    {"cifar-32", "CIFAR-10-C, same authors", columns, (const double[]){0},
     (const double[]){0.01, 0.02, 0.03, 0.05, 0.07}},
    {"ucf101-p", "UCF101-P, Schiappa et al., CVPR 2023", columns, (const double[]){0},
     (const double[]){0.03, 0.06, 0.09, 0.17, 0.27}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_impulse_noise = {
    .name = "impulse_noise",
    .summary = "salt and pepper: elements become 255 or 0",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_NOISE,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC,
    .temporal_default = COP_TEMPORAL_IID,
    .options = options,
    .tables = tables,
    .state_size = sizeof(ImpulseNoise),
    .init = init,
    .apply = apply,
};

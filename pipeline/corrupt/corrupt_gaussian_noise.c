/* Gaussian noise: y = trunc(255 clip(x / 255 + N(0, sigma^2))) of every RGB element
 * (Hendrycks and Dietterich, ICLR 2019).
 *
 * Since x is a whole level, y = clip(x + floor(255 N)): one table of the distribution
 * of floor(255 N) turns a random word into a step for all 256 levels at once.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/noise_rows.h"
#include "pipeline/corrupt/normal_cdf.h"

enum { STEPS = 511, GUIDE_BITS = 14 };

typedef struct GaussianNoise {
    double sigma;
    /* A word u makes the step k - 255, k the largest with threshold[k] <= u. */
    uint64_t threshold[STEPS + 1];
    int16_t guide[1 << GUIDE_BITS]; /* k of the least word with these upper bits */
    uint8_t clipped[STEPS + 255];   /* of x + k: x + k - 255 as a level, without a branch */
} GaussianNoise;

static const CopOption options[] = {
    {"sigma", "standard deviation, of a range of 1", COP_TYPE_DOUBLE,
     offsetof(GaussianNoise, sigma), "0.08", 0, 4, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    (void)err;
    GaussianNoise *noise = corrupt->state;
    const double word_range = 4294967296.0;
    for (int k = 1; k < STEPS; k++) {
        /* P(floor(255 N) < k - 255), as a share of all words */
        const double level = (k - 255) / 255.0;
        double below = level > 0;
        if (noise->sigma > 0)
            below = cop_normal_cdf(level / noise->sigma);
        noise->threshold[k] = (uint64_t)(below * word_range + 0.5);
    }
    noise->threshold[0] = 0;
    noise->threshold[STEPS] = (uint64_t)1 << 32; /* above every word */
    int k = 0;
    for (uint32_t slot = 0; slot < 1u << GUIDE_BITS; slot++) {
        while (noise->threshold[k + 1] <= (uint64_t)slot << (32 - GUIDE_BITS))
            k++;
        noise->guide[slot] = (int16_t)k;
    }
    for (int i = 0; i < STEPS + 255; i++)
        noise->clipped[i] = (uint8_t)(i < 255 ? 0 : i > 510 ? 255 : i - 255);
    return COP_OK;
}

static void add_row(const void *noise, const uint32_t *word, uint8_t *x, int n)
{
    const GaussianNoise *state = noise;
    for (int i = 0; i < n; i++) {
        int k = state->guide[word[i] >> (32 - GUIDE_BITS)];
        while (state->threshold[k + 1] <= word[i])
            k++;
        x[i] = state->clipped[x[i] + k];
    }
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    cop_noise_rows(corrupt, frame, add_row, corrupt->state);
    return COP_OK;
}

static const char *const columns[] = {"sigma", NULL};

/* ImageNet-P has three difficulties. Rows 4 and 5 are ours: they go on by the ratio of
 * difficulties 2 and 3. */
static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){0},
     (const double[]){0.08, 0.12, 0.18, 0.26, 0.38}},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){0},
     (const double[]){0.08, 0.12, 0.18, 0.26, 0.38}},
    {"imagenet-c-299", "ImageNet-C for Inception, same authors", columns, (const double[]){0},
     (const double[]){0.09, 0.13, 0.19, 0.27, 0.40}},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, (const double[]){0},
     (const double[]){0.04, 0.08, 0.12, 0.15, 0.18}},
    {"cifar-32", "CIFAR-10-C, same authors", columns, (const double[]){0},
     (const double[]){0.04, 0.06, 0.08, 0.09, 0.10}},
    {"ucf101-p", "UCF101-P, Schiappa et al., CVPR 2023", columns, (const double[]){0},
     (const double[]){0.08, 0.12, 0.18, 0.26, 0.38}},
    {"imagenet-p-224", "ImageNet-P, same authors", columns, (const double[]){0},
     (const double[]){0.03, 0.05, 0.08, 0.128, 0.2048}},
    {"imagenet-p-64", "Tiny ImageNet-P, same authors", columns, (const double[]){0},
     (const double[]){0.025, 0.05, 0.075, 0.1125, 0.16875}},
    {"imagenet-p-32", "CIFAR-10-P, same authors", columns, (const double[]){0},
     (const double[]){0.02, 0.04, 0.06, 0.09, 0.135}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_gaussian_noise = {
    .name = "gaussian_noise",
    .summary = "independent normal noise on every colour element",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_NOISE,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC,
    .temporal_default = COP_TEMPORAL_IID,
    .options = options,
    .tables = tables,
    .state_size = sizeof(GaussianNoise),
    .init = init,
    .apply = apply,
};

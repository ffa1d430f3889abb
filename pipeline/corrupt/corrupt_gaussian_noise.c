/* Gaussian noise: y = trunc(255 clip(x / 255 + N(0, sigma^2))) of every RGB element
 * (Hendrycks and Dietterich, ICLR 2019).
 *
 * Since x is a whole level, y = clip(x + floor(255 N)): one table of the distribution
 * of floor(255 N) turns a random word into a step for all 256 levels at once. A word's
 * upper bits pick a slot, in which the step mostly is one of two that a threshold parts.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/marks.h"
#include "pipeline/corrupt/noise_rows.h"
#include "pipeline/corrupt/normal_cdf.h"
#include "pipeline/corrupt/tiers.h"

enum {
    STEPS = 511,
    MIDDLE = 255,
    SLOT_BITS = 12,
    LOWER_BITS = 32 - SLOT_BITS,
    SEVERAL = 1 << 11,
    PART = 256
};

static const uint32_t LOWER = (1u << LOWER_BITS) - 1;

typedef struct GaussianNoise {
    double sigma;
    /* A word u makes the step k - MIDDLE, k the largest with threshold[k] <= u. */
    uint64_t threshold[STEPS + 1];
    /* Of a slot, k of its first word in the upper bits. A word's own lower bits, added, carry
     * one into these from the slot's threshold on. Where there are several, k is so marked. */
    uint32_t slot[1 << SLOT_BITS];
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
    for (uint64_t i = 0; i < 1u << SLOT_BITS; i++) {
        const uint64_t first = i << LOWER_BITS, end = (i + 1) << LOWER_BITS;
        while (noise->threshold[k + 1] <= first)
            k++;
        const uint64_t next = noise->threshold[k + 1];
        const bool several = next < end && noise->threshold[k + 2] < end;
        noise->slot[i] = several
                             ? (uint32_t)(k | SEVERAL) << LOWER_BITS
                             : (uint32_t)k << LOWER_BITS | (uint32_t)(next < end ? end - next : 0);
    }
    return COP_OK;
}

/* Makes steps k; marks elements whose slot has several thresholds. */
COP_TIERS_WHOLE static bool add_steps(uint8_t *restrict x, uint8_t *restrict mark,
                                      const uint16_t *restrict step, int n)
{
    uint8_t any = 0;
    for (int i = 0; i < n; i++) {
        const int16_t k = (int16_t)step[i], y = (int16_t)(x[i] + k - MIDDLE);
        const int16_t level = (int16_t)(y < 0 ? 0 : y > 255 ? 255 : y);
        x[i] = (uint8_t)(k >= SEVERAL ? x[i] : level);
        mark[i] = k >= SEVERAL;
        any |= mark[i];
    }
    return any;
}

static void add_row(const void *noise, const uint32_t *word, uint8_t *x, int n)
{
    const GaussianNoise *state = noise;
    uint16_t step[PART];
    uint8_t mark[PART];
    for (int done = 0, part; done < n; done += part, word += part, x += part) {
        part = n - done < PART ? n - done : PART;
        for (int i = 0; i < part; i++)
            step[i] =
                (uint16_t)((state->slot[word[i] >> LOWER_BITS] + (word[i] & LOWER)) >> LOWER_BITS);
        if (!add_steps(x, mark, step, part))
            continue;
        for (int i = -1; (i = cop_next_mark(mark, i + 1, part)) < part;) {
            int k = step[i] - SEVERAL;
            while (state->threshold[k + 1] <= word[i])
                k++;
            const int y = x[i] + k - MIDDLE;
            x[i] = (uint8_t)(y < 0 ? 0 : y > 255 ? 255 : y);
        }
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

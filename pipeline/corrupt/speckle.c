/* Noise in proportion to the level.
 *
 * A table for each level, which inverts the distribution of y, says what becomes of a word; but
 * to look it up takes a walk. So floats go first: N's quantile as a rational function, whose error
 * is bounded. Where that leaves two levels, and in the tails, tables decide.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/speckle.h"

#include <math.h>
#include <stdbool.h>

#include "pipeline/corrupt/marks.h"
#include "pipeline/corrupt/normal_cdf.h"
#include "pipeline/corrupt/tiers.h"
#include "pipeline/corrupt/whole_levels.h"

enum { PART = 256 };

/* Where tails begin, which are one word in 500, and the greatest error of a quantile nearer to
 * the middle. Over all words, fused or not, it is 1.0e-5. */
static const float BODY = 3.09f, QUANTILE_ERROR = 1.5e-5f;

/* sigma, two products and a sum round by 2^-24 each, of up to 256 levels. */
static const float LEVEL_ERROR = 4 * 256 * 0x1p-24f;

void cop_speckle_init(CopSpeckle *speckle, double sigma)
{
    speckle->sigma = (float)sigma;
    speckle->reach = cop_level_reach(255 * (float)sigma * QUANTILE_ERROR + LEVEL_ERROR);
    for (int level = 0; level < COP_LEVELS; level++) {
        const double deviation = level * sigma;
        double below[COP_LEVELS] = {0};
        for (int y = 1; y < COP_LEVELS; y++)
            below[y] = deviation > 0 ? cop_normal_cdf((y - level) / deviation) : y > level;
        cop_level_noise_set(&speckle->levels, level, below);
    }
}

/* P(N(0, 1) < z) = 1/2 + q. Coefficients: least greatest error, by Lawson's weights. In powers
 * of the product of both tails all terms have one sign, so that nothing cancels. */
static inline float quantile(float q)
{
    const float t = (0.5f - q) * (0.5f + q);
    float above = 1.09151489f, below = 1;
    above = above * t + 1.50190931f;
    below = below * t + 0.568841951f;
    above = above * t + 0.173610865f;
    below = below * t + 0.0442505202f;
    above = above * t + 0.00329835387f;
    below = below * t + 0.000651126115f;
    above = above * t + 1.09543779e-05f;
    below = below * t + 1.76951674e-06f;
    above = above * t + 4.47164417e-09f;
    below = below * t + 5.86653688e-10f;
    return q * above / below;
}

COP_TIERS_ROUGH static void draw_deviates(float *restrict z, const uint32_t *restrict word, int n)
{
    for (int i = 0; i < n; i++)
        z[i] = quantile((float)(int32_t)(word[i] ^ 1u << 31) * 0x1p-32f);
}

/* Marks what it leaves as it is. */
COP_TIERS_ROUGH static bool add_deviates(uint8_t *restrict x, uint8_t *restrict mark,
                                         const float *restrict z, float sigma, int reach, int n)
{
    uint8_t any = 0;
    for (int i = 0; i < n; i++) {
        const float level = (float)x[i] + (float)x[i] * sigma * z[i];
        const int fixed = cop_level_fixed(level);
        const int unsure = (cop_level_above(fixed, reach) < 2 * reach) | (fabsf(z[i]) > BODY);
        mark[i] = (uint8_t)unsure;
        x[i] = unsure ? x[i] : (uint8_t)(fixed / COP_LEVEL_UNIT);
        any |= mark[i];
    }
    return any;
}

void cop_speckle_row(const void *speckle, const uint32_t *word, uint8_t *x, int n)
{
    const CopSpeckle *state = speckle;
    float z[PART];
    uint8_t mark[PART];
    for (int done = 0, part; done < n; done += part, word += part, x += part) {
        part = n - done < PART ? n - done : PART;
        draw_deviates(z, word, part);
        if (!add_deviates(x, mark, z, state->sigma, state->reach, part))
            continue;
        for (int i = -1; (i = cop_next_mark(mark, i + 1, part)) < part;)
            cop_level_noise_row(&state->levels, word + i, x + i, 1);
    }
}

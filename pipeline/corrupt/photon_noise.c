/* Light that arrives in photons, read by an amplifier with noise of its own.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/photon_noise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/normal_cdf.h"

/* Counts less likely than this, beside the likeliest, do not move a threshold of 2^-32. */
static const double negligible = 1e-16;

static double clip_unit(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

/* P(value + N < level / 255), for all levels */
static void read_value(double value, double sigma, double below[COP_LEVELS])
{
    below[0] = 0; /* what lies under 0 becomes 0 */
    for (int y = 1; y < COP_LEVELS; y++) {
        const double away = y / 255.0 - value;
        below[y] = sigma > 0 ? cop_normal_cdf(away / sigma) : away > 0;
    }
}

CopStatus cop_photon_noise_init(CopPhotonNoise *noise, double photons, double sigma)
{
    *noise = (CopPhotonNoise){.photons = photons, .sigma = sigma};
    if (photons == 0)
        return COP_OK;
    /* Poisson's law falls by `negligible` within 9 deviations, and 30 counts where they are few. */
    noise->room = (int)(20 * sqrt(photons)) + 100;
    noise->weight = malloc((size_t)noise->room * sizeof *noise->weight);
    noise->counts = sigma > 0 ? (int)ceil(photons) + 1 : 0;
    if (noise->counts)
        noise->read = malloc((size_t)noise->counts * sizeof *noise->read);
    if (!noise->weight || (noise->counts && !noise->read)) {
        cop_photon_noise_free(noise);
        return COP_ERR_NOMEM;
    }
    for (int k = 0; k < noise->counts; k++)
        read_value(clip_unit(k / photons), sigma, noise->read[k]);
    return COP_OK;
}

void cop_photon_noise_free(CopPhotonNoise *noise)
{
    free(noise->weight);
    free(noise->read);
    *noise = (CopPhotonNoise){0};
}

/* Outwards from the likeliest count, whose weight is 1 until the sum is known: no
 * exponential that could underflow. */
static void weigh_counts(CopPhotonNoise *noise, double mean)
{
    const int mode = (int)mean, reach = noise->room / 2;
    double *weight = noise->weight + reach; /* of `mode` */
    int low = 0, high = 0;
    double sum = weight[0] = 1;
    while (mode + low > 0 && low > -reach && weight[low] > negligible) {
        weight[low - 1] = weight[low] * (mode + low) / mean;
        sum += weight[--low];
    }
    while (high < reach - 1 && weight[high] > negligible) {
        weight[high + 1] = weight[high] * mean / (mode + high + 1);
        sum += weight[++high];
    }
    noise->first = mode + low;
    noise->n = high - low + 1;
    memmove(noise->weight, weight + low, (size_t)noise->n * sizeof *weight);
    for (int i = 0; i < noise->n; i++)
        noise->weight[i] /= sum;
}

void cop_photon_noise_below(CopPhotonNoise *noise, double light, double below[COP_LEVELS])
{
    if (noise->photons == 0) {
        read_value(light, noise->sigma, below);
        return;
    }
    weigh_counts(noise, light * noise->photons);
    memset(below, 0, COP_LEVELS * sizeof *below);
    for (int i = 0; i < noise->n; i++) {
        const int count = noise->first + i;
        if (noise->sigma > 0) {
            const double *read = noise->read[count < noise->counts ? count : noise->counts - 1];
            for (int y = 0; y < COP_LEVELS; y++)
                below[y] += noise->weight[i] * read[y];
        } else {
            const int level = (int)(clip_unit(count / noise->photons) * 255);
            if (level + 1 < COP_LEVELS)
                below[level + 1] += noise->weight[i];
        }
    }
    for (int y = 1; y < COP_LEVELS && noise->sigma == 0; y++)
        below[y] += below[y - 1];
}

void cop_photon_noise_levels(CopPhotonNoise *noise, CopLevelNoise *levels)
{
    double below[COP_LEVELS];
    for (int level = 0; level < COP_LEVELS; level++) {
        cop_photon_noise_below(noise, level / 255.0, below);
        cop_level_noise_set(levels, level, below);
    }
}

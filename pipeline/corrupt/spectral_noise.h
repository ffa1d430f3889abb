/* Noise with a given amplitude at each spatial frequency.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_SPECTRAL_NOISE_H
#define COP_CORRUPT_SPECTRAL_NOISE_H

#include <stdbool.h>

#include "models/core/rng.h"
#include "pipeline/corrupt/fft2.h"
#include "pipeline/media/frame.h"

/* What the noise is made of. A coefficient has the amplitude times either two normal
 * deviates (white Gaussian noise through a filter) or (exp(i a) + exp(-i b)) / 2 of two
 * uniform angles (the real part of waves of fixed amplitude and random phase, as
 * Mintun et al., NeurIPS 2021, make them). */
typedef struct CopNoiseShape {
    /* Fills amplitude[|ky|], |ky| = 0 .. height / 2, of column kx. */
    void (*amplitude)(const void *context, int kx, int width, int height, float *amplitude);
    const void *context;
    int variant; /* number that tells contexts of one amplitude() apart */
    int columns; /* kx = columns and above have none; at most width / 2 + 1 */
    bool waves;
} CopNoiseShape;

/* A field and what it was drawn for; zeroed before first use. */
typedef struct CopNoiseField {
    int width, height, channels;
    uint32_t clip, frame;
    CopNoiseShape shape; /* without a context; no amplitude: nothing is drawn yet */
    CopFft2 *fft;
    CopComplex *spectrum;
    float *plane, *amplitude;
    uint32_t *words;
    float *value; /* [height][width][channels], each channel of standard deviation 1 */
} CopNoiseField;

/* Draws field->value of independent channels unless it is there already, by shape, clip and
 * frame, for one key as long as the field lives. Coefficients are addressed by
 * frequency, draw (the channel), frame and clip: pictures of all sizes get the same waves.
 * A shape without any frequency in so small a picture gives zeros. COP_ERR_NOMEM. */
CopStatus cop_noise_field_draw(CopNoiseField *field, int width, int height, int channels,
                               const CopNoiseShape *shape, CopRngKey key, uint32_t clip,
                               uint32_t frame) COP_MUST_CHECK;

/* Adds gain times a field of three channels to an RGB frame of its size:
 * y = floor(clip(x + gain value) + bias), bias 0 to truncate and 0.5 to round. */
void cop_noise_field_add(const CopNoiseField *field, CopFrame *frame, double gain, double bias);

void cop_noise_field_free(CopNoiseField *field);

#endif

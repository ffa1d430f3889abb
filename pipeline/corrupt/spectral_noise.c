/* Noise with a given amplitude at each spatial frequency.
 *
 * The Fourier coefficients of white noise are independent themselves, so they are drawn
 * where the shape has an amplitude, and only the way back is transformed. Real noise has
 * columns kx = 0 and width / 2 whose lower half mirrors the upper.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/spectral_noise.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/portable_math.h"
#include "pipeline/corrupt/noise_words.h"
#include "pipeline/corrupt/tiers.h"

/* Frequencies ky of a column have two words each at 2 (ky modulo this). */
enum { KY_SPAN = 1 << 16 };

static const double turn = 2 * COP_PI / 4294967296.0; /* of a word as an angle */

void cop_noise_field_free(CopNoiseField *field)
{
    cop_fft2_destroy(&field->fft);
    free(field->spectrum);
    free(field->plane);
    free(field->amplitude);
    free(field->words);
    free(field->value);
    *field = (CopNoiseField){0};
}

static CopStatus prepare(CopNoiseField *field, int width, int height, int channels)
{
    if (field->fft && field->width == width && field->height == height &&
        field->channels == channels)
        return COP_OK;
    cop_noise_field_free(field);
    field->width = width;
    field->height = height;
    field->channels = channels;
    const size_t pixels = (size_t)width * (size_t)height, half = (size_t)height / 2 + 1;
    field->spectrum = malloc(((size_t)width / 2 + 1) * (size_t)height * sizeof *field->spectrum);
    field->plane = malloc(pixels * sizeof *field->plane);
    field->amplitude = malloc(half * sizeof *field->amplitude);
    field->words = malloc((2 * (half + 1) + COP_NOISE_STEP) * sizeof *field->words);
    field->value = malloc(pixels * (size_t)channels * sizeof *field->value);
    CopStatus status = COP_ERR_NOMEM;
    if (field->spectrum && field->plane && field->amplitude && field->words && field->value)
        status = cop_fft2_create(&field->fft, width, height);
    if (status != COP_OK)
        cop_noise_field_free(field);
    return status;
}

static CopComplex coefficient(const uint32_t word[2], float amplitude, bool waves)
{
    const double scale = amplitude;
    if (!waves)
        return (CopComplex){(float)(scale * cop_normal_quantile((word[0] + 0.5) / 4294967296.0)),
                            (float)(scale * cop_normal_quantile((word[1] + 0.5) / 4294967296.0))};
    double sine[2], cosine[2];
    for (int i = 0; i < 2; i++)
        cop_sin_cos(turn * word[i], &sine[i], &cosine[i]);
    return (CopComplex){(float)(0.5 * scale * (cosine[0] + cosine[1])),
                        (float)(0.5 * scale * (sine[0] - sine[1]))};
}

/* A coefficient that is its own mirror image is real, of the same mean square. */
static CopComplex own_mirror(const uint32_t word[2], float amplitude, bool waves)
{
    if (!waves)
        return (CopComplex){1.41421356f * coefficient(word, amplitude, false).r, 0};
    double sine, cosine;
    cop_sin_cos(turn * word[0], &sine, &cosine);
    return (CopComplex){(float)(amplitude * cosine), 0};
}

/* Draws column kx at ky = low .. high, or at -high .. -low where `sign` is -1. */
static void draw_run(CopNoiseField *field, CopComplex *column, int kx, int low, int high, int sign,
                     bool waves, CopRngKey key, CopRngAddress at)
{
    const uint32_t base = (uint32_t)kx * (2 * (uint32_t)KY_SPAN);
    /* even, so that the words begin at a multiple of 4 */
    const uint32_t first = (uint32_t)(sign > 0 ? low : KY_SPAN - high) & ~1u;
    const uint32_t last = (uint32_t)(sign > 0 ? high : KY_SPAN - low);
    cop_noise_words(key, base + 2 * first, at, field->words, 2 * (int)(last - first + 1));
    for (int k = low; k <= high; k++) {
        const uint32_t ky = (uint32_t)(sign > 0 ? k : KY_SPAN - k);
        const uint32_t *word = field->words + 2 * (ky - first);
        column[sign > 0 ? k : field->height - k] = coefficient(word, field->amplitude[k], waves);
    }
}

/* Column 0 or width / 2, drawn for ky >= 0, becomes that of a real plane. */
static void mirror(const CopNoiseField *field, CopComplex *column, int low, int high, bool waves)
{
    for (int k = low; k <= high; k++) {
        if (k == 0 || 2 * k == field->height)
            column[k] = own_mirror(field->words + 2 * (k - (low & ~1)), field->amplitude[k], waves);
        else
            column[field->height - k] = (CopComplex){column[k].r, -column[k].i};
    }
}

static void draw_spectrum(CopNoiseField *field, const CopNoiseShape *shape, CopRngKey key,
                          CopRngAddress at)
{
    const int height = field->height, half = height / 2;
    memset(field->spectrum, 0, (size_t)shape->columns * (size_t)height * sizeof *field->spectrum);
    for (int kx = 0; kx < shape->columns; kx++) {
        CopComplex *column = field->spectrum + (size_t)kx * (size_t)height;
        shape->amplitude(shape->context, kx, field->width, height, field->amplitude);
        int low = 0, high = half;
        while (low <= high && field->amplitude[low] == 0)
            low++;
        while (high >= low && field->amplitude[high] == 0)
            high--;
        if (low > high)
            continue;
        draw_run(field, column, kx, low, high, 1, shape->waves, key, at);
        const int from = low > 0 ? low : 1, to = 2 * high == height ? high - 1 : high;
        if (kx == 0 || 2 * kx == field->width)
            mirror(field, column, low, high, shape->waves);
        else if (from <= to)
            draw_run(field, column, kx, from, to, -1, shape->waves, key, at);
    }
}

/* What a plane must be multiplied by for a standard deviation of 1; 0 for a flat one. */
static double normaliser(const float *x, size_t n)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    const double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    return squares > 0 ? 1 / sqrt(squares / (double)n) : 0;
}

static bool same_shape(const CopNoiseShape *a, const CopNoiseShape *b)
{
    return a->amplitude == b->amplitude && a->variant == b->variant && a->columns == b->columns &&
           a->waves == b->waves;
}

CopStatus cop_noise_field_draw(CopNoiseField *field, int width, int height, int channels,
                               const CopNoiseShape *shape, CopRngKey key, uint32_t clip,
                               uint32_t frame)
{
    COP_TRY(prepare(field, width, height, channels));
    if (same_shape(&field->shape, shape) && field->clip == clip && field->frame == frame)
        return COP_OK;
    const size_t pixels = (size_t)width * (size_t)height;
    for (int c = 0; c < channels; c++) {
        const CopRngAddress at = {.draw = (uint32_t)c, .frame = frame, .clip = clip};
        draw_spectrum(field, shape, key, at);
        cop_fft2_inverse(field->fft, field->spectrum, shape->columns, field->plane);
        const float scale = (float)normaliser(field->plane, pixels);
        for (size_t i = 0; i < pixels; i++)
            field->value[i * (size_t)channels + (size_t)c] = field->plane[i] * scale;
    }
    field->clip = clip;
    field->frame = frame;
    field->shape = *shape;
    field->shape.context = NULL;
    return COP_OK;
}

COP_TIERS static void add_row(uint8_t *restrict x, const float *restrict value, float gain,
                              float bias, int n)
{
    for (int i = 0; i < n; i++) {
        float level = (float)x[i] + gain * value[i];
        level = level < 0 ? 0 : level > 255 ? 255 : level;
        x[i] = (uint8_t)(int)(level + bias);
    }
}

void cop_noise_field_add(const CopNoiseField *field, CopFrame *frame, double gain, double bias)
{
    const int n = 3 * frame->width;
    for (int v = 0; v < frame->height; v++)
        add_row(frame->plane[0] + (ptrdiff_t)v * frame->stride[0], field->value + (ptrdiff_t)v * n,
                (float)gain, (float)bias, n);
}

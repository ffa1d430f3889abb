/* Gratings: cosine waves across the picture, added to its channels.
 *
 * cos(a + b) = cos a cos b - sin a sin b: one sine and cosine a column and a row are
 * all that is computed; a pixel costs two products.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/grating.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "models/core/portable_math.h"
#include "pipeline/corrupt/tiers.h"

/* Regular waves meet values half-way between levels, whose last bits are chance: all such
 * go up. */
static const double tie = 1e-9;

void cop_grating_free(CopGrating *grating)
{
    free(grating->cosine);
    free(grating->sine);
    free(grating->step);
    *grating = (CopGrating){0};
}

static CopStatus prepare(CopGrating *grating, int width)
{
    if (grating->width == width)
        return COP_OK;
    cop_grating_free(grating);
    const size_t n = (size_t)width;
    grating->cosine = malloc(n * sizeof *grating->cosine);
    grating->sine = malloc(n * sizeof *grating->sine);
    grating->step = malloc(3 * n * sizeof *grating->step);
    if (!grating->cosine || !grating->sine || !grating->step) {
        cop_grating_free(grating);
        return COP_ERR_NOMEM;
    }
    grating->width = width;
    return COP_OK;
}

/* Sine and cosine of pixel i's angle. Whole numbers of cycles lose no digits on the way. */
static void angle(double cycles, double span, int i, double phase, double *sine, double *cosine)
{
    const double turns = fmod(cycles * i, span) / span + phase;
    cop_sin_cos(2 * COP_PI * (turns - floor(turns)), sine, cosine);
}

/* Levels of one row: floor(a cosine[u] - b sine[u] + bias) */
COP_TIERS static void wave_row(int16_t *restrict level, const double *restrict cosine,
                               const double *restrict sine, double a, double b, double bias, int n)
{
    /* Shifted above zero, conversion to a whole number is floor. */
    for (int u = 0; u < n; u++)
        level[u] = (int16_t)((int)(a * cosine[u] - b * sine[u] + (bias + 1024)) - 1024);
}

/* Spreads levels [n], which lie at the row's end, over three channels with their signs. */
static void spread(int16_t *step, const int16_t *level, const int sign[3], int n)
{
    for (int u = 0; u < n; u++) {
        const int value = level[u];
        step[3 * u] = (int16_t)(sign[0] * value);
        step[3 * u + 1] = (int16_t)(sign[1] * value);
        step[3 * u + 2] = (int16_t)(sign[2] * value);
    }
}

COP_TIERS static void add_row(uint8_t *restrict x, const int16_t *restrict step, int n)
{
    for (int i = 0; i < n; i++) {
        const int16_t level = (int16_t)(x[i] + step[i]);
        x[i] = (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
    }
}

CopStatus cop_grating_add(CopGrating *grating, CopFrame *frame, const CopWave *wave)
{
    const int width = frame->width;
    COP_TRY(prepare(grating, width));
    for (int u = 0; u < width; u++)
        angle(wave->x_cycles, wave->x_span, u, 0, &grating->sine[u], &grating->cosine[u]);
    /* Element u of `level` is read before step 3 u is written. */
    int16_t *level = grating->step + (ptrdiff_t)2 * width;
    for (int v = 0; v < frame->height; v++) {
        double sine, cosine;
        angle(wave->y_cycles, wave->y_span, v, wave->phase, &sine, &cosine);
        wave_row(level, grating->cosine, grating->sine, wave->amplitude * cosine,
                 wave->amplitude * sine, (wave->truncate ? 0 : 0.5) + tie, width);
        spread(grating->step, level, wave->sign, width);
        add_row(frame->plane[0] + (ptrdiff_t)v * frame->stride[0], grating->step, 3 * width);
    }
    return COP_OK;
}

CopWave cop_fourier_wave(int width, int height, int kx, int ky, double turns, bool still,
                         double phase, double rho)
{
    const bool own = still && 2 * (int64_t)kx % width == 0 && 2 * (int64_t)ky % height == 0;
    return (CopWave){.x_cycles = kx,
                     .x_span = width,
                     .y_cycles = ky,
                     .y_span = height,
                     .phase = turns + (own ? 0 : phase),
                     .amplitude = 255 * rho * (own ? 1 : sqrt(2)),
                     .sign = {1, 1, 1}};
}

void cop_wave_signs(int sign[3], CopRngKey key, CopRngAddress at)
{
    for (uint32_t c = 0; c < 3; c++)
        sign[c] = cop_rng_u32(key, c, at) >> 31 ? 1 : -1;
}

static const char *const columns[] = {"rho", NULL};

/* The paper has one strength a size; it is severity 3, the others keep our ratios. */
const CopSeverityTable cop_wave_tables[] = {
    {COP_PRESET_DEFAULT, "ours; severity 3 as Yin et al., NeurIPS 2019", columns,
     (const double[]){0}, (const double[]){0.02, 0.035, 0.07, 0.1, 0.14}},
    {"yin-32", "severity 3: v = 4 at 32 x 32, Yin et al., NeurIPS 2019", columns,
     (const double[]){0}, (const double[]){0.0357, 0.0625, 0.125, 0.1786, 0.25}},
    {"yin-224", "severity 3: v = 15.7 at 224 x 224, Yin et al., NeurIPS 2019", columns,
     (const double[]){0}, (const double[]){0.02, 0.035, 0.0701, 0.1, 0.14}},
    {.preset = NULL},
};

/* Frequencies of clips, in floats: what lies within a radius, and how much lies beyond.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/analyse/spectral_filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/fft2.h"

static const double slack = 1e-9;

struct CopSpectral {
    int t, h, w, columns; /* columns: of a picture's spectrum */
    CopFft2 *picture;
    CopFft *time;
    CopComplex *spectrum; /* [t][columns][h] */
    CopComplex *x, *y;    /* [t] */
};

CopStatus cop_spectral_create(CopSpectral **out, int t, int h, int w)
{
    CopSpectral *s = *out = calloc(1, sizeof *s);
    if (!s)
        return COP_ERR_NOMEM;
    s->t = t;
    s->h = h;
    s->w = w;
    s->columns = w / 2 + 1;
    s->spectrum = malloc((size_t)t * (size_t)s->columns * (size_t)h * sizeof *s->spectrum);
    s->x = malloc((size_t)t * sizeof *s->x);
    s->y = malloc((size_t)t * sizeof *s->y);
    CopStatus status = s->spectrum && s->x && s->y ? COP_OK : COP_ERR_NOMEM;
    if (status == COP_OK)
        status = cop_fft2_create(&s->picture, w, h);
    if (status == COP_OK)
        status = cop_fft_create(&s->time, t);
    if (status != COP_OK)
        cop_spectral_destroy(out);
    return status;
}

void cop_spectral_destroy(CopSpectral **out)
{
    CopSpectral *s = *out;
    if (!s)
        return;
    cop_fft2_destroy(&s->picture);
    cop_fft_destroy(&s->time);
    free(s->spectrum);
    free(s->x);
    free(s->y);
    free(s);
    *out = NULL;
}

/* Frequency of index k of n: n / 2 counts as positive, which its magnitude does not see. */
static double cycles(int k, int n)
{
    return 2 * k > n ? k - n : k;
}

static double squared_radius(const CopSpectral *s, CopBand band, int kt, int ky, int kx)
{
    double t = cycles(kt, s->t), y = cycles(ky, s->h), x = kx;
    if (band == COP_BAND_SPATIAL)
        return y * y + x * x;
    t *= 2.0 / s->t;
    y *= 2.0 / s->h;
    x *= 2.0 / s->w;
    return t * t + y * y + x * x;
}

/* Transforms over time in place, at every place of the pictures' spectra. */
static void transform_time(CopSpectral *s,
                           void (*transform)(CopFft *, const CopComplex *, CopComplex *),
                           float scale)
{
    const size_t plane = (size_t)s->columns * (size_t)s->h;
    for (size_t i = 0; i < plane; i++) {
        for (int k = 0; k < s->t; k++)
            s->x[k] = s->spectrum[(size_t)k * plane + i];
        transform(s->time, s->x, s->y);
        for (int k = 0; k < s->t; k++)
            s->spectrum[(size_t)k * plane + i] = (CopComplex){s->y[k].r * scale, s->y[k].i * scale};
    }
}

static void low_pictures(CopSpectral *s, CopBand band, double radius, const float *x, float *y)
{
    const size_t plane = (size_t)s->columns * (size_t)s->h, size = (size_t)s->h * (size_t)s->w;
    for (int t = 0; t < s->t; t++)
        cop_fft2_forward(s->picture, x + (size_t)t * size, s->columns,
                         s->spectrum + (size_t)t * plane);
    if (band == COP_BAND_3D)
        transform_time(s, cop_fft_forward, 1);
    for (int t = 0; t < s->t; t++)
        for (int kx = 0; kx < s->columns; kx++)
            for (int ky = 0; ky < s->h; ky++)
                if (squared_radius(s, band, t, ky, kx) > radius * radius + slack)
                    s->spectrum[(size_t)t * plane + (size_t)kx * (size_t)s->h + (size_t)ky] =
                        (CopComplex){0, 0};
    if (band == COP_BAND_3D)
        transform_time(s, cop_fft_backward, 1.0f / (float)s->t);
    for (int t = 0; t < s->t; t++)
        cop_fft2_inverse(s->picture, s->spectrum + (size_t)t * plane, s->columns,
                         y + (size_t)t * size);
}

static void load_pixel(const CopSpectral *s, const float *x, size_t i)
{
    const size_t size = (size_t)s->h * (size_t)s->w;
    for (int k = 0; k < s->t; k++)
        s->x[k] = (CopComplex){x[(size_t)k * size + i], 0};
}

static void low_pixels(CopSpectral *s, double radius, const float *x, float *y)
{
    const size_t size = (size_t)s->h * (size_t)s->w;
    const float scale = 1.0f / (float)s->t;
    for (size_t i = 0; i < size; i++) {
        load_pixel(s, x, i);
        cop_fft_forward(s->time, s->x, s->y);
        for (int k = 0; k < s->t; k++)
            if (fabs(cycles(k, s->t)) > radius + slack)
                s->y[k] = (CopComplex){0, 0};
        cop_fft_backward(s->time, s->y, s->x);
        for (int k = 0; k < s->t; k++)
            y[(size_t)k * size + i] = s->x[k].r * scale;
    }
}

void cop_spectral_low(CopSpectral *s, CopBand band, double radius, const float *x, float *y)
{
    if (radius < 0)
        memset(y, 0, (size_t)s->t * (size_t)s->h * (size_t)s->w * sizeof *y);
    else if (band == COP_BAND_TEMPORAL)
        low_pixels(s, radius, x, y);
    else
        low_pictures(s, band, radius, x, y);
}

CopEnergy cop_spectral_energy(CopSpectral *s, const float *x)
{
    CopEnergy energy = {0};
    cop_fft2_forward(s->picture, x, s->columns, s->spectrum);
    for (int kx = 0; kx < s->columns; kx++) {
        /* Those of the other half plane are the same. */
        const double twice = kx == 0 || 2 * kx == s->w ? 1 : 2, fx = 2.0 * kx / s->w;
        for (int ky = 0; ky < s->h; ky++) {
            const CopComplex z = s->spectrum[(size_t)kx * (size_t)s->h + (size_t)ky];
            const double square = twice * ((double)z.r * z.r + (double)z.i * z.i);
            const double fy = 2.0 * cycles(ky, s->h) / s->h;
            energy.all += square;
            energy.high += fx * fx + fy * fy > 0.25 + slack ? square : 0;
        }
    }
    return energy;
}

CopEnergy cop_temporal_energy(CopSpectral *s, const float *x)
{
    CopEnergy energy = {0};
    const size_t size = (size_t)s->h * (size_t)s->w;
    for (size_t i = 0; i < size; i++) {
        load_pixel(s, x, i);
        cop_fft_forward(s->time, s->x, s->y);
        for (int k = 0; k < s->t; k++) {
            const double square = (double)s->y[k].r * s->y[k].r + (double)s->y[k].i * s->y[k].i;
            energy.all += square;
            energy.high += fabs(2.0 * cycles(k, s->t) / s->t) > 0.5 + slack ? square : 0;
        }
    }
    return energy;
}

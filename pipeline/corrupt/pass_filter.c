/* Low-pass and high-pass filters of RGB pictures with a sharp edge in frequency.
 *
 * Both compute what lies inside the disc only; a high-pass subtracts it. Rows are
 * transformed whole, but columns of the spectrum only where the disc reaches.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/pass_filter.h"

#include <stddef.h>
#include <stdlib.h>

#include "pipeline/corrupt/tiers.h"

/* Levels are counted from mid-grey, which keeps small numbers small. */
enum { MIDDLE = 128 };

void cop_pass_filter_free(CopPassFilter *filter)
{
    cop_fft2_destroy(&filter->fft);
    free(filter->spectrum);
    free(filter->plane);
    *filter = (CopPassFilter){0};
}

const char *const cop_pass_shapes[] = {"disc", "square", NULL};
const char *const cop_pass_modes[] = {"dft", "dct", NULL};

bool cop_pass_is_square(const CopPassState *state)
{
    return state->shape == 1;
}

bool cop_pass_is_cosine(const CopPassState *state)
{
    return state->mode == 1;
}

void cop_pass_close(CopCorrupt *corrupt)
{
    CopPassState *state = corrupt->state;
    cop_pass_filter_free(&state->filter);
}

static CopStatus prepare(CopPassFilter *filter, int width, int height)
{
    if (filter->fft && filter->width == width && filter->height == height)
        return COP_OK;
    cop_pass_filter_free(filter);
    const size_t columns = (size_t)width / 2 + 1, rows = (size_t)height;
    filter->spectrum = malloc(columns * rows * sizeof *filter->spectrum);
    filter->plane = malloc((size_t)width * rows * sizeof *filter->plane);
    CopStatus status = COP_ERR_NOMEM;
    if (filter->spectrum && filter->plane)
        status = cop_fft2_create(&filter->fft, width, height);
    filter->width = width;
    filter->height = height;
    if (status != COP_OK)
        cop_pass_filter_free(filter);
    return status;
}

COP_TIERS static void load_row(float *restrict plane, const uint8_t *restrict x, int n)
{
    for (int u = 0; u < n; u++)
        plane[u] = (float)(x[3 * u] - MIDDLE);
}

COP_TIERS static void store_row(uint8_t *restrict y, const float *restrict plane, int n)
{
    for (int u = 0; u < n; u++) {
        float level = plane[u] + (MIDDLE + 0.5f);
        level = level < 0 ? 0 : level > 255 ? 255 : level;
        y[3 * u] = (uint8_t)(int)level;
    }
}

/* y = x - plane; a mean that is in the plane, too, leaves MIDDLE in its place. */
COP_TIERS static void subtract_row(uint8_t *restrict y, const float *restrict plane, int n)
{
    for (int u = 0; u < n; u++) {
        float level = ((float)y[3 * u] + 0.5f) - plane[u];
        level = level < 0 ? 0 : level > 255 ? 255 : level;
        y[3 * u] = (uint8_t)(int)level;
    }
}

static void filter_fourier(const CopPassFilter *filter, float *plane, const CopFrequencyDisc *disc,
                           CopPass pass)
{
    const int height = disc->height, columns = cop_frequency_disc_columns(disc);
    cop_fft2_forward(filter->fft, plane, columns, filter->spectrum);
    for (int kx = 0; kx < columns; kx++) {
        CopComplex *column = filter->spectrum + (size_t)kx * (size_t)height;
        const int reach = cop_frequency_disc_reach(disc, kx);
        for (int ky = reach + 1; ky < height - reach; ky++)
            column[ky] = (CopComplex){0, 0};
    }
    if (pass == COP_PASS_HIGH)
        filter->spectrum[0] = (CopComplex){0, 0};
    cop_fft2_inverse(filter->fft, filter->spectrum, columns, plane);
}

static void filter_cosine(const CopPassFilter *filter, float *plane, const CopFrequencyDisc *disc,
                          CopPass pass)
{
    const int height = disc->height, columns = cop_frequency_disc_columns(disc);
    float *spectrum = &filter->spectrum[0].r;
    cop_dct2_forward(filter->fft, plane, columns, spectrum);
    for (int kx = 0; kx < columns; kx++) {
        float *column = spectrum + (size_t)kx * (size_t)height;
        for (int ky = cop_frequency_disc_reach(disc, kx) + 1; ky < height; ky++)
            column[ky] = 0;
    }
    if (pass == COP_PASS_HIGH)
        spectrum[0] = 0;
    cop_dct2_inverse(filter->fft, spectrum, columns, plane);
}

CopStatus cop_pass_filter_plane(CopPassFilter *filter, float *plane, const CopFrequencyDisc *disc,
                                CopPass pass)
{
    COP_TRY(prepare(filter, disc->width, disc->height));
    (disc->cosine ? filter_cosine : filter_fourier)(filter, plane, disc, pass);
    return COP_OK;
}

CopStatus cop_pass_filter_apply(CopPassFilter *filter, CopFrame *frame, CopPass pass, double radius,
                                bool square, bool cosine)
{
    const int width = frame->width, height = frame->height;
    COP_TRY(prepare(filter, width, height));
    const CopFrequencyDisc disc = {width, height, radius, square, cosine};
    float *plane = filter->plane;
    for (int c = 0; c < 3; c++) {
        uint8_t *x = frame->plane[0] + c;
        const ptrdiff_t stride = frame->stride[0];
        for (int v = 0; v < height; v++)
            load_row(plane + (ptrdiff_t)v * width, x + v * stride, width);
        COP_TRY(cop_pass_filter_plane(filter, plane, &disc, pass));
        for (int v = 0; v < height; v++, x += stride) {
            const float *row = plane + (ptrdiff_t)v * width;
            if (pass == COP_PASS_LOW)
                store_row(x, row, width);
            else
                subtract_row(x, row, width);
        }
    }
    return COP_OK;
}

/* Complex Fourier transforms of any length in n log n, over KissFFT.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/fft.h"

#include <stdbool.h>
#include <stdlib.h>

#include "models/core/portable_math.h"

struct CopFft {
    int n, m; /* KissFFT's length m is n, or a smooth one of 2 n - 1 and more */
    kiss_fft_cfg forward, backward;
    /* Bluestein: chirp exp(-pi i j^2 / n) [n], the transform of its conjugate over m [m],
     * and two rows of length m */
    CopComplex *chirp, *filter, *a, *b;
};

/* KissFFT spends a multiplication on each pair of a prime factor above 5. Bluestein's two
 * transforms of twice the length cost as much as factors that add up to about 30. */
static bool is_rough(int n)
{
    enum { ROUGH = 30 };
    int sum = 0;
    for (int p = 2; p * p <= n; p++)
        for (; n % p == 0; n /= p)
            sum += p > 5 ? p : 0;
    return sum + (n > 5 ? n : 0) > ROUGH;
}

/* Not compiled for tiers that have fused products: GCC 12.2 makes them of complex ones even
 * where it must not (its bug 107647), and bytes would differ from machine to machine. */
static void multiply(CopComplex *restrict y, const CopComplex *restrict x,
                     const CopComplex *restrict w, int n)
{
    for (int i = 0; i < n; i++) {
        const float re = x[i].r * w[i].r - x[i].i * w[i].i;
        const float im = x[i].r * w[i].i + x[i].i * w[i].r;
        y[i].r = re;
        y[i].i = im;
    }
}

/* y = conj(x) w */
static void multiply_conjugate(CopComplex *restrict y, const CopComplex *restrict x,
                               const CopComplex *restrict w, int n)
{
    for (int i = 0; i < n; i++) {
        const float re = x[i].r * w[i].r + x[i].i * w[i].i;
        const float im = x[i].r * w[i].i - x[i].i * w[i].r;
        y[i].r = re;
        y[i].i = im;
    }
}

static CopStatus make_chirp(CopFft *fft)
{
    const size_t n = (size_t)fft->n, m = (size_t)fft->m;
    fft->chirp = malloc(n * sizeof *fft->chirp);
    fft->filter = malloc(m * sizeof *fft->filter);
    fft->a = malloc(m * sizeof *fft->a);
    fft->b = malloc(m * sizeof *fft->b);
    if (!fft->chirp || !fft->filter || !fft->a || !fft->b)
        return COP_ERR_NOMEM;
    for (size_t j = 0; j < m; j++)
        fft->a[j] = (CopComplex){0, 0};
    for (size_t j = 0; j < n; j++) {
        /* j^2 is needed modulo 2 n only: no digits are lost to large angles. */
        const double angle = COP_PI * (double)(j * j % (2 * n)) / (double)n;
        double sine, cosine;
        cop_sin_cos(angle, &sine, &cosine);
        fft->chirp[j] = (CopComplex){(float)cosine, (float)-sine};
        const CopComplex conjugate = {(float)(cosine / (double)m), (float)(sine / (double)m)};
        fft->a[j] = conjugate;
        if (j > 0)
            fft->a[m - j] = conjugate;
    }
    kiss_fft(fft->forward, fft->a, fft->filter);
    return COP_OK;
}

static CopStatus prepare(CopFft *fft)
{
    const bool rough = is_rough(fft->n);
    fft->m = rough ? kiss_fft_next_fast_size(2 * fft->n - 1) : fft->n;
    fft->forward = kiss_fft_alloc(fft->m, 0, NULL, NULL);
    fft->backward = kiss_fft_alloc(fft->m, 1, NULL, NULL);
    if (!fft->forward || !fft->backward)
        return COP_ERR_NOMEM;
    return rough ? make_chirp(fft) : COP_OK;
}

CopStatus cop_fft_create(CopFft **out, int n)
{
    CopFft *fft = *out = calloc(1, sizeof *fft);
    if (!fft)
        return COP_ERR_NOMEM;
    fft->n = n;
    const CopStatus status = prepare(fft);
    if (status != COP_OK)
        cop_fft_destroy(out);
    return status;
}

void cop_fft_destroy(CopFft **out)
{
    CopFft *fft = *out;
    if (!fft)
        return;
    free(fft->forward);
    free(fft->backward);
    free(fft->chirp);
    free(fft->filter);
    free(fft->a);
    free(fft->b);
    free(fft);
    *out = NULL;
}

/* j k = (j^2 + k^2 - (k - j)^2) / 2 makes the transform a convolution with a chirp.
 * What stands in a[0 .. n-1] goes to b[0 .. n-1], but for the last factor chirp[k]. */
static void convolve(CopFft *fft)
{
    for (int j = fft->n; j < fft->m; j++)
        fft->a[j] = (CopComplex){0, 0};
    kiss_fft(fft->forward, fft->a, fft->b);
    multiply(fft->a, fft->b, fft->filter, fft->m);
    kiss_fft(fft->backward, fft->a, fft->b);
}

void cop_fft_forward(CopFft *fft, const CopComplex *x, CopComplex *y)
{
    if (!fft->chirp) {
        kiss_fft(fft->forward, x, y);
        return;
    }
    multiply(fft->a, x, fft->chirp, fft->n);
    convolve(fft);
    multiply(y, fft->b, fft->chirp, fft->n);
}

void cop_fft_backward(CopFft *fft, const CopComplex *x, CopComplex *y)
{
    if (!fft->chirp) {
        kiss_fft(fft->backward, x, y);
        return;
    }
    /* the conjugate of the forward transform of the conjugate */
    multiply_conjugate(fft->a, x, fft->chirp, fft->n);
    convolve(fft);
    multiply(y, fft->b, fft->chirp, fft->n);
    for (int k = 0; k < fft->n; k++)
        y[k].i = -y[k].i;
}

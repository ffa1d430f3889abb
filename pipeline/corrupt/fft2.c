/* Fourier and cosine transforms of planes of reals, of any size.
 *
 * Two real rows go through one complex transform, one as its real and one as its
 * imaginary part. The cosine transform of a row is the Fourier transform of its even
 * samples followed by its odd ones backwards, turned by a quarter of a sample
 * (Makhoul, IEEE Trans. ASSP 28, 1980).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/fft2.h"

#include <stdlib.h>
#include <string.h>

#include "models/core/portable_math.h"

struct CopFft2 {
    int width, height;
    CopFft *row, *column;
    CopComplex *x, *y;                  /* of the longer side: one transform's two ends */
    CopComplex *turn_row, *turn_column; /* exp(-pi i k / 2 n) */
};

static CopComplex *make_turns(int n)
{
    CopComplex *turn = malloc((size_t)n * sizeof *turn);
    for (int k = 0; turn && k < n; k++) {
        double sine, cosine;
        cop_sin_cos(COP_PI * k / (2.0 * n), &sine, &cosine);
        turn[k] = (CopComplex){(float)cosine, (float)-sine};
    }
    return turn;
}

static CopStatus prepare(CopFft2 *fft)
{
    COP_TRY(cop_fft_create(&fft->row, fft->width));
    COP_TRY(cop_fft_create(&fft->column, fft->height));
    const size_t longer = (size_t)(fft->width > fft->height ? fft->width : fft->height);
    fft->x = malloc(longer * sizeof *fft->x);
    fft->y = malloc(longer * sizeof *fft->y);
    fft->turn_row = make_turns(fft->width);
    fft->turn_column = make_turns(fft->height);
    return fft->x && fft->y && fft->turn_row && fft->turn_column ? COP_OK : COP_ERR_NOMEM;
}

CopStatus cop_fft2_create(CopFft2 **out, int width, int height)
{
    CopFft2 *fft = *out = calloc(1, sizeof *fft);
    if (!fft)
        return COP_ERR_NOMEM;
    fft->width = width;
    fft->height = height;
    const CopStatus status = prepare(fft);
    if (status != COP_OK)
        cop_fft2_destroy(out);
    return status;
}

void cop_fft2_destroy(CopFft2 **out)
{
    CopFft2 *fft = *out;
    if (!fft)
        return;
    cop_fft_destroy(&fft->row);
    cop_fft_destroy(&fft->column);
    free(fft->x);
    free(fft->y);
    free(fft->turn_row);
    free(fft->turn_column);
    free(fft);
    *out = NULL;
}

/* --- Fourier ------------------------------------------------------------------------- */

/* The transforms A and B of two real rows from Z of a + i b:
 * A[k] = (Z[k] + conj Z[-k]) / 2, B[k] = (Z[k] - conj Z[-k]) / 2 i. */
static void split(const CopComplex *z, int n, int k, CopComplex *a, CopComplex *b)
{
    const CopComplex p = z[k], q = z[k ? n - k : 0];
    *a = (CopComplex){0.5f * (p.r + q.r), 0.5f * (p.i - q.i)};
    *b = (CopComplex){0.5f * (p.i + q.i), 0.5f * (q.r - p.r)};
}

void cop_fft2_forward(CopFft2 *fft, const float *x, int columns, CopComplex *spectrum)
{
    const int width = fft->width, height = fft->height;
    const size_t rows = (size_t)height;
    for (int v = 0; v < height; v += 2) {
        const float *a = x + (size_t)v * (size_t)width;
        const int paired = v + 1 < height;
        const float *b = paired ? a + width : a;
        for (int u = 0; u < width; u++)
            fft->x[u] = (CopComplex){a[u], b[u]};
        cop_fft_forward(fft->row, fft->x, fft->y);
        for (int k = 0; k < columns; k++) {
            CopComplex *at = spectrum + (size_t)k * rows + v, second;
            split(fft->y, width, k, &at[0], paired ? &at[1] : &second);
        }
    }
    for (int k = 0; k < columns; k++) {
        CopComplex *column = spectrum + (size_t)k * rows;
        cop_fft_forward(fft->column, column, fft->y);
        memcpy(column, fft->y, rows * sizeof *column);
    }
}

void cop_fft2_inverse(CopFft2 *fft, CopComplex *spectrum, int columns, float *x)
{
    const int width = fft->width, height = fft->height;
    const size_t rows = (size_t)height;
    for (int k = 0; k < columns; k++) {
        CopComplex *column = spectrum + (size_t)k * rows;
        cop_fft_backward(fft->column, column, fft->y);
        memcpy(column, fft->y, rows * sizeof *column);
    }
    const float scale = (float)(1.0 / ((double)width * height));
    for (int v = 0; v < height; v += 2) {
        const int paired = v + 1 < height;
        memset(fft->x, 0, (size_t)width * sizeof *fft->x);
        for (int k = 0; k < columns; k++) {
            const CopComplex *at = spectrum + (size_t)k * rows + v;
            const CopComplex a = at[0], b = paired ? at[1] : (CopComplex){0, 0};
            const int mirror = k ? width - k : 0;
            if (mirror == k) {
                fft->x[k] = (CopComplex){a.r * scale, b.r * scale};
                continue;
            }
            fft->x[k] = (CopComplex){(a.r - b.i) * scale, (a.i + b.r) * scale};
            fft->x[mirror] = (CopComplex){(a.r + b.i) * scale, (b.r - a.i) * scale};
        }
        cop_fft_backward(fft->row, fft->x, fft->y);
        float *a = x + (size_t)v * (size_t)width;
        for (int u = 0; u < width; u++)
            a[u] = fft->y[u].r;
        for (int u = 0; paired && u < width; u++)
            a[width + u] = fft->y[u].i;
    }
}

/* --- cosine -------------------------------------------------------------------------- */

/* Sample j of Makhoul's order stands at this place of the row. */
static int place(int j, int n)
{
    return 2 * j < n ? 2 * j : 2 * (n - 1 - j) + 1;
}

/* Cosine transforms of two rows a and b [n], of which the first `count` values are
 * written to every step-th element from a_out and b_out (b_out NULL: there is no b). */
static void dct_pair(CopFft2 *fft, CopFft *plan, const CopComplex *turn, int n, const float *a,
                     const float *b, int count, size_t step, float *a_out, float *b_out)
{
    for (int j = 0; j < n; j++)
        fft->x[j] = (CopComplex){a[place(j, n)], b[place(j, n)]};
    cop_fft_forward(plan, fft->x, fft->y);
    for (int k = 0; k < count; k++) {
        CopComplex p, q;
        split(fft->y, n, k, &p, &q);
        a_out[(size_t)k * step] = p.r * turn[k].r - p.i * turn[k].i;
        if (b_out)
            b_out[(size_t)k * step] = q.r * turn[k].r - q.i * turn[k].i;
    }
}

/* The way back from coefficients at every step-th element, those from `count` on being zero.
 * Turned back, coefficient k is V[k] = conj(turn[k]) (C[k] - i C[n - k]), V[0] = C[0]. */
static void inverse_dct_pair(CopFft2 *fft, CopFft *plan, const CopComplex *turn, int n,
                             const float *a, const float *b, int count, size_t step, float *a_out,
                             float *b_out)
{
    const float scale = (float)(1.0 / n);
    for (int k = 0; k < n; k++) {
        const int mirror = n - k;
        const size_t near = (size_t)k * step, far = (size_t)mirror * step;
        const float ak = k < count ? a[near] * scale : 0, bk = k < count ? b[near] * scale : 0;
        const float am = k && mirror < count ? a[far] * scale : 0;
        const float bm = k && mirror < count ? b[far] * scale : 0;
        const float c = turn[k].r, s = turn[k].i;
        /* conj(turn) ((ak - i am) + i (bk - i bm)) */
        const float re = ak + bm, im = bk - am;
        fft->x[k] = (CopComplex){re * c + im * s, im * c - re * s};
    }
    cop_fft_backward(plan, fft->x, fft->y);
    for (int j = 0; j < n; j++) {
        a_out[place(j, n)] = fft->y[j].r;
        if (b_out)
            b_out[place(j, n)] = fft->y[j].i;
    }
}

void cop_dct2_forward(CopFft2 *fft, const float *x, int columns, float *spectrum)
{
    const int width = fft->width, height = fft->height;
    const size_t rows = (size_t)height;
    for (int v = 0; v < height; v += 2) {
        const float *a = x + (size_t)v * (size_t)width;
        const int paired = v + 1 < height;
        dct_pair(fft, fft->row, fft->turn_row, width, a, paired ? a + width : a, columns, rows,
                 spectrum + v, paired ? spectrum + v + 1 : NULL);
    }
    for (int k = 0; k < columns; k += 2) {
        float *a = spectrum + (size_t)k * rows, *b = k + 1 < columns ? a + rows : NULL;
        dct_pair(fft, fft->column, fft->turn_column, height, a, b ? b : a, height, 1, a, b);
    }
}

void cop_dct2_inverse(CopFft2 *fft, float *spectrum, int columns, float *x)
{
    const int width = fft->width, height = fft->height;
    const size_t rows = (size_t)height;
    for (int k = 0; k < columns; k += 2) {
        float *a = spectrum + (size_t)k * rows, *b = k + 1 < columns ? a + rows : NULL;
        inverse_dct_pair(fft, fft->column, fft->turn_column, height, a, b ? b : a, height, 1, a, b);
    }
    for (int v = 0; v < height; v += 2) {
        float *a = x + (size_t)v * (size_t)width;
        const int paired = v + 1 < height;
        const float *in = spectrum + v;
        inverse_dct_pair(fft, fft->row, fft->turn_row, width, in, paired ? in + 1 : in, columns,
                         rows, a, paired ? a + width : NULL);
    }
}

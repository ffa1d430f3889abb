/* Fourier and cosine transforms of all sizes against their sums in doubles.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdlib.h>

#include "models/core/rng.h"
#include "pipeline/corrupt/fft2.h"
#include "pipeline/corrupt/frequency_disc.h"

static const double pi = 3.14159265358979323846;

static float *noise(size_t n, const char *purpose)
{
    float *x = malloc(n * sizeof *x);
    ck_assert(x != NULL);
    const CopRngKey key = cop_rng_key(1, purpose);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(255 * cop_rng_uniform(key, (uint32_t)i, (CopRngAddress){0}) - 128);
    return x;
}

/* Norm of got - want over that of want. */
static double apart(const float *got, const double *want, size_t n)
{
    double error = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        error += (got[i] - want[i]) * (got[i] - want[i]);
        norm += want[i] * want[i];
    }
    return norm > 0 ? sqrt(error / norm) : sqrt(error);
}

/* Rounding errors of each stage of a transform are independent of the last one's: they grow
 * with the square root of their number (Schatzman, SIAM J. Sci. Comput. 17, 1996). A stage
 * of radix r has r products and sums; Bluestein has two transforms of twice the length and
 * three products. Twelve stages of radix 2, or one of 23, stay below 5 units each way. */
static double limit(int n)
{
    const double unit = ldexp(1, -24);
    return unit * (4 + 2 * sqrt(log2(n + 1.0)));
}

static void check_line(int n)
{
    float *x = noise(2 * (size_t)n, "line");
    CopComplex *in = malloc((size_t)n * sizeof *in), *out = malloc((size_t)n * sizeof *out);
    double *turn = malloc(2 * (size_t)n * sizeof *turn),
           *want = malloc(2 * (size_t)n * sizeof *want);
    ck_assert(in && out && turn && want);
    for (int j = 0; j < n; j++) {
        in[j] = (CopComplex){x[2 * j], x[2 * j + 1]};
        turn[2 * j] = cos(2 * pi * j / n);
        turn[2 * j + 1] = sin(2 * pi * j / n);
    }
    CopFft *fft;
    ck_assert_int_eq(cop_fft_create(&fft, n), COP_OK);
    for (int sign = -1; sign <= 1; sign += 2) {
        for (int k = 0; k < n; k++) {
            double re = 0, im = 0;
            for (int j = 0; j < n; j++) {
                const int at = (int)((int64_t)j * k % n);
                const double c = turn[2 * at], s = sign * turn[2 * at + 1];
                re += in[j].r * c - in[j].i * s;
                im += in[j].r * s + in[j].i * c;
            }
            want[2 * k] = re;
            want[2 * k + 1] = im;
        }
        (sign < 0 ? cop_fft_forward : cop_fft_backward)(fft, in, out);
        const double error = apart(&out[0].r, want, 2 * (size_t)n);
        ck_assert_msg(error <= limit(n), "length %d, sign %d: %g of %g", n, sign, error, limit(n));
    }
    cop_fft_destroy(&fft);
    ck_assert(fft == NULL);
    cop_fft_destroy(&fft);
    free(x);
    free(in);
    free(out);
    free(turn);
    free(want);
}

START_TEST(every_short_length)
{
    for (int n = 1; n <= 64; n++)
        check_line(n);
}
END_TEST

/* Primes, their multiples and powers, sides of pictures, powers of two */
static const int lengths[] = {127,  251,  1021, 4093, 4096, 2048, 224, 299,  1280, 720, 1080,
                              1920, 2160, 3840, 343,  1331, 529,  841, 1216, 2042, 961, 4087};

START_TEST(some_long_lengths)
{
    check_line(lengths[_i]);
}
END_TEST

/* sum of x exp(-2 pi i (kx u / width + ky v / height)) */
static void direct(const float *x, int width, int height, int kx, int ky, double *re, double *im)
{
    *re = *im = 0;
    for (int v = 0; v < height; v++)
        for (int u = 0; u < width; u++) {
            const double angle = 2 * pi * ((double)kx * u / width + (double)ky * v / height);
            *re += x[v * width + u] * cos(angle);
            *im -= x[v * width + u] * sin(angle);
        }
}

static void check_fourier_plane(int width, int height, int columns)
{
    const size_t n = (size_t)width * (size_t)height;
    float *x = noise(n, "plane"), *back = malloc(n * sizeof *back);
    const size_t size = (size_t)(width / 2 + 1) * (size_t)height;
    CopComplex *spectrum = malloc(size * sizeof *spectrum);
    double *want = malloc(2 * size * sizeof *want);
    ck_assert(spectrum && want && back);
    CopFft2 *fft;
    ck_assert_int_eq(cop_fft2_create(&fft, width, height), COP_OK);
    cop_fft2_forward(fft, x, columns, spectrum);
    for (int kx = 0; kx < columns; kx++)
        for (int ky = 0; ky < height; ky++) {
            double *at = want + 2 * ((size_t)kx * (size_t)height + (size_t)ky);
            direct(x, width, height, kx, ky, &at[0], &at[1]);
        }
    const size_t count = 2 * (size_t)columns * (size_t)height;
    const double most = limit(width) + limit(height);
    double error = apart(&spectrum[0].r, want, count);
    ck_assert_msg(error <= most, "%dx%d: %g", width, height, error);

    /* back, columns that are missing being zero */
    double *plane = calloc(n, sizeof *plane);
    ck_assert(plane != NULL);
    for (int v = 0; v < height; v++)
        for (int u = 0; u < width; u++)
            for (int kx = 0; kx < columns; kx++)
                for (int ky = 0; ky < height; ky++) {
                    const double *at = want + 2 * ((size_t)kx * (size_t)height + (size_t)ky);
                    const double angle =
                        2 * pi * ((double)kx * u / width + (double)ky * v / height);
                    const int twice = kx > 0 && 2 * kx != width ? 2 : 1;
                    plane[v * width + u] += twice * (at[0] * cos(angle) - at[1] * sin(angle)) /
                                            ((double)width * height);
                }
    cop_fft2_inverse(fft, spectrum, columns, back);
    error = apart(back, plane, n);
    ck_assert_msg(error <= 2 * most, "%dx%d back: %g", width, height, error);
    if (columns == width / 2 + 1)
        for (size_t i = 0; i < n; i++)
            ck_assert(fabs(back[i] - x[i]) < 6 * most * 74); /* 74: the noise's deviation */
    cop_fft2_destroy(&fft);
    free(x);
    free(back);
    free(spectrum);
    free(want);
    free(plane);
}

static double basis(int n, int k, int i)
{
    return cos(pi * k * (i + 0.5) / n);
}

static void check_cosine_plane(int width, int height, int columns)
{
    const size_t n = (size_t)width * (size_t)height;
    float *x = noise(n, "plane"), *spectrum = malloc(n * sizeof *spectrum);
    float *back = malloc(n * sizeof *back);
    double *want = calloc(n, sizeof *want), *plane = calloc(n, sizeof *plane);
    ck_assert(spectrum && want && back && plane);
    CopFft2 *fft;
    ck_assert_int_eq(cop_fft2_create(&fft, width, height), COP_OK);
    cop_dct2_forward(fft, x, columns, spectrum);
    for (int kx = 0; kx < columns; kx++)
        for (int ky = 0; ky < height; ky++)
            for (int v = 0; v < height; v++)
                for (int u = 0; u < width; u++)
                    want[kx * height + ky] +=
                        x[v * width + u] * basis(width, kx, u) * basis(height, ky, v);
    const double most = limit(width) + limit(height);
    double error = apart(spectrum, want, (size_t)columns * (size_t)height);
    ck_assert_msg(error <= most, "%dx%d: %g", width, height, error);
    for (int v = 0; v < height; v++)
        for (int u = 0; u < width; u++)
            for (int kx = 0; kx < columns; kx++)
                for (int ky = 0; ky < height; ky++)
                    plane[v * width + u] += want[kx * height + ky] * basis(width, kx, u) *
                                            basis(height, ky, v) * (kx ? 2 : 1) * (ky ? 2 : 1) /
                                            ((double)width * height);
    cop_dct2_inverse(fft, spectrum, columns, back);
    error = apart(back, plane, n);
    ck_assert_msg(error <= 2 * most, "%dx%d back: %g", width, height, error);
    cop_fft2_destroy(&fft);
    free(x);
    free(spectrum);
    free(back);
    free(want);
    free(plane);
}

START_TEST(planes_of_every_small_size)
{
    for (int width = 1; width <= 9; width++)
        for (int height = 1; height <= 9; height++) {
            for (int columns = 1; columns <= width / 2 + 1; columns++)
                check_fourier_plane(width, height, columns);
            for (int columns = 1; columns <= width; columns++)
                check_cosine_plane(width, height, columns);
        }
}
END_TEST

START_TEST(planes_of_some_sizes)
{
    const int sizes[][3] = {{37, 31, 19}, {41, 24, 5}, {24, 41, 13}, {32, 27, 17}, {62, 1, 32}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        check_fourier_plane(sizes[i][0], sizes[i][1], sizes[i][2]);
        check_cosine_plane(sizes[i][0], sizes[i][1], sizes[i][2]);
    }
}
END_TEST

/* A column that no real plane has: what is not symmetric in it is left out. */
START_TEST(first_and_last_column_are_made_symmetric)
{
    enum { W = 6, H = 5, SIZE = (W / 2 + 1) * H };
    CopComplex spectrum[SIZE], symmetric[SIZE];
    float *x = noise(2 * SIZE, "columns"), a[W * H], b[W * H];
    for (int kx = 0; kx <= W / 2; kx++)
        for (int ky = 0; ky < H; ky++) {
            const float *p = x + 2 * (kx * H + ky), *q = x + 2 * (kx * H + (H - ky) % H);
            const int own = kx == 0 || kx == W / 2;
            spectrum[kx * H + ky] = (CopComplex){p[0], p[1]};
            symmetric[kx * H + ky] =
                own ? (CopComplex){(p[0] + q[0]) / 2, (p[1] - q[1]) / 2} : (CopComplex){p[0], p[1]};
        }
    CopFft2 *fft;
    ck_assert_int_eq(cop_fft2_create(&fft, W, H), COP_OK);
    cop_fft2_inverse(fft, spectrum, W / 2 + 1, a);
    cop_fft2_inverse(fft, symmetric, W / 2 + 1, b);
    for (int i = 0; i < W * H; i++)
        ck_assert(fabsf(a[i] - b[i]) < 1e-4f);
    cop_fft2_destroy(&fft);
    free(x);
}
END_TEST

static bool inside(const CopFrequencyDisc *disc, int kx, int ky)
{
    const double cycles = disc->cosine ? 1 : 2;
    const double fx = cycles * kx / disc->width, fy = cycles * ky / disc->height;
    const double f = disc->square ? fmax(fx, fy) : hypot(fx, fy);
    return f * f <= disc->radius * disc->radius + 1e-9;
}

START_TEST(discs_reach_to_their_edge)
{
    const int sizes[][2] = {{1, 1}, {7, 5}, {32, 24}, {48, 64}, {224, 224}};
    const double radii[] = {0, 0.01, 0.0625, 0.125, 0.25, 0.35, 0.5, 0.6, 1, 1.2, 1.5};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (size_t r = 0; r < sizeof radii / sizeof radii[0]; r++)
            for (int kind = 0; kind < 4; kind++) {
                const CopFrequencyDisc disc = {sizes[s][0], sizes[s][1], radii[r], kind & 1,
                                               kind >> 1};
                const int across = disc.cosine ? disc.width - 1 : disc.width / 2;
                const int down = disc.cosine ? disc.height - 1 : disc.height / 2;
                int columns = 0;
                for (int kx = 0; kx <= across; kx++) {
                    int reach = -1;
                    while (reach < down && inside(&disc, kx, reach + 1))
                        reach++;
                    ck_assert_int_eq(cop_frequency_disc_reach(&disc, kx), reach);
                    columns += reach >= 0;
                }
                ck_assert_int_eq(cop_frequency_disc_columns(&disc), columns);
            }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("fft");
    TCase *tc = tcase_create("fft");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, every_short_length);
    tcase_add_loop_test(tc, some_long_lengths, 0, sizeof lengths / sizeof lengths[0]);
    tcase_add_test(tc, planes_of_every_small_size);
    tcase_add_test(tc, planes_of_some_sizes);
    tcase_add_test(tc, first_and_last_column_are_made_symmetric);
    tcase_add_test(tc, discs_reach_to_their_edge);
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}

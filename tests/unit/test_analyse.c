/* The numbers of coppice analyse on cases that can be done by hand.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>

#include <glib.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "pipeline/analyse/gain.h"
#include "pipeline/analyse/layer_topology.h"
#include "pipeline/analyse/spectral_filter.h"
#include "pipeline/model/update_log.h"
#include "tests/media_help.h"

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-12;
}

/* --- random masks ---------------------------------------------------------------------- */

START_TEST(binomial)
{
    static const double exact[] = {1 / 16.0, 5 / 16.0, 11 / 16.0, 15 / 16.0, 1};
    for (int x = 0; x <= 4; x++)
        ck_assert(near(cop_binomial_cdf(4, 0.5, x), exact[x]));
    ck_assert(cop_binomial_cdf(4, 0.5, -1) == 0);
    ck_assert(cop_binomial_cdf(4, 0, 0) == 1 && cop_binomial_cdf(4, 1, 3) == 0);
    ck_assert_int_eq(cop_binomial_order_quantile(4, 0.5, 1, 1, 0.5), 2);
    ck_assert_int_eq(cop_binomial_order_quantile(4, 0.5, 1, 1, 1 / 16.0 - 1e-9), 0);
    ck_assert_int_eq(cop_binomial_order_quantile(4, 0.5, 1, 1, 1 / 16.0 + 1e-9), 1);
    ck_assert_int_eq(cop_binomial_order_quantile(4, 0.5, 1, 1, 1), 4);
    /* A larger one, term by term. */
    double sum = 0;
    for (int x = 0; x <= 288; x++) {
        sum += exp(lgamma(289) - lgamma(x + 1) - lgamma(289 - x) + x * log(0.3) +
                   (288 - x) * log(0.7));
        ck_assert_msg(fabs(cop_binomial_cdf(288, 0.3, x) - sum) < 1e-11, "at %d", x);
    }
}
END_TEST

/* Two coins: the smaller shows heads with 1/4, the larger with 3/4. */
START_TEST(order)
{
    ck_assert_int_eq(cop_binomial_order_quantile(1, 0.5, 2, 1, 0.749), 0);
    ck_assert_int_eq(cop_binomial_order_quantile(1, 0.5, 2, 1, 0.751), 1);
    ck_assert_int_eq(cop_binomial_order_quantile(1, 0.5, 2, 2, 0.249), 0);
    ck_assert_int_eq(cop_binomial_order_quantile(1, 0.5, 2, 2, 0.251), 1);
    for (int rank = 1; rank < 32; rank++)
        ck_assert_int_le(cop_binomial_order_quantile(288, 0.3, 32, rank, 0.5),
                         cop_binomial_order_quantile(288, 0.3, 32, rank + 1, 0.5));
}
END_TEST

/* 2 x 2 kernels of 2 x 2 weights. */
static CopLayerWeights layer(void)
{
    static uint8_t active[] = {1, 1, 1, 0, /**/ 0, 0, 0, 1, /**/ 1, 0, 1, 0, /**/ 0, 0, 0, 0};
    static float value[] = {2, 1, 2, 0, /**/ 0, 0, 0, -3, /**/ 3, 0, 4, 0, /**/ 0, 0, 0, 0};
    return (CopLayerWeights){.out = 2, .in = 2, .kt = 2, .ks = 2, .value = value, .active = active};
}

START_TEST(degrees)
{
    const CopLayerWeights w = layer();
    int count[4], degree[2];
    cop_kernel_counts(&w, -1, count);
    ck_assert(count[0] == 3 && count[1] == 1 && count[2] == 2 && count[3] == 0);
    cop_output_degrees(count, 2, 2, degree);
    ck_assert(degree[0] == 4 && degree[1] == 2);
    cop_input_degrees(count, 2, 2, degree);
    ck_assert(degree[0] == 5 && degree[1] == 1);
    cop_kernel_counts(&w, 1, count);
    ck_assert(count[0] == 1 && count[1] == 1 && count[2] == 1 && count[3] == 0);
    ck_assert(near(cop_layer_density(&w), 6 / 16.0));
}
END_TEST

START_TEST(dispersion)
{
    ck_assert(near(cop_dispersion((const int[]){1, 2, 3}, 3), 0.5));
    ck_assert(near(cop_dispersion((const int[]){0, 4}, 2), 4));
    ck_assert(cop_dispersion((const int[]){5, 5}, 2) == 0);
    ck_assert(isnan(cop_dispersion((const int[]){0, 0}, 2)));
    ck_assert(isnan(cop_dispersion((const int[]){3}, 1)));
}
END_TEST

START_TEST(norms)
{
    const CopLayerWeights w = layer();
    double norm[4];
    cop_layer_norms(&w, false, norm);
    ck_assert(near(norm[0], 3) && near(norm[1], 3) && near(norm[2], 5) && norm[3] == 0);
    cop_layer_norms(&w, true, norm);
    ck_assert(near(norm[0], sqrt(18)) && near(norm[1], 5));
}
END_TEST

/* --- gains and areas ------------------------------------------------------------------- */

START_TEST(gains)
{
    const double own[] = {0.50, 0.56}, base[] = {0.50, 0.40};
    const uint64_t seeds[] = {1, 2}, others[] = {2, 1}, strange[] = {1, 3};
    CopGain gain = cop_gain_of(own, seeds, 2, base, others, 2);
    /* Seed 1: 0.50 - 0.40; seed 2: 0.56 - 0.50. */
    ck_assert(gain.paired && gain.absolute.n == 2);
    ck_assert(near(gain.absolute.mean, 0.08) && near(gain.absolute.deviation, 0.04 / sqrt(2)));
    ck_assert(near(gain.relative.mean, 0.08 / 0.45));
    ck_assert(near(gain.top1.mean, 0.53) && near(gain.baseline.mean, 0.45));
    /* Student's with one degree of freedom is Cauchy's: t = 4, p = 1 - 2 atan(t) / pi. */
    ck_assert(gain.test.mean.n == 2 && near(gain.test.p, 1 - 2 * atan(4) / G_PI));
    ck_assert(near(gain.test.mean.high, 0.08 + 0.02 * tan(0.475 * G_PI)));
    ck_assert(near(gain.test.mean.low, 0.08 - 0.02 * tan(0.475 * G_PI)));
    gain = cop_gain_of(own, seeds, 2, base, strange, 2);
    ck_assert(!gain.paired && near(gain.absolute.mean, 0.08));
    ck_assert(near(gain.absolute.deviation, 0.06 / sqrt(2)));
    ck_assert(isnan(gain.test.p) && isnan(gain.test.mean.low));
    gain = cop_gain_of(own, seeds, 1, base, others, 2);
    ck_assert(near(gain.absolute.mean, 0.10) && isnan(gain.absolute.deviation));
    ck_assert(near(gain.baseline.mean, 0.40) && near(gain.relative.mean, 0.25));
    ck_assert(isnan(gain.test.p) && isnan(gain.test.mean.low));
    /* A run that is not there yet is left out. */
    gain = cop_gain_of((const double[]){0.5, NAN, 0.6}, (const uint64_t[]){1, 2, 3}, 3,
                       (const double[]){0.4, 0.4, 0.4}, (const uint64_t[]){1, 2, 3}, 3);
    ck_assert(gain.test.mean.n == 2 && near(gain.test.p, 1 - 2 * atan(3) / G_PI));
    gain = cop_gain_of((const double[]){NAN}, seeds, 1, base, others, 2);
    ck_assert(gain.absolute.n == 0 && isnan(gain.absolute.mean));
}
END_TEST

START_TEST(areas)
{
    ck_assert(
        near(cop_mean_height((const double[]){0, 1, 3}, (const double[]){0, 1, 1}, 3), 2.5 / 3));
    ck_assert(isnan(cop_mean_height((const double[]){0, 1}, (const double[]){0, NAN}, 2)));
    ck_assert(isnan(cop_mean_height((const double[]){0}, (const double[]){1}, 1)));
}
END_TEST

/* --- frequencies ----------------------------------------------------------------------- */

enum { T = 8, H = 12, W = 16 };

/* a cos(2 pi (kt t / T + ky v / H + kx u / W)), added. */
static void add_wave(float *x, double a, int kt, int ky, int kx)
{
    for (int t = 0; t < T; t++)
        for (int v = 0; v < H; v++)
            for (int u = 0; u < W; u++)
                x[(t * H + v) * W + u] +=
                    (float)(a *
                            cos(2 * G_PI *
                                (kt * t / (double)T + ky * v / (double)H + kx * u / (double)W)));
}

static double share(CopEnergy energy)
{
    return energy.high / energy.all;
}

START_TEST(energy)
{
    CopSpectral *s;
    float x[T * H * W] = {0};
    ck_assert(cop_spectral_create(&s, T, H, W) == COP_OK);
    add_wave(x, 1, 0, 0, 1); /* radius 1/8 */
    ck_assert(fabs(share(cop_spectral_energy(s, x))) < 1e-6);
    add_wave(x, 2, 0, 0, 6); /* 3/4: four times the energy of the first */
    ck_assert(fabs(share(cop_spectral_energy(s, x)) - 0.8) < 1e-6);
    add_wave(x, 1, 0, 3, 0); /* 1/2 itself is not above it */
    ck_assert(fabs(share(cop_spectral_energy(s, x)) - 4 / 6.0) < 1e-6);
    add_wave(x, 1, 0, -2, 4); /* sqrt(1/9 + 1/4), a diagonal */
    ck_assert(fabs(share(cop_spectral_energy(s, x)) - 5 / 7.0) < 1e-6);
    /* Nothing of it moves; this does, one part fast, one slow. */
    ck_assert(fabs(share(cop_temporal_energy(s, x))) < 1e-6);
    memset(x, 0, sizeof x);
    add_wave(x, 1, 1, 0, 0);
    add_wave(x, 3, 3, 1, 2);
    ck_assert(fabs(share(cop_temporal_energy(s, x)) - 0.9) < 1e-6);
    cop_spectral_destroy(&s);
    cop_spectral_destroy(&s);
}
END_TEST

static double distance(const float *a, const float *b)
{
    double worst = 0;
    for (int i = 0; i < T * H * W; i++)
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
    return worst;
}

/* Two waves and a mean; which of them are left. */
START_TEST(passes)
{
    static const struct {
        CopBand band;
        double radius;
        bool mean, slow, fast;
    } rows[] = {
        {COP_BAND_SPATIAL, -1, false, false, false},  {COP_BAND_SPATIAL, 0, true, false, false},
        {COP_BAND_SPATIAL, 2, true, true, false}, /* edges are inside */
        {COP_BAND_SPATIAL, 4.9, true, true, false},   {COP_BAND_SPATIAL, 5, true, true, true},
        {COP_BAND_TEMPORAL, -1, false, false, false}, {COP_BAND_TEMPORAL, 0, true, false, false},
        {COP_BAND_TEMPORAL, 1, true, true, false},    {COP_BAND_TEMPORAL, 3, true, true, true},
        {COP_BAND_3D, -1, false, false, false},       {COP_BAND_3D, 0, true, false, false},
        {COP_BAND_3D, 0.36, true, true, false}, /* sqrt(1/16 + 1/16) = 0.354 */
        {COP_BAND_3D, 1.18, true, true, false}, /* sqrt(9/16 + 4/9 + 25/64) = 1.1822 */
        {COP_BAND_3D, 1.19, true, true, true},
    };
    CopSpectral *s;
    ck_assert(cop_spectral_create(&s, T, H, W) == COP_OK);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        float x[T * H * W] = {0}, y[T * H * W], expected[T * H * W] = {0};
        const int kt = 3, ky = -4, kx = rows[i].band == COP_BAND_3D ? 5 : 3;
        add_wave(x, 0.5, 0, 0, 0);
        add_wave(x, 1, 1, 0, 2);
        add_wave(x, 2, kt, ky, kx);
        add_wave(expected, rows[i].mean ? 0.5 : 0, 0, 0, 0);
        add_wave(expected, rows[i].slow ? 1 : 0, 1, 0, 2);
        add_wave(expected, rows[i].fast ? 2 : 0, kt, ky, kx);
        cop_spectral_low(s, rows[i].band, rows[i].radius, x, y);
        ck_assert_msg(distance(y, expected) < 1e-5, "row %zu: off by %g", i, distance(y, expected));
    }
    cop_spectral_destroy(&s);
    /* Odd sizes, noise: all of it lies within the reach, in every band. */
    ck_assert(cop_spectral_create(&s, 5, 7, 9) == COP_OK);
    float noise[5 * 7 * 9], y[5 * 7 * 9];
    unsigned seed = 1;
    for (size_t i = 0; i < G_N_ELEMENTS(noise); i++) {
        seed = seed * 1664525u + 1013904223u;
        noise[i] = (float)(seed >> 8) * 0x1p-24f;
    }
    static const double reach[] = {5, 2, 1.8}; /* sqrt(3^2 + 4^2), 4 / 2, about sqrt(3) */
    for (int band = 0; band < 3; band++) {
        cop_spectral_low(s, (CopBand)band, reach[band], noise, y);
        for (size_t i = 0; i < G_N_ELEMENTS(noise); i++)
            ck_assert(fabsf(noise[i] - y[i]) < 1e-5f);
    }
    cop_spectral_destroy(&s);
}
END_TEST

/* --- logs and tables ------------------------------------------------------------------- */

/* Two layers, one of them full; the first update from a run that says little, the second from one
 * that says all. */
static const char log_text[] =
    "{\"step\": 2, \"layer\": \"a\", \"weights\": 100, \"nnz\": 40, \"dropped\": 10, "
    "\"grown\": 10, \"regrown\": 4, \"explored\": 46}\n"
    "{\"step\": 2, \"layer\": \"b\", \"weights\": 20, \"nnz\": 20, \"dropped\": 0, "
    "\"grown\": 0, \"regrown\": 0, \"explored\": 20}\n"
    "{\"epoch\": 1, \"step\": 3, \"loss\": 1.5, \"test_top1\": 0.25}\n"
    "no JSON\n"
    "{\"step\": 4, \"layer\": \"a\", \"weights\": 100, \"nnz\": 40, \"dropped\": 5, "
    "\"grown\": 5, \"regrown\": 0, \"explored\": 50, \"overlap_start\": 0.6}\n"
    "{\"step\": 4, \"layer\": \"b\", \"weights\": 20, \"nnz\": 20, \"dropped\": 0, "
    "\"grown\": 0, \"regrown\": 0, \"explored\": 20}\n"
    "{\"update\": true, \"step\": 4, \"weights\": 120, \"nnz\": 60, \"overlap_start\": 0.7, "
    "\"drop_fraction\": 0.2}\n";

START_TEST(logs)
{
    CopUpdateLog *log = cop_update_log_parse(log_text);
    ck_assert_uint_eq(log->layers->len, 2);
    ck_assert_uint_eq(log->all->len, 2);
    ck_assert_uint_eq(log->epochs->len, 1);
    const CopUpdatePoint *p = &g_array_index(log->all, CopUpdatePoint, 0);
    ck_assert(p->step == 2 && p->weights == 120 && p->nnz == 60 && p->explored == 66);
    ck_assert(near(p->drop_fraction, 0.25)); /* 10 of 40, in the layer that is not full */
    /* 54 of 60 are still active, 66 are in either mask. */
    ck_assert(near(p->overlap_last, 54 / 66.0) && isnan(p->overlap_start));
    ck_assert(near(p->open_explored / p->open_weights, 0.46));
    ck_assert(near(cop_update_mutated(p), 0.1));
    p = &g_array_index(log->all, CopUpdatePoint, 1);
    ck_assert(near(p->drop_fraction, 0.2) && near(p->overlap_start, 0.7));
    const CopUpdateLayer *a = g_ptr_array_index(log->layers, 0);
    ck_assert(near(g_array_index(a->points, CopUpdatePoint, 1).overlap_start, 0.6));
    const CopUpdateEpoch *e = &g_array_index(log->epochs, CopUpdateEpoch, 0);
    ck_assert(e->loss == 1.5 && e->test_top1 == 0.25 && isnan(e->density));
    cop_update_log_free(log);
}
END_TEST

START_TEST(tables)
{
    static const char *const columns[] = {"name", "value", "count", NULL};
    CopTidy *tidy = cop_tidy_create(columns);
    CopError err = {0};
    char *text;
    cop_tidy_text(tidy, "a \"b\", c");
    cop_tidy_number(tidy, 0.1);
    cop_tidy_count(tidy, -3);
    cop_tidy_text(tidy, NULL);
    cop_tidy_number(tidy, NAN);
    cop_tidy_count(tidy, 0);
    ck_assert_int_eq(cop_tidy_rows(tidy), 2);
    ck_assert(cop_tidy_write(tidy, help_folder(), "t", &err) == COP_OK);
    ck_assert(g_file_get_contents(help_path("t.csv"), &text, NULL, NULL));
    ck_assert_str_eq(text, "name,value,count\r\n\"a \"\"b\"\", c\",0.1,-3\r\n,,0\r\n");
    g_free(text);
    ck_assert(g_file_get_contents(help_path("t.json"), &text, NULL, NULL));
    ck_assert_str_eq(text, "{\"table\":\"t\",\n\"columns\":[\"name\",\"value\",\"count\"],\n"
                           "\"rows\":[\n[\"a \\\"b\\\", c\",0.1,-3],\n[null,null,0]\n]}\n");
    g_free(text);
    ck_assert(cop_tidy_write(tidy, help_path("nowhere"), "t", &err) == COP_ERR_IO);
    cop_tidy_destroy(&tidy);
    cop_tidy_destroy(&tidy);
    help_remove_folder();
}
END_TEST

START_TEST(ticks)
{
    ck_assert(near(cop_tick_step(0, 10, 5), 2));
    ck_assert(near(cop_tick_step(0, 1, 4), 0.2));
    ck_assert(near(cop_tick_step(-40, 60, 3), 25));
    CopSpan span = COP_SPAN_NONE;
    cop_span_take(&span, NAN);
    ck_assert(span.lo > span.hi);
    cop_span_take(&span, 2);
    cop_span_take(&span, -2);
    span = cop_span_pad(span, 0.25);
    ck_assert(near(span.lo, -3) && near(span.hi, 3));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("analyse");
    TCase *tc = tcase_create("analyse");
    tcase_add_test(tc, binomial);
    tcase_add_test(tc, order);
    tcase_add_test(tc, degrees);
    tcase_add_test(tc, dispersion);
    tcase_add_test(tc, norms);
    tcase_add_test(tc, gains);
    tcase_add_test(tc, areas);
    tcase_add_test(tc, energy);
    tcase_add_test(tc, passes);
    tcase_add_test(tc, logs);
    tcase_add_test(tc, tables);
    tcase_add_test(tc, ticks);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

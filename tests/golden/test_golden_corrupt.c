/* Corruptions against outputs of the original scripts (corrupt/README.md): exact
 * where nothing is drawn, else in distribution.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/corrupt_clip.h"
#include "tests/golden_help.h"

static const char *const pictures[] = {"astronaut", "coffee"};
static const char *const picture_tables[] = {"tiny-64", "cifar-32"};

START_TEST(brightness_is_exact)
{
    for (int s = 1; s <= 5; s += 2)
        for (int p = 0; p < 2; p++)
            golden_exact(picture_tables[_i], "brightness", s, pictures[p], 0, 0);
}
END_TEST

/* The original's output j is the mean of inputs j .. j + 2 c - 1: our frame j + c. */
START_TEST(temporal_motion_blur_is_exact)
{
    static const int half[2][6] = {{0, 3, 5, 7, 9, 11}, {0, 1, 2, 3, 4, 6}};
    static const char *const tables[] = {"mini-kinetics-64", "mini-ssv2-64"};
    static const char *const presets[] = {"kinetics-c", "ssv2-c"};
    for (int s = 1; s <= 5; s += 2) {
        enum { MOST = 32 };
        char name[128];
        snprintf(name, sizeof name, "%s_motion_blur_s%d_astronaut", tables[_i], s);
        Golden golden;
        golden_open(&golden, name);
        const int c = half[_i][s];
        ck_assert_int_le(golden.t, MOST);
        ck_assert_int_eq((int)golden.output->shape[0], golden.t - 2 * c);
        CopFrame in[MOST], out[MOST];
        for (int i = 0; i < golden.t; i++)
            in[i] = golden_frame(&golden, golden.input, i);
        CopCorrupt *corrupt = clip_corrupt("motion_blur_temporal", s, 0, presets[_i], NULL);
        ck_assert_int_eq(cop_corrupt_frames(corrupt, in, golden.t, out), COP_OK);
        for (int j = 0; j < golden.t - 2 * c; j++) {
            CopFrame want = golden_frame(&golden, golden.output, j);
            ck_assert_msg(clip_same_pixels(&out[j + c], &want), "%s, frame %d", name, j);
            cop_frame_unref(&want);
        }
        cop_corrupt_destroy(&corrupt);
        clip_free(in, golden.t);
        clip_free(out, golden.t);
        cop_safetensors_close(&golden.file);
    }
}
END_TEST

enum { RESIDUALS = 511, REPEATS = 16 };

/* Histogram of output - input; the mean and variance of it. */
typedef struct Residual {
    double count[RESIDUALS], n, mean, variance;
} Residual;

static void residual_add(Residual *residual, const CopFrame *in, const CopFrame *out)
{
    for (int y = 0; y < in->height; y++)
        for (int x = 0; x < 3 * in->width; x++)
            residual->count[255 + out->plane[0][y * out->stride[0] + x] -
                            in->plane[0][y * in->stride[0] + x]]++;
}

static void residual_finish(Residual *residual)
{
    double sum = 0, squares = 0;
    for (int k = 0; k < RESIDUALS; k++) {
        residual->n += residual->count[k];
        sum += residual->count[k] * (k - 255);
        squares += residual->count[k] * (k - 255) * (k - 255);
    }
    residual->mean = sum / residual->n;
    residual->variance = squares / residual->n - residual->mean * residual->mean;
}

/* Largest distance of the two distribution functions. */
static double kolmogorov(const Residual *a, const Residual *b)
{
    double below_a = 0, below_b = 0, most = 0;
    for (int k = 0; k < RESIDUALS; k++) {
        below_a += a->count[k] / a->n;
        below_b += b->count[k] / b->n;
        most = fmax(most, fabs(below_a - below_b));
    }
    return most;
}

/* Same picture, same sigma: mean, variance and distribution of the residual agree
 * within four standard errors (KS: the 0.1 % point, conservative for whole levels). */
START_TEST(gaussian_noise_agrees_in_distribution)
{
    for (int s = 1; s <= 5; s += 2) {
        char name[128];
        snprintf(name, sizeof name, "tiny-64_gaussian_noise_s%d_%s", s, pictures[_i]);
        Golden golden;
        golden_open(&golden, name);
        CopFrame in = golden_frame(&golden, golden.input, 0), out;
        CopFrame theirs = golden_frame(&golden, golden.output, 0);
        Residual a = {{0}, 0, 0, 0}, b = {{0}, 0, 0, 0};
        residual_add(&a, &in, &theirs);
        CopCorrupt *corrupt = clip_corrupt("gaussian_noise", s, 11, "tiny-64", NULL);
        for (int repeat = 0; repeat < REPEATS; repeat++) {
            in.index = repeat;
            ck_assert_int_eq(cop_corrupt_frames(corrupt, &in, 1, &out), COP_OK);
            residual_add(&b, &in, &out);
            cop_frame_unref(&out);
        }
        residual_finish(&a);
        residual_finish(&b);
        const double per_n = 1 / a.n + 1 / b.n;
        ck_assert_msg(fabs(a.mean - b.mean) < 4 * sqrt(a.variance * per_n), "%s: mean %g, not %g",
                      name, b.mean, a.mean);
        ck_assert_msg(fabs(b.variance / a.variance - 1) < 4 * sqrt(2 * per_n),
                      "%s: variance %g, not %g", name, b.variance, a.variance);
        ck_assert_msg(kolmogorov(&a, &b) < 1.95 * sqrt(per_n), "%s: KS distance %g", name,
                      kolmogorov(&a, &b));
        cop_corrupt_destroy(&corrupt);
        clip_free(&in, 1);
        clip_free(&theirs, 1);
        cop_safetensors_close(&golden.file);
    }
}
END_TEST

/* That noise on the 0..1 scale, then truncation, is a whole step on levels: the
 * original's own draws give its bytes by clip(x + floor(255 noise)). */
START_TEST(gaussian_noise_is_a_step_of_whole_levels)
{
    for (int s = 1; s <= 5; s += 2) {
        char name[128];
        snprintf(name, sizeof name, "tiny-64_gaussian_noise_s%d_%s", s, pictures[_i]);
        Golden golden;
        golden_open(&golden, name);
        const size_t n = golden.input->bytes;
        float *noise = golden_floats(&golden, "draw.noise", n);
        const uint8_t *x = golden.input->data, *y = golden.output->data;
        for (size_t i = 0; i < n; i++) {
            const double level = x[i] + floor(255.0 * (double)noise[i]);
            ck_assert_uint_eq((unsigned)fmin(fmax(level, 0), 255), y[i]);
        }
        free(noise);
        cop_safetensors_close(&golden.file);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("golden_corrupt");
    TCase *tc = tcase_create("originals");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, brightness_is_exact, 0, 2);
    tcase_add_loop_test(tc, temporal_motion_blur_is_exact, 0, 2);
    tcase_add_loop_test(tc, gaussian_noise_agrees_in_distribution, 0, 2);
    tcase_add_loop_test(tc, gaussian_noise_is_a_step_of_whole_levels, 0, 2);
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

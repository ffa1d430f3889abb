/* Noise against outputs of the original scripts (corrupt/README.md): exact where what
 * they drew is fed in, and in distribution with our own draws.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/noise_rows.h"
#include "pipeline/corrupt/photon_noise.h"
#include "pipeline/corrupt/salt_pepper.h"
#include "pipeline/corrupt/speckle.h"
#include "tests/corrupt_clip.h"
#include "tests/golden_help.h"

static const char *const pictures[] = {"astronaut", "coffee"};

static const struct {
    const char *name;
    int pictures;    /* that there are files of */
    double value[6]; /* of the table tiny-64, by severity */
} noises[] = {
    {"gaussian_noise", 2, {0, 0.04, 0.08, 0.12, 0.15, 0.18}},
    {"shot_noise", 2, {0, 250, 100, 50, 30, 15}},
    {"speckle_noise", 2, {0, 0.15, 0.2, 0.25, 0.3, 0.35}},
    {"impulse_noise", 1, {0, 0.01, 0.02, 0.05, 0.08, 0.14}},
};
enum { GAUSSIAN, SHOT, SPECKLE, IMPULSE, NOISES };

static void open_noise(Golden *golden, int noise, int s, int picture)
{
    char name[128];
    snprintf(name, sizeof name, "tiny-64_%s_s%d_%s", noises[noise].name, s, pictures[picture]);
    golden_open(golden, name);
}

/* --- the originals' draws ------------------------------------------------------------ */

/* That noise on the 0..1 scale, then truncation, is a whole step on levels: the
 * original's own draws give its bytes by clip(x + floor(255 noise)). */
START_TEST(gaussian_noise_is_a_step_of_whole_levels)
{
    for (int s = 1; s <= 5; s += 2) {
        Golden golden;
        open_noise(&golden, GAUSSIAN, s, _i);
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

/* What becomes of the picture by `word`, byte for byte the original's. */
static void check_row(const Golden *golden, CopNoiseRow row, const void *noise,
                      const uint32_t *word)
{
    const size_t n = golden->input->bytes;
    uint8_t *x = malloc(n);
    ck_assert(x != NULL);
    memcpy(x, golden->input->data, n);
    row(noise, word, x, (int)n);
    size_t differ = 0;
    for (size_t i = 0; i < n; i++)
        differ += x[i] != ((const uint8_t *)golden->output->data)[i];
    ck_assert_msg(differ == 0, "%zu bytes differ", differ);
    free(x);
}

/* A word that stands for `count`: the middle of its share of all words. */
static uint32_t word_of_count(double mean, int count)
{
    if (mean == 0)
        return 1;
    double below = 0, share = 0;
    for (int k = 0; k <= count; k++) {
        below += share;
        share = exp(k * log(mean) - mean - lgamma(k + 1));
    }
    ck_assert_msg(share > 1e-8, "%d photons of %g are no chance", count, mean);
    return (uint32_t)((below + share / 2) * 4294967296.0);
}

START_TEST(shot_noise_of_the_original_counts)
{
    static CopLevelNoise levels;
    for (int s = 1; s <= 5; s += 2) {
        Golden golden;
        open_noise(&golden, SHOT, s, _i);
        const size_t n = golden.input->bytes;
        const double photons = noises[SHOT].value[s];
        CopPhotonNoise noise;
        ck_assert_int_eq(cop_photon_noise_init(&noise, photons, 0), COP_OK);
        cop_photon_noise_levels(&noise, &levels);
        cop_photon_noise_free(&noise);
        double *count = golden_doubles(&golden, "draw.poisson", n);
        uint32_t *word = malloc(n * sizeof *word);
        ck_assert(word != NULL);
        const uint8_t *x = golden.input->data;
        for (size_t i = 0; i < n; i++)
            word[i] = word_of_count(x[i] / 255.0 * photons, (int)count[i]);
        check_row(&golden, cop_level_noise_row, &levels, word);
        free(count);
        free(word);
        cop_safetensors_close(&golden.file);
    }
}
END_TEST

/* A draw's word is its distribution function there: inverting that gives the draw back. */
START_TEST(speckle_noise_of_the_original_field)
{
    static CopSpeckle speckle;
    for (int s = 1; s <= 5; s += 2) {
        Golden golden;
        open_noise(&golden, SPECKLE, s, _i);
        const size_t n = golden.input->bytes;
        cop_speckle_init(&speckle, noises[SPECKLE].value[s]);
        double *noise = golden_doubles(&golden, "draw.noise", n);
        uint32_t *word = malloc(n * sizeof *word);
        ck_assert(word != NULL);
        for (size_t i = 0; i < n; i++) {
            const double z = noise[i] / noises[SPECKLE].value[s];
            word[i] = (uint32_t)(0.5 * erfc(-z / sqrt(2)) * 4294967296.0);
        }
        check_row(&golden, cop_speckle_row, &speckle, word);
        free(noise);
        free(word);
        cop_safetensors_close(&golden.file);
    }
}
END_TEST

START_TEST(impulse_noise_of_the_original_fields)
{
    for (int s = 1; s <= 5; s += 2) {
        Golden golden;
        open_noise(&golden, IMPULSE, s, _i);
        const size_t n = golden.input->bytes;
        double *flip = golden_doubles(&golden, "draw.flip_uniform", n);
        double *salt = golden_doubles(&golden, "draw.salt_uniform", n);
        uint32_t *word = malloc(n * sizeof *word);
        uint8_t *x = malloc(n);
        ck_assert(word && x);
        for (size_t i = 0; i < n; i++)
            word[i] = ((uint32_t)(flip[i] * 4294967296.0) & ~1u) | (salt[i] <= 0.5);
        memcpy(x, golden.input->data, n);
        const uint32_t last = cop_salt_pepper_last(noises[IMPULSE].value[s]);
        cop_salt_pepper_row(last, word, x, (int)n);
        ck_assert(memcmp(x, golden.output->data, n) == 0);
        free(flip);
        free(salt);
        free(word);
        free(x);
        cop_safetensors_close(&golden.file);
    }
}
END_TEST

/* --- our draws ----------------------------------------------------------------------- */

enum { RESIDUALS = 511, REPEATS = 16 };

/* Histogram of output - input, and moments of it. */
typedef struct Residual {
    double count[RESIDUALS], n, mean, variance, kurtosis;
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
    double sum = 0, squares = 0, fourths = 0;
    for (int k = 0; k < RESIDUALS; k++) {
        residual->n += residual->count[k];
        sum += residual->count[k] * (k - 255);
    }
    residual->mean = sum / residual->n;
    for (int k = 0; k < RESIDUALS; k++) {
        const double away = k - 255 - residual->mean;
        squares += residual->count[k] * away * away;
        fourths += residual->count[k] * pow(away, 4);
    }
    residual->variance = squares / residual->n;
    residual->kurtosis = fourths / residual->n / pow(residual->variance, 2);
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

/* Same picture, same table: mean, variance and distribution of the residual agree
 * within four standard errors (of a variance: sqrt((kurtosis - 1) / n) of it; KS: the
 * 0.1 % point, conservative for whole levels). */
static void check_distribution(int noise, int s, int picture)
{
    Golden golden;
    open_noise(&golden, noise, s, picture);
    CopFrame in = golden_frame(&golden, golden.input, 0), out;
    CopFrame theirs = golden_frame(&golden, golden.output, 0);
    Residual a = {.n = 0}, b = {.n = 0};
    residual_add(&a, &in, &theirs);
    CopCorrupt *corrupt = clip_corrupt(noises[noise].name, s, 11, "tiny-64", NULL);
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        in.index = repeat;
        ck_assert_int_eq(cop_corrupt_frames(corrupt, &in, 1, &out), COP_OK);
        residual_add(&b, &in, &out);
        cop_frame_unref(&out);
    }
    residual_finish(&a);
    residual_finish(&b);
    const double per_n = 1 / a.n + 1 / b.n;
    ck_assert_msg(fabs(a.mean - b.mean) < 4 * sqrt(b.variance * per_n), "s%d: mean %g, not %g", s,
                  b.mean, a.mean);
    ck_assert_msg(fabs(a.variance / b.variance - 1) < 4 * sqrt((b.kurtosis - 1) * per_n),
                  "s%d: variance %g, not %g", s, b.variance, a.variance);
    ck_assert_msg(kolmogorov(&a, &b) < 1.95 * sqrt(per_n), "s%d: KS distance %g", s,
                  kolmogorov(&a, &b));
    cop_corrupt_destroy(&corrupt);
    clip_free(&in, 1);
    clip_free(&theirs, 1);
    cop_safetensors_close(&golden.file);
}

START_TEST(noise_agrees_in_distribution)
{
    for (int picture = 0; picture < noises[_i].pictures; picture++)
        for (int s = 1; s <= 5; s += 2)
            check_distribution(_i, s, picture);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("golden_noise");
    TCase *tc = tcase_create("originals");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, gaussian_noise_is_a_step_of_whole_levels, 0, 2);
    tcase_add_loop_test(tc, shot_noise_of_the_original_counts, 0, noises[SHOT].pictures);
    tcase_add_loop_test(tc, speckle_noise_of_the_original_field, 0, noises[SPECKLE].pictures);
    tcase_add_loop_test(tc, impulse_noise_of_the_original_fields, 0, noises[IMPULSE].pictures);
    tcase_add_loop_test(tc, noise_agrees_in_distribution, 0, NOISES);
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

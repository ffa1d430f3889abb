/* The noise family and tone against closed forms.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/speckle.h"
#include "tests/corrupt_clip.h"

enum { LEVELS = 256, SIDE = 128, ROW = 3 * SIDE, N = SIDE * ROW };

static double phi(double z)
{
    return 0.5 * erfc(-z / sqrt(2));
}

static double poisson(int k, double mean)
{
    return mean > 0 ? exp(k * log(mean) - mean - lgamma(k + 1)) : k == 0;
}

static int level_of(double x)
{
    return (int)(fmin(fmax(x, 0), 1) * 255);
}

/* below[y] = P(trunc(255 clip(clip(Poisson(photons light) / photons) + N)) < y), y = 0 .. 256 */
static void photons_below(double light, double photons, double sigma, double *below)
{
    const double mean = light * photons;
    const int most = (int)(mean + 12 * sqrt(mean)) + 40;
    memset(below, 0, (LEVELS + 1) * sizeof *below);
    for (int k = 0; k < most; k++) {
        const double p = poisson(k, mean), read = fmin(k / photons, 1);
        if (p < 1e-15)
            continue;
        for (int y = 1; y <= LEVELS; y++) {
            const double share = sigma > 0 ? phi((y / 255.0 - read) / sigma) : level_of(read) < y;
            below[y] += p * (y == LEVELS ? 1 : share);
        }
    }
}

static void shot_below(int x, const double *p, double *below)
{
    photons_below(x / 255.0, p[0], 0, below);
}

static void iso_below(int x, const double *p, double *below)
{
    photons_below(x / 255.0, p[0], p[1], below);
}

static void low_light_below(int x, const double *p, double *below)
{
    photons_below(p[2] * pow(x / 255.0, 2), p[0], p[1], below);
}

static void speckle_below(int x, const double *p, double *below)
{
    for (int y = 0; y <= LEVELS; y++)
        below[y] = y == 0 ? 0 : y == LEVELS ? 1 : x > 0 ? phi((y - x) / (x * p[0])) : y > x;
}

static void gaussian_below(int x, const double *p, double *below)
{
    for (int y = 0; y <= LEVELS; y++)
        below[y] = y == 0 ? 0 : y == LEVELS ? 1 : phi((y - x) / (255 * p[0]));
}

static void impulse_below(int x, const double *p, double *below)
{
    for (int y = 0; y <= LEVELS; y++)
        below[y] = y == 0 ? 0 : y == LEVELS ? 1 : p[0] / 2 + (1 - p[0]) * (x < y);
}

static const struct {
    const char *name, *preset;
    void (*below)(int x, const double *p, double *below);
    double severity, p[3];
} noises[] = {
    {"gaussian_noise", NULL, gaussian_below, 1, {0.08}},
    {"gaussian_noise", NULL, gaussian_below, 3, {0.18}},
    {"gaussian_noise", "imagenet-c-299", gaussian_below, 5, {0.40}},
    {"gaussian_noise", "imagenet-p-64", gaussian_below, 1, {0.025}},
    {"shot_noise", NULL, shot_below, 1, {60}},
    {"shot_noise", "kinetics-c", shot_below, 3, {12}},
    {"shot_noise", NULL, shot_below, 5, {3}},
    {"shot_noise", NULL, shot_below, 0.5, {120}},
    {"shot_noise", "tiny-64", shot_below, 2, {100}},
    {"shot_noise", "imagenet-p-32", shot_below, 1, {700}},
    {"speckle_noise", NULL, speckle_below, 1, {0.15}},
    {"speckle_noise", "imagenet-c-299", speckle_below, 5, {0.61}},
    {"impulse_noise", NULL, impulse_below, 1, {0.03}},
    {"impulse_noise", "cifar-32", impulse_below, 5, {0.07}},
    {"iso_noise", NULL, iso_below, 1, {25, 0.056}},
    {"iso_noise", "3dcc", iso_below, 5, {25, 0.266}},
    {"low_light", NULL, low_light_below, 1, {120, 0.018, 0.6}},
    {"low_light", NULL, low_light_below, 5, {120, 0.018, 0.2}},
};
enum { NOISES = sizeof noises / sizeof noises[0] };

static CopFrame flat(int level, int64_t index)
{
    CopFrame frame = clip_frame(COP_PIXEL_RGB, SIDE, SIDE, index);
    for (int y = 0; y < SIDE; y++)
        memset(frame.plane[0] + y * frame.stride[0], level, ROW);
    return frame;
}

static uint8_t *at(const CopFrame *frame, int i)
{
    return frame->plane[0] + i / ROW * frame->stride[0] + i % ROW;
}

static CopCorrupt *make(int i, CopTemporal temporal)
{
    CopCorrupt *corrupt;
    const CopCorruptSpec spec = {.name = noises[i].name,
                                 .severity = noises[i].severity,
                                 .seed = 5,
                                 .temporal = temporal,
                                 .preset = noises[i].preset};
    ck_assert_int_eq(cop_corrupt_create(&corrupt, &spec, NULL), COP_OK);
    return corrupt;
}

/* --- distributions ------------------------------------------------------------------- */

/* Impulses are not in order of the word: it hits up to the amount, and is odd for salt. */
static bool is_impulse(uint32_t word, int x, int y, double amount)
{
    return y == (word / 4294967296.0 > amount ? x : word % 2 ? 255 : 0);
}

/* Each element's own word lies where its level says, to the rounding of a word: all of
 * the tables are inverse distribution functions. Rows are no multiple of four words. */
START_TEST(noise_inverts_the_distribution)
{
    enum { FRAME = 1234567, WIDTH = 401, HEIGHT = 97 };
    CopFrame in = clip_frame(COP_PIXEL_RGB, WIDTH, HEIGHT, FRAME);
    CopFrame out = clip_frame(COP_PIXEL_RGB, WIDTH, HEIGHT, FRAME);
    for (int i = 0; i < 3 * WIDTH * HEIGHT; i++)
        in.plane[0][i / (3 * WIDTH) * in.stride[0] + i % (3 * WIDTH)] = (uint8_t)(i * 97 >> 4);
    cop_frame_copy_pixels(&out, &in);
    CopCorrupt *corrupt = make(_i, COP_TEMPORAL_AUTO);
    ck_assert_int_eq(cop_corrupt_reset(corrupt, 9), COP_OK);
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &out), COP_OK);
    static double below[LEVELS][LEVELS + 1];
    for (int x = 0; x < LEVELS; x++)
        noises[_i].below(x, noises[_i].p, below[x]);
    char purpose[64];
    snprintf(purpose, sizeof purpose, "corrupt:%s", noises[_i].name);
    const CopRngKey key = cop_rng_key(5, purpose);
    const CopRngAddress address = {.draw = 0, .frame = FRAME, .clip = 9};
    for (int i = 0; i < 3 * WIDTH * HEIGHT; i++) {
        const int at_byte = i / (3 * WIDTH) * in.stride[0] + i % (3 * WIDTH);
        const int x = in.plane[0][at_byte], y = out.plane[0][at_byte];
        const uint32_t word = cop_rng_u32(key, (uint32_t)i, address);
        const double u = word / 4294967296.0;
        const bool right = noises[_i].below == impulse_below
                               ? is_impulse(word, x, y, noises[_i].p[0])
                               : u >= below[x][y] - 3e-10 && u < below[x][y + 1] + 3e-10;
        if (!right) /* an assertion that holds costs a file access */
            ck_abort_msg("%d became %d by %.10f, not within %.10f and %.10f", x, y, u, below[x][y],
                         below[x][y + 1]);
    }
    cop_corrupt_destroy(&corrupt);
    clip_free(&in, 1);
    clip_free(&out, 1);
}
END_TEST

/* Correlation of a flat field's elements with those `step` on; of two fields at step 0. */
static double correlation(const CopFrame *a, const CopFrame *b, int step)
{
    double sum = 0, squares = 0, products = 0;
    for (int i = 0; i < N; i++)
        sum += *at(a, i);
    const double mean = sum / N;
    for (int i = 0; i < N; i++)
        squares += pow(*at(a, i) - mean, 2);
    for (int i = 0; i < N - step; i++)
        products += (*at(a, i) - mean) * (*at(b, i + step) - mean);
    return products / squares;
}

/* On flat fields Kolmogorov's distance from the closed form stays under its 0.1 % point;
 * neighbours in space, colour and time are independent: correlations within
 * 4.5 / sqrt(n), which one in 150,000 exceeds by chance (there are 700 here). */
START_TEST(noise_of_flat_fields)
{
    static const int levels[] = {0, 64, 128, 191, 255};
    static const int steps[] = {1, 2, 3, 4, 3 * 2, 3 * 4, 3 * 8, ROW, 2 * ROW, 4 * ROW, 8 * ROW};
    CopCorrupt *corrupt = make(_i, COP_TEMPORAL_AUTO);
    for (size_t l = 0; l < sizeof levels / sizeof levels[0]; l++) {
        CopFrame a = flat(levels[l], 40), b = flat(levels[l], 41);
        ck_assert_int_eq(cop_corrupt_in_place(corrupt, &a), COP_OK);
        ck_assert_int_eq(cop_corrupt_in_place(corrupt, &b), COP_OK);
        double count[LEVELS] = {0}, below[LEVELS + 1], seen = 0, distance = 0;
        for (int i = 0; i < N; i++)
            count[*at(&a, i)]++;
        noises[_i].below(levels[l], noises[_i].p, below);
        for (int y = 0; y < LEVELS; y++) {
            seen += count[y] / N;
            distance = fmax(distance, fabs(seen - below[y + 1]));
        }
        ck_assert_msg(distance < 1.95 / sqrt(N), "level %d: %g", levels[l], distance);
        if (levels[l] > 0) { /* black may stay black */
            const double most = 4.5 / sqrt(N - 8 * ROW);
            for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++)
                ck_assert_msg(fabs(correlation(&a, &a, steps[s])) < most, "level %d, step %d: %g",
                              levels[l], steps[s], correlation(&a, &a, steps[s]));
            ck_assert_msg(fabs(correlation(&a, &b, 0)) < most, "frames correlate");
        }
        clip_free(&a, 1);
        clip_free(&b, 1);
    }
    cop_corrupt_destroy(&corrupt);
}
END_TEST

/* A fixed pattern is the same in all frames of a clip and another one in the next clip.
 * Photons have none. */
START_TEST(static_noise_is_one_field)
{
    CopCorrupt *corrupt = make(_i, COP_TEMPORAL_STATIC);
    CopFrame a = flat(100, 4), b = flat(100, 5), other = flat(100, 4);
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &a), COP_OK);
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &b), COP_OK);
    ck_assert_int_eq(cop_corrupt_reset(corrupt, 1), COP_OK);
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &other), COP_OK);
    const bool fresh = noises[_i].below == shot_below || noises[_i].below == low_light_below;
    ck_assert_int_eq(clip_same_pixels(&a, &b), !fresh);
    ck_assert(!clip_same_pixels(&a, &other));
    cop_corrupt_destroy(&corrupt);
    clip_free(&a, 1);
    clip_free(&b, 1);
    clip_free(&other, 1);
}
END_TEST

/* --- speckle ---------------------------------------------------------------------------- */

/* Words [n] for elements of one level: by floats where these know, and by tables */
static void check_speckle(const CopSpeckle *speckle, const uint32_t *word, int level, int n)
{
    uint8_t fast[512], slow[512];
    memset(fast, level, sizeof fast);
    memset(slow, level, sizeof slow);
    cop_speckle_row(speckle, word, fast, n);
    cop_level_noise_row(&speckle->levels, word, slow, n);
    for (int i = 0; i < n; i++)
        if (fast[i] != slow[i])
            ck_abort_msg("sigma %g, level %d, word %u: %d instead of %d", (double)speckle->sigma,
                         level, word[i], fast[i], slow[i]);
}

/* All over the range, and around each word at which an element's level changes */
START_TEST(speckle_is_what_tables_say)
{
    static const double sigmas[] = {0, 0.001, 0.06, 0.35, 0.61, 1.5, 4};
    static CopSpeckle speckle;
    cop_speckle_init(&speckle, sigmas[_i]);
    uint32_t word[512];
    for (int level = 0; level < LEVELS; level++) {
        for (uint32_t round = 0; round < 64; round++) {
            for (uint32_t i = 0; i < 500; i++)
                word[i] = (round * 500 + i) * 134217u + (uint32_t)level * 521u;
            check_speckle(&speckle, word, level, 500);
        }
        const uint32_t *last = speckle.levels.last[level];
        for (int k = 0; k == 0 || last[k - 1] < UINT32_MAX; k++) {
            for (uint32_t i = 0; i < 500; i++)
                word[i] = last[k] + (i - 250) * (i % 2 ? 1 : 97);
            check_speckle(&speckle, word, level, 500);
        }
    }
}
END_TEST

/* --- impulses ------------------------------------------------------------------------ */

/* A greater amount hits the same elements, with the same values, and more of them. */
START_TEST(impulses_rise_with_the_amount)
{
    CopFrame last = flat(100, 3);
    for (int s = 1; s <= 5; s++) {
        CopFrame frame = flat(100, 3);
        CopCorrupt *corrupt = clip_corrupt("impulse_noise", s, 2, NULL, NULL);
        ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
        int wrong = 0;
        for (int i = 0; i < N; i++) {
            const int x = *at(&last, i), y = *at(&frame, i);
            wrong += (x != 100 && y != x) || (y != 100 && y != 0 && y != 255);
        }
        ck_assert_int_eq(wrong, 0);
        cop_corrupt_destroy(&corrupt);
        clip_free(&last, 1);
        last = frame;
    }
    clip_free(&last, 1);
}
END_TEST

/* A pixel is hit in some channel with 1 - (1 - amount)^3. */
START_TEST(impulses_hit_channels_apart)
{
    CopFrame frame = flat(100, 3);
    CopCorrupt *corrupt = clip_corrupt("impulse_noise", 5, 2, NULL, NULL);
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
    double hit = 0;
    for (int i = 0; i < N; i += 3)
        hit += *at(&frame, i) != 100 || *at(&frame, i + 1) != 100 || *at(&frame, i + 2) != 100;
    const double n = N / 3.0, want = 1 - pow(1 - 0.27, 3);
    ck_assert_msg(fabs(hit / n - want) < 4 * sqrt(want * (1 - want) / n), "%g", hit / n);
    cop_corrupt_destroy(&corrupt);
    clip_free(&frame, 1);
}
END_TEST

/* --- options ------------------------------------------------------------------------- */

static void check_params(const char *name, const char *params, const CopFrame *in, CopFrame *out)
{
    CopCorrupt *corrupt = clip_corrupt(name, 3, 5, NULL, params);
    cop_frame_copy_pixels(out, in);
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, out), COP_OK);
    cop_corrupt_destroy(&corrupt);
}

START_TEST(ends_of_the_options)
{
    static const char *const none[][2] = {
        {"shot_noise", "photons=0"},
        {"speckle_noise", "sigma=0"},
        {"impulse_noise", "amount=0"},
        {"iso_noise", "photons=0, sigma=0"},
        {"color_quant", "bits=8"},
        {"gaussian_noise", "sigma=0"},
        {"low_light", "gain=1, gamma=1, photons=0, sigma=0"},
    };
    CopFrame in = clip_frame(COP_PIXEL_RGB, SIDE, SIDE, 2), out = flat(0, 2), black = flat(0, 2);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        check_params(none[i][0], none[i][1], &in, &out);
        ck_assert_msg(clip_same_pixels(&in, &out), "%s changed", none[i][0]);
    }
    /* A million photons: deviations of a quarter of a level, and the truncation. */
    check_params("shot_noise", "photons=1e6", &in, &out);
    int far = 0;
    for (int i = 0; i < N; i++)
        far += abs(*at(&in, i) - *at(&out, i)) > 3;
    ck_assert_int_eq(far, 0);
    check_params("shot_noise", "photons=1e-300", &in, &out);
    ck_assert(clip_same_pixels(&out, &black));
    static const char *const two[][2] = {{"shot_noise", "photons=0.5"},
                                         {"impulse_noise", "amount=1"}};
    for (int which = 0; which < 2; which++) {
        check_params(two[which][0], two[which][1], &in, &out);
        for (int i = 0; i < N; i++)
            far += *at(&out, i) > 0 && *at(&out, i) < 255;
        ck_assert_int_eq(far, 0);
    }
    check_params("iso_noise", "photons=1000, sigma=4", &in, &out);
    check_params("iso_noise", "photons=1e-300, sigma=1e-300", &in, &out);
    ck_assert(clip_same_pixels(&out, &black));
    check_params("low_light", "gain=0, photons=1e-300, sigma=0", &in, &out);
    ck_assert(clip_same_pixels(&out, &black));
    clip_free(&in, 1);
    clip_free(&out, 1);
    clip_free(&black, 1);
}
END_TEST

/* Without noise: gain (x - low) / (high - low), squared, by the frame's own range. */
START_TEST(low_light_stretches_each_frame)
{
    static const int ranges[][2] = {{20, 90}, {0, 255}, {200, 201}, {20, 90}};
    CopCorrupt *corrupt =
        clip_corrupt("low_light", 3, 5, "3dcc", "photons=0, sigma=0, gain=0.5, gamma=2");
    for (int r = 0; r < 4; r++) {
        const int low = ranges[r][0], high = ranges[r][1], n = high - low + 1;
        int wrong = 0;
        CopFrame frame = flat(0, r);
        for (int i = 0; i < N; i++)
            *at(&frame, i) = (uint8_t)(low + i % n);
        ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
        for (int i = 0; i < N; i++) {
            const double away = 127.5 * pow(i % n / (n - 1.0), 2) - *at(&frame, i);
            wrong += away < -1e-9 || away > 1 + 1e-9; /* truncated, but for rounding */
        }
        ck_assert_int_eq(wrong, 0);
        clip_free(&frame, 1);
    }
    CopFrame grey = flat(128, 9); /* nothing to stretch */
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &grey), COP_OK);
    CopFrame dark = flat((int)(127.5 * pow(128 / 255.0, 2)), 9);
    ck_assert(clip_same_pixels(&grey, &dark));
    clip_free(&grey, 1);
    clip_free(&dark, 1);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

START_TEST(color_quant_keeps_upper_bits)
{
    for (int bits = 1; bits <= 8; bits++) {
        char params[16];
        snprintf(params, sizeof params, "bits=%d", bits);
        CopFrame in = clip_frame(COP_PIXEL_RGB, SIDE, SIDE, bits), out = flat(0, bits);
        check_params("color_quant", params, &in, &out);
        const int step = 1 << (8 - bits);
        int wrong = 0;
        for (int i = 0; i < N; i++)
            wrong += *at(&out, i) != *at(&in, i) / step * step;
        ck_assert_int_eq(wrong, 0);
        clip_free(&in, 1);
        clip_free(&out, 1);
    }
}
END_TEST

/* Noise grows from row to row in every table, those of three difficulties included. */
START_TEST(severities_rise)
{
    static const char *const names[] = {"gaussian_noise", "shot_noise", "speckle_noise",
                                        "impulse_noise",  "iso_noise",  "low_light",
                                        "color_quant"};
    const CopCorruptDesc *desc = cop_corrupt_find(names[_i], NULL);
    CopFrame in = clip_frame(COP_PIXEL_RGB, SIDE, SIDE, 2), out = flat(0, 2);
    for (const CopSeverityTable *table = desc->tables; table->preset; table++) {
        double last = 0;
        for (int quarter = 1; quarter <= 20; quarter++) {
            CopCorrupt *corrupt = clip_corrupt(names[_i], quarter / 4.0, 5, table->preset, NULL);
            cop_frame_copy_pixels(&out, &in);
            ck_assert_int_eq(cop_corrupt_in_place(corrupt, &out), COP_OK);
            const double error = clip_mse(&in, &out, 1);
            ck_assert_msg(error > last || (error == last && !strcmp(names[_i], "color_quant")),
                          "%s at %g: %g after %g", table->preset, quarter / 4.0, error, last);
            last = error;
            cop_corrupt_destroy(&corrupt);
        }
    }
    clip_free(&in, 1);
    clip_free(&out, 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_noise");
    TCase *tc = tcase_create("closed forms");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, noise_inverts_the_distribution, 0, NOISES);
    tcase_add_loop_test(tc, noise_of_flat_fields, 0, NOISES);
    tcase_add_loop_test(tc, static_noise_is_one_field, 0, NOISES);
    tcase_add_loop_test(tc, speckle_is_what_tables_say, 0, 7);
    tcase_add_test(tc, impulses_rise_with_the_amount);
    tcase_add_test(tc, impulses_hit_channels_apart);
    tcase_add_test(tc, ends_of_the_options);
    tcase_add_test(tc, low_light_stretches_each_frame);
    tcase_add_test(tc, color_quant_keeps_upper_bits);
    tcase_add_loop_test(tc, severities_rise, 0, 7);
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

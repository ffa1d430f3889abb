/* Frost: statistics of what is grown, pictures of the user's.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/frost_crystals.h"
#include "pipeline/corrupt/frost_pictures.h"
#include "pipeline/corrupt/frost_texture.h"
#include "pipeline/media/encode.h"
#include "tests/corrupt_clip.h"
#include "tests/media_help.h"
#include "tests/weather_help.h"

enum { W = 560, H = 400, SEEDS = 10 };

static uint8_t *texture_of(uint64_t seed, int width, int height, double scale)
{
    uint8_t *rgb = malloc((size_t)width * (size_t)height * 3);
    ck_assert(rgb != NULL);
    ck_assert_int_eq(
        cop_frost_texture(cop_rng_key(seed, "test"), (CopRngAddress){0}, width, height, scale, rgb),
        COP_OK);
    return rgb;
}

/* Of grey (ITU-R BT.601) along rows. */
static double lagged(const float *grey, double mean, double variance, int lag)
{
    double sum = 0;
    for (int y = 0; y < H; y++)
        for (int x = 0; x + lag < W; x++)
            sum += ((double)grey[y * W + x] - mean) * ((double)grey[y * W + x + lag] - mean);
    return sum / ((double)H * (W - lag)) / variance;
}

/* The original's photographs: mean red 71..205, green 95..214, blue 105..214, grey deviation
 * 18..43, autocorrelation about .84/.6/.45/.33 at lags 1/4/16/64. Theirs vary from one to
 * the next; ours have to lie within 0.1 on average. */
START_TEST(frost_has_the_photographs_statistics)
{
    static const int lags[] = {1, 4, 16, 64};
    static const double want[] = {0.84, 0.6, 0.45, 0.33};
    static const double low[] = {71, 95, 105}, high[] = {205, 214, 214};
    double correlations[4] = {0};
    float *grey = malloc(sizeof *grey * W * H);
    ck_assert(grey != NULL);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        uint8_t *rgb = texture_of(seed, W, H, 1);
        double sum[3] = {0}, mean = 0, squares = 0;
        for (int i = 0; i < W * H; i++) {
            const uint8_t *p = rgb + 3 * i;
            for (int c = 0; c < 3; c++)
                sum[c] += p[c];
            ck_assert_msg(p[0] <= p[1] && p[1] <= p[2], "ice is blue-white");
            grey[i] = 0.299F * p[0] + 0.587F * p[1] + 0.114F * p[2];
            mean += (double)grey[i];
            squares += (double)grey[i] * (double)grey[i];
        }
        for (int c = 0; c < 3; c++)
            ck_assert_msg(sum[c] > low[c] * W * H && sum[c] < high[c] * W * H, "channel %d: %g", c,
                          sum[c] / (W * H));
        mean /= W * H;
        const double variance = squares / (W * H) - mean * mean;
        ck_assert_msg(variance > 18 * 18 && variance < 43 * 43, "deviation %g", sqrt(variance));
        for (int k = 0; k < 4; k++)
            correlations[k] += lagged(grey, mean, variance, lags[k]) / SEEDS;
        free(rgb);
    }
    for (int k = 0; k < 4; k++)
        ck_assert_msg(fabs(correlations[k] - want[k]) < 0.1, "lag %d: %g", lags[k],
                      correlations[k]);
    free(grey);
}
END_TEST

/* Ice is thickest at the border, where ferns hide about a quarter. */
START_TEST(ferns_grow_from_the_border)
{
    double border = 0, middle = 0, borders = 0, middles = 0;
    float *ice = malloc(sizeof *ice * W * H);
    ck_assert(ice != NULL);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        ck_assert_int_eq(
            cop_frost_crystals(cop_rng_key(seed, "test"), (CopRngAddress){0}, W, H, 1, ice),
            COP_OK);
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                const double p = (double)ice[y * W + x];
                ck_assert(p >= 0 && p <= 1);
                if (x < 60 || x >= W - 60 || y < 60 || y >= H - 60) {
                    border += p;
                    borders++;
                } else if (x > 180 && x < W - 180 && y > 140 && y < H - 140) {
                    middle += p;
                    middles++;
                }
            }
    }
    ck_assert_msg(border / borders > 2 * middle / middles && border / borders > 0.18, "%g, %g",
                  border / borders, middle / middles);
    free(ice);
}
END_TEST

START_TEST(frost_of_any_size)
{
    static const int sizes[][2] = {{1, 1}, {1, 300}, {64, 48}};
    static const double scales[] = {0.02, 100};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t k = 0; k < sizeof scales / sizeof scales[0]; k++)
            free(texture_of(3, sizes[i][0], sizes[i][1], scales[k]));
}
END_TEST

static CopFrame picture(int width, int height)
{
    CopFrame frame;
    help_make(&frame, COP_PIXEL_RGB, width, height, 5);
    return frame;
}

static void save(const CopFrame *frame, const char *path)
{
    CopEncoder *encoder;
    const CopEncodeOptions encode = {.threads = 1};
    ck_assert_int_eq(cop_encoder_open(&encoder, path, frame, &encode, NULL), COP_OK);
    ck_assert_int_eq(cop_encoder_write(encoder, frame, NULL), COP_OK);
    ck_assert_int_eq(cop_encoder_finish(encoder, NULL), COP_OK);
    cop_encoder_close(&encoder);
}

/* With the picture's weight 0 and the frost's 1, what is seen is a part of the file. */
START_TEST(pictures_of_a_folder_are_cropped)
{
    CopFrame own = picture(50, 41);
    help_folder();
    save(&own, help_path("b.png"));
    help_shell("touch readme.txt c.png.bak");
    char params[512];
    snprintf(params, sizeof params, "folder=%s, weight=0, frost_weight=1", help_folder());
    CopCorrupt *corrupt = weather_make("frost", 3, COP_TEMPORAL_STATIC, "imagenet-c-224", params);
    CopFrame part = weather_seen(corrupt, 31, 20, 7, 0);
    int found = 0;
    for (int top = 0; top <= 41 - 20; top++)
        for (int left = 0; left <= 50 - 31; left++) {
            bool same = true;
            for (int y = 0; same && y < 20; y++)
                same = !memcmp(part.plane[0] + y * part.stride[0],
                               own.plane[0] + (top + y) * own.stride[0] + 3 * left, 3 * 31);
            found += same;
        }
    ck_assert_int_eq(found, 1);
    clip_free(&part, 1);
    /* Larger frames than the picture, and a change of severity, find it too. */
    part = weather_seen(corrupt, 120, 100, 7, 0);
    clip_free(&part, 1);
    ck_assert_int_eq(cop_corrupt_set_severity(corrupt, 1.5, NULL), COP_OK);
    part = weather_seen(corrupt, 50, 41, 7, 0);
    ck_assert(clip_same_pixels(&part, &own));
    clip_free(&part, 1);
    clip_free(&own, 1);
    cop_corrupt_destroy(&corrupt);
    help_remove_folder();
}
END_TEST

/* The size of structures: at a scale of 2 neighbouring pairs are nearly equal; what is too
 * small is stretched over the frame and 1.1 times more. */
START_TEST(pictures_are_resized)
{
    CopFrame own = picture(40, 30);
    uint8_t rgb[60 * 45 * 3];
    cop_frost_crop(&own, 20, 15, 1, 0, 0, rgb);
    for (int y = 0; y < 15; y++)
        ck_assert_int_eq(memcmp(rgb + y * 60, own.plane[0] + y * own.stride[0], 60), 0);
    cop_frost_crop(&own, 20, 15, 1, 1, 1, rgb); /* the other corner */
    for (int y = 0; y < 15; y++)
        ck_assert_int_eq(memcmp(rgb + y * 60, own.plane[0] + (15 + y) * own.stride[0] + 3 * 20, 60),
                         0);
    /* Half size: means of two by two, since pixels lie in the middle of four. */
    cop_frost_crop(&own, 20, 15, 0.5, 0, 0, rgb);
    for (int y = 0; y < 15; y++)
        for (int i = 0; i < 60; i++) {
            const int c = i % 3, x = i / 3;
            const uint8_t *p = own.plane[0] + 2 * y * own.stride[0] + 6 * x + c;
            const int sum = p[0] + p[3] + p[own.stride[0]] + p[own.stride[0] + 3];
            ck_assert(abs(4 * rgb[60 * y + i] - sum) <= 2);
        }
    for (int y = 0; y < 30; y++)
        memset(own.plane[0] + y * own.stride[0], 93, 120);
    cop_frost_crop(&own, 60, 45, 0.1, 0.5, 0.5, rgb);
    for (size_t i = 0; i < sizeof rgb; i++)
        ck_assert_int_eq(rgb[i], 93);
    clip_free(&own, 1);
}
END_TEST

START_TEST(folders_without_pictures_are_refused_n)
{
    help_folder();
    help_shell("mkdir empty && touch empty/list.txt && echo no > broken.png");
    static const char *const names[] = {"empty", "missing"};
    for (int i = 0; i < 2; i++) {
        char params[512];
        snprintf(params, sizeof params, "folder=%s", help_path(names[i]));
        const CopCorruptSpec spec = {.name = "frost", .severity = 2, .params = params};
        CopCorrupt *corrupt;
        CopError err = {0};
        ck_assert_int_eq(cop_corrupt_create(&corrupt, &spec, &err), COP_ERR_CONFIG);
        ck_assert_msg(strstr(err.text, names[i]) != NULL, "%s", err.text);
    }
    char params[512];
    snprintf(params, sizeof params, "folder=%s", help_folder());
    CopCorrupt *corrupt = weather_make("frost", 2, COP_TEMPORAL_STATIC, NULL, params);
    CopFrame frame = weather_flat(20, 20, 7, 0);
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_ERR_DATA);
    clip_free(&frame, 1);
    cop_corrupt_destroy(&corrupt);
    help_remove_folder();
}
END_TEST

/* At first the border is covered and the middle untouched; more and more is, and in the end
 * it is the frost that stays. */
START_TEST(frost_spreads_from_the_border)
{
    enum { SIDE = 96 };
    CopCorrupt *spreads = weather_make("frost", 4, COP_TEMPORAL_COHERENT, NULL, "growth=100");
    CopCorrupt *stays = weather_make("frost", 4, COP_TEMPORAL_STATIC, NULL, NULL);
    CopFrame whole = weather_seen(stays, SIDE, SIDE, 60, 0);
    int covered[4];
    for (int k = 0; k < 4; k++) {
        CopFrame frame = weather_seen(spreads, SIDE, SIDE, 60, 40 * k);
        covered[k] = 0;
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++)
                covered[k] += fabs(weather_at(&frame, x, y) - weather_at(&whole, x, y)) <= 1;
        if (k == 0)
            ck_assert(weather_at(&frame, SIDE / 2, SIDE / 2) == 60);
        clip_free(&frame, 1);
    }
    ck_assert_msg(covered[0] > SIDE && covered[0] < SIDE * SIDE / 2 && covered[1] > covered[0] &&
                      covered[2] > covered[1] && covered[3] == SIDE * SIDE,
                  "%d, %d, %d, %d", covered[0], covered[1], covered[2], covered[3]);
    clip_free(&whole, 1);
    cop_corrupt_destroy(&spreads);
    cop_corrupt_destroy(&stays);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_frost");
    TCase *tc = tcase_create("weather");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, frost_has_the_photographs_statistics);
    tcase_add_test(tc, ferns_grow_from_the_border);
    tcase_add_test(tc, frost_of_any_size);
    tcase_add_test(tc, pictures_of_a_folder_are_cropped);
    tcase_add_test(tc, pictures_are_resized);
    tcase_add_test(tc, folders_without_pictures_are_refused_n);
    tcase_add_test(tc, frost_spreads_from_the_border);
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

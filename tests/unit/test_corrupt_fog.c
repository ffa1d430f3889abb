/* Fog: statistics of its maps, how it drifts and morphs.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdlib.h>

#include "pipeline/corrupt/plasma.h"
#include "pipeline/corrupt/torus.h"
#include "tests/corrupt_clip.h"
#include "tests/weather_help.h"

/* --- plasma and fog ------------------------------------------------------------------- */

enum { MAP = 256, CROP = 224, MAPS = 60 };

static double *map_of(uint32_t seed, double decay)
{
    double *map = malloc(sizeof *map * MAP * MAP);
    ck_assert(map != NULL);
    const CopPlasmaWords words = {.key = cop_rng_key(seed, "test"), .at = {0}};
    cop_plasma(map, MAP, decay, cop_plasma_words, &words);
    return map;
}

static double lagged(const double *map, double mean, int lag)
{
    double ab = 0, aa = 0, n = 0, m = 0;
    for (int y = 0; y < CROP; y++)
        for (int x = 0; x < CROP; x++) {
            const double p = map[y * MAP + x] - mean;
            aa += p * p;
            m++;
            if (x + lag < CROP) {
                ab += p * (map[y * MAP + x + lag] - mean);
                n++;
            }
        }
    return ab / n / (aa / m);
}

/* Mean .50, deviations .154/.154/.162/.169/.180 and autocorrelations .997 (lag 1) and .95 to
 * .96 (lag 8), measured on the original's maps. */
START_TEST(plasma_has_the_originals_statistics)
{
    static const double decays[] = {2, 2, 1.7, 1.5, 1.4};
    static const double deviation[] = {0.154, 0.154, 0.162, 0.169, 0.180};
    Sample mean = {0}, std = {0}, lag1 = {0}, lag8 = {0};
    for (uint32_t seed = 0; seed < MAPS; seed++) {
        double *map = map_of(1000 * (uint32_t)_i + seed, decays[_i]);
        double sum = 0, squares = 0, low = 2, high = -2;
        for (int i = 0; i < MAP * MAP; i++) {
            low = fmin(low, map[i]);
            high = fmax(high, map[i]);
        }
        ck_assert(low == 0 && high == 1);
        for (int y = 0; y < CROP; y++)
            for (int x = 0; x < CROP; x++) {
                sum += map[y * MAP + x];
                squares += map[y * MAP + x] * map[y * MAP + x];
            }
        const double m = sum / (CROP * CROP);
        sample_add(&mean, m);
        sample_add(&std, sqrt(squares / (CROP * CROP) - m * m));
        sample_add(&lag1, lagged(map, m, 1));
        sample_add(&lag8, lagged(map, m, 8));
        free(map);
    }
    sample_check(&mean, 0.5, 0.01, "mean");
    sample_check(&std, deviation[_i], 0.02, "deviation"); /* of few maps itself */
    sample_check(&lag1, 0.997, 0.004, "lag 1");
    sample_check(&lag8, 0.955, 0.03, "lag 8");
}
END_TEST

/* Neighbours across the seam are as close as any. */
START_TEST(plasma_wraps_around)
{
    double inside = 0, across = 0;
    for (uint32_t seed = 0; seed < 20; seed++) {
        double *map = map_of(seed, 1.5);
        for (int y = 0; y < MAP; y++) {
            across += fabs(map[y * MAP + MAP - 1] - map[y * MAP]) +
                      fabs(map[(MAP - 1) * MAP + y] - map[y]);
            for (int x = 0; x + 1 < MAP; x++)
                inside += (fabs(map[y * MAP + x] - map[y * MAP + x + 1]) +
                           fabs(map[x * MAP + y] - map[(x + 1) * MAP + y])) /
                          (MAP - 1);
        }
        free(map);
    }
    ck_assert_msg(across < 1.2 * inside && across > 0.8 * inside, "%g, %g", across, inside);
}
END_TEST

static void no_numbers(const void *ctx, uint32_t first, int n, double wibble, double *out)
{
    (void)ctx, (void)first, (void)wibble;
    for (int i = 0; i < n; i++)
        out[i] = 0;
}

START_TEST(plasma_of_nothing_is_even)
{
    double map[64];
    cop_plasma(map, 8, 2, no_numbers, NULL);
    for (int i = 0; i < 64; i++)
        ck_assert(map[i] == 0.5);
    ck_assert_int_eq(cop_plasma_side(1), 32);
    ck_assert_int_eq(cop_plasma_side(33), 64);
    ck_assert_int_eq(cop_plasma_side(1280), 2048);
    ck_assert_int_eq(cop_plasma_side(16384), COP_PLASMA_SIDE_MAX);
}
END_TEST

/* Whole pixels of drift move the picture exactly, over the seam of the torus too. */
START_TEST(fog_drifts_by_whole_pixels)
{
    enum { W = 64, H = 48, T = 9 };
    CopCorrupt *corrupt = weather_make("fog", 3, COP_TEMPORAL_COHERENT, NULL,
                                       "drift_x=3, drift_y=-1, morph=0, map_size=64");
    CopFrame a = weather_seen(corrupt, W, H, 90, 0), b = weather_seen(corrupt, W, H, 90, T);
    for (int y = 0; y + T < H; y++)
        for (int x = 0; x < W; x++)
            ck_assert(weather_at(&a, (x + W - 3 * T) % W, y + T) == weather_at(&b, x, y));
    cop_corrupt_destroy(&corrupt);
    clip_free(&a, 1);
    clip_free(&b, 1);
}
END_TEST

/* 0.3 columns and 0.05 rows a frame: after 40 frames the peak lies at (12, 2). */
START_TEST(fog_drifts_by_parts_of_a_pixel)
{
    CopCorrupt *corrupt = weather_make("fog", 5, COP_TEMPORAL_COHERENT, NULL, "morph=0");
    CopFrame a = weather_seen(corrupt, 224, 224, 90, 1000),
             b = weather_seen(corrupt, 224, 224, 90, 1040);
    CopFrame next = weather_seen(corrupt, 224, 224, 90, 1001);
    int x, y;
    weather_peak(&a, &b, 9, 0, 6, &x, &y);
    ck_assert_msg(x == 12 && y == 2, "moved by (%d, %d)", x, y);
    ck_assert(weather_correlation(&a, &next, 0, 0) > 0.99);
    cop_corrupt_destroy(&corrupt);
    clip_free(&b, 1);
    corrupt = weather_make("fog", 5, COP_TEMPORAL_COHERENT, NULL, NULL); /* morphs, too */
    CopFrame c = weather_seen(corrupt, 224, 224, 90, 1000);
    b = weather_seen(corrupt, 224, 224, 90, 1040);
    weather_peak(&c, &b, 9, 0, 6, &x, &y);
    ck_assert_msg(abs(x - 12) <= 2 && abs(y - 2) <= 2, "moved by (%d, %d)", x, y);
    cop_corrupt_destroy(&corrupt);
    clip_free(&c, 1);
    clip_free(&a, 1);
    clip_free(&b, 1);
    clip_free(&next, 1);
}
END_TEST

/* Half way round the circle the map is turned over; then it comes back. */
START_TEST(fog_morphs_and_comes_back)
{
    CopCorrupt *corrupt =
        weather_make("fog", 4, COP_TEMPORAL_COHERENT, NULL, "drift_x=0, drift_y=0, morph=100");
    CopFrame first = weather_seen(corrupt, 96, 80, 90, 0),
             quarter = weather_seen(corrupt, 96, 80, 90, 25);
    CopFrame half = weather_seen(corrupt, 96, 80, 90, 50),
             again = weather_seen(corrupt, 96, 80, 90, 300);
    ck_assert(clip_same_pixels(&first, &again));
    ck_assert(weather_correlation(&first, &half, 0, 0) < -0.95);
    ck_assert(fabs(weather_correlation(&first, &quarter, 0, 0)) < 0.9);
    cop_corrupt_destroy(&corrupt);
    CopCorrupt *still = weather_make("fog", 4, COP_TEMPORAL_STATIC, NULL, "maximum=one");
    CopFrame kept = weather_seen(still, 96, 80, 90, 77);
    int worst = 0;
    for (int y = 0; y < 80; y++)
        for (int x = 0; x < 96; x++)
            worst = (int)fmax(worst, fabs(weather_at(&kept, x, y) - weather_at(&first, x, y)));
    ck_assert_int_le(worst, 1); /* of the same map, kept in 16 bits where it moves */
    cop_corrupt_destroy(&still);
    clip_free(&kept, 1);
    clip_free(&first, 1);
    clip_free(&quarter, 1);
    clip_free(&half, 1);
    clip_free(&again, 1);
}
END_TEST

/* Of a black frame M is 0 and the frame stays; M = 1 makes it grey. A brighter frame makes
 * more fog only where M is the frame's. */
START_TEST(fog_takes_the_maximum_it_is_told)
{
    CopCorrupt *of_frame = weather_make("fog", 3, COP_TEMPORAL_STATIC, NULL, NULL);
    CopCorrupt *one = weather_make("fog", 3, COP_TEMPORAL_STATIC, NULL, "maximum=one");
    CopCorrupt *moving = weather_make("fog", 3, COP_TEMPORAL_COHERENT, NULL, NULL);
    CopFrame a = weather_seen(of_frame, 40, 30, 0, 0), b = weather_seen(one, 40, 30, 0, 0);
    CopFrame c = weather_seen(moving, 40, 30, 0, 0);
    double sum[3] = {0};
    for (int y = 0; y < 30; y++)
        for (int x = 0; x < 40; x++) {
            sum[0] += weather_at(&a, x, y);
            sum[1] += weather_at(&b, x, y);
            sum[2] += weather_at(&c, x, y);
        }
    ck_assert(sum[0] == 0 && sum[1] > 0 && fabs(sum[2] / sum[1] - 1) < 0.01);
    clip_free(&a, 1);
    clip_free(&b, 1);
    clip_free(&c, 1);
    cop_corrupt_destroy(&of_frame);
    cop_corrupt_destroy(&one);
    cop_corrupt_destroy(&moving);
}
END_TEST

START_TEST(torus_reads_between_pixels)
{
    enum { W = 5, H = 3 };
    uint16_t layer[H][W];
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            layer[y][x] = (uint16_t)(1000 * y + 10 * x * x);
    const double shifts[][2] = {{0, 0}, {0.25, 0}, {-1.5, 2.75}, {4.5, -0.5}, {1e6 + 0.5, -1e6}};
    for (size_t s = 0; s < sizeof shifts / sizeof shifts[0]; s++)
        for (int y = 0; y < 7; y++) {
            float line[10], out[9];
            const CopTorusRow row = cop_torus_row(W, H, shifts[s][0], shifts[s][1], y);
            cop_torus_read(&layer[0][0], W, &row, line, out, 9);
            for (int x = 0; x < 9; x++) {
                const double u = shifts[s][0] + x, v = shifts[s][1] + y;
                const double fu = u - floor(u), fv = v - floor(v);
                const int l = ((int)floor(u) % W + W) % W, r = (l + 1) % W;
                const int t = ((int)floor(v) % H + H) % H, b = (t + 1) % H;
                const double want = (1 - fv) * ((1 - fu) * layer[t][l] + fu * layer[t][r]) +
                                    fv * ((1 - fu) * layer[b][l] + fu * layer[b][r]);
                ck_assert(fabs((double)out[x] - want) < 0.01);
            }
        }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_fog");
    TCase *tc = tcase_create("weather");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, plasma_has_the_originals_statistics, 0, 5);
    tcase_add_test(tc, plasma_wraps_around);
    tcase_add_test(tc, plasma_of_nothing_is_even);
    tcase_add_test(tc, fog_drifts_by_whole_pixels);
    tcase_add_test(tc, fog_drifts_by_parts_of_a_pixel);
    tcase_add_test(tc, fog_morphs_and_comes_back);
    tcase_add_test(tc, fog_takes_the_maximum_it_is_told);
    tcase_add_test(tc, torus_reads_between_pixels);
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

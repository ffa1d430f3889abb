/* Snow: what flakes cover, how they wrap around, fall and sway.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdlib.h>

#include "pipeline/corrupt/normal_field.h"
#include "pipeline/corrupt/snow_layer.h"
#include "tests/corrupt_clip.h"
#include "tests/weather_help.h"

/* --- snow ------------------------------------------------------------------------------- */

/* Layers before their blur: coverage .024/.066/.041/.064/.065, mean .014/.040/.040/.060/.061,
 * in half units of the last digit and what the originals' own few samples may be off. */
START_TEST(snow_has_the_originals_coverage)
{
    static const double look[5][4] = {{0.1, 0.3, 3, 0.5},
                                      {0.2, 0.3, 2, 0.5},
                                      {0.55, 0.3, 4, 0.9},
                                      {0.55, 0.3, 4.5, 0.85},
                                      {0.55, 0.3, 2.5, 0.85}};
    static const double covered[] = {0.024, 0.066, 0.041, 0.064, 0.065};
    static const double level[] = {0.014, 0.040, 0.040, 0.060, 0.061};
    enum { SIDE = 224, LAYERS = 40 };
    const CopSnowFlakes flakes = {
        .mean = look[_i][0], .std = look[_i][1], .zoom = look[_i][2], .threshold = look[_i][3]};
    const CopSnowCrop crop = cop_snow_crop(SIDE, SIDE, flakes.zoom);
    Sample cover[2] = {{0}}, mean[2] = {{0}};
    uint8_t *layer = malloc(SIDE * SIDE);
    uint16_t *torus = malloc(SIDE * SIDE * sizeof *torus);
    double *field = malloc(SIDE * SIDE * sizeof *field);
    ck_assert(layer && torus && field);
    for (uint32_t i = 0; i < LAYERS; i++) {
        const CopRngKey key = cop_rng_key(i, "test");
        const CopRngAddress address = {.draw = (uint32_t)_i, .frame = 0, .clip = 0};
        cop_normal_field(key, address, 0, flakes.mean, flakes.std, field, crop.width * crop.height);
        ck_assert_int_eq(cop_snow_still(field, SIDE, SIDE, &flakes, layer), COP_OK);
        ck_assert_int_eq(cop_snow_torus(key, address, SIDE, SIDE, &flakes, torus), COP_OK);
        double n[2] = {0}, sum[2] = {0};
        for (int k = 0; k < SIDE * SIDE; k++) {
            n[0] += layer[k] > 0;
            n[1] += torus[k] > 0;
            sum[0] += layer[k] / 255.0;
            sum[1] += torus[k] / 65535.0;
        }
        for (int k = 0; k < 2; k++) {
            sample_add(&cover[k], n[k] / (SIDE * SIDE));
            sample_add(&mean[k], sum[k] / (SIDE * SIDE));
        }
    }
    for (int k = 0; k < 2; k++) {
        sample_check(&cover[k], covered[_i], 0.001 + 0.1 * covered[_i], k ? "torus" : "coverage");
        sample_check(&mean[k], level[_i], 0.001 + 0.1 * level[_i], k ? "torus, mean" : "mean");
    }
    free(layer);
    free(torus);
    free(field);
}
END_TEST

/* What wraps around has no seam: a layer read from its middle on is the same blur. */
START_TEST(snow_torus_wraps_around)
{
    enum { W = 60, H = 44 };
    const CopSnowFlakes flakes = {.mean = 0.4,
                                  .std = 0.3,
                                  .zoom = 4,
                                  .threshold = 0.5,
                                  .radius = 6,
                                  .sigma = 4,
                                  .angle = -70};
    static uint16_t layer[H][W];
    const CopRngKey key = cop_rng_key(3, "test");
    ck_assert_int_eq(cop_snow_torus(key, (CopRngAddress){0}, W, H, &flakes, &layer[0][0]), COP_OK);
    double inside = 0, across = 0;
    for (int y = 0; y < H; y++) {
        across += abs(layer[y][W - 1] - layer[y][0]);
        for (int x = 0; x + 1 < W; x++)
            inside += abs(layer[y][x] - layer[y][x + 1]) / (W - 1.0);
    }
    for (int x = 0; x < W; x++) {
        across += abs(layer[H - 1][x] - layer[0][x]);
        for (int y = 0; y + 1 < H; y++)
            inside += abs(layer[y][x] - layer[y + 1][x]) / (H - 1.0);
    }
    ck_assert_msg(across < 1.5 * inside, "%g across the seam, %g inside", across, inside);
}
END_TEST

/* Near flakes move by `speed` along the tail of their blur, far ones by 0.6 of it. */
START_TEST(snow_falls_along_its_blur)
{
    CopCorrupt *corrupt = weather_make("snow", 2, COP_TEMPORAL_COHERENT, "imagenet-c-224",
                                       "speed=20, sway=0, weight=1, zoom=3");
    CopFrame a = weather_seen(corrupt, 224, 224, 0, 33), b = weather_seen(corrupt, 224, 224, 0, 34);
    const CopRngAddress address = {0};
    const double angle = -135 + 90 * cop_rng_uniform(corrupt->key, 0, address);
    const double depths[] = {1, 0.6};
    for (int i = 0; i < 2; i++) {
        const double x = -20 * depths[i] * cos(angle * acos(-1) / 180);
        const double y = -20 * depths[i] * sin(angle * acos(-1) / 180);
        ck_assert(y > 0);
        int px, py;
        weather_peak(&a, &b, (int)floor(x + 0.5), (int)floor(y + 0.5), 3, &px, &py);
        ck_assert_msg(fabs(px - x) <= 1 && fabs(py - y) <= 1, "(%d, %d), not (%g, %g)", px, py, x,
                      y);
        ck_assert(weather_correlation(&a, &b, px, py) > weather_correlation(&a, &b, 0, 0) + 0.2);
    }
    cop_corrupt_destroy(&corrupt);
    clip_free(&a, 1);
    clip_free(&b, 1);
}
END_TEST

/* The wind turns the way by no more than it says. */
START_TEST(snow_sways_and_comes_back)
{
    CopCorrupt *swaying = weather_make("snow", 3, COP_TEMPORAL_COHERENT, NULL, "sway=30, speed=4");
    CopCorrupt *straight = weather_make("snow", 3, COP_TEMPORAL_COHERENT, NULL, "sway=0, speed=4");
    const int still[] = {0, 75, 150}; /* where the sine is 0 */
    for (int i = 0; i < 3; i++) {
        CopFrame a = weather_seen(swaying, 96, 64, 40, still[i]),
                 b = weather_seen(straight, 96, 64, 40, still[i]);
        ck_assert(weather_correlation(&a, &b, 0, 0) > 0.999);
        clip_free(&a, 1);
        clip_free(&b, 1);
    }
    CopFrame a = weather_seen(swaying, 96, 64, 40, 37), b = weather_seen(straight, 96, 64, 40, 37);
    ck_assert(weather_correlation(&a, &b, 0, 0) < 0.5);
    clip_free(&a, 1);
    clip_free(&b, 1);
    cop_corrupt_destroy(&swaying);
    cop_corrupt_destroy(&straight);
}
END_TEST

START_TEST(still_snow_is_symmetric)
{
    CopCorrupt *corrupt = weather_make("snow", 3, COP_TEMPORAL_STATIC, NULL, NULL);
    CopFrame a = weather_seen(corrupt, 65, 40, 70, 3), b = weather_seen(corrupt, 65, 40, 70, 9);
    ck_assert(clip_same_pixels(&a, &b));
    for (int y = 0; y < 40; y++)
        for (int x = 0; x < 65; x++)
            ck_assert(weather_at(&a, x, y) == weather_at(&a, 64 - x, 39 - y));
    cop_corrupt_destroy(&corrupt);
    clip_free(&a, 1);
    clip_free(&b, 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_snow");
    TCase *tc = tcase_create("weather");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, snow_has_the_originals_coverage, 0, 5);
    tcase_add_test(tc, snow_torus_wraps_around);
    tcase_add_test(tc, snow_falls_along_its_blur);
    tcase_add_test(tc, snow_sways_and_comes_back);
    tcase_add_test(tc, still_snow_is_symmetric);
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

/* Weather against outputs of the original scripts, which are fed with the numbers that
 * these drew (corrupt/README.md): byte for byte.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/fog_veil.h"
#include "pipeline/corrupt/plasma.h"
#include "pipeline/corrupt/rain_fall.h"
#include "pipeline/corrupt/snow_layer.h"
#include "pipeline/corrupt/spatter_mask.h"
#include "tests/corrupt_clip.h"
#include "tests/golden_help.h"

static void check_equal(const CopFrame *got, const CopFrame *want, const char *name, int i)
{
    int worst;
    const size_t differ = golden_differ(got, want, &worst);
    ck_assert_msg(differ == 0, "%s, frame %d: %zu bytes differ, by up to %d", name, i, differ,
                  worst);
}

/* --- fog ---------------------------------------------------------------------------- */

/* The original's numbers, which already lie on -wibble .. wibble. */
static void recorded(const void *draws, uint32_t first, int n, double wibble, double *out)
{
    const double *number = draws;
    for (int i = 0; i < n; i++) {
        out[i] = number[first + (uint32_t)i];
        ck_assert(fabs(out[i]) <= wibble);
    }
}

static void check_fog(const char *name, int side, double weight, double decay)
{
    Golden golden;
    golden_open(&golden, name);
    const size_t n = (size_t)(side * side);
    double *draws = golden_doubles(&golden, "draw.plasma_uniform", n - 1);
    double *map = malloc(n * sizeof *map);
    ck_assert(map != NULL);
    cop_plasma(map, side, decay, recorded, draws);
    for (int i = 0; i < golden.t; i++) {
        CopFrame frame = golden_frame(&golden, golden.input, i);
        CopFrame want = golden_frame(&golden, golden.output, i);
        const double maximum = cop_fog_maximum(&frame);
        for (int y = 0; y < golden.h; y++)
            cop_fog_row(frame.plane[0] + y * frame.stride[0], map + y * side, golden.w, weight,
                        maximum);
        check_equal(&frame, &want, name, i);
        clip_free(&frame, 1);
        clip_free(&want, 1);
    }
    free(map);
    free(draws);
    cop_safetensors_close(&golden.file);
}

START_TEST(fog_is_exact)
{
    check_fog("tiny-64_fog_s1_coffee", 64, 0.4, 3);
    check_fog("tiny-64_fog_s3_coffee", 64, 1, 2.5);
    check_fog("tiny-64_fog_s5_coffee", 64, 2, 1.75);
}
END_TEST

START_TEST(fog_of_a_clip_is_exact)
{
    check_fog("mini-kinetics-64_fog_s5_astronaut", 256, 3, 1.4);
}
END_TEST

/* --- rain --------------------------------------------------------------------------- */

static void check_rain(const char *name, int drops, int length, double darken)
{
    Golden golden;
    golden_open(&golden, name);
    double *place = golden_doubles(&golden, "draw.drops", (size_t)(golden.t * drops * 2));
    const size_t n = (size_t)(golden.w * golden.h);
    CopRainMask mask = {.level = malloc(n), .width = golden.w, .height = golden.h};
    const CopRainScratch scratch = {.lit = malloc(3 * n), .soft = malloc(3 * n)};
    ck_assert(mask.level && scratch.lit && scratch.soft);
    for (int i = 0; i < golden.t; i++) {
        CopFrame frame = golden_frame(&golden, golden.input, i);
        CopFrame want = golden_frame(&golden, golden.output, i);
        memset(mask.level, 0, n);
        for (int drop = 0; drop < drops; drop++) {
            const double *at = place + 2 * (i * drops + drop);
            cop_rain_line(&mask, (int)at[0], (int)at[1], length, 220);
        }
        cop_rain_blend(&frame, &mask, darken, &scratch);
        check_equal(&frame, &want, name, i);
        clip_free(&frame, 1);
        clip_free(&want, 1);
    }
    free(mask.level);
    free(scratch.lit);
    free(scratch.soft);
    free(place);
    cop_safetensors_close(&golden.file);
}

START_TEST(rain_is_exact)
{
    check_rain("mini-kinetics-112_rain_s5_coffee", 31, 80, 0.5);
}
END_TEST

/* --- spatter ------------------------------------------------------------------------ */

static void check_spatter(const char *name, double sigma, double threshold, double amount, bool mud)
{
    Golden golden;
    golden_open(&golden, name);
    const size_t n = (size_t)(golden.w * golden.h);
    double *field = golden_doubles(&golden, "draw.spatter_field", n);
    float *mask = malloc(n * sizeof *mask), *scratch = malloc(n * 6 * sizeof *mask);
    ck_assert(mask && scratch);
    ck_assert_int_eq(cop_spatter_liquid(field, golden.w, golden.h, sigma, threshold), COP_OK);
    if (mud)
        ck_assert_int_eq(cop_spatter_mud(field, golden.w, golden.h, threshold, amount, mask),
                         COP_OK);
    else
        ck_assert_int_eq(cop_spatter_water(field, golden.w, golden.h, 20, 1, mask), COP_OK);
    CopFrame frame = golden_frame(&golden, golden.input, 0);
    CopFrame want = golden_frame(&golden, golden.output, 0);
    const float light = (float)amount;
    for (int y = 0; y < golden.h; y++)
        cop_spatter_row(frame.plane[0] + y * frame.stride[0], mask + y * golden.w, scratch,
                        golden.w, mud ? NULL : &light);
    check_equal(&frame, &want, name, 0);
    clip_free(&frame, 1);
    clip_free(&want, 1);
    free(scratch);
    free(mask);
    free(field);
    cop_safetensors_close(&golden.file);
}

START_TEST(spatter_is_exact)
{
    check_spatter("tiny-64_spatter_s1_coffee", 0.7, 0.7, 0.6, false);
    check_spatter("tiny-64_spatter_s3_coffee", 1, 0.69, 0.6, false);
    check_spatter("tiny-64_spatter_s5_coffee", 0.5, 0.67, 0.6, true);
    check_spatter("tiny-64_spatter_s1_astronaut", 0.7, 0.7, 0.6, false);
    check_spatter("tiny-64_spatter_s3_astronaut", 1, 0.69, 0.6, false);
    check_spatter("tiny-64_spatter_s5_astronaut", 0.5, 0.67, 0.6, true);
}
END_TEST

/* --- snow --------------------------------------------------------------------------- */

static void check_snow(const char *name, const CopSnowFlakes *look, double weight)
{
    Golden golden;
    golden_open(&golden, name);
    const int w = golden.w, h = golden.h;
    const size_t n = (size_t)(w * h);
    double *field = golden_doubles(&golden, "draw.snow_field", n);
    double *angle = golden_doubles(&golden, "draw.angle", 1);
    CopSnowFlakes flakes = *look;
    flakes.angle = *angle;
    const CopSnowCrop crop = cop_snow_crop(w, h, flakes.zoom);
    double *part = malloc(n * sizeof *part), *scratch = malloc(3 * n * sizeof *part);
    uint8_t *layer = malloc(n);
    float *front = malloc(n * sizeof *front), *back = malloc(n * sizeof *back);
    ck_assert(part && scratch && layer && front && back);
    for (int y = 0; y < crop.height; y++)
        memcpy(part + y * crop.width, field + (crop.top + y) * w + crop.left,
               (size_t)crop.width * sizeof *part);
    ck_assert_int_eq(cop_snow_still(part, w, h, &flakes, layer), COP_OK);
    CopFrame frame = golden_frame(&golden, golden.input, 0);
    CopFrame want = golden_frame(&golden, golden.output, 0);
    for (size_t i = 0; i < n; i++) {
        front[i] = layer[i];
        back[i] = layer[n - 1 - i];
    }
    for (int y = 0; y < h; y++)
        cop_snow_row(frame.plane[0] + y * frame.stride[0], front + y * w, back + y * w, 255,
                     scratch, w, weight);
    check_equal(&frame, &want, name, 0);
    clip_free(&frame, 1);
    clip_free(&want, 1);
    free(front);
    free(back);
    free(layer);
    free(scratch);
    free(part);
    free(angle);
    free(field);
    cop_safetensors_close(&golden.file);
}

START_TEST(snow_is_exact)
{
    CopSnowFlakes flakes = {.zoom = 1, .threshold = 0.6, .radius = 8, .sigma = 3};
    check_snow("tiny-64_snow_s1_coffee", &flakes, 0.8);
    flakes = (CopSnowFlakes){.zoom = 1.75, .threshold = 0.55, .radius = 10, .sigma = 4};
    check_snow("tiny-64_snow_s3_coffee", &flakes, 0.7);
    flakes = (CopSnowFlakes){.zoom = 1.25, .threshold = 0.65, .radius = 14, .sigma = 12};
    check_snow("tiny-64_snow_s5_coffee", &flakes, 0.6);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("golden_weather");
    TCase *tc = tcase_create("originals");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, fog_is_exact);
    tcase_add_test(tc, fog_of_a_clip_is_exact);
    tcase_add_test(tc, rain_is_exact);
    tcase_add_test(tc, spatter_is_exact);
    tcase_add_test(tc, snow_is_exact);
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

/* Rain: what it covers, its streaks, how they fall.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <string.h>

#include "pipeline/corrupt/rain_fall.h"
#include "tests/corrupt_clip.h"
#include "tests/weather_help.h"

/* --- rain ------------------------------------------------------------------------------- */

/* Share of a black frame that is lit; contrast is left alone. */
static double coverage(CopCorrupt *corrupt, int width, int height, int64_t index)
{
    CopFrame frame = weather_seen(corrupt, width, height, 0, index);
    double n = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            n += weather_at(&frame, x, y) > 0;
    clip_free(&frame, 1);
    return n / (width * height);
}

/* .014/.038/.074/.112/.176 at 224, and the same at 112, where the lines are as long. */
START_TEST(rain_covers_as_much_as_the_original)
{
    static const double want[] = {0.014, 0.038, 0.074, 0.112, 0.176};
    for (int size = 224; size >= 112; size /= 2) {
        Sample fresh = {0};
        CopCorrupt *corrupt =
            weather_make("rain", _i + 1, COP_TEMPORAL_IID, "kinetics-c", "darken=1");
        for (int i = 0; i < 40; i++)
            sample_add(&fresh, coverage(corrupt, size, size, i));
        cop_corrupt_destroy(&corrupt);
        /* Drops are whole: at 112 there are up to one of 16 fewer. */
        sample_check(&fresh, want[_i], size == 224 ? 0.001 : 0.001 + want[_i] / 8, "coverage");
    }
    Sample moving = {0};
    CopCorrupt *corrupt =
        weather_make("rain", _i + 1, COP_TEMPORAL_COHERENT, "kinetics-c", "darken=1");
    for (int i = 0; i < 40; i++)
        sample_add(&moving, coverage(corrupt, 224, 224, 7 * i));
    cop_corrupt_destroy(&corrupt);
    sample_check(&moving, want[_i], 0.3 * want[_i], "coverage of falling rain");
}
END_TEST

START_TEST(rain_line_is_the_originals)
{
    uint8_t level[9 * 4];
    CopRainMask mask = {.level = level, .width = 4, .height = 9};
    const struct {
        int x, y, length;
        const char *want; /* rows of four */
    } cases[] = {{2, 1, 4, "....|..#.|..#.|.#..|.#..|.#..|....|....|....|"},
                 {1, 6, 6, "....|....|....|....|....|....|.#..|.#..|.#..|"},
                 {0, 3, 4, "....|....|....|#...|....|....|....|....|....|"},
                 {-1, 3, 4, "....|....|....|....|....|....|....|....|....|"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(level, 0, sizeof level);
        cop_rain_line(&mask, cases[i].x, cases[i].y, cases[i].length, 220);
        for (int k = 0; k < 36; k++)
            ck_assert_int_eq(level[k], cases[i].want[k / 4 * 5 + k % 4] == '#' ? 220 : 0);
    }
}
END_TEST

/* A smooth streak of width w covers as much as w columns, less what fades: the integral
 * of 1 - t^4 over -1 .. 1 is 8/5 of 2. */
START_TEST(rain_streak_has_its_area)
{
    enum { W = 64, H = 64 };
    static uint8_t level[W * H];
    CopRainMask mask = {.level = level, .width = W, .height = H};
    const double widths[] = {0.5, 1, 2.5, 7.3};
    for (int i = 0; i < 4; i++) {
        memset(level, 0, sizeof level);
        const CopRainStreak streak = {
            .x = 40.3, .y = 7.6, .length = 50, .slant = -9, .width = widths[i], .level = 255};
        cop_rain_streak(&mask, &streak);
        double sum = 0;
        for (int k = 0; k < W * H; k++)
            sum += level[k] / 255.0;
        const double want = widths[i] * 50 * 0.8;
        /* Each pixel is cut by up to a level. */
        ck_assert_msg(fabs(sum - want) < 0.01 * want + 50 * (widths[i] + 2) / 255, "%g, not %g",
                      sum, want);
    }
}
END_TEST

/* A streak of length 20 falls by .8 to 1.2 of its length, or .6 of that. */
START_TEST(rain_falls)
{
    CopCorrupt *corrupt = weather_make("rain", 3, COP_TEMPORAL_COHERENT, NULL,
                                       "darken=1, length=20, slant=0, area=2000, width=2");
    CopFrame a = weather_seen(corrupt, 224, 224, 0, 50), b = weather_seen(corrupt, 224, 224, 0, 51);
    double best = -1;
    int moved = 0;
    for (int dy = -40; dy <= 40; dy++) {
        const double c = weather_correlation(&a, &b, 0, dy);
        if (c > best) {
            best = c;
            moved = dy;
        }
    }
    ck_assert_msg(moved >= 9 && moved <= 24, "moved by %d", moved);
    cop_corrupt_destroy(&corrupt);
    corrupt = weather_make("rain", 3, COP_TEMPORAL_COHERENT, NULL, "speed=0");
    CopFrame c = weather_seen(corrupt, 64, 48, 30, 3), d = weather_seen(corrupt, 64, 48, 30, 90);
    ck_assert(clip_same_pixels(&c, &d));
    cop_corrupt_destroy(&corrupt);
    clip_free(&a, 1);
    clip_free(&b, 1);
    clip_free(&c, 1);
    clip_free(&d, 1);
}
END_TEST

/* A strip, thin and high, has a number of drops that ends. */
START_TEST(hostile_shapes_end)
{
    CopCorrupt *corrupt = clip_corrupt("rain", 5, 7, NULL, "area=20, slant=2000");
    CopFrame in = clip_frame(COP_PIXEL_RGB, 1, 16384, 3), out;
    ck_assert_int_eq(cop_corrupt_frames(corrupt, &in, 1, &out), COP_OK);
    clip_free(&in, 1);
    clip_free(&out, 1);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_rain");
    TCase *tc = tcase_create("weather");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, hostile_shapes_end);
    tcase_add_loop_test(tc, rain_covers_as_much_as_the_original, 0, 5);
    tcase_add_test(tc, rain_line_is_the_originals);
    tcase_add_test(tc, rain_streak_has_its_area);
    tcase_add_test(tc, rain_falls);
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

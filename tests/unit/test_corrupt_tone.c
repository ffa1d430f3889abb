/* Saturation and contrast against slow, plain versions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/corrupt_clip.h"

static int level_of(double x)
{
    return (int)(fmin(fmax(x, 0), 1) * 255);
}

/* RGB to HSV and back by the formulas of A. R. Smith (1978), in doubles. */
static void saturate_slowly(const int rgb[3], double gain, double offset, int out[3])
{
    const double r = rgb[0] / 255.0, g = rgb[1] / 255.0, b = rgb[2] / 255.0;
    const double v = fmax(r, fmax(g, b)), delta = v - fmin(r, fmin(g, b));
    double h = 0, s = 0;
    if (delta > 0) {
        s = delta / v;
        h = b == v ? 4 + (r - g) / delta : g == v ? 2 + (b - r) / delta : (g - b) / delta;
        h /= 6;
        h -= floor(h);
    }
    s = fmin(fmax(s * gain + offset, 0), 1);
    const double sector = floor(h * 6), f = h * 6 - sector;
    const double p = v * (1 - s), q = v * (1 - f * s), t = v * (1 - (1 - f) * s);
    const double table[6][3] = {{v, t, p}, {q, v, p}, {p, v, t}, {p, q, v}, {t, p, v}, {v, p, q}};
    for (int i = 0; i < 3; i++)
        out[i] = level_of(table[(int)sector % 6][i]);
}

/* A third of all colours doubled, which gives the most whole levels; fewer otherwise. */
START_TEST(saturation_equals_hsv_in_doubles)
{
    static const struct {
        double gain, offset;
    } change[] = {{2, 0}, {1, 0}, {0.3, 0}, {0.1, 0}, {5, 0.1}, {20, 0.2}, {2.5, 0.2}, {0.5, -0.2}};
    const int step = _i < 1 ? 3 : 15;
    char params[64];
    snprintf(params, sizeof params, "gain=%g, offset=%g", change[_i].gain, change[_i].offset);
    CopCorrupt *corrupt = clip_corrupt("saturate", 3, 0, NULL, params);
    CopFrame frame = clip_frame(COP_PIXEL_RGB, 256, 256, 0);
    for (int r = 0; r < 256; r += step) {
        for (int g = 0; g < 256; g++)
            for (int b = 0; b < 256; b++) {
                uint8_t *x = frame.plane[0] + g * frame.stride[0] + 3 * b;
                x[0] = (uint8_t)r;
                x[1] = (uint8_t)g;
                x[2] = (uint8_t)b;
            }
        ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
        for (int g = 0; g < 256; g++)
            for (int b = 0; b < 256; b++) {
                const uint8_t *x = frame.plane[0] + g * frame.stride[0] + 3 * b;
                int want[3];
                saturate_slowly((const int[]){r, g, b}, change[_i].gain, change[_i].offset, want);
                if (x[0] != want[0] || x[1] != want[1] || x[2] != want[2])
                    ck_abort_msg("(%d %d %d) became (%d %d %d), not (%d %d %d)", r, g, b, x[0],
                                 x[1], x[2], want[0], want[1], want[2]);
            }
    }
    cop_corrupt_destroy(&corrupt);
    clip_free(&frame, 1);
}
END_TEST

/* Halves of two levels, each channel its own: the mean lies between them. */
START_TEST(contrast_draws_towards_each_channels_mean)
{
    enum { W = 20, H = 9 };
    static const int level[2][3] = {{10, 100, 250}, {60, 104, 20}};
    for (int about = 0; about < 2; about++) {
        CopFrame frame = clip_frame(COP_PIXEL_RGB, W, H, 0);
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
                for (int c = 0; c < 3; c++)
                    frame.plane[0][y * frame.stride[0] + 3 * x + c] = (uint8_t)level[x < W / 2][c];
        CopCorrupt *corrupt =
            clip_corrupt("contrast", 3, 0, NULL, about ? "gain=0.4, about=grey" : "gain=0.4");
        ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
                for (int c = 0; c < 3; c++) {
                    const double mean = about ? 127.5 : (level[0][c] + level[1][c]) / 2.0;
                    const double want = (level[x < W / 2][c] - mean) * 0.4 + mean;
                    const int seen = frame.plane[0][y * frame.stride[0] + 3 * x + c];
                    ck_assert_msg(seen <= want + 1e-9 && seen > want - 1 - 1e-9, "%d, not %g", seen,
                                  want);
                }
        cop_corrupt_destroy(&corrupt);
        clip_free(&frame, 1);
    }
}
END_TEST

/* The largest gain makes each element black or white, the least one picture of means. */
START_TEST(contrast_of_extreme_gains)
{
    CopFrame frame = clip_frame(COP_PIXEL_RGB, 31, 17, 3);
    CopFrame flat = clip_frame(COP_PIXEL_RGB, 31, 17, 3);
    CopCorrupt *most = clip_corrupt("contrast", 3, 0, NULL, "gain=100");
    CopCorrupt *least = clip_corrupt("contrast", 3, 0, NULL, "gain=0");
    ck_assert_int_eq(cop_corrupt_in_place(most, &frame), COP_OK);
    ck_assert_int_eq(cop_corrupt_in_place(least, &flat), COP_OK);
    int middling = 0;
    for (int y = 0; y < 17; y++)
        for (int x = 0; x < 3 * 31; x++) {
            const int level = frame.plane[0][y * frame.stride[0] + x];
            middling += level > 0 && level < 255;
            ck_assert_int_eq(flat.plane[0][y * flat.stride[0] + x], flat.plane[0][x % 3]);
        }
    /* Only the levels on either side of a mean, of some 150, may lie between. */
    ck_assert_int_lt(middling, 3 * 31 * 17 / 20);
    cop_corrupt_destroy(&most);
    cop_corrupt_destroy(&least);
    clip_free(&frame, 1);
    clip_free(&flat, 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_tone");
    TCase *tc = tcase_create("tone");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, saturation_equals_hsv_in_doubles, 0, 8);
    tcase_add_test(tc, contrast_draws_towards_each_channels_mean);
    tcase_add_test(tc, contrast_of_extreme_gains);
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

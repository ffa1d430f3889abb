/* Brightness and temporal motion blur against closed forms and
 * slow, plain versions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/corrupt_clip.h"

static CopFrame flat(int width, int height, int level, int64_t index)
{
    CopFrame frame = clip_frame(COP_PIXEL_RGB, width, height, index);
    for (int y = 0; y < height; y++)
        memset(frame.plane[0] + y * frame.stride[0], level, (size_t)(3 * width));
    return frame;
}

/* --- brightness ------------------------------------------------------------------- */

static int level_of(double x)
{
    return (int)(fmin(fmax(x, 0), 1) * 255);
}

/* RGB to HSV and back by the formulas of A. R. Smith (1978), in doubles. */
static void brighten_slowly(const int rgb[3], double offset, int out[3])
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
    const double value = fmin(fmax(v + offset, 0), 1), sector = floor(h * 6), f = h * 6 - sector;
    const double p = value * (1 - s), q = value * (1 - f * s), t = value * (1 - (1 - f) * s);
    const double table[6][3] = {{value, t, p}, {q, value, p}, {p, value, t},
                                {p, q, value}, {t, p, value}, {value, p, q}};
    for (int i = 0; i < 3; i++)
        out[i] = level_of(table[(int)sector % 6][i]);
}

/* Every colour at two offsets (0.2 meets the most whole levels), a share at the others. */
START_TEST(brightness_equals_hsv_in_doubles)
{
    static const double offsets[] = {0.2, 0.1, 0.3, 0.4, 0.5, 0.05, 0.15, -0.3};
    const double offset = offsets[_i];
    const int step = _i < 2 ? 1 : 5;
    char params[32];
    snprintf(params, sizeof params, "offset=%g", offset);
    CopCorrupt *corrupt = clip_corrupt("brightness", 3, 0, NULL, params);
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
                brighten_slowly((const int[]){r, g, b}, offset, want);
                if (x[0] != want[0] || x[1] != want[1] || x[2] != want[2])
                    ck_abort_msg("(%d %d %d) became (%d %d %d), not (%d %d %d)", r, g, b, x[0],
                                 x[1], x[2], want[0], want[1], want[2]);
            }
    }
    cop_corrupt_destroy(&corrupt);
    clip_free(&frame, 1);
}
END_TEST

/* --- temporal motion blur ----------------------------------------------------------- */

START_TEST(motion_blur_is_the_mean_with_repeated_ends)
{
    enum { N = 9, W = 13, H = 6, FIRST = 5 };
    static const int halves[] = {1, 2, 5, 11, 64};
    const int c = halves[_i / 2];
    const bool causal = _i % 2;
    const CopPixelFormat formats[] = {COP_PIXEL_I420, COP_PIXEL_RGB, COP_PIXEL_NV12};
    char params[48];
    snprintf(params, sizeof params, "c=%d, causal=%s", c, causal ? "true" : "false");
    CopCorrupt *corrupt = clip_corrupt("motion_blur_temporal", 3, 0, NULL, params);
    ck_assert_int_eq(corrupt->latency, causal ? 0 : c - 1);
    ck_assert_int_eq(corrupt->look_behind, causal ? 2 * c - 1 : c);
    for (int f = 0; f < 3; f++) {
        CopFrame in[N], out[N];
        clip_make(in, N, formats[f], W, H, FIRST);
        memset(in[3].plane[0], 255, (size_t)W); /* where sums are largest */
        ck_assert_int_eq(cop_corrupt_frames(corrupt, in, N, out), COP_OK);
        for (int i = 0; i < N; i++)
            for (int p = 0; p < cop_pixel_format_planes(formats[f]); p++) {
                int row_bytes, rows;
                cop_plane_size(formats[f], W, H, p, &row_bytes, &rows);
                for (int y = 0; y < rows; y++)
                    for (int x = 0; x < row_bytes; x++) {
                        int sum = 0;
                        const int low = causal ? i - 2 * c + 1 : i - c;
                        for (int k = low; k < low + 2 * c; k++) {
                            const CopFrame *at = &in[k < 0 ? 0 : k < N ? k : N - 1];
                            sum += at->plane[p][y * at->stride[p] + x];
                        }
                        ck_assert_int_eq(out[i].plane[p][y * out[i].stride[p] + x], sum / (2 * c));
                    }
            }
        clip_free(in, N);
        clip_free(out, N);
    }
    cop_corrupt_destroy(&corrupt);
}
END_TEST

/* All white stays white: the multiplication that divides is exact at its largest sum. */
START_TEST(motion_blur_keeps_white)
{
    for (int c = 1; c <= 64; c++) {
        CopFrame in[3], out[3];
        for (int i = 0; i < 3; i++)
            in[i] = flat(8, 2, 255, i);
        char params[32];
        snprintf(params, sizeof params, "c=%d", c);
        CopCorrupt *corrupt = clip_corrupt("motion_blur_temporal", 3, 0, NULL, params);
        ck_assert_int_eq(cop_corrupt_frames(corrupt, in, 3, out), COP_OK);
        for (int i = 0; i < 3; i++)
            ck_assert(clip_same_pixels(&in[i], &out[i]));
        clip_free(in, 3);
        clip_free(out, 3);
        cop_corrupt_destroy(&corrupt);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_pixels");
    TCase *tc = tcase_create("pixels");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, brightness_equals_hsv_in_doubles, 0, 8);
    tcase_add_loop_test(tc, motion_blur_is_the_mean_with_repeated_ends, 0, 10);
    tcase_add_test(tc, motion_blur_keeps_white);
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

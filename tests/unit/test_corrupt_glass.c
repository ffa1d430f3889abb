/* Glass blur, pixelate and JPEG against closed forms, and how blurs move over time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/corrupt_clip.h"
#include "tests/picture_help.h"

/* --- glass blur ---------------------------------------------------------------------- */

/* Pixels of as many colours as there are: where each one came from is seen. */
static CopFrame numbered(int width, int height)
{
    CopFrame frame = picture_flat(width, height, 0);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint8_t *pixel = frame.plane[0] + y * frame.stride[0] + 3 * x;
            pixel[0] = (uint8_t)x;
            pixel[1] = (uint8_t)y;
        }
    return frame;
}

/* Where one pixel alone is visited, it shows its offset: from -delta to delta - 1 both ways,
 * each as often as the others. */
START_TEST(glass_blur_draws_neighbours)
{
    enum { DELTA = 3, RANGE = 2 * DELTA, SIDE = RANGE + 1, AT = DELTA + 1, N = 36000 };
    CopCorrupt *corrupt = clip_corrupt("glass_blur", 1, 7, "tiny-64", "sigma=0, delta=3, passes=1");
    CopFrame frame = numbered(SIDE, SIDE);
    int seen[RANGE][RANGE] = {{0}};
    for (uint32_t clip = 0; clip < N; clip++) {
        ck_assert_int_eq(cop_corrupt_reset(corrupt, clip), COP_OK);
        uint8_t *pixel = frame.plane[0] + AT * frame.stride[0] + 3 * AT;
        pixel[0] = pixel[1] = AT;
        ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
        const int dx = pixel[0] - AT, dy = pixel[1] - AT;
        ck_assert(dx >= -DELTA && dx < DELTA && dy >= -DELTA && dy < DELTA);
        seen[dy + DELTA][dx + DELTA]++;
    }
    const double each = N / (double)(RANGE * RANGE);
    for (int y = 0; y < RANGE; y++)
        for (int x = 0; x < RANGE; x++)
            ck_assert_msg(fabs(seen[y][x] - each) < 5 * sqrt(each), "%d, %d: %d of %g", x, y,
                          seen[y][x], each);
    cop_corrupt_destroy(&corrupt);
    clip_free(&frame, 1);
}
END_TEST

/* The border that the original leaves out stays; colours are copied, not exchanged. */
START_TEST(glass_blur_copies)
{
    enum { W = 200, H = 150, DELTA = 3 };
    CopFrame frame = numbered(W, H);
    picture_corrupt("glass_blur", "sigma=0, delta=3, passes=1", &frame);
    static bool there[H][W];
    memset(there, 0, sizeof there);
    int colours = 0;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const uint8_t *pixel = frame.plane[0] + y * frame.stride[0] + 3 * x;
            if (x <= DELTA || x > W - DELTA || y <= DELTA || y > H - DELTA)
                ck_assert(pixel[0] == x && pixel[1] == y);
            colours += !there[pixel[1]][pixel[0]];
            there[pixel[1]][pixel[0]] = true;
        }
    ck_assert_int_lt(colours, W * H * 4 / 5);
    clip_free(&frame, 1);
}
END_TEST

/* --- pixelate ------------------------------------------------------------------------ */

START_TEST(pixelate_rounds_twice)
{
    CopFrame frame = picture_flat(2, 2, 0);
    const uint8_t upper[] = {0, 0, 0, 1, 2, 3}, lower[] = {0, 1, 0, 0, 2, 0};
    memcpy(frame.plane[0], upper, 6);
    memcpy(frame.plane[0] + frame.stride[0], lower, 6);
    picture_corrupt("pixelate", "scale=0.5", &frame);
    /* (1/2, 1, 3/2) and (0, 3/2, 0) become (1, 1, 2) and (0, 2, 0), and their means go up. */
    for (int i = 0; i < 4; i++) {
        const uint8_t *pixel = frame.plane[0] + i / 2 * frame.stride[0] + i % 2 * 3;
        ck_assert(pixel[0] == 1 && pixel[1] == 2 && pixel[2] == 1);
    }
    clip_free(&frame, 1);
}
END_TEST

START_TEST(pixelate_ends_in_one_colour)
{
    CopFrame frame = numbered(9, 3), want = numbered(9, 3);
    for (int i = 0; i < 27; i++) {
        uint8_t *pixel = want.plane[0] + i / 9 * want.stride[0] + i % 9 * 3;
        pixel[0] = 4;
        pixel[1] = 1;
    }
    picture_corrupt("pixelate", "scale=0.01", &frame);
    ck_assert_int_eq(picture_differ(&frame, &want), 0);
    clip_free(&frame, 1);
    clip_free(&want, 1);
}
END_TEST

/* b = 3.996 makes four pixels at 224 lines; at 720, 3.2 times as much, 12.85. */
START_TEST(pixelate_has_blocks_of_a_length)
{
    CopFrame frame = numbered(224, 224);
    CopCorrupt *corrupt = clip_corrupt("pixelate", 5, 7, NULL, NULL);
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
    for (int y = 0; y < 224; y++)
        for (int x = 0; x < 224; x++)
            ck_assert_int_eq(frame.plane[0][y * frame.stride[0] + 3 * x], x / 4 * 4 + 2);
    clip_free(&frame, 1);
    frame = clip_frame(COP_PIXEL_RGB, 1280, 720, 0);
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
    int changes = 0;
    for (int x = 1; x < 1280; x++)
        changes += memcmp(frame.plane[0] + 3 * x, frame.plane[0] + 3 * (x - 1), 3) != 0;
    const double width = pow(1 + 255 * pow(720 / 224.0, 4), 0.25);
    ck_assert_int_eq(changes + 1, (int)(1280 / width));
    cop_corrupt_destroy(&corrupt);
    clip_free(&frame, 1);
}
END_TEST

/* --- JPEG ---------------------------------------------------------------------------- */

START_TEST(jpeg_loses_more_at_lower_quality)
{
    double last = 0;
    for (int quality = 95; quality > 0; quality -= 15) {
        CopFrame in = clip_frame(COP_PIXEL_RGB, 61, 43, 2), out;
        out = clip_frame(COP_PIXEL_RGB, 61, 43, 2);
        char params[32];
        snprintf(params, sizeof params, "quality=%d", quality);
        picture_corrupt("jpeg_compression", params, &out);
        const double loss = clip_mse(&in, &out, 1);
        ck_assert_msg(loss > last, "quality %d: %g after %g", quality, loss, last);
        last = loss;
        clip_free(&in, 1);
        clip_free(&out, 1);
    }
    CopFrame frame = picture_flat(16, 16, 128), want = picture_flat(16, 16, 128);
    picture_corrupt("jpeg_compression", "quality=1", &frame); /* the middle has no coefficients */
    ck_assert_int_eq(picture_differ(&frame, &want), 0);
    clip_free(&frame, 1);
    clip_free(&want, 1);
}
END_TEST

/* --- over time ----------------------------------------------------------------------- */

/* One picture at several indices of a clip. */
static CopFrame at_index(const char *name, CopTemporal mode, uint32_t clip, int64_t index)
{
    CopCorrupt *corrupt;
    const CopCorruptSpec spec = {.name = name, .severity = 3, .temporal = mode, .clip = clip};
    ck_assert_int_eq(cop_corrupt_create(&corrupt, &spec, NULL), COP_OK);
    CopFrame frame = picture_rough(64, 48);
    frame.index = index;
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
    cop_corrupt_destroy(&corrupt);
    return frame;
}

static double apart(const char *name, CopTemporal mode, uint32_t clip, int64_t a, int64_t b)
{
    CopFrame one = at_index(name, mode, 0, a), two = at_index(name, mode, clip, b);
    const double mse = clip_mse(&one, &two, 1);
    clip_free(&one, 1);
    clip_free(&two, 1);
    return mse;
}

START_TEST(modes_over_time)
{
    static const char *const names[] = {"motion_blur", "glass_blur"};
    for (int i = 0; i < 2; i++) {
        ck_assert(apart(names[i], COP_TEMPORAL_STATIC, 0, 3, 400) == 0);
        ck_assert(apart(names[i], COP_TEMPORAL_STATIC, 1, 3, 3) > 0);
        ck_assert(apart(names[i], COP_TEMPORAL_AUTO, 0, 3, 400) == 0);
        ck_assert(apart(names[i], COP_TEMPORAL_IID, 0, 3, 4) > 0);
        ck_assert(apart(names[i], COP_TEMPORAL_IID, 0, 3, 3) == 0);
    }
}
END_TEST

/* Where a clip's angles lie: a tail of 60 pixels ends at column c and row r. */
static double angle_at(CopCorrupt *corrupt, int64_t index)
{
    enum { SIDE = 141, MIDDLE = 70 };
    CopFrame frame = picture_flat(SIDE, SIDE, 0);
    memset(frame.plane[0] + MIDDLE * frame.stride[0] + 3 * MIDDLE, 255, 3);
    frame.index = index;
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
    double row = 0, column = 0;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            if (frame.plane[0][y * frame.stride[0] + 3 * x] && abs(x - MIDDLE) + abs(y - MIDDLE)) {
                row += MIDDLE - y;
                column += MIDDLE - x;
            }
    clip_free(&frame, 1);
    return atan2(row, column) * 180 / acos(-1);
}

START_TEST(angles_walk)
{
    CopCorrupt *corrupt;
    const CopCorruptSpec spec = {.name = "motion_blur",
                                 .severity = 3,
                                 .temporal = COP_TEMPORAL_COHERENT,
                                 .params = "radius=30, sigma=1000"};
    ck_assert_int_eq(cop_corrupt_create(&corrupt, &spec, NULL), COP_OK);
    double before = angle_at(corrupt, 0), low = before, high = before;
    for (int index = 1; index < 600; index += 1) {
        const double angle = angle_at(corrupt, index);
        ck_assert_msg(fabs(angle - before) < 2.5, "%g after %g", angle, before);
        ck_assert(fabs(angle) < 46);
        low = fmin(low, angle);
        high = fmax(high, angle);
        before = angle;
    }
    ck_assert_msg(high - low > 45, "%g to %g", low, high);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

/* Angles of clips are uniform over -45 .. 45: their mean and spread */
START_TEST(angles_are_spread)
{
    enum { N = 400 };
    CopCorrupt *corrupt = clip_corrupt("motion_blur", 3, 1, NULL, "radius=30, sigma=1000");
    double sum = 0, squares = 0;
    for (uint32_t clip = 0; clip < N; clip++) {
        ck_assert_int_eq(cop_corrupt_reset(corrupt, clip), COP_OK);
        const double angle = angle_at(corrupt, 0);
        ck_assert(fabs(angle) < 46);
        sum += angle;
        squares += angle * angle;
    }
    const double variance = 90 * 90 / 12.0;
    ck_assert_msg(fabs(sum / N) < 4 * sqrt(variance / N), "mean %g", sum / N);
    /* the fourth moment of a uniform is 9/5 of its variance's square */
    ck_assert_msg(fabs(squares / N / variance - 1) < 4 * sqrt(0.8 / N), "variance %g", squares / N);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_glass");
    TCase *tc = tcase_create("glass");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, glass_blur_draws_neighbours);
    tcase_add_test(tc, glass_blur_copies);
    tcase_add_test(tc, pixelate_rounds_twice);
    tcase_add_test(tc, pixelate_ends_in_one_colour);
    tcase_add_test(tc, pixelate_has_blocks_of_a_length);
    tcase_add_test(tc, jpeg_loses_more_at_lower_quality);
    tcase_add_test(tc, modes_over_time);
    tcase_add_test(tc, angles_walk);
    tcase_add_test(tc, angles_are_spread);
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

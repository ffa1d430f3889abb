/* Waves over the picture and in time, and the checkerboard, against closed forms.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/corrupt_clip.h"

static const double pi = 3.14159265358979323846;

/* A grey frame after a corruption of severity 3. */
static CopFrame corrupted(const char *name, CopTemporal temporal, uint32_t clip, const char *params,
                          int width, int height, int level, int64_t index)
{
    CopFrame frame = clip_frame(COP_PIXEL_RGB, width, height, 0);
    frame.index = index;
    for (int y = 0; y < height; y++)
        memset(frame.plane[0] + y * frame.stride[0], level, (size_t)(3 * width));
    CopCorrupt *corrupt;
    const CopCorruptSpec spec = {.name = name,
                                 .severity = 3,
                                 .seed = 5,
                                 .clip = clip,
                                 .temporal = temporal,
                                 .params = params};
    ck_assert_int_eq(cop_corrupt_create(&corrupt, &spec, NULL), COP_OK);
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
    cop_corrupt_destroy(&corrupt);
    return frame;
}

static int step(const CopFrame *frame, int u, int v, int c)
{
    return frame->plane[0][v * frame->stride[0] + 3 * u + c] - 128;
}

/* Sum of products over the picture of channels of two frames, a pixel. */
static double product(const CopFrame *a, int ca, const CopFrame *b, int cb)
{
    double sum = 0;
    for (int v = 0; v < a->height; v++)
        for (int u = 0; u < a->width; u++)
            sum += step(a, u, v, ca) * step(b, u, v, cb);
    return sum / a->width / a->height;
}

/* --- fourier_basis ---------------------------------------------------------------------- */

static const struct {
    int w, h, kx, ky;
} waves[] = {{32, 32, 5, 3},    {32, 32, -5, 3}, {64, 48, 31, 0}, {64, 48, 0, 23}, {33, 17, 16, 8},
             {224, 160, 7, 90}, {32, 24, 0, 0},  {32, 24, 16, 0}, {32, 24, 0, 12}, {32, 24, 16, 12},
             {32, 24, 48, 36},  {7, 5, 3, -2},   {1, 1, 8, 8}};

/* Each pixel is 128 + r_c v U_k rounded, the same wave in all channels but for its sign. */
START_TEST(basis_is_the_wave_of_unit_norm)
{
    const int w = waves[_i].w, h = waves[_i].h, kx = waves[_i].kx, ky = waves[_i].ky;
    const double rho = 0.083, v_total = rho * sqrt((double)w * h);
    const bool own = 2 * kx % w == 0 && 2 * ky % h == 0;
    char params[64];
    snprintf(params, sizeof params, "rho=%g, kx=%d, ky=%d", rho, kx, ky);
    CopFrame frame = corrupted("fourier_basis", 0, 0, params, w, h, 128, 0);
    double norm = 0;
    int sign[3] = {0};
    for (int v = 0; v < h; v++)
        for (int u = 0; u < w; u++) {
            const double angle = 2 * pi * ((double)ky * v / h + (double)kx * u / w);
            const double wave = own ? cos(angle) / sqrt((double)w * h)
                                    : cos(angle + pi / 4) * sqrt(2 / ((double)w * h));
            norm += wave * wave;
            for (int c = 0; c < 3; c++) {
                if (!sign[c] && fabs(255 * v_total * wave) > 1)
                    sign[c] = step(&frame, u, v, c) * wave > 0 ? 1 : -1;
                const double want = sign[c] * 255 * v_total * wave;
                ck_assert_msg(fabs(step(&frame, u, v, c) - want) < 0.5 + 1e-9, "%d %d: %g", u, v,
                              want);
            }
        }
    ck_assert(fabs(norm - 1) < 1e-12);
    /* and so its root mean square is rho but for rounding errors */
    const double rms = sqrt(product(&frame, 0, &frame, 0)) / 255;
    ck_assert_msg(fabs(rms - rho) < 0.5 / 255, "%g", rms);
    clip_free(&frame, 1);
}
END_TEST

/* Products of different waves are left by rounding errors alone. */
START_TEST(bases_are_orthogonal)
{
    enum { W = 48, H = 40, N = 12 };
    static const int k[N][2] = {{0, 0}, {1, 0},  {0, 1},  {1, 1},  {-1, 1},  {2, 1},
                                {9, 7}, {-9, 7}, {24, 0}, {0, 20}, {24, 20}, {23, 19}};
    CopFrame frame[N];
    for (int i = 0; i < N; i++) {
        char params[64];
        snprintf(params, sizeof params, "rho=0.09, kx=%d, ky=%d", k[i][0], k[i][1]);
        frame[i] = corrupted("fourier_basis", 0, 0, params, W, H, 128, 0);
    }
    const double rms = 22.95, most = 5 * 2 * rms * sqrt(1.0 / 12 / (W * H)) + 0.25;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++)
            ck_assert_msg(fabs(product(&frame[i], 0, &frame[j], 0)) < most, "%d %d: %g", i, j,
                          product(&frame[i], 0, &frame[j], 0));
    for (int i = 0; i < N; i++)
        clip_free(&frame[i], 1);
}
END_TEST

static int sign_of(const CopFrame *frame, int c)
{
    return step(frame, 0, 0, c) > 0 ? 1 : -1;
}

/* Of 400 clips (frames) half of the signs are plus in each channel, independently. */
START_TEST(signs_are_fair)
{
    enum { N = 400 };
    int sum[3] = {0}, together[3] = {0}, along[2] = {0}, before = 0;
    for (int i = 0; i < N; i++) {
        CopFrame clip = corrupted("fourier_basis", 0, (uint32_t)i, "kx=1", 8, 8, 128, 0);
        CopFrame one = corrupted("fourier_basis", COP_TEMPORAL_IID, 3, "kx=1", 8, 8, 128, i);
        CopFrame still = corrupted("fourier_basis", 0, 3, "kx=1", 8, 8, 128, i);
        for (int c = 0; c < 3; c++) {
            sum[c] += sign_of(&clip, c);
            together[c] += sign_of(&clip, c) * sign_of(&clip, (c + 1) % 3);
        }
        along[0] += i ? sign_of(&one, 0) * before : 0;
        before = sign_of(&one, 0);
        along[1] += sign_of(&still, 0);
        clip_free(&clip, 1);
        clip_free(&one, 1);
        clip_free(&still, 1);
    }
    for (int c = 0; c < 3; c++) {
        ck_assert_int_lt(abs(sum[c]), 4 * 20);
        ck_assert_int_lt(abs(together[c]), 4 * 20);
    }
    ck_assert_int_lt(abs(along[0]), 4 * 20);
    ck_assert_int_eq(abs(along[1]), N);
}
END_TEST

START_TEST(phases_may_be_given_or_drawn)
{
    CopFrame a = corrupted("fourier_basis", 0, 0, "kx=2, ky=0, phase=-90", 16, 4, 128, 0);
    const int sign = step(&a, 1, 0, 0) > 0 ? 1 : -1; /* a sine from column 0 on */
    for (int u = 0; u < 16; u++)
        ck_assert_int_eq(step(&a, u, 0, 0),
                         sign * (int)floor(0.07 * 255 * sqrt(2) * sin(2 * pi * 2 * u / 16.) + 0.5));
    double sum[2] = {0};
    for (uint32_t i = 0; i < 200; i++) {
        CopFrame b = corrupted("fourier_basis", 0, i, "kx=2, ky=0, draw_phase=true", 16, 4, 128, 0);
        sum[0] += abs(step(&b, 0, 0, 0)) / 200.;
        sum[1] += abs(step(&b, 1, 0, 0)) / 200.;
        clip_free(&b, 1);
    }
    /* the mean of |cos| is 2 / pi, its variance 1 / 2 - 4 / pi^2 */
    const double peak = 0.07 * 255 * sqrt(2);
    ck_assert(fabs(sum[0] / peak - 2 / pi) < 4 * sqrt(0.095 / 200) + 0.02);
    ck_assert(fabs(sum[1] / peak - 2 / pi) < 4 * sqrt(0.095 / 200) + 0.02);
    clip_free(&a, 1);
}
END_TEST

/* --- fourier_basis_3d and flicker --------------------------------------------------------- */

START_TEST(half_the_period_flips_the_sign)
{
    for (int64_t t = 0; t < 4; t++) {
        CopFrame a = corrupted("fourier_basis_3d", 0, 2, "kt=8, rho=0.05", 40, 30, 128, t);
        CopFrame b = corrupted("fourier_basis_3d", 0, 2, "kt=8, rho=0.05", 40, 30, 128, t + 1);
        for (int v = 0; v < 30; v++)
            for (int u = 0; u < 40; u++)
                for (int c = 0; c < 3; c++)
                    ck_assert_int_eq(step(&a, u, v, c), -step(&b, u, v, c));
        clip_free(&a, 1);
        clip_free(&b, 1);
    }
}
END_TEST

/* kx = ky = 4, kt = 4 of 16 frames: at 64 columns the wave runs 4 of them a frame to the left. */
START_TEST(others_drift)
{
    const char *params = "kx=4, ky=4, kt=4, period=16";
    CopFrame first = corrupted("fourier_basis_3d", 0, 2, params, 64, 48, 128, 160);
    const int64_t frames[] = {161, 162, 163, 164, 1000001, 4000000003};
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        CopFrame later = corrupted("fourier_basis_3d", 0, 2, params, 64, 48, 128, frames[i]);
        const int shift = (int)(4 * (frames[i] % 16));
        for (int v = 0; v < 48; v++)
            for (int u = 0; u < 64; u++)
                ck_assert_int_eq(step(&later, u, v, 1), step(&first, (u + shift) % 64, v, 1));
        clip_free(&later, 1);
    }
    clip_free(&first, 1);
}
END_TEST

/* kt = 0 is fourier_basis, perhaps with other signs; kx = ky = 0 the same level everywhere. */
START_TEST(still_and_flat_waves)
{
    CopFrame still[2], plain = corrupted("fourier_basis", 0, 0, "kx=3, ky=5", 32, 24, 128, 0);
    for (int i = 0; i < 2; i++)
        still[i] = corrupted("fourier_basis_3d", 0, 0, "kx=3, ky=5, kt=0", 32, 24, 128, i * 5);
    ck_assert(clip_same_pixels(&still[0], &still[1]));
    for (int c = 0; c < 3; c++) {
        const int sign = sign_of(&still[0], c) * sign_of(&plain, c);
        for (int u = 0; u < 32; u++)
            ck_assert_int_eq(step(&still[0], u, 7, c), sign * step(&plain, u, 7, c));
    }
    clip_free(still, 2);
    clip_free(&plain, 1);

    double squares = 0;
    for (int t = 0; t < 7; t++) {
        CopFrame a = corrupted("fourier_basis_3d", 0, 0, "kx=0, ky=0, kt=3, period=7, rho=0.1", 9,
                               6, 128, t);
        for (int u = 0; u < 9; u++)
            ck_assert_int_eq(step(&a, u, 5, 0), step(&a, 0, 0, 0));
        squares += step(&a, 0, 0, 0) * step(&a, 0, 0, 0) / 7.;
        clip_free(&a, 1);
    }
    ck_assert_msg(fabs(sqrt(squares) - 25.5) < 0.5, "%g", sqrt(squares));
}
END_TEST

START_TEST(flicker_swings_all_channels)
{
    double squares = 0, normal = 0;
    for (int t = 0; t < 400; t++) {
        const char *params = "kt=3, period=25, rho=0.1";
        CopFrame a = corrupted("flicker", 0, 1, params, 5, 3, 128, t);
        CopFrame b = corrupted("flicker", COP_TEMPORAL_IID, 1, params, 5, 3, 128, t);
        for (int u = 0; u < 5; u++)
            for (int c = 0; c < 3; c++) {
                ck_assert_int_eq(step(&a, u, 2, c), step(&a, 0, 0, 0));
                ck_assert_int_eq(step(&b, u, 2, c), step(&b, 0, 0, 0));
            }
        squares += step(&a, 0, 0, 0) * step(&a, 0, 0, 0) / 400.;
        normal += step(&b, 0, 0, 0) * step(&b, 0, 0, 0) / 400.;
        clip_free(&a, 1);
        clip_free(&b, 1);
    }
    ck_assert_msg(fabs(sqrt(squares) - 25.5) < 0.5, "%g", sqrt(squares));
    ck_assert_msg(fabs(normal / (25.5 * 25.5) - 1) < 4 * sqrt(2.0 / 400), "%g", normal);
}
END_TEST

/* In proportion to the level, and as much as `add` does at mid-grey, whose level is 127.5. */
START_TEST(flicker_may_multiply)
{
    for (int t = 0; t < 8; t++) {
        const char *params = "draw_phase=false, rho=0.1, mode=multiply";
        const double d = 0.1 * sqrt(2) * cos(2 * pi * t / 8);
        for (int level = 0; level < 256; level += 5) {
            CopFrame a = corrupted("flicker", 0, 0, params, 2, 1, level, t);
            CopFrame b = corrupted("flicker", 0, 0, "draw_phase=false, rho=0.1", 2, 1, level, t);
            const double want = fmin(fmax(level * (1 + 2 * d), 0), 255);
            const double added = fmin(fmax(level + 255 * d, 0), 255);
            ck_assert(fabs(step(&a, 1, 0, 2) + 128 - want) < 0.5 + 1e-9);
            ck_assert(fabs(step(&b, 1, 0, 2) + 128 - added) < 0.5 + 1e-9);
            clip_free(&a, 1);
            clip_free(&b, 1);
        }
    }
}
END_TEST

/* --- single_frequency and checkerboard_cutout ---------------------------------------------- */

START_TEST(single_frequency_is_a_truncated_sine)
{
    const double fx = 0.731, fy = -2.113, phase = 0.3;
    CopFrame frame =
        corrupted("single_frequency", 0, 0,
                  "draw=false, fx=0.731, fy=-2.113, phase=0.3, amplitude=0.3", 50, 40, 128, 0);
    for (int v = 0; v < 40; v++)
        for (int u = 0; u < 50; u++)
            for (int c = 0; c < 3; c++)
                ck_assert_int_eq(step(&frame, u, v, c),
                                 (int)floor(0.3 * 255 * sin(u * fx + v * fy + phase)));
    clip_free(&frame, 1);
}
END_TEST

START_TEST(squares_lie_on_a_turned_board)
{
    enum { W = 90, H = 70 };
    const double a = 30 * pi / 180, side = 0.2 * H;
    CopFrame all = corrupted("checkerboard_cutout", 0, 0,
                             "draw=false, fraction=1, side=0.2, angle=30", W, H, 7, 0);
    CopFrame some = corrupted("checkerboard_cutout", 0, 0,
                              "draw=false, fraction=0.4, side=0.2, angle=30", W, H, 7, 0);
    for (int v = 0; v < H; v++)
        for (int u = 0; u < W; u++) {
            const int i = (int)floor((cos(a) * v + sin(a) * u) / side);
            const int j = (int)floor((cos(a) * u - sin(a) * v) / side);
            ck_assert_int_eq(step(&all, u, v, 0) + 128, (i + j) % 2 == 0 ? 128 : 7);
            ck_assert(step(&some, u, v, 1) == step(&some, u, v, 0));
            ck_assert(step(&some, u, v, 0) + 128 == 7 || step(&all, u, v, 0) + 128 == 128);
        }
    clip_free(&all, 1);
    clip_free(&some, 1);
}
END_TEST

/* Half the picture is of one colour, and `fraction` of that goes. Whole squares vary
 * together: a picture has about 33 of a colour, so 300 clips have 10,000. */
START_TEST(a_share_of_squares_goes)
{
    enum { W = 60, H = 60, CLIPS = 300 };
    double cut = 0;
    for (uint32_t clip = 0; clip < CLIPS; clip++) {
        CopFrame frame = corrupted("checkerboard_cutout", 0, clip, "fraction=0.3", W, H, 7, 0);
        for (int v = 0; v < H; v++)
            for (int u = 0; u < W; u++)
                cut += step(&frame, u, v, 0) == 0;
        clip_free(&frame, 1);
    }
    cut /= (double)W * H * CLIPS;
    ck_assert_msg(fabs(cut - 0.15) < 4 * 0.5 * sqrt(0.3 * 0.7 / 5000), "%g", cut);
}
END_TEST

START_TEST(nothing_added_is_nothing_changed)
{
    static const struct {
        const char *name, *params;
    } none[] = {{"fourier_basis", "rho=0"},
                {"fourier_basis_3d", "rho=0"},
                {"flicker", "rho=0"},
                {"flicker", "rho=0, mode=multiply"},
                {"band_noise", "rho=0"},
                {"single_frequency", "amplitude=0"},
                {"brownish_noise", "sigma=0"},
                {"blue_noise_sample", "threshold=-10"},
                {"checkerboard_cutout", "fraction=0"}};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        CopFrame in = clip_frame(COP_PIXEL_RGB, 37, 21, 3);
        CopFrame out = clip_frame(COP_PIXEL_RGB, 37, 21, 3);
        CopCorrupt *corrupt = clip_corrupt(none[i].name, 3, 1, NULL, none[i].params);
        ck_assert_int_eq(cop_corrupt_in_place(corrupt, &out), COP_OK);
        ck_assert_msg(clip_same_pixels(&in, &out), "%s", none[i].name);
        cop_corrupt_destroy(&corrupt);
        clip_free(&in, 1);
        clip_free(&out, 1);
    }
}
END_TEST

/* Options at their bounds, on the smallest and on thin pictures. */
START_TEST(bounds_are_harmless)
{
    static const struct {
        const char *name, *params;
    } ends[] = {{"fourier_basis", "rho=2, kx=32768, ky=-32768"},
                {"fourier_basis_3d", "rho=2, kx=-32768, ky=32768, kt=32768, period=65536"},
                {"fourier_basis_3d", "rho=2, kt=-32768, period=1"},
                {"flicker", "rho=2, kt=-32768, period=65536, mode=multiply"},
                {"band_noise", "rho=4, band=1"},
                {"band_noise", "rho=4, band=6"},
                {"single_frequency", "amplitude=2, draw=false, fx=-4, fy=4, phase=7"},
                {"brownish_noise", "sigma=4"},
                {"blue_noise_sample", "threshold=10"},
                {"checkerboard_cutout", "draw=false, side=0.001, fraction=1"},
                {"checkerboard_cutout", "draw=false, side=4, fraction=1"},
                {"low_pass", "radius=1.5"},
                {"high_pass", "radius=1.5, mode=dct"}};
    static const int sizes[][2] = {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {3, 67}, {1031, 1}};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        CopCorrupt *corrupt = clip_corrupt(ends[i].name, 3, 1, NULL, ends[i].params);
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            CopFrame frame = clip_frame(COP_PIXEL_RGB, sizes[s][0], sizes[s][1], 3);
            frame.index = INT64_C(0x7FFFFFFFFFFF);
            ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
            clip_free(&frame, 1);
        }
        cop_corrupt_destroy(&corrupt);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_gratings");
    TCase *tc = tcase_create("gratings");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, basis_is_the_wave_of_unit_norm, 0, sizeof waves / sizeof waves[0]);
    tcase_add_test(tc, bases_are_orthogonal);
    tcase_add_test(tc, signs_are_fair);
    tcase_add_test(tc, phases_may_be_given_or_drawn);
    tcase_add_test(tc, half_the_period_flips_the_sign);
    tcase_add_test(tc, others_drift);
    tcase_add_test(tc, still_and_flat_waves);
    tcase_add_test(tc, flicker_swings_all_channels);
    tcase_add_test(tc, flicker_may_multiply);
    tcase_add_test(tc, single_frequency_is_a_truncated_sine);
    tcase_add_test(tc, squares_lie_on_a_turned_board);
    tcase_add_test(tc, a_share_of_squares_goes);
    tcase_add_test(tc, nothing_added_is_nothing_changed);
    tcase_add_test(tc, bounds_are_harmless);
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

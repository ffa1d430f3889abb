/* Warps, ramps, sways and elastic fields against closed forms.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/elastic.h"
#include "pipeline/corrupt/ramp.h"
#include "pipeline/corrupt/sway.h"
#include "pipeline/corrupt/warp.h"
#include "tests/corrupt_clip.h"

static const uint8_t *pixel(const CopFrame *frame, int x, int y)
{
    return frame->plane[0] + y * frame->stride[0] + 3 * x;
}

static CopFrame flat(int width, int height, int level, int64_t index)
{
    CopFrame frame = clip_frame(COP_PIXEL_RGB, width, height, index);
    for (int y = 0; y < height; y++)
        memset(frame.plane[0] + y * frame.stride[0], level, (size_t)(3 * width));
    return frame;
}

static CopCorrupt *in_mode(const char *name, CopTemporal mode, const char *params)
{
    CopCorrupt *corrupt;
    const CopCorruptSpec spec = {
        .name = name, .severity = 3, .seed = 5, .temporal = mode, .params = params};
    ck_assert_int_eq(cop_corrupt_create(&corrupt, &spec, NULL), COP_OK);
    return corrupt;
}

/* --- warps ----------------------------------------------------------------------- */

/* Quarter turns of a square move each pixel whole, by either filter. */
START_TEST(quarter_turns_are_exact)
{
    enum { N = 23 };
    static const char *const filters[] = {"nearest", "bilinear"};
    for (int turns = -4; turns <= 4; turns++) {
        char params[64];
        snprintf(params, sizeof params, "angle=%d, interpolation=%s", 90 * turns, filters[_i]);
        CopFrame in = clip_frame(COP_PIXEL_RGB, N, N, 4), out = clip_frame(COP_PIXEL_RGB, N, N, 4);
        CopCorrupt *corrupt = clip_corrupt("static_rotate", 3, 0, NULL, params);
        ck_assert_int_eq(cop_corrupt_in_place(corrupt, &out), COP_OK);
        for (int y = 0; y < N; y++)
            for (int x = 0; x < N; x++) {
                int u = x, v = y;
                for (int k = 0; k < (turns + 4) % 4;
                     k++) { /* anticlockwise: row 0 was column N - 1 */
                    const int column = N - 1 - v;
                    v = u;
                    u = column;
                }
                ck_assert(memcmp(pixel(&out, x, y), pixel(&in, u, v), 3) == 0);
            }
        cop_corrupt_destroy(&corrupt);
        clip_free(&in, 1);
        clip_free(&out, 1);
    }
}
END_TEST

/* A white picture stays white unless black comes in. */
START_TEST(borders_are_what_they_say)
{
    static const char *const borders[] = {"replicate", "reflect", "black"};
    static const char *const names[] = {"static_rotate", "rotate_ramp", "tilt_ramp",
                                        "scale_ramp",    "shear_ramp",  "translate_ramp"};
    for (int n = 0; n < 6; n++)
        for (int b = 0; b < 3; b++) {
            char params[32];
            snprintf(params, sizeof params, "border=%s", borders[b]);
            CopFrame frame = flat(41, 30, 255, 0);
            CopCorrupt *corrupt = clip_corrupt(names[n], 3, 0, NULL, params);
            ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
            int dark = 0;
            for (int y = 0; y < 30; y++)
                for (int x = 0; x < 41; x++)
                    dark += pixel(&frame, x, y)[0] < 255;
            ck_assert_msg((dark > 0) == (b == 2), "%s, %s: %d dark pixels", names[n], borders[b],
                          dark);
            cop_corrupt_destroy(&corrupt);
            clip_free(&frame, 1);
        }
}
END_TEST

/* A projective map that is affine agrees with the affine warp to the rounding of its
 * coordinates: 1/64 pixel either way of a slope of 3 levels a pixel, and truncation. */
START_TEST(projective_and_affine_agree)
{
    enum { W = 64, H = 40 };
    CopFrame a = flat(W, H, 0, 0), b = flat(W, H, 0, 0);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            for (int c = 0; c < 3; c++)
                a.plane[0][y * a.stride[0] + 3 * x + c] = b.plane[0][y * b.stride[0] + 3 * x + c] =
                    (uint8_t)(3 * x + y);
    double turn[4], centred[6];
    cop_warp_turn(10, turn);
    cop_warp_about_centre(W, H, turn, 2.25, 0, centred);
    /* The same of centres: their coordinates are smaller by one half. */
    const double half = 0.5;
    const double m[9] = {
        centred[0], centred[1], centred[2] + half * (centred[0] + centred[1]) - half,
        centred[3], centred[4], centred[5] + half * (centred[3] + centred[4]) - half,
        0,          0,          1};
    CopWarpScratch scratch = {NULL, 0};
    ck_assert_int_eq(cop_warp_affine(&a, centred, COP_WARP_BILINEAR, COP_WARP_REPLICATE, &scratch),
                     COP_OK);
    ck_assert_int_eq(cop_warp_projective(&b, m, COP_WARP_REPLICATE, &scratch), COP_OK);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            ck_assert_int_le(abs(pixel(&a, x, y)[0] - pixel(&b, x, y)[0]), 1);
    cop_warp_scratch_free(&scratch);
    clip_free(&a, 1);
    clip_free(&b, 1);
}
END_TEST

START_TEST(inverses_invert)
{
    const double m[9] = {1.5, 0.25, 3, -0.5, 0.75, -2, 0.001, 0.002, 1.125};
    double inverse[9], affine[6];
    cop_warp_invert(m, inverse);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            double sum = 0;
            for (int k = 0; k < 3; k++)
                sum += m[3 * i + k] * inverse[3 * k + j];
            ck_assert(fabs(sum - (i == j)) < 1e-14);
        }
    cop_warp_invert_affine(m, affine); /* its first two rows */
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++) {
            double sum = j == 2 ? affine[3 * i + 2] : 0;
            for (int k = 0; k < 2; k++)
                sum += affine[3 * i + k] * m[3 * k + j];
            ck_assert(fabs(sum - (i == j)) < 1e-14);
        }
    const double flat_map[9] = {1, 2, 0, 2, 4, 0, 0, 0, 1};
    cop_warp_invert(flat_map, inverse);
    cop_warp_invert_affine(flat_map, affine);
    for (int i = 0; i < 9; i++)
        ck_assert(inverse[i] == 0 && affine[i % 6] == 0);
}
END_TEST

/* Values at the ends of their rows neither overflow nor take long. */
START_TEST(extreme_options_are_harmless)
{
    static const struct {
        const char *name, *params;
    } cases[] = {
        {"elastic_transform", "alpha=100000, sigma=10000, affine=10000, period=1"},
        {"elastic_transform", "alpha=100000, sigma=0, affine=0"},
        {"elastic_transform", "alpha=100000, sigma=0.1, affine=10000"},
        {"static_rotate", "angle=-360, interpolation=bilinear, border=reflect"},
        {"rotate", "reach=180, interpolation=bilinear, border=replicate"},
        {"translate", "reach=16384, margin=0"},
        {"translate", "reach=1, margin=16384, border=reflect, interpolation=bilinear"},
        {"translate_ramp", "step=10000, centre=1000000, frames=1000000, border=reflect"},
        {"translate_ramp", "step=-10000, centre=1000000, interpolation=nearest, border=replicate"},
        {"rotate_ramp", "step=360, centre=1000, border=reflect"},
        {"shear_ramp", "step=80, centre=1000000, border=reflect"},
        {"tilt_ramp", "step=-60, centre=1000000, border=reflect"},
        {"tilt_ramp", "step=60, centre=1000000, border=replicate"},
        {"scale_ramp", "start=0.01, step=-10, border=reflect"},
        {"scale_ramp", "start=100, step=10, centre=0, frames=1000000"},
        {"zoom_ramp", "step=1, frames=64"},
        {"brightness_ramp", "step=1, centre=1000000, frames=1"},
    };
    static const int sizes[][2] = {{1, 1}, {2, 1}, {7, 5}, {33, 17}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int s = 0; s < 4; s++)
            for (int mode = COP_TEMPORAL_AUTO; mode <= COP_TEMPORAL_COHERENT; mode++) {
                CopCorrupt *corrupt = in_mode(cases[i].name, (CopTemporal)mode, cases[i].params);
                for (int64_t index = 0; index < INT64_C(4000000000000); index = 3 * index + 7) {
                    CopFrame frame = clip_frame(COP_PIXEL_RGB, sizes[s][0], sizes[s][1], 0);
                    frame.index = index;
                    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
                    cop_frame_unref(&frame);
                }
                cop_corrupt_destroy(&corrupt);
            }
}
END_TEST

/* --- what follows the frame's index -------------------------------------------------- */

START_TEST(ramps_run_forth_and_back)
{
    static const int place[] = {0, 1, 2, 3, 4, 3, 2, 1};
    const CopRamp ramp = {.start = 10, .step = 2, .centre = 1, .frames = 5};
    for (int i = 0; i < 40; i++) {
        ck_assert(cop_ramp_amount(&ramp, i) == 8 + 2 * place[i % 8]);
        ck_assert(cop_ramp_amount(&ramp, i - 40) == 8 + 2 * place[i % 8]);
    }
    ck_assert(cop_ramp_amount(&ramp, INT64_MAX / 8 * 8 + 2) == 12);
    const CopRamp still = {.start = 10, .step = 2, .centre = 0, .frames = 1};
    for (int i = 0; i < 5; i++)
        ck_assert(cop_ramp_amount(&still, i) == 10);
}
END_TEST

/* A dot on black shows at each zoom's place, by its share of the copies; white stays white,
 * and the first frame is as it was. */
START_TEST(zooms_add_up)
{
    enum { N = 33, FRAMES = 9 };
    CopCorrupt *corrupt = clip_corrupt("zoom_ramp", 3, 0, NULL, "step=0.25, frames=9");
    for (int i = 0; i < 2 * FRAMES - 1; i++) {
        const int copies = (i < FRAMES ? i : 2 * (FRAMES - 1) - i) + 1;
        CopFrame white = flat(N, N, 255, i), in = clip_frame(COP_PIXEL_RGB, N, N, i);
        CopFrame out = clip_frame(COP_PIXEL_RGB, N, N, i), dot = flat(N, N, 0, i);
        memset(dot.plane[0] + 16 * dot.stride[0] + 3 * 24, 240, 3);
        ck_assert_int_eq(cop_corrupt_in_place(corrupt, &white), COP_OK);
        ck_assert_int_eq(cop_corrupt_in_place(corrupt, &out), COP_OK);
        ck_assert_int_eq(cop_corrupt_in_place(corrupt, &dot), COP_OK);
        ck_assert_int_ge(pixel(&white, 5, 9)[1], 254);
        ck_assert_int_eq(clip_same_pixels(&in, &out), copies == 1);
        /* 8 pixels right of the middle at first; a zoom of 1.5 takes it to 12, one of 2 to 16. */
        ck_assert_int_le(abs(pixel(&dot, 24, 16)[0] - 240 / copies), 1);
        ck_assert_int_le(abs(pixel(&dot, 28, 16)[0] - (copies > 2 ? 240 / copies : 0)), 20);
        ck_assert_int_eq(pixel(&dot, 32, 16)[0] > 0, copies > 4);
        ck_assert_int_eq(pixel(&dot, 20, 16)[0], 0);
        clip_free(&white, 1);
        clip_free(&in, 1);
        clip_free(&out, 1);
        clip_free(&dot, 1);
    }
    cop_corrupt_destroy(&corrupt);
}
END_TEST

/* Three sines: never beyond 1, never faster than their slopes together, of their
 * variance over many phases, and independent from draw to draw. */
START_TEST(sways_are_smooth_and_bounded)
{
    enum { CLIPS = 4000 };
    const double pi = acos(-1), period = 90;
    const double fastest = 2 * pi / period * (0.6 + 0.3 / 0.4142 + 0.1 / 0.1732);
    const CopRngKey key = cop_rng_key(3, "sway");
    double sum = 0, squares = 0, products = 0;
    for (uint32_t clip = 0; clip < CLIPS; clip++) {
        const int64_t frame = 17 * clip;
        const double x = cop_sway(key, 0, clip, period, frame);
        const double next = cop_sway(key, 0, clip, period, frame + 1);
        const double y = cop_sway(key, 1, clip, period, frame);
        ck_assert(fabs(x) <= 1 && fabs(next - x) <= fastest);
        sum += x;
        squares += x * x;
        products += x * y;
    }
    const double variance = (0.36 + 0.09 + 0.01) / 2, error = sqrt(variance / CLIPS);
    ck_assert_msg(fabs(sum / CLIPS) < 4 * error, "mean %g", sum / CLIPS);
    /* of squares of nearly one sine: their own variance is half the square of its mean */
    ck_assert_msg(fabs(squares / CLIPS / variance - 1) < 4 / sqrt(CLIPS), "variance %g",
                  squares / CLIPS);
    ck_assert_msg(fabs(products / CLIPS / variance) < 4 / sqrt(CLIPS), "correlation %g",
                  products / CLIPS / variance);
}
END_TEST

/* Where the white pixel of a black picture went. */
static void spot(CopCorrupt *corrupt, int64_t index, int *x, int *y)
{
    enum { N = 101 };
    CopFrame frame = flat(N, N, 0, index);
    memset(frame.plane[0] + N / 2 * frame.stride[0] + 3 * (N / 2), 255, 3);
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
    int seen = 0;
    for (int v = 0; v < N; v++)
        for (int u = 0; u < N; u++)
            if (pixel(&frame, u, v)[0] > 0) {
                *x = u - N / 2;
                *y = v - N / 2;
                seen++;
            }
    ck_assert_int_eq(seen, 1);
    clip_free(&frame, 1);
}

START_TEST(translations_over_time)
{
    enum { FRAMES = 300, REACH = 41, MARGIN = 20 };
    char params[64];
    snprintf(params, sizeof params, "reach=%d, margin=%d, period=90", REACH, MARGIN);
    /* least and most distinct offsets; largest step from frame to frame */
    static const struct {
        CopTemporal mode;
        int least, most, step;
    } want[] = {{COP_TEMPORAL_IID, REACH, REACH, REACH},
                {COP_TEMPORAL_STATIC, 1, 1, 0},
                {COP_TEMPORAL_COHERENT, 12, REACH, 4}}; /* 20 * 0.13 and a rounding */
    for (int m = 0; m < 3; m++) {
        CopCorrupt *corrupt = in_mode("translate", want[m].mode, params);
        bool met[REACH] = {false};
        int x = 0, y = 0, distinct = 0, step = 0;
        for (int i = 0; i < FRAMES; i++) {
            const int before = x;
            spot(corrupt, i, &x, &y);
            ck_assert(abs(x) <= MARGIN && abs(y) <= MARGIN);
            if (i > 0 && abs(x - before) > step)
                step = abs(x - before);
            met[MARGIN + x] = true;
        }
        for (int i = 0; i < REACH; i++)
            distinct += met[i];
        ck_assert_msg(distinct >= want[m].least && distinct <= want[m].most && step <= want[m].step,
                      "%s: %d offsets, a step of %d", cop_temporal_names[want[m].mode], distinct,
                      step);
        cop_corrupt_destroy(&corrupt);
    }
}
END_TEST

/* --- elastic fields ------------------------------------------------------------------- */

/* A filtered field of uniforms has the variance alpha^2 / 3 (sum of squared weights)^2 and
 * the correlation exp(-d^2 / 4 sigma^2), also where it is drawn on fewer points. Far from
 * borders, over many clips: 4 standard errors of the effective number of values, and 3 %
 * for what linear interpolation takes away. */
START_TEST(fields_have_variance_and_correlation)
{
    enum { W = 120, H = 90, CLIPS = 400 };
    static const double sigmas[] = {1.5, 2.44, 5.9, 6.1, 14};
    const double sigma = sigmas[_i], alpha = 30;
    const int lag = (int)(sigma + 0.5);
    static float x[W * H];
    const CopRngKey key = cop_rng_key(1, "field");
    double sum = 0, squares = 0, products = 0, across = 0, down = 0, n = 0;
    for (uint32_t clip = 0; clip < CLIPS; clip++) {
        const CopRngAddress at = {.draw = 2, .clip = clip};
        ck_assert_int_eq(cop_elastic_draw(key, at, W, H, sigma, alpha, x), COP_OK);
        for (int v = 30; v < H - 30; v += 3)
            for (int u = 30; u < W - 30 - lag; u += 3) {
                const double a = (double)x[v * W + u], b = (double)x[v * W + u + lag];
                sum += a;
                squares += a * a;
                products += a * b;
                across += pow((double)x[v * W + u + 1] - a, 2);
                down += pow((double)x[(v + 1) * W + u] - a, 2);
                n++;
            }
    }
    double weights = 0, total = 0;
    const int radius = (int)(3 * sigma + 0.5);
    for (int k = -radius; k <= radius; k++) {
        total += exp(-0.5 * k * k / (sigma * sigma));
        weights += exp(-1.0 * k * k / (sigma * sigma));
    }
    weights /= total * total;
    const double variance = alpha * alpha / 3 * weights * weights;
    /* A patch of 4 pi sigma^2 pixels is about one independent value. */
    const double patches = CLIPS * fmax(1, (W - 60) * (H - 60) / (12.6 * sigma * sigma));
    const double error = 4 / sqrt(fmin(n, patches));
    ck_assert_msg(fabs(sum / n) < error * sqrt(variance), "mean %g", sum / n);
    ck_assert_msg(fabs(squares / n / variance - 1) < error * sqrt(2) + 0.03, "variance off by %g",
                  squares / n / variance - 1);
    const double want = exp(-lag * lag / (4 * sigma * sigma));
    ck_assert_msg(fabs(products / squares - want) < error + 0.01, "correlation %g, not %g",
                  products / squares, want);
    ck_assert_msg(fabs(across / down - 1) < error * 2, "slopes: %g across, %g down", across, down);
}
END_TEST

static CopFrame elastic_frame(CopCorrupt *corrupt, int width, int height, int64_t index)
{
    CopFrame frame = clip_frame(COP_PIXEL_RGB, width, height, 0);
    frame.index = index;
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
    return frame;
}

START_TEST(elastic_over_time)
{
    static const struct {
        CopTemporal mode;
        bool same[3]; /* frames 0 and 3, 0 and 80 (two periods), 0 and 20 */
    } want[] = {{COP_TEMPORAL_STATIC, {true, true, true}},
                {COP_TEMPORAL_IID, {false, false, false}},
                {COP_TEMPORAL_COHERENT, {false, true, false}}};
    static const int64_t later[] = {3, 80, 20};
    for (int m = 0; m < 3; m++) {
        CopCorrupt *corrupt = in_mode("elastic_transform", want[m].mode, "period=40");
        for (int i = 0; i < 3; i++) {
            CopFrame a = elastic_frame(corrupt, 64, 48, 0);
            CopFrame b = elastic_frame(corrupt, 64, 48, later[i]);
            ck_assert_int_eq(clip_same_pixels(&a, &b), want[m].same[i]);
            clip_free(&a, 1);
            clip_free(&b, 1);
        }
        cop_corrupt_destroy(&corrupt);
    }
}
END_TEST

/* Fields that are kept follow clip, size and severity, in whatever order these come. */
START_TEST(kept_fields_are_the_right_ones)
{
    static const struct {
        int width, height, severity;
        uint32_t clip;
        int64_t index;
    } visit[] = {{64, 48, 3, 0, 0}, {33, 17, 3, 0, 1}, {64, 48, 3, 0, 2}, {64, 48, 5, 0, 2},
                 {64, 48, 2, 0, 2}, {64, 48, 1, 0, 2}, {64, 48, 5, 9, 2}, {48, 64, 5, 9, 2},
                 {48, 70, 5, 9, 2}, {64, 48, 3, 9, 7}, {64, 48, 3, 0, 0}};
    for (int mode = COP_TEMPORAL_IID; mode <= COP_TEMPORAL_COHERENT; mode++) {
        CopCorrupt *kept = in_mode("elastic_transform", (CopTemporal)mode, "");
        for (size_t i = 0; i < sizeof visit / sizeof visit[0]; i++) {
            CopCorrupt *fresh = in_mode("elastic_transform", (CopTemporal)mode, "");
            CopCorrupt *const both[2] = {kept, fresh};
            CopFrame out[2];
            for (int k = 0; k < 2; k++) {
                ck_assert_int_eq(cop_corrupt_reset(both[k], visit[i].clip), COP_OK);
                ck_assert_int_eq(cop_corrupt_set_severity(both[k], visit[i].severity, NULL),
                                 COP_OK);
                out[k] = elastic_frame(both[k], visit[i].width, visit[i].height, visit[i].index);
            }
            ck_assert_msg(clip_same_pixels(&out[0], &out[1]), "%s, visit %zu",
                          cop_temporal_names[mode], i);
            clip_free(out, 2);
            cop_corrupt_destroy(&fresh);
        }
        cop_corrupt_destroy(&kept);
    }
}
END_TEST

/* Nothing moves: only roundings are left. */
START_TEST(elastic_without_displacement)
{
    CopFrame in = clip_frame(COP_PIXEL_RGB, 37, 23, 0);
    CopCorrupt *corrupt = clip_corrupt("elastic_transform", 3, 0, NULL, "alpha=0, affine=0");
    CopFrame out = elastic_frame(corrupt, 37, 23, 0);
    for (int y = 0; y < 23; y++)
        for (int x = 0; x < 37; x++)
            for (int c = 0; c < 3; c++)
                ck_assert_int_le(abs(pixel(&in, x, y)[c] - pixel(&out, x, y)[c]), 1);
    cop_corrupt_destroy(&corrupt);
    clip_free(&in, 1);
    clip_free(&out, 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_camera");
    TCase *tc = tcase_create("camera");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, quarter_turns_are_exact, 0, 2);
    tcase_add_test(tc, borders_are_what_they_say);
    tcase_add_test(tc, projective_and_affine_agree);
    tcase_add_test(tc, inverses_invert);
    tcase_add_test(tc, extreme_options_are_harmless);
    tcase_add_test(tc, ramps_run_forth_and_back);
    tcase_add_test(tc, zooms_add_up);
    tcase_add_test(tc, sways_are_smooth_and_bounded);
    tcase_add_test(tc, translations_over_time);
    tcase_add_loop_test(tc, fields_have_variance_and_correlation, 0, 5);
    tcase_add_test(tc, elastic_over_time);
    tcase_add_test(tc, kept_fields_are_the_right_ones);
    tcase_add_test(tc, elastic_without_displacement);
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

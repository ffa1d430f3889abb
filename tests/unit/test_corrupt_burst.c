/* Bursts: where they lie, what they show, and that the rest is whole.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <string.h>

#include "tests/corrupt_clip.h"

enum { N = 96 };

static CopCorrupt *burst(double severity, const char *params)
{
    return clip_corrupt("burst", severity, 5, NULL, params);
}

static void run(CopCorrupt *corrupt, const CopFrame *in, CopFrame *out)
{
    ck_assert_int_eq(cop_corrupt_frames(corrupt, in, N, out), COP_OK);
}

/* hit[i]: frame i is no longer as it was. */
static void find_hits(CopCorrupt *corrupt, bool *hit)
{
    CopFrame in[N], out[N];
    clip_make(in, N, COP_PIXEL_I420, 8, 8, 0);
    run(corrupt, in, out);
    for (int i = 0; i < N; i++)
        hit[i] = !clip_same_pixels(&in[i], &out[i]);
    clip_free(in, N);
    clip_free(out, N);
}

START_TEST(each_period_has_one_run)
{
    static const int length[] = {1, 2, 3, 6, 13};
    bool hit[5][N];
    for (int s = 1; s <= 5; s++) {
        CopCorrupt *corrupt = burst(s, NULL);
        find_hits(corrupt, hit[s - 1]);
        cop_corrupt_destroy(&corrupt);
        for (int low = 0; low < N; low += 32) {
            int count = 0, edges = 0;
            for (int i = low; i < low + 32; i++) {
                count += hit[s - 1][i];
                edges += hit[s - 1][i] && (i == low || !hit[s - 1][i - 1]);
                ck_assert(s == 1 || !hit[s - 2][i] || hit[s - 1][i]); /* covers the milder */
            }
            ck_assert_int_eq(count, length[s - 1]);
            ck_assert_int_eq(edges, 1);
        }
    }
}
END_TEST

START_TEST(bursts_lie_where_they_are_put)
{
    static const struct {
        const char *params;
        int period, first, last;
    } cases[] = {{"start=3, length=2, period=10", 10, 3, 4},
                 {"start=8, length=5, period=10", 10, 8, 9},
                 {"start=20, length=5, period=10", 10, 0, -1},
                 {"start=0, share=0.5, period=12", 12, 0, 5},
                 {"length=100, period=7", 7, 0, 6},
                 {"start=-2, length=3, period=10", 10, 3, 5},
                 {"start=-2, length=4, period=10", 10, 3, 6},
                 {"start=-2, length=10, period=10", 10, 0, 9},
                 {"share=0", 32, 0, -1}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        bool hit[N];
        CopCorrupt *corrupt = burst(3, cases[c].params);
        find_hits(corrupt, hit);
        for (int i = 0; i < N; i++) {
            const int at = i % cases[c].period;
            ck_assert_int_eq(hit[i], at >= cases[c].first && at <= cases[c].last);
        }
        cop_corrupt_destroy(&corrupt);
    }
}
END_TEST

/* 1, 5 and 10 % in the middle; severities end at 3. */
START_TEST(thumos_has_its_burst_in_the_middle)
{
    static const int length[] = {1, 2, 3, 3, 3};
    for (int s = 1; s <= 5; s++) {
        bool hit[N];
        CopCorrupt *corrupt = clip_corrupt("burst", s, 7, "thumos14-c", NULL);
        find_hits(corrupt, hit);
        for (int i = 0; i < N; i++) {
            const int first = (32 - length[s - 1]) / 2, at = i % 32;
            ck_assert_int_eq(hit[i], at >= first && at < first + length[s - 1]);
        }
        cop_corrupt_destroy(&corrupt);
    }
}
END_TEST

/* Every start that leaves the burst inside is as likely: counts of clips are binomial. */
START_TEST(starts_are_uniform)
{
    enum { CLIPS = 600, STARTS = 13 };
    int count[STARTS] = {0};
    CopCorrupt *corrupt = burst(3, "length=4, period=16");
    for (int clip = 0; clip < CLIPS; clip++) {
        bool hit[N];
        ck_assert_int_eq(cop_corrupt_reset(corrupt, (uint32_t)clip), COP_OK);
        find_hits(corrupt, hit);
        int start = 0;
        while (!hit[start])
            start++;
        ck_assert_int_lt(start, STARTS);
        count[start]++;
    }
    for (int k = 0; k < STARTS; k++) {
        const double p = 1. / STARTS;
        ck_assert_msg(fabs(count[k] - CLIPS * p) < 4 * sqrt(CLIPS * p * (1 - p)), "%d at %d",
                      count[k], k);
    }
    cop_corrupt_destroy(&corrupt);
}
END_TEST

START_TEST(black_is_black)
{
    static const struct {
        CopPixelFormat format;
        CopRange range;
        int luma, chroma;
    } cases[] = {{COP_PIXEL_I420, COP_RANGE_LIMITED, 16, 128},
                 {COP_PIXEL_I420, COP_RANGE_FULL, 0, 128},
                 {COP_PIXEL_NV12, COP_RANGE_LIMITED, 16, 128},
                 {COP_PIXEL_RGB, COP_RANGE_LIMITED, 0, 0},
                 {COP_PIXEL_GRAY8, COP_RANGE_FULL, 0, 0}};
    CopCorrupt *corrupt = burst(3, "length=32");
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        CopFrame in = clip_frame(cases[c].format, 7, 5, 0), out;
        in.colour.range = cases[c].range;
        ck_assert_int_eq(cop_corrupt_frames(corrupt, &in, 1, &out), COP_OK);
        ck_assert(clip_same_shape(&in, &out));
        for (int p = 0; p < cop_pixel_format_planes(in.format); p++) {
            int row_bytes, rows;
            cop_plane_size(in.format, 7, 5, p, &row_bytes, &rows);
            for (int y = 0; y < rows; y++)
                for (int x = 0; x < row_bytes; x++)
                    ck_assert_int_eq(out.plane[p][y * out.stride[p] + x],
                                     p ? cases[c].chroma : cases[c].luma);
        }
        clip_free(&in, 1);
        clip_free(&out, 1);
    }
    cop_corrupt_destroy(&corrupt);
}
END_TEST

START_TEST(overexposure_adds_levels)
{
    static const char *const params[] = {"corruption=overexpose, length=32",
                                         "corruption=overexpose, length=32, levels=31"};
    CopFrame in = clip_frame(COP_PIXEL_RGB, 32, 16, 0), out;
    for (int k = 0; k < 2; k++) {
        CopCorrupt *corrupt = burst(3, params[k]);
        ck_assert_int_eq(cop_corrupt_frames(corrupt, &in, 1, &out), COP_OK);
        for (int y = 0; y < 16; y++)
            for (int x = 0; x < 3 * 32; x++) {
                const int level = in.plane[0][y * in.stride[0] + x] + (k ? 31 : 100);
                ck_assert_int_eq(out.plane[0][y * out.stride[0] + x], level < 255 ? level : 255);
            }
        clip_free(&out, 1);
        cop_corrupt_destroy(&corrupt);
    }
    clip_free(&in, 1);
}
END_TEST

/* Frames in bursts are those of the inner corruption alone, others are passed on. */
static void check_inner(const char *name, double severity, const char *preset, const char *inner,
                        const char *params)
{
    CopFrame in[N], alone[N], out[N];
    clip_make(in, N, COP_PIXEL_I420, 32, 24, 0);
    CopCorrupt *other = clip_corrupt(name, severity, 5, preset, inner);
    CopCorrupt *corrupt = burst(4, params);
    ck_assert_int_eq(corrupt->latency, other->latency);
    ck_assert_int_eq(corrupt->look_behind, other->look_behind);
    ck_assert_int_eq(corrupt->align, other->align);
    run(other, in, alone);
    run(corrupt, in, out);
    for (int i = 0; i < N; i++) {
        const bool hit = i % 16 >= 5 && i % 16 < 11;
        ck_assert(clip_same_shape(&out[i], &in[i]));
        ck_assert(clip_same_pixels(&out[i], hit ? &alone[i] : &in[i]));
        if (!hit)
            ck_assert_ptr_eq(out[i].plane[0], in[i].plane[0]);
    }
    clip_free(in, N);
    clip_free(alone, N);
    clip_free(out, N);
    cop_corrupt_destroy(&corrupt);
    cop_corrupt_destroy(&other);
}

#define AT ", period=16, start=5, length=6"

START_TEST(the_inner_corruption_is_the_one_asked_for)
{
    check_inner("brightness", 5, NULL, NULL, "corruption=brightness" AT);
    check_inner("brightness", 2, "cifar-32", NULL,
                "corruption=brightness, inner_severity=2, inner_preset=cifar-32" AT);
    check_inner("motion_blur_temporal", 2, NULL, NULL,
                "corruption=motion-blur-temporal, inner_severity=2" AT);
    check_inner("h264_crf", 5, NULL, "crf=40, gop=8",
                "corruption=h264_crf, inner_params=crf=40:gop=8" AT);
    check_inner("reverse_sampling", 1, NULL, "step=1, window=8",
                "corruption=reverse_sampling, inner_params=step=1:window=8" AT);
}
END_TEST

START_TEST(noise_in_bursts_follows_seed_and_clip)
{
    CopFrame in = clip_frame(COP_PIXEL_RGB, 16, 16, 0), out[3];
    CopCorrupt *corrupt = burst(3, "corruption=gaussian_noise, length=32");
    for (int clip = 0; clip < 2; clip++) {
        ck_assert_int_eq(cop_corrupt_reset(corrupt, (uint32_t)clip), COP_OK);
        ck_assert_int_eq(cop_corrupt_frames(corrupt, &in, 1, &out[clip]), COP_OK);
    }
    cop_corrupt_destroy(&corrupt);
    corrupt = clip_corrupt("burst", 3, 6, NULL, "corruption=gaussian_noise, length=32");
    ck_assert_int_eq(cop_corrupt_frames(corrupt, &in, 1, &out[2]), COP_OK);
    cop_corrupt_destroy(&corrupt);
    ck_assert(!clip_same_pixels(&out[0], &in) && !clip_same_pixels(&out[0], &out[1]));
    ck_assert(!clip_same_pixels(&out[0], &out[2]) && !clip_same_pixels(&out[1], &out[2]));
    clip_free(out, 3);
    clip_free(&in, 1);
}
END_TEST

START_TEST(any_start_gives_the_same_bursts)
{
    static const char *const params[] = {"corruption=motion_blur_temporal",
                                         "corruption=h264_crf, inner_params=gop=8",
                                         "corruption=jumble, inner_severity=3", "corruption=black"};
    CopFrame in[N], whole[N], part[N];
    clip_make(in, N, COP_PIXEL_I420, 32, 24, 0);
    for (int k = 0; k < 4; k++) {
        CopCorrupt *corrupt = burst(5, params[k]);
        run(corrupt, in, whole);
        for (int first = 0; first < N; first += 9) {
            const int last = first + 11 < N ? first + 11 : N - 1;
            int from, to;
            cop_corrupt_span(corrupt, first, last, N, &from, &to);
            ck_assert_int_eq(cop_corrupt_frames(corrupt, in + from, to - from + 1, part), COP_OK);
            for (int i = first; i <= last; i++)
                ck_assert(clip_same_pixels(&whole[i], &part[i - from]));
            clip_free(part, to - from + 1);
        }
        clip_free(whole, N);
        cop_corrupt_destroy(&corrupt);
    }
    clip_free(in, N);
}
END_TEST

/* Bursts of full length at 5, none at all at 0, the inner one's frames inside meanwhile. */
START_TEST(severity_changes_around_a_delay)
{
    CopFrame in[N], alone[N], frame;
    clip_make(in, N, COP_PIXEL_I420, 32, 24, 0);
    CopCorrupt *other = clip_corrupt("motion_blur_temporal", 5, 5, NULL, NULL);
    run(other, in, alone);
    CopCorrupt *corrupt = burst(5, "corruption=motion_blur_temporal, start=0, period=32");
    int out = 0;
    for (int i = 0; i <= N; i++) {
        if (i < N) {
            const double severity = i < 34 ? 5 : 1; /* 13 frames, then one, of each 32 */
            ck_assert_int_eq(cop_corrupt_set_severity(corrupt, severity, NULL), COP_OK);
            ck_assert_int_eq(cop_corrupt_push(corrupt, &in[i]), COP_OK);
        } else {
            ck_assert_int_eq(cop_corrupt_flush(corrupt), COP_OK);
        }
        for (; cop_corrupt_pull(corrupt, &frame) == COP_OK; out++) {
            const bool hit = out % 32 < (out < 34 ? 13 : 1);
            ck_assert(clip_same_pixels(&frame, hit ? &alone[out] : &in[out]));
            cop_frame_unref(&frame);
        }
    }
    ck_assert_int_eq(out, N);
    clip_free(in, N);
    clip_free(alone, N);
    cop_corrupt_destroy(&corrupt);
    cop_corrupt_destroy(&other);
}
END_TEST

START_TEST(what_cannot_be_inside_is_refused_n)
{
    static const char *const cases[][2] = {
        {"corruption=burst", "\"burst\" cannot come in bursts"},
        {"corruption=brigthness", "did you mean \"brightness\""},
        {"corruption=brightness, inner_params=sigma=1", "sigma"},
        {"corruption=brightness, inner_preset=none", "none"},
        {"corruption=brightness, inner_severity=6", "inner_severity"},
        {"period=0", "period"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CopCorrupt *corrupt = NULL;
        CopError err = {0};
        const CopCorruptSpec spec = {.name = "burst", .severity = 3, .params = cases[i][0]};
        ck_assert_int_eq(cop_corrupt_create(&corrupt, &spec, &err), COP_ERR_CONFIG);
        ck_assert(corrupt == NULL);
        ck_assert_msg(strstr(err.text, cases[i][1]) != NULL, "\"%s\"", err.text);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_burst");
    TCase *tc = tcase_create("burst");
    tcase_add_test(tc, each_period_has_one_run);
    tcase_add_test(tc, bursts_lie_where_they_are_put);
    tcase_add_test(tc, thumos_has_its_burst_in_the_middle);
    tcase_add_test(tc, starts_are_uniform);
    tcase_add_test(tc, black_is_black);
    tcase_add_test(tc, overexposure_adds_levels);
    tcase_add_test(tc, the_inner_corruption_is_the_one_asked_for);
    tcase_add_test(tc, noise_in_bursts_follows_seed_and_clip);
    tcase_add_test(tc, any_start_gives_the_same_bursts);
    tcase_add_test(tc, severity_changes_around_a_delay);
    tcase_add_test(tc, what_cannot_be_inside_is_refused_n);
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

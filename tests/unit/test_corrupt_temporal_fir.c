/* Filters along time: weights, plain sums, and what becomes of flicker.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/corrupt/temporal_fir.h"
#include "tests/corrupt_clip.h"

static const double pi = 3.14159265358979323846;
static const double cutoffs[] = {.5, .35, .25, .15, .08};

static CopFrame level(int value, int64_t index)
{
    CopFrame frame = clip_frame(COP_PIXEL_GRAY8, 5, 2, index);
    for (int y = 0; y < 2; y++)
        memset(frame.plane[0] + y * frame.stride[0], value, 5);
    return frame;
}

/* Runs levels[n] through `corrupt` as flat frames; values come back in their place. */
static void run_levels(CopCorrupt *corrupt, int *levels, int n)
{
    enum { MOST = 512 };
    ck_assert_int_le(n, MOST);
    CopFrame in[MOST], out[MOST];
    for (int i = 0; i < n; i++)
        in[i] = level(levels[i], i);
    ck_assert_int_eq(cop_corrupt_frames(corrupt, in, n, out), COP_OK);
    for (int i = 0; i < n; i++) {
        levels[i] = out[i].plane[0][0];
        for (int x = 1; x < 5; x++)
            ck_assert_int_eq(out[i].plane[0][out[i].stride[0] + x], levels[i]);
    }
    clip_free(in, n);
    clip_free(out, n);
}

static double response(const int32_t *weight, int half, double frequency)
{
    double sum = weight[0];
    for (int k = 1; k <= half; k++)
        sum += 2 * weight[k] * cos(pi * frequency * k);
    return sum / COP_FIR_ONE;
}

/* At the cut-off half passes, well below it nearly all, and from twice on nearly nothing. */
START_TEST(weights_are_a_low_pass)
{
    for (int s = 0; s < 5; s++) {
        const int half = cop_temporal_half(cutoffs[s]);
        const CopTemporalFilter filter = {.cutoff = cutoffs[s], .half = half, .mix = 1};
        int32_t weight[COP_FIR_HALF_MAX + 1];
        cop_temporal_weights(&filter, weight);
        int32_t sum = weight[0];
        for (int k = 1; k <= half; k++)
            sum += 2 * weight[k];
        ck_assert_int_eq(sum, COP_FIR_ONE);
        ck_assert(fabs(response(weight, half, cutoffs[s]) - 0.5) < 0.01);
        for (double f = 0; f <= 1; f += 1. / 512) {
            const double gain = response(weight, half, f);
            ck_assert_msg(f > 0.25 * cutoffs[s] || fabs(gain - 1) < 0.02, "%g of %g: %g", f,
                          cutoffs[s], gain);
            ck_assert_msg(f < 2 * cutoffs[s] || fabs(gain) < 0.01, "%g of %g: %g", f, cutoffs[s],
                          gain);
        }
    }
}
END_TEST

START_TEST(a_cutoff_of_1_is_the_frame_itself)
{
    const CopTemporalFilter filter = {.cutoff = 1, .half = 9, .mix = 1};
    int32_t weight[COP_FIR_HALF_MAX + 1];
    cop_temporal_weights(&filter, weight);
    ck_assert_int_eq(weight[0], COP_FIR_ONE);
    for (int k = 1; k <= 9; k++)
        ck_assert_int_eq(weight[k], 0);
}
END_TEST

/* What 32 bits of a sum are enough for. */
START_TEST(weights_are_bounded)
{
    for (double cutoff = .03; cutoff <= 1; cutoff += .01)
        for (int half = 1; half <= COP_FIR_HALF_MAX; half++) {
            const CopTemporalFilter filter = {.cutoff = cutoff, .half = half, .keep = 1, .mix = -1};
            int32_t weight[COP_FIR_HALF_MAX + 1];
            cop_temporal_weights(&filter, weight);
            double sum = fabs((double)weight[0]);
            for (int k = 1; k <= half; k++)
                sum += 2 * fabs((double)weight[k]);
            ck_assert(sum < 4. * COP_FIR_ONE);
        }
}
END_TEST

/* The same sum, tap by tap; ends repeated. */
static void check_plain(const char *name, const char *params, const CopTemporalFilter *filter,
                        bool causal, CopPixelFormat format)
{
    enum { N = 23, W = 13, H = 5, FIRST = 3 };
    int32_t weight[COP_FIR_HALF_MAX + 1];
    cop_temporal_weights(filter, weight);
    const int half = filter->half;
    CopFrame in[N], out[N];
    clip_make(in, N, format, W, H, FIRST);
    memset(in[7].plane[0], 255, W);
    memset(in[8].plane[0], 0, W);
    CopCorrupt *corrupt = clip_corrupt(name, 3, 0, NULL, params);
    ck_assert_int_eq(corrupt->latency, causal ? 0 : half);
    ck_assert_int_eq(corrupt->look_behind, causal ? 2 * half : half);
    ck_assert_int_eq(cop_corrupt_frames(corrupt, in, N, out), COP_OK);
    for (int i = 0; i < N; i++)
        for (int p = 0; p < cop_pixel_format_planes(format); p++) {
            int row_bytes, rows;
            cop_plane_size(format, W, H, p, &row_bytes, &rows);
            for (int at = 0; at < row_bytes * rows; at++) {
                const int y = at / row_bytes, x = at % row_bytes;
                double sum = 0, total = 0;
                for (int k = -half; k <= half; k++) {
                    const int j = i + k - (causal ? half : 0);
                    const CopFrame *frame = &in[j < 0 ? 0 : j < N ? j : N - 1];
                    const double w = (double)weight[k < 0 ? -k : k] / COP_FIR_ONE;
                    sum += w * frame->plane[p][y * frame->stride[p] + x];
                    total += w;
                }
                const double want = fmin(fmax(floor(sum + 128 * (1 - total) + 0.5), 0), 255);
                ck_assert_int_eq(out[i].plane[p][y * out[i].stride[p] + x], (int)want);
            }
        }
    clip_free(in, N);
    clip_free(out, N);
    cop_corrupt_destroy(&corrupt);
}

START_TEST(frames_are_the_plain_sum)
{
    const CopPixelFormat formats[] = {COP_PIXEL_I420, COP_PIXEL_RGB, COP_PIXEL_NV12};
    const CopTemporalFilter low = {.cutoff = .25, .half = 8, .mix = 1},
                            wide = {.cutoff = .03, .half = 64, .mix = 1},
                            short_one = {.cutoff = .2, .half = 1, .mix = 1},
                            high = {.cutoff = .16, .half = 13, .keep = 1, .mix = -1},
                            some = {.cutoff = .5, .half = 4, .keep = 1, .mix = -.25};
    for (int f = 0; f < 3; f++) {
        check_plain("temporal_low_pass", "cutoff=0.25", &low, false, formats[f]);
        check_plain("temporal_low_pass", "cutoff=0.25, causal=true", &low, true, formats[f]);
        check_plain("temporal_low_pass", "cutoff=0.03", &wide, false, formats[f]);
        check_plain("temporal_low_pass", "cutoff=0.2, half=1", &short_one, false, formats[f]);
        check_plain("temporal_high_pass", "strength=1", &high, false, formats[f]);
        check_plain("temporal_high_pass", "strength=1, causal=true", &high, true, formats[f]);
        check_plain("temporal_high_pass", "strength=0.25, cutoff=0.5", &some, false, formats[f]);
    }
}
END_TEST

/* Share of a sine's amplitude that comes out, by its projection over whole periods. */
static double gain_of(CopCorrupt *corrupt, int periods, int margin)
{
    enum { PERIOD = 128, N = 4 * PERIOD };
    int levels[N];
    double before = 0, after = 0;
    for (int i = 0; i < N; i++)
        levels[i] = (int)floor(128 + 100 * sin(2 * pi * periods * i / PERIOD) + 0.5);
    for (int i = PERIOD; i < 3 * PERIOD; i++)
        before += levels[i] * sin(2 * pi * periods * i / PERIOD);
    run_levels(corrupt, levels, N);
    for (int i = PERIOD; i < 3 * PERIOD; i++)
        after += levels[i + margin] * sin(2 * pi * periods * i / PERIOD);
    return after / before;
}

/* Levels are rounded to 1 in 100, evenly over the period: the gain to far below 0.005. */
START_TEST(flicker_is_passed_as_the_response_says)
{
    for (int s = 1; s <= 5; s++) {
        const double cutoff = cutoffs[s - 1];
        const int half = cop_temporal_half(cutoff);
        const CopTemporalFilter filter = {.cutoff = cutoff, .half = half, .mix = 1};
        int32_t weight[COP_FIR_HALF_MAX + 1];
        cop_temporal_weights(&filter, weight);
        CopCorrupt *now = clip_corrupt("temporal_low_pass", s, 0, NULL, NULL);
        CopCorrupt *late = clip_corrupt("temporal_low_pass", s, 0, NULL, "causal=true");
        for (int periods = 1; periods < 64; periods += 6) {
            const double want = response(weight, half, periods / 64.);
            ck_assert(fabs(gain_of(now, periods, 0) - want) < 0.005);
            ck_assert(fabs(gain_of(late, periods, half) - want) < 0.005);
        }
        cop_corrupt_destroy(&now);
        cop_corrupt_destroy(&late);
    }
}
END_TEST

START_TEST(flicker_is_what_a_high_pass_leaves)
{
    static const double strengths[] = {.4, .6, .8, .9, 1};
    const CopTemporalFilter filter = {.cutoff = .16, .half = 13, .mix = 1};
    int32_t weight[COP_FIR_HALF_MAX + 1];
    cop_temporal_weights(&filter, weight);
    for (int s = 1; s <= 5; s++) {
        CopCorrupt *corrupt = clip_corrupt("temporal_high_pass", s, 0, NULL, NULL);
        for (int periods = 1; periods < 64; periods += 6) {
            const double want = 1 - strengths[s - 1] * response(weight, 13, periods / 64.);
            ck_assert(fabs(gain_of(corrupt, periods, 0) - want) < 0.005);
        }
        ck_assert(fabs(gain_of(corrupt, 32, 0) - 1) < 0.01);
        cop_corrupt_destroy(&corrupt);
    }
}
END_TEST

START_TEST(what_stands_still_keeps_its_level_or_fades)
{
    for (int value = 0; value < 256; value += 5)
        for (int s = 1; s <= 5; s++) {
            int levels[3] = {value, value, value};
            CopCorrupt *corrupt = clip_corrupt("temporal_low_pass", s, 0, NULL, NULL);
            run_levels(corrupt, levels, 3);
            for (int i = 0; i < 3; i++)
                ck_assert_int_eq(levels[i], value);
            cop_corrupt_destroy(&corrupt);
            corrupt = clip_corrupt("temporal_high_pass", s, 0, NULL, s < 5 ? "strength=0.5" : NULL);
            run_levels(corrupt, levels, 3);
            for (int i = 0; i < 3; i++)
                ck_assert_int_eq(levels[i], s < 5 ? (value + 129) / 2 : 128);
            cop_corrupt_destroy(&corrupt);
        }
}
END_TEST

/* The contract holds severity 3 to this; here the longest windows. */
START_TEST(any_start_gives_the_same_bytes)
{
    enum { N = 120 };
    static const char *const names[] = {"temporal_low_pass", "temporal_high_pass"};
    static const char *const params[] = {NULL, "causal=true"};
    CopFrame in[N], whole[N], part[N];
    clip_make(in, N, COP_PIXEL_I420, 16, 8, 0);
    CopCorrupt *corrupt = clip_corrupt(names[_i % 2], 5, 0, NULL, params[_i / 2]);
    ck_assert_int_eq(cop_corrupt_frames(corrupt, in, N, whole), COP_OK);
    for (int first = 0; first < N; first += 17) {
        const int last = first + 5 < N ? first + 5 : N - 1;
        int from, to;
        cop_corrupt_span(corrupt, first, last, N, &from, &to);
        ck_assert_int_eq(cop_corrupt_frames(corrupt, in + from, to - from + 1, part), COP_OK);
        for (int i = first; i <= last; i++)
            ck_assert(clip_same_pixels(&whole[i], &part[i - from]));
        clip_free(part, to - from + 1);
    }
    clip_free(whole, N);
    clip_free(in, N);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

/* A frame has the filter of the severity at which it was pushed. */
START_TEST(severity_changes_with_the_frame_pushed)
{
    enum { N = 60, CHANGE = 30 };
    CopFrame in[N], hard[N], mild[N], frame;
    clip_make(in, N, COP_PIXEL_I420, 16, 8, 0);
    CopCorrupt *corrupt = clip_corrupt("temporal_low_pass", 4, 0, NULL, NULL); /* half 14 */
    ck_assert_int_eq(cop_corrupt_frames(corrupt, in, N, hard), COP_OK);
    ck_assert_int_eq(cop_corrupt_set_severity(corrupt, 1, NULL), COP_OK);
    ck_assert_int_eq(cop_corrupt_frames(corrupt, in, N, mild), COP_OK);
    ck_assert_int_eq(cop_corrupt_reset(corrupt, 0), COP_OK);
    int out = 0;
    for (int i = 0; i <= N; i++) {
        const double severity = i < CHANGE ? 4 : 1;
        ck_assert_int_eq(cop_corrupt_set_severity(corrupt, severity, NULL), COP_OK);
        if (i < N)
            ck_assert_int_eq(cop_corrupt_push(corrupt, &in[i]), COP_OK);
        else
            ck_assert_int_eq(cop_corrupt_flush(corrupt), COP_OK);
        for (; cop_corrupt_pull(corrupt, &frame) == COP_OK; out++) {
            ck_assert(clip_same_pixels(&frame, out < CHANGE ? &hard[out] : &mild[out]));
            cop_frame_unref(&frame);
        }
    }
    ck_assert_int_eq(out, N);
    cop_corrupt_destroy(&corrupt);
    clip_free(in, N);
    clip_free(hard, N);
    clip_free(mild, N);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_temporal_fir");
    TCase *tc = tcase_create("filters");
    tcase_add_test(tc, weights_are_a_low_pass);
    tcase_add_test(tc, a_cutoff_of_1_is_the_frame_itself);
    tcase_add_test(tc, weights_are_bounded);
    tcase_add_test(tc, frames_are_the_plain_sum);
    tcase_add_test(tc, flicker_is_passed_as_the_response_says);
    tcase_add_test(tc, flicker_is_what_a_high_pass_leaves);
    tcase_add_test(tc, what_stands_still_keeps_its_level_or_fades);
    tcase_add_loop_test(tc, any_start_gives_the_same_bytes, 0, 4);
    tcase_add_test(tc, severity_changes_with_the_frame_pushed);
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

/* Which source frames make a clip: vectors worked out by hand.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/media/sample.h"

enum { FRAMES = 4 };

static const CopRngAddress nowhere = {0, 0, 0};

START_TEST(by_hand)
{
    static const struct {
        int stride, clips, total, view;
        CopEdgePolicy policy;
        int index[FRAMES];
    } rows[] = {
        /* L = 4, N = 10, room 6 */
        {1, 1, 10, 0, COP_EDGE_LOOP, {3, 4, 5, 6}},
        {1, 2, 10, 0, COP_EDGE_LOOP, {0, 1, 2, 3}},
        {1, 2, 10, 1, COP_EDGE_LOOP, {6, 7, 8, 9}},
        {1, 3, 10, 1, COP_EDGE_LOOP, {3, 4, 5, 6}},
        /* 6 k / 4 = 0, 1.5, 3, 4.5, 6: halves up */
        {1, 5, 10, 1, COP_EDGE_LOOP, {2, 3, 4, 5}},
        {1, 5, 10, 3, COP_EDGE_LOOP, {5, 6, 7, 8}},
        /* odd room: 7 / 2 = 3 */
        {1, 1, 11, 0, COP_EDGE_LOOP, {3, 4, 5, 6}},
        /* L = 10, N = 12, room 2 */
        {3, 1, 12, 0, COP_EDGE_REPEAT, {1, 4, 7, 10}},
        {3, 3, 12, 2, COP_EDGE_REPEAT, {2, 5, 8, 11}},
        /* exactly as long as the clip */
        {3, 2, 10, 0, COP_EDGE_LOOP, {0, 3, 6, 9}},
        {3, 2, 10, 1, COP_EDGE_LOOP, {0, 3, 6, 9}},
        /* too short */
        {3, 2, 9, 1, COP_EDGE_LOOP, {0, 3, 6, 0}},
        {3, 2, 9, 1, COP_EDGE_REPEAT, {0, 3, 6, 8}},
        {3, 1, 4, 0, COP_EDGE_LOOP, {0, 3, 2, 1}},
        {3, 1, 4, 0, COP_EDGE_REPEAT, {0, 3, 3, 3}},
        {3, 1, 1, 0, COP_EDGE_LOOP, {0, 0, 0, 0}},
        {3, 1, 1, 0, COP_EDGE_REPEAT, {0, 0, 0, 0}},
        /* no overflow */
        {2000000000, 1, 7, 0, COP_EDGE_REPEAT, {0, 6, 6, 6}},
        {2000000000, 1, 7, 0, COP_EDGE_LOOP, {0, 5, 3, 1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const CopSampleOptions options = {.frames = FRAMES,
                                          .stride = rows[i].stride,
                                          .sampler = COP_SAMPLER_UNIFORM,
                                          .clips = rows[i].clips,
                                          .policy = rows[i].policy};
        int index[FRAMES];
        ck_assert(cop_sample_clip(&options, rows[i].total, 25, rows[i].view, cop_rng_key(1, "x"),
                                  nowhere, index));
        for (int j = 0; j < FRAMES; j++)
            ck_assert_msg(index[j] == rows[i].index[j], "row %d frame %d: %d", (int)i, j, index[j]);
    }
}
END_TEST

/* Any video, any view: in range, equal steps, starts that rise and reach both ends. */
START_TEST(properties)
{
    for (int sampler = 0; sampler < 2; sampler++)
        for (int total = 1; total < 60; total++)
            for (int stride = 1; stride < 6; stride++) {
                const CopSampleOptions options = {
                    .frames = FRAMES, .stride = stride, .sampler = (CopSampler)sampler, .clips = 7};
                const int room = total - ((FRAMES - 1) * stride + 1);
                int before = 0, index[FRAMES];
                for (int view = 0; view < 7; view++) {
                    cop_sample_clip(&options, total, 25, view, cop_rng_key(3, "sample"), nowhere,
                                    index);
                    for (int j = 0; j < FRAMES; j++)
                        ck_assert(index[j] >= 0 && index[j] < total);
                    for (int j = 1; j < FRAMES; j++)
                        ck_assert_int_eq(index[j], (index[j - 1] + stride) % total);
                    ck_assert_int_le(index[0], room > 0 ? room : 0);
                    if (sampler == COP_SAMPLER_UNIFORM) {
                        ck_assert(index[0] >= before);
                        before = index[0];
                        if (view == 6)
                            ck_assert_int_eq(index[0], room > 0 ? room : 0);
                    }
                }
            }
}
END_TEST

/* The draw is a function of its address, and every start is hit about equally often. */
START_TEST(random_starts)
{
    const CopSampleOptions options = {
        .frames = FRAMES, .stride = 2, .sampler = COP_SAMPLER_RANDOM, .clips = 1};
    const CopRngKey key = cop_rng_key(42, "sample");
    int hits[10] = {0}; /* N = 16, L = 7: starts 0..9 */
    for (uint32_t epoch = 0; epoch < 10000; epoch++) {
        int a[FRAMES], b[FRAMES];
        cop_sample_clip(&options, 16, 25, 0, key, (CopRngAddress){epoch, 0, 7}, a);
        cop_sample_clip(&options, 16, 25, 0, key, (CopRngAddress){epoch, 0, 7}, b);
        ck_assert_int_eq(a[0], b[0]);
        hits[a[0]]++;
    }
    /* Chi-square of 9 degrees of freedom is below 33.7 in all but 1 of 10000 seeds. */
    double chi = 0.0;
    for (int i = 0; i < 10; i++)
        chi += (hits[i] - 1000.0) * (hits[i] - 1000.0) / 1000.0;
    ck_assert_msg(chi < 33.7, "chi-square %.1f", chi);
}
END_TEST

/* At test time a random start would be no measurement. */
START_TEST(random_is_uniform_in_testing)
{
    for (int view = 0; view < 5; view++) {
        CopSampleOptions options = {.frames = FRAMES, .stride = 3, .clips = 5, .test = true};
        int a[FRAMES], b[FRAMES];
        cop_sample_clip(&options, 40, 25, view, cop_rng_key(1, "x"), nowhere, a);
        options.sampler = COP_SAMPLER_RANDOM;
        cop_sample_clip(&options, 40, 25, view, cop_rng_key(2, "x"), nowhere, b);
        for (int j = 0; j < FRAMES; j++)
            ck_assert_int_eq(a[j], b[j]);
    }
}
END_TEST

/* First and last frame that training reaches at all, over many draws, and that every one
 * of the frames between can be the first. */
START_TEST(training_forms)
{
    static const struct {
        CopSampler sampler;
        int stride, total;
        double rate, fps;
        int least_first, most_first, most_last;
    } rows[] = {
        /* L = 7: starts 0 .. 13 */
        {COP_SAMPLER_TORCHVISION, 2, 20, 25, 0, 0, 13, 19},
        /* at half the rate: 10 frames, L = 4: starts 0, 2, .., 12 */
        {COP_SAMPLER_TORCHVISION, 1, 20, 30, 15, 0, 12, 18},
        /* T s = 8: starts 0 .. 12 */
        {COP_SAMPLER_MMACTION, 2, 20, 25, 0, 0, 12, 18},
        {COP_SAMPLER_MMACTION, 2, 7, 25, 0, 0, 0, 6},
        /* a span of 8, real starts in 0 .. 12 (never 12 itself), last frame 7 on */
        {COP_SAMPLER_SLOWFAST, 2, 20, 30, 30, 0, 11, 18},
        /* segments of 19 / 4: rounded ends 0, 5, 10, 14, 19 */
        {COP_SAMPLER_SEGMENTS, 1, 20, 25, 0, 0, 5, 19},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const CopSampleOptions options = {.frames = FRAMES,
                                          .stride = rows[i].stride,
                                          .sampler = rows[i].sampler,
                                          .clips = 1,
                                          .fps = rows[i].fps};
        int least = rows[i].total, most = -1, last = -1;
        for (uint32_t epoch = 0; epoch < 2000; epoch++) {
            int index[FRAMES], again[FRAMES];
            const CopRngAddress at = {epoch, 0, 9};
            cop_sample_clip(&options, rows[i].total, rows[i].rate, 0, cop_rng_key(4, "s"), at,
                            index);
            cop_sample_clip(&options, rows[i].total, rows[i].rate, 0, cop_rng_key(4, "s"), at,
                            again);
            for (int j = 0; j < FRAMES; j++) {
                ck_assert_int_eq(index[j], again[j]);
                ck_assert(index[j] >= 0 && index[j] < rows[i].total);
                last = index[j] > last ? index[j] : last;
            }
            least = index[0] < least ? index[0] : least;
            most = index[0] > most ? index[0] : most;
        }
        ck_assert_msg(least == rows[i].least_first && most == rows[i].most_first &&
                          last == rows[i].most_last,
                      "row %d: first frames %d to %d, last %d", (int)i, least, most, last);
    }
}
END_TEST

START_TEST(ends)
{
    static const struct {
        CopEdgePolicy policy;
        int index[FRAMES];
    } rows[] = {{COP_EDGE_LOOP, {0, 3, 6, 1}},
                {COP_EDGE_REPEAT, {0, 3, 6, 7}},
                {COP_EDGE_REPEAT_LAST, {0, 3, 6, 6}},
                {COP_EDGE_WRAP, {0, 3, 6, 0}}};
    int index[FRAMES];
    CopSampleOptions options = {.frames = FRAMES, .stride = 3, .clips = 1, .test = true};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        options.policy = rows[i].policy;
        ck_assert(cop_sample_clip(&options, 8, 25, 0, cop_rng_key(1, "x"), nowhere, index));
        for (int j = 0; j < FRAMES; j++)
            ck_assert_int_eq(index[j], rows[i].index[j]);
    }
    options.policy = COP_EDGE_ERROR;
    for (int sampler = 0; cop_sampler_names[sampler]; sampler++) {
        options.sampler = (CopSampler)sampler;
        const bool spans =
            sampler == COP_SAMPLER_SLOWFAST || sampler == COP_SAMPLER_SLOWFAST_OFFSET;
        ck_assert(cop_sample_clip(&options, 9, 25, 0, cop_rng_key(1, "x"), nowhere, index) ==
                  (sampler == COP_SAMPLER_SEGMENTS));
        ck_assert(
            cop_sample_clip(&options, spans ? 12 : 10, 25, 0, cop_rng_key(1, "x"), nowhere, index));
    }
    CopError err = {0};
    ck_assert_int_eq(cop_sample_too_short(&options, "v.mp4", 8, &err), COP_ERR_DATA);
    ck_assert_ptr_ne(strstr(err.text, "v.mp4: has 8 frames"), NULL);
}
END_TEST

/* Where no rate is known, frames are taken as they are. */
START_TEST(unknown_rates)
{
    for (int sampler = 0; cop_sampler_names[sampler]; sampler++) {
        if (!cop_sampler_takes_fps((CopSampler)sampler))
            continue;
        CopSampleOptions options = {.frames = FRAMES,
                                    .stride = 2,
                                    .sampler = (CopSampler)sampler,
                                    .clips = 3,
                                    .test = true};
        int a[FRAMES], b[FRAMES];
        cop_sample_clip(&options, 50, 25, 2, cop_rng_key(1, "x"), nowhere, a);
        options.fps = 10;
        cop_sample_clip(&options, 50, 0, 2, cop_rng_key(1, "x"), nowhere, b);
        for (int j = 0; j < FRAMES; j++)
            ck_assert_int_eq(a[j], b[j]);
        cop_sample_clip(&options, 50, 25, 2, cop_rng_key(1, "x"), nowhere, b);
        ck_assert_int_ne(a[1] - a[0], b[1] - b[0]);
    }
}
END_TEST

START_TEST(names)
{
    ck_assert_str_eq(cop_sampler_names[COP_SAMPLER_UNIFORM], "uniform");
    ck_assert_str_eq(cop_sampler_names[COP_SAMPLER_RANDOM], "random");
    ck_assert_str_eq(cop_edge_names[COP_EDGE_LOOP], "loop");
    ck_assert_str_eq(cop_edge_names[COP_EDGE_REPEAT], "repeat");
    ck_assert_str_eq(cop_sampler_names[COP_SAMPLER_SEGMENTS], "segments");
    ck_assert_str_eq(cop_edge_names[COP_EDGE_ERROR], "error");
    ck_assert_ptr_eq((void *)(uintptr_t)cop_sampler_names[COP_SAMPLER_SEGMENTS + 1], NULL);
    ck_assert_ptr_eq((void *)(uintptr_t)cop_edge_names[COP_EDGE_ERROR + 1], NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sample");
    TCase *tc = tcase_create("sample");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, by_hand);
    tcase_add_test(tc, properties);
    tcase_add_test(tc, random_starts);
    tcase_add_test(tc, random_is_uniform_in_testing);
    tcase_add_test(tc, training_forms);
    tcase_add_test(tc, ends);
    tcase_add_test(tc, unknown_rates);
    tcase_add_test(tc, names);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}

/* Which source frames make a clip: vectors worked out by hand.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <stdlib.h>

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
        const CopSampleOptions options = {FRAMES, rows[i].stride, COP_SAMPLER_UNIFORM,
                                          rows[i].clips, rows[i].policy};
        int index[FRAMES];
        cop_sample_clip(&options, rows[i].total, rows[i].view, cop_rng_key(1, "x"), nowhere, index);
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
                const CopSampleOptions options = {FRAMES, stride, (CopSampler)sampler, 7,
                                                  COP_EDGE_LOOP};
                const int room = total - ((FRAMES - 1) * stride + 1);
                int before = 0, index[FRAMES];
                for (int view = 0; view < 7; view++) {
                    cop_sample_clip(&options, total, view, cop_rng_key(3, "sample"), nowhere,
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
    const CopSampleOptions options = {FRAMES, 2, COP_SAMPLER_RANDOM, 1, COP_EDGE_LOOP};
    const CopRngKey key = cop_rng_key(42, "sample");
    int hits[10] = {0}; /* N = 16, L = 7: starts 0..9 */
    for (uint32_t epoch = 0; epoch < 10000; epoch++) {
        int a[FRAMES], b[FRAMES];
        cop_sample_clip(&options, 16, 0, key, (CopRngAddress){epoch, 0, 7}, a);
        cop_sample_clip(&options, 16, 0, key, (CopRngAddress){epoch, 0, 7}, b);
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

START_TEST(names)
{
    ck_assert_str_eq(cop_sampler_names[COP_SAMPLER_UNIFORM], "uniform");
    ck_assert_str_eq(cop_sampler_names[COP_SAMPLER_RANDOM], "random");
    ck_assert_str_eq(cop_edge_names[COP_EDGE_LOOP], "loop");
    ck_assert_str_eq(cop_edge_names[COP_EDGE_REPEAT], "repeat");
    ck_assert_ptr_eq((void *)(uintptr_t)cop_sampler_names[2], NULL);
    ck_assert_ptr_eq((void *)(uintptr_t)cop_edge_names[2], NULL);
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
    tcase_add_test(tc, names);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}

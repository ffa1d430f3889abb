/* Learning-rate schedules against PyTorch's and against hand-made numbers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <float.h>
#include <gst/check/check.h>
#include <math.h>

#include "models/train/optimizer.h"
#include "tests/golden/schedule.h"

static const double milestones[] = {0.6, 0.9};

/* PyTorch multiplies step by step where we have closed forms: a few roundings of
 * the base rate for each of its steps. */
static const double tolerance = 4 * SCHEDULE_STEPS * 0.4 * DBL_EPSILON;

static void compare(CopScheduleKind kind, double warmup, const double *expected)
{
    const CopSchedule schedule = {
        .kind = kind,
        .lr = 0.4,
        .gamma = 0.1,
        .milestones = milestones,
        .n_milestones = 2,
        .warmup = warmup,
        .total_steps = SCHEDULE_STEPS,
    };
    for (uint64_t step = 0; step <= SCHEDULE_STEPS; step++) {
        const double lr = cop_schedule_lr(&schedule, step);
        ck_assert_msg(fabs(lr - expected[step]) <= tolerance, "%s, step %d: %.17g, not %.17g",
                      cop_schedule_names[kind], (int)step, lr, expected[step]);
    }
}

START_TEST(schedules_are_pytorchs)
{
    compare(COP_SCHEDULE_MULTISTEP, 0, schedule_multistep);
    compare(COP_SCHEDULE_MULTISTEP, 0.25, schedule_multistep_warm);
    compare(COP_SCHEDULE_COSINE, 0, schedule_cosine);
    compare(COP_SCHEDULE_COSINE, 0.25, schedule_cosine_warm);
}
END_TEST

START_TEST(constant_stays_after_warmup)
{
    const CopSchedule schedule = {.lr = 0.5, .warmup = 0.04, .total_steps = 100};
    static const double expected[] = {0.125, 0.25, 0.375, 0.5, 0.5, 0.5};
    for (uint64_t step = 0; step < 6; step++)
        ck_assert(cop_schedule_lr(&schedule, step) == expected[step]);
    ck_assert(cop_schedule_lr(&schedule, 99) == 0.5);
    ck_assert(cop_schedule_lr(&schedule, 1000) == 0.5);
}
END_TEST

START_TEST(cosine_ends_at_zero_and_stays_there)
{
    const CopSchedule schedule = {.kind = COP_SCHEDULE_COSINE, .lr = 1, .total_steps = 1000};
    double before = 2;
    for (uint64_t step = 0; step <= 1000; step++) {
        const double lr = cop_schedule_lr(&schedule, step);
        ck_assert(lr < before && lr >= 0);
        before = lr;
    }
    ck_assert(cop_schedule_lr(&schedule, 1000) == 0);
    ck_assert(cop_schedule_lr(&schedule, UINT64_MAX) == 0);
}
END_TEST

/* 0.57 * 100 is 56.99999999999999 in double precision, and 0.07 * 100 7.000000000000001. */
START_TEST(milestones_fall_on_whole_steps)
{
    static const double shares[] = {0.07, 0.57};
    const CopSchedule schedule = {.kind = COP_SCHEDULE_MULTISTEP,
                                  .lr = 1,
                                  .gamma = 0.5,
                                  .milestones = shares,
                                  .n_milestones = 2,
                                  .total_steps = 100};
    ck_assert(cop_schedule_lr(&schedule, 6) == 1);
    ck_assert(cop_schedule_lr(&schedule, 7) == 0.5);
    ck_assert(cop_schedule_lr(&schedule, 56) == 0.5);
    ck_assert(cop_schedule_lr(&schedule, 57) == 0.25);
}
END_TEST

START_TEST(odd_settings_have_a_rate)
{
    const CopSchedule none = {.kind = COP_SCHEDULE_COSINE, .lr = 1};
    ck_assert(cop_schedule_lr(&none, 0) == 0);
    const CopSchedule warm = {.kind = COP_SCHEDULE_COSINE, .lr = 1, .warmup = 1, .total_steps = 4};
    ck_assert(cop_schedule_lr(&warm, 3) == 1);
    ck_assert(cop_schedule_lr(&warm, 4) == 0);
    const CopSchedule one = {.kind = COP_SCHEDULE_COSINE, .lr = 1, .total_steps = 1};
    ck_assert(cop_schedule_lr(&one, 0) == 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schedule");
    TCase *tests = tcase_create("schedule");
    tcase_add_test(tests, schedules_are_pytorchs);
    tcase_add_test(tests, constant_stays_after_warmup);
    tcase_add_test(tests, cosine_ends_at_zero_and_stays_there);
    tcase_add_test(tests, milestones_fall_on_whole_steps);
    tcase_add_test(tests, odd_settings_have_a_rate);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}

/* Work ahead: every ticket once, in order, never further ahead than there is room.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "models/core/ordered.h"

enum { THREADS_MAX = 4, DEPTH_MAX = 7 };

typedef struct Job {
    long slot[DEPTH_MAX]; /* plain on purpose: a data race is the thread sanitizer's to find */
    atomic_long begun, released, most;
    atomic_int busy[THREADS_MAX], wrong;
    int depth;
    bool sleeps;
} Job;

static void rest(long nanoseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = nanoseconds}, NULL);
}

static void work(void *ctx, long ticket, int slot, int worker)
{
    Job *job = ctx;
    if (worker < 0 || worker >= THREADS_MAX || atomic_fetch_add(&job->busy[worker], 1) != 0 ||
        slot != ticket % job->depth)
        atomic_fetch_add(&job->wrong, 1);
    const long ahead = atomic_fetch_add(&job->begun, 1) + 1 - atomic_load(&job->released);
    long most = atomic_load(&job->most);
    while (ahead > most && !atomic_compare_exchange_weak(&job->most, &most, ahead))
        ;
    if (job->sleeps) /* later tickets end before earlier ones */
        rest((3 - ticket % 3) * 300000);
    job->slot[slot] = ticket * 10 + 1;
    atomic_fetch_sub(&job->busy[worker], 1);
}

/* Takes `take` of n tickets and gives up; checks all that can be seen. */
static void run(long n, int threads, int depth, long take, bool sleeps, long *most)
{
    Job job = {.depth = depth, .sleeps = sleeps};
    CopOrdered *ordered;
    ck_assert_int_eq(cop_ordered_create(&ordered, n, threads, depth, work, &job), COP_OK);
    long ticket;
    int slot;
    for (long i = 0; i < take; i++) {
        ck_assert(cop_ordered_next(ordered, &ticket, &slot));
        ck_assert_int_eq(ticket, i);
        ck_assert_int_eq(slot, i % depth);
        ck_assert_int_eq(job.slot[slot], i * 10 + 1);
        job.slot[slot] = -1; /* ours until it is released */
        /* The count falls before the slot is free, so that workers never see it late. */
        atomic_fetch_add(&job.released, 1);
        cop_ordered_release(ordered);
    }
    if (take == n)
        ck_assert(!cop_ordered_next(ordered, &ticket, &slot));
    cop_ordered_destroy(&ordered);
    ck_assert_ptr_eq(ordered, NULL);
    ck_assert_int_eq(atomic_load(&job.wrong), 0);
    ck_assert_int_le(atomic_load(&job.most), depth);
    ck_assert_int_le(atomic_load(&job.begun), take + depth < n ? take + depth : n);
    if (most)
        *most = atomic_load(&job.most);
}

START_TEST(tickets_come_in_order)
{
    static const long sizes[] = {0, 1, 2, 50};
    for (int threads = 1; threads <= THREADS_MAX; threads++)
        for (int depth = 1; depth <= DEPTH_MAX; depth += 2)
            for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
                run(sizes[i], threads, depth, sizes[i], false, NULL);
}
END_TEST

START_TEST(slow_work_runs_side_by_side)
{
    long most;
    run(60, 3, 5, 60, true, &most);
    ck_assert_int_gt(most, 1);
}
END_TEST

START_TEST(many_small_jobs)
{
    run(20000, 3, 4, 20000, false, NULL);
}
END_TEST

/* In the middle, with threads at work, waiting for room, or done. */
START_TEST(giving_up_early)
{
    for (long take = 0; take < 12; take++)
        for (int threads = 1; threads <= THREADS_MAX; threads++)
            run(100, threads, 3, take, take % 2, NULL);
    cop_ordered_destroy(NULL);
    CopOrdered *none = NULL;
    cop_ordered_destroy(&none);
}
END_TEST

/* A ticket that was taken but not given back. */
START_TEST(giving_up_with_a_slot_in_hand)
{
    Job job = {.depth = 2};
    CopOrdered *ordered;
    long ticket;
    int slot;
    ck_assert_int_eq(cop_ordered_create(&ordered, 10, 2, 2, work, &job), COP_OK);
    ck_assert(cop_ordered_next(ordered, &ticket, &slot));
    cop_ordered_destroy(&ordered);
    ck_assert_int_le(atomic_load(&job.begun), 2);
}
END_TEST

START_TEST(a_consumer_that_rests_holds_the_threads_back)
{
    Job job = {.depth = 3};
    CopOrdered *ordered;
    ck_assert_int_eq(cop_ordered_create(&ordered, 100, 4, 3, work, &job), COP_OK);
    for (int i = 0; i < 200 && atomic_load(&job.begun) < 3; i++)
        rest(1000000);
    rest(20000000);
    ck_assert_int_eq(atomic_load(&job.begun), 3);
    cop_ordered_destroy(&ordered);
}
END_TEST

START_TEST(creation_has_limits)
{
    CopOrdered *ordered;
    Job job = {.depth = 1};
    ck_assert_int_eq(cop_ordered_create(&ordered, -1, 1, 1, work, &job), COP_ERR_ARG);
    ck_assert_int_eq(cop_ordered_create(&ordered, 1, 0, 1, work, &job), COP_ERR_ARG);
    ck_assert_int_eq(cop_ordered_create(&ordered, 1, 1, 0, work, &job), COP_ERR_ARG);
    ck_assert_ptr_eq(ordered, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ordered");
    TCase *tests = tcase_create("ordered");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, tickets_come_in_order);
    tcase_add_test(tests, slow_work_runs_side_by_side);
    tcase_add_test(tests, many_small_jobs);
    tcase_add_test(tests, giving_up_early);
    tcase_add_test(tests, giving_up_with_a_slot_in_hand);
    tcase_add_test(tests, a_consumer_that_rests_holds_the_threads_back);
    tcase_add_test(tests, creation_has_limits);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}

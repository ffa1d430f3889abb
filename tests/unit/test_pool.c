/* The thread pool: every item once, no worker twice at a time, nothing late.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "models/core/clock.h"
#include "models/core/pool.h"

enum { ITEMS = 1000, WORKERS_MAX = 8 };

typedef struct Job {
    int *taken; /* plain on purpose: a data race is the thread sanitizer's to find */
    atomic_int busy[WORKERS_MAX];
    atomic_int wrong, running, most;
    int workers;
    const struct timespec *pause;
} Job;

static void take(void *ctx, int i, int worker)
{
    Job *job = ctx;
    if (worker < 0 || worker >= job->workers || atomic_fetch_add(&job->busy[worker], 1) != 0)
        atomic_fetch_add(&job->wrong, 1);
    const int running = atomic_fetch_add(&job->running, 1) + 1;
    int most = atomic_load(&job->most);
    while (running > most && !atomic_compare_exchange_weak(&job->most, &most, running))
        ;
    if (job->pause)
        nanosleep(job->pause, NULL);
    job->taken[i]++;
    atomic_fetch_sub(&job->running, 1);
    atomic_fetch_sub(&job->busy[worker], 1);
}

/* Runs n items and returns how many ran at one time at most. */
static int run(CopPool *pool, int n, const struct timespec *pause)
{
    Job job = {
        .taken = calloc((size_t)n + 1, sizeof *job.taken),
        .workers = cop_pool_threads(pool),
        .pause = pause,
    };
    cop_parallel_for(pool, n, take, &job);
    /* Read without a lock: all that ran must have ended, and be seen, by now. */
    ck_assert_int_eq(atomic_load(&job.running), 0);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(job.taken[i], 1);
    ck_assert_int_eq(atomic_load(&job.wrong), 0);
    free(job.taken);
    return atomic_load(&job.most);
}

START_TEST(each_item_is_taken_once)
{
    static const int threads[] = {1, 2, 3, WORKERS_MAX};
    for (size_t k = 0; k < sizeof threads / sizeof threads[0]; k++) {
        CopPool *pool;
        ck_assert_int_eq(cop_pool_create(&pool, threads[k]), COP_OK);
        ck_assert_int_eq(cop_pool_threads(pool), threads[k]);
        static const int sizes[] = {0, 1, 2, 7, ITEMS};
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            run(pool, sizes[i], NULL);
        cop_pool_destroy(&pool);
        ck_assert(pool == NULL);
    }
}
END_TEST

/* Two threads wait 50 us before they sleep, four may not: jobs come at once, and about then. */
START_TEST(many_small_jobs_do_not_mix)
{
    static const int threads[] = {2, 4};
    for (int k = 0; k < 2; k++) {
        CopPool *pool;
        ck_assert_int_eq(cop_pool_create(&pool, threads[k]), COP_OK);
        for (int i = 0; i < 4000; i++) {
            run(pool, i % 6, NULL);
            for (const double next = cop_clock() + (i % 4 ? 0 : 40e-6 + i % 100 * 0.2e-6);
                 cop_clock() < next;)
                ;
        }
        cop_pool_destroy(&pool);
    }
}
END_TEST

START_TEST(workers_run_side_by_side)
{
    CopPool *pool;
    ck_assert_int_eq(cop_pool_create(&pool, 4), COP_OK);
    const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
    for (int n = 15; n <= 17; n++) {
        const int most = run(pool, n, &pause);
        ck_assert(most > 1 && most <= 4);
    }
    cop_pool_destroy(&pool);
}
END_TEST

static void *call(void *pool)
{
    for (int i = 0; i < 200; i++)
        run(pool, 50, NULL);
    return NULL;
}

START_TEST(callers_wait_for_each_other)
{
    CopPool *pool;
    ck_assert_int_eq(cop_pool_create(&pool, 3), COP_OK);
    pthread_t thread[3];
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, call, pool), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    cop_pool_destroy(&pool);
}
END_TEST

START_TEST(no_pool_runs_in_order)
{
    ck_assert_int_eq(cop_pool_threads(NULL), 1);
    run(NULL, ITEMS, NULL);
}
END_TEST

START_TEST(creation_has_limits)
{
    CopPool *pool;
    ck_assert_int_eq(cop_pool_create(&pool, -1), COP_ERR_ARG);
    ck_assert(pool == NULL);
    ck_assert_int_eq(cop_pool_create(&pool, 1 << 20), COP_ERR_ARG);
    cop_pool_destroy(&pool);
    cop_pool_destroy(NULL);
    ck_assert_int_eq(cop_pool_create(&pool, 0), COP_OK);
    ck_assert_int_ge(cop_pool_threads(pool), 1);
    cop_pool_destroy(&pool);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool");
    TCase *tests = tcase_create("pool");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, each_item_is_taken_once);
    tcase_add_test(tests, many_small_jobs_do_not_mix);
    tcase_add_test(tests, workers_run_side_by_side);
    tcase_add_test(tests, callers_wait_for_each_other);
    tcase_add_test(tests, no_pool_runs_in_order);
    tcase_add_test(tests, creation_has_limits);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}

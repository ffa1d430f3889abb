/* The queue beside a stream: policies, flush, drain, and counts that add up.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "pipeline/live/live_queue.h"
#include "pipeline/live/recent_values.h"

enum { MANY = 3000 };

/* A job that waits for the test to open its gate. */
typedef struct Bench {
    CopLiveQueue *queue;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int open;  /* items that may end */
    int begun; /* items that have begun */
    int order[MANY], n, fallen[MANY], n_fallen;
    int now; /* item in hand */
} Bench;

static Bench bench;

static void deliver(void *ctx)
{
    Bench *b = ctx;
    pthread_mutex_lock(&b->lock);
    b->order[b->n++] = b->now;
    pthread_mutex_unlock(&b->lock);
}

static void run(void *ctx, void *item, double waited)
{
    Bench *b = ctx;
    ck_assert(waited >= 0);
    pthread_mutex_lock(&b->lock);
    b->begun++;
    pthread_cond_broadcast(&b->moved);
    while (b->open == 0)
        pthread_cond_wait(&b->moved, &b->lock);
    b->open--;
    b->now = *(int *)item;
    pthread_mutex_unlock(&b->lock);
    cop_live_queue_deliver(b->queue, deliver, b);
    free(item);
}

static void drop(void *ctx, void *item)
{
    Bench *b = ctx;
    pthread_mutex_lock(&b->lock);
    b->fallen[b->n_fallen++] = *(int *)item;
    pthread_cond_broadcast(&b->moved);
    pthread_mutex_unlock(&b->lock);
    free(item);
}

static void start(int depth, CopBackpressure policy)
{
    bench = (Bench){.open = 0};
    pthread_mutex_init(&bench.lock, NULL);
    pthread_cond_init(&bench.moved, NULL);
    const CopLiveQueueCalls calls = {run, drop, &bench};
    ck_assert_int_eq(cop_live_queue_create(&bench.queue, depth, policy, &calls), COP_OK);
}

static void open_gate(int items)
{
    pthread_mutex_lock(&bench.lock);
    bench.open += items;
    pthread_cond_broadcast(&bench.moved);
    pthread_mutex_unlock(&bench.lock);
}

static void await_begun(int items)
{
    pthread_mutex_lock(&bench.lock);
    while (bench.begun < items)
        pthread_cond_wait(&bench.moved, &bench.lock);
    pthread_mutex_unlock(&bench.lock);
}

static int push(int number)
{
    int *item = malloc(sizeof *item);
    ck_assert_ptr_ne(item, NULL);
    *item = number;
    return cop_live_queue_push(bench.queue, item);
}

static void counted(int in, int done, int dropped, int discarded, int waiting)
{
    CopLiveStats s;
    cop_live_queue_stats(bench.queue, &s);
    ck_assert_int_eq(s.in, in);
    ck_assert_int_eq(s.run, done);
    ck_assert_int_eq(s.dropped, dropped);
    ck_assert_int_eq(s.discarded, discarded);
    ck_assert_int_eq(s.waiting, waiting);
    ck_assert_int_eq(s.in, s.run + s.dropped + s.discarded + s.waiting + s.running);
}

static void delivered(int n, const int *want)
{
    ck_assert_int_eq(bench.n, n);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(bench.order[i], want[i]);
}

static void stop(void)
{
    cop_live_queue_destroy(&bench.queue);
    ck_assert_ptr_eq(bench.queue, NULL);
    cop_live_queue_destroy(&bench.queue);
    pthread_cond_destroy(&bench.moved);
    pthread_mutex_destroy(&bench.lock);
}

/* One item in hand, five more for two places. */
static void overfill(CopBackpressure policy)
{
    start(2, policy);
    push(0);
    await_begun(1);
    int dropped = 0;
    for (int i = 1; i <= 5; i++)
        dropped += push(i);
    ck_assert_int_eq(dropped, 3);
    counted(6, 0, 3, 0, 2);
    open_gate(3);
    cop_live_queue_drain(bench.queue);
    counted(6, 3, 3, 0, 0);
}

START_TEST(the_oldest_go)
{
    overfill(COP_DROP_OLDEST);
    delivered(3, (int[]){0, 4, 5});
    ck_assert_int_eq(bench.fallen[0], 1);
    ck_assert_int_eq(bench.fallen[2], 3);
    stop();
}
END_TEST

START_TEST(the_newest_go)
{
    overfill(COP_DROP_NEWEST);
    delivered(3, (int[]){0, 1, 2});
    ck_assert_int_eq(bench.fallen[0], 3);
    stop();
}
END_TEST

static void *push_many(void *arg)
{
    for (int i = 0; i < *(int *)arg; i++)
        push(i);
    return NULL;
}

START_TEST(blocking_loses_nothing)
{
    pthread_t thread;
    int many = MANY;
    start(3, COP_BLOCK);
    ck_assert_int_eq(pthread_create(&thread, NULL, push_many, &many), 0);
    await_begun(1);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    CopLiveStats s;
    cop_live_queue_stats(bench.queue, &s);
    ck_assert_int_le(s.in, 5); /* in hand, three waiting, one at the door */
    open_gate(MANY);
    pthread_join(thread, NULL);
    cop_live_queue_drain(bench.queue);
    counted(MANY, MANY, 0, 0, 0);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(bench.order[i], i);
    stop();
}
END_TEST

static void *push_last(void *arg)
{
    int *item = malloc(sizeof *item);
    ck_assert_ptr_ne(item, NULL);
    *item = *(int *)arg;
    cop_live_queue_push_last(bench.queue, item);
    return NULL;
}

/* Neither it nor what waits falls out, though the policy would have one of them go. */
START_TEST(the_last_waits_for_room)
{
    for (int policy = COP_DROP_OLDEST; policy <= COP_DROP_NEWEST; policy++) {
        pthread_t thread;
        int last = 2;
        start(1, (CopBackpressure)policy);
        push(0);
        await_begun(1);
        push(1);
        ck_assert_int_eq(pthread_create(&thread, NULL, push_last, &last), 0);
        CopLiveStats s;
        do
            cop_live_queue_stats(bench.queue, &s);
        while (s.in < 3);
        open_gate(3);
        pthread_join(thread, NULL);
        cop_live_queue_drain(bench.queue);
        delivered(3, (int[]){0, 1, 2});
        counted(3, 3, 0, 0, 0);
        stop();
    }
}
END_TEST

START_TEST(a_flush_forgets_what_was_pushed)
{
    start(4, COP_DROP_OLDEST);
    for (int i = 0; i < 4; i++)
        push(i);
    await_begun(1);
    cop_live_queue_flush(bench.queue); /* 0 is in hand: its answer is not wanted any more */
    counted(4, 0, 0, 3, 0);
    push(7);
    open_gate(2);
    cop_live_queue_drain(bench.queue);
    delivered(1, (int[]){7});
    counted(5, 1, 0, 4, 0);
    stop();
}
END_TEST

START_TEST(a_flush_frees_who_waits)
{
    pthread_t thread;
    int three = 3;
    start(1, COP_BLOCK);
    ck_assert_int_eq(pthread_create(&thread, NULL, push_many, &three), 0);
    CopLiveStats s;
    do {
        await_begun(1);
        cop_live_queue_stats(bench.queue, &s);
    } while (s.in < 3);
    cop_live_queue_flush(bench.queue); /* 0 in hand, 1 waiting, 2 at the door */
    pthread_join(thread, NULL);
    open_gate(1);
    cop_live_queue_drain(bench.queue);
    ck_assert_int_eq(bench.n, 0);
    counted(3, 0, 0, 3, 0);
    stop();
}
END_TEST

/* Opens the gate for the item in hand once the two that wait have been discarded. */
static void *open_late(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&bench.lock);
    while (bench.n_fallen < 2)
        pthread_cond_wait(&bench.moved, &bench.lock);
    pthread_mutex_unlock(&bench.lock);
    open_gate(1);
    return NULL;
}

START_TEST(stopping_discards)
{
    pthread_t thread;
    start(4, COP_BLOCK);
    for (int i = 0; i < 3; i++)
        push(i);
    await_begun(1);
    ck_assert_int_eq(pthread_create(&thread, NULL, open_late, NULL), 0);
    cop_live_queue_destroy(&bench.queue);
    pthread_join(thread, NULL);
    ck_assert_int_eq(bench.n, 0);
    ck_assert_int_eq(bench.n_fallen, 2);
    stop();
}
END_TEST

static void *push_and_flush(void *arg)
{
    (void)arg;
    for (int i = 0; i < 300; i++) {
        push(i);
        if (i % 7 == 0)
            cop_live_queue_flush(bench.queue);
    }
    return NULL;
}

START_TEST(counts_add_up_under_stress)
{
    for (int policy = COP_DROP_OLDEST; policy <= COP_BLOCK; policy++) {
        pthread_t thread[3];
        start(2, (CopBackpressure)policy);
        open_gate(MANY);
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(pthread_create(&thread[i], NULL, push_and_flush, NULL), 0);
        for (int i = 0; i < 3; i++)
            pthread_join(thread[i], NULL);
        cop_live_queue_set_policy(bench.queue, COP_DROP_NEWEST);
        cop_live_queue_drain(bench.queue);
        CopLiveStats s;
        cop_live_queue_stats(bench.queue, &s);
        ck_assert_int_eq(s.in, 900);
        ck_assert_int_eq(s.in, s.run + s.dropped + s.discarded);
        ck_assert_int_eq(s.run, bench.n);
        ck_assert(policy != COP_BLOCK || s.dropped == 0);
        stop();
    }
}
END_TEST

START_TEST(percentiles_and_rates)
{
    CopRecent recent = {.n = 0};
    ck_assert(isnan(cop_recent_percentile(&recent, 0.5)));
    ck_assert(cop_recent_rate(&recent) == 0);
    static const double few[] = {5, 1, 4, 2, 3};
    for (int i = 0; i < 5; i++)
        cop_recent_add(&recent, few[i]);
    ck_assert(cop_recent_percentile(&recent, 0.5) == 3);
    ck_assert(cop_recent_percentile(&recent, 0.6) == 3);
    ck_assert(cop_recent_percentile(&recent, 0.61) == 4);
    ck_assert(cop_recent_percentile(&recent, 1) == 5);
    recent = (CopRecent){.n = 0};
    for (int i = 0; i < 1000; i++)
        cop_recent_add(&recent, i * 0.25);
    ck_assert(recent.n == COP_RECENT);
    ck_assert(cop_recent_percentile(&recent, 1.0 / COP_RECENT) == (1000 - COP_RECENT) * 0.25);
    ck_assert(cop_recent_rate(&recent) == 4);
}
END_TEST

START_TEST(what_it_measures)
{
    start(8, COP_BLOCK);
    CopLiveStats s;
    cop_live_queue_stats(bench.queue, &s);
    ck_assert(isnan(s.latency[0]) && s.rate == 0);
    for (int i = 0; i < 4; i++)
        push(i);
    await_begun(1);
    nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
    open_gate(4);
    cop_live_queue_drain(bench.queue);
    cop_live_queue_stats(bench.queue, &s);
    ck_assert(s.latency[0] >= 0.029 && s.latency[0] <= s.latency[1]);
    ck_assert(s.seconds[2] >= 0.029 && s.seconds[0] < s.latency[0]);
    ck_assert(s.rate > 0);
    stop();
    ck_assert_int_eq(cop_live_queue_create(&bench.queue, 0, COP_BLOCK, NULL), COP_ERR_ARG);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_queue");
    TCase *tests = tcase_create("queue");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_oldest_go);
    tcase_add_test(tests, the_newest_go);
    tcase_add_test(tests, blocking_loses_nothing);
    tcase_add_test(tests, the_last_waits_for_room);
    tcase_add_test(tests, a_flush_forgets_what_was_pushed);
    tcase_add_test(tests, a_flush_frees_who_waits);
    tcase_add_test(tests, stopping_discards);
    tcase_add_test(tests, counts_add_up_under_stress);
    tcase_add_test(tests, percentiles_and_rates);
    tcase_add_test(tests, what_it_measures);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}

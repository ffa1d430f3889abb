/* A pool of threads that sleeps when it has nothing to do for more than a moment.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "models/core/clock.h"

enum { THREADS_MAX = 1024 };
/* Seconds. Steps of a net follow each other sooner, and to wake a thread takes about as long. */
static const double spin = 50e-6;

typedef struct Worker {
    CopPool *pool;
    pthread_t thread;
    int index;
} Worker;

struct CopPool {
    pthread_mutex_t lock, caller;
    pthread_cond_t start, done;
    Worker *workers; /* threads - 1 of them: the caller is worker 0 */
    int threads, started;
    atomic_ulong round; /* counts jobs, so that a worker joins each job once */
    atomic_int busy;
    bool quit;
    bool spins; /* the machine has a processor for each thread */
    /* the job */
    void (*fn)(void *ctx, int i, int worker);
    void *ctx;
    int n;
    atomic_int next;
};

static void take_items(CopPool *pool, int worker)
{
    for (;;) {
        const int i = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
        if (i >= pool->n)
            return;
        pool->fn(pool->ctx, i, worker);
    }
}

static double spin_end(const CopPool *pool)
{
    return pool->spins ? cop_clock() + spin : 0;
}

/* Leaves a core that two threads share to the other one. */
static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static bool is_new(CopPool *pool, unsigned long seen)
{
    return atomic_load_explicit(&pool->round, memory_order_acquire) != seen;
}

static bool is_done(CopPool *pool)
{
    return atomic_load_explicit(&pool->busy, memory_order_acquire) == 0;
}

/* False when the pool quits. */
static bool wait_for_job(CopPool *pool, unsigned long seen)
{
    for (const double end = spin_end(pool); cop_clock() < end; relax())
        if (is_new(pool, seen))
            return true;
    pthread_mutex_lock(&pool->lock);
    while (!pool->quit && !is_new(pool, seen))
        pthread_cond_wait(&pool->start, &pool->lock);
    const bool quit = pool->quit;
    pthread_mutex_unlock(&pool->lock);
    return !quit;
}

static void wait_for_workers(CopPool *pool)
{
    for (const double end = spin_end(pool); cop_clock() < end; relax())
        if (is_done(pool))
            return;
    pthread_mutex_lock(&pool->lock);
    while (!is_done(pool))
        pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

static void *work(void *arg)
{
    Worker *self = arg;
    CopPool *pool = self->pool;
    for (unsigned long seen = 0; wait_for_job(pool, seen);) {
        seen++;
        take_items(pool, self->index);
        if (atomic_fetch_sub_explicit(&pool->busy, 1, memory_order_acq_rel) > 1)
            continue;
        pthread_mutex_lock(&pool->lock);
        pthread_cond_signal(&pool->done);
        pthread_mutex_unlock(&pool->lock);
    }
    return NULL;
}

CopStatus cop_pool_create(CopPool **out, int threads)
{
    *out = NULL;
    if (threads < 0 || threads > THREADS_MAX)
        return COP_ERR_ARG;
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    if (threads == 0)
        threads = online < 1 ? 1 : online > THREADS_MAX ? THREADS_MAX : (int)online;
    CopPool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return COP_ERR_NOMEM;
    pool->threads = threads;
    pool->spins = threads <= online;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_mutex_init(&pool->caller, NULL);
    pthread_cond_init(&pool->start, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->workers = calloc((size_t)threads, sizeof *pool->workers);
    bool ok = pool->workers != NULL;
    for (int i = 0; ok && i < threads - 1; i++) {
        pool->workers[i] = (Worker){.pool = pool, .index = i + 1};
        ok = pthread_create(&pool->workers[i].thread, NULL, work, &pool->workers[i]) == 0;
        pool->started += ok;
    }
    if (!ok) {
        cop_pool_destroy(&pool);
        return COP_ERR_NOMEM;
    }
    *out = pool;
    return COP_OK;
}

void cop_pool_destroy(CopPool **out)
{
    if (!out || !*out)
        return;
    CopPool *pool = *out;
    pthread_mutex_lock(&pool->lock);
    pool->quit = true;
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->start);
    pthread_mutex_destroy(&pool->caller);
    pthread_mutex_destroy(&pool->lock);
    free(pool->workers);
    free(pool);
    *out = NULL;
}

int cop_pool_threads(const CopPool *pool)
{
    return pool ? pool->threads : 1;
}

void cop_parallel_for(CopPool *pool, int n, void (*fn)(void *ctx, int i, int worker), void *ctx)
{
    if (!pool) {
        for (int i = 0; i < n; i++)
            fn(ctx, i, 0);
        return;
    }
    pthread_mutex_lock(&pool->caller);
    if (pool->threads == 1 || n <= 1) {
        for (int i = 0; i < n; i++)
            fn(ctx, i, 0);
        pthread_mutex_unlock(&pool->caller);
        return;
    }
    pool->fn = fn;
    pool->ctx = ctx;
    pool->n = n;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->busy, pool->threads - 1, memory_order_relaxed);
    pthread_mutex_lock(&pool->lock); /* or one that is about to sleep would miss it */
    atomic_fetch_add_explicit(&pool->round, 1, memory_order_release);
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->lock);

    take_items(pool, 0);
    wait_for_workers(pool);
    pthread_mutex_unlock(&pool->caller);
}

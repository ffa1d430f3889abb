/* Work beside a stream: a bounded queue, one thread that empties it, and what happens when the
 * stream is faster.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/live_queue.h"

#include <pthread.h>
#include <stdlib.h>

#include "models/core/clock.h"
#include "pipeline/live/recent_values.h"

enum { DEPTH_MAX = 1024 };

const char *const cop_backpressure_names[] = {"drop-oldest", "drop-newest", "block", NULL};

typedef struct Slot {
    void *item;
    double pushed;
    unsigned long round; /* that it was pushed in */
} Slot;

struct CopLiveQueue {
    CopLiveQueueCalls calls;
    CopBackpressure policy;
    Slot *slot; /* [depth], a ring */
    int depth, first, n;
    bool running, quit, started;
    bool delivered;        /* the item in hand: no flush can take that back */
    unsigned long round;   /* counts flushes */
    unsigned long in_hand; /* the round that the item in hand belongs to */
    CopLiveStats stats;
    CopRecent latency, seconds, answered;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_mutex_t delivery; /* held around deliveries; taken before `lock` */
    pthread_cond_t filled, freed, idle;
};

/* The oldest item; there is one. */
static Slot pop(CopLiveQueue *q)
{
    const Slot slot = q->slot[q->first];
    q->first = (q->first + 1) % q->depth;
    q->n--;
    return slot;
}

/* After run(), with the lock held. */
static void settle(CopLiveQueue *q, const Slot *slot, double begun)
{
    const double now = cop_clock();
    q->running = false;
    if (q->in_hand != q->round && !q->delivered) {
        q->stats.discarded++;
        return;
    }
    q->stats.run++;
    cop_recent_add(&q->latency, now - slot->pushed);
    cop_recent_add(&q->seconds, now - begun);
    cop_recent_add(&q->answered, now);
}

static void *work(void *arg)
{
    CopLiveQueue *q = arg;
    pthread_mutex_lock(&q->lock);
    for (;;) {
        while (!q->quit && q->n == 0)
            pthread_cond_wait(&q->filled, &q->lock);
        if (q->quit)
            break;
        const Slot slot = pop(q);
        q->running = true;
        q->in_hand = slot.round;
        q->delivered = false;
        pthread_cond_signal(&q->freed);
        pthread_mutex_unlock(&q->lock);
        const double begun = cop_clock();
        q->calls.run(q->calls.ctx, slot.item, begun - slot.pushed);
        pthread_mutex_lock(&q->lock);
        settle(q, &slot, begun);
        if (q->n == 0)
            pthread_cond_broadcast(&q->idle);
    }
    pthread_mutex_unlock(&q->lock);
    return NULL;
}

CopStatus cop_live_queue_create(CopLiveQueue **out, int depth, CopBackpressure policy,
                                const CopLiveQueueCalls *calls)
{
    *out = NULL;
    if (depth < 1 || depth > DEPTH_MAX)
        return COP_ERR_ARG;
    CopLiveQueue *q = calloc(1, sizeof *q);
    if (!q)
        return COP_ERR_NOMEM;
    q->calls = *calls;
    q->policy = policy;
    q->depth = depth;
    q->slot = calloc((size_t)depth, sizeof *q->slot);
    pthread_mutex_init(&q->lock, NULL);
    pthread_mutex_init(&q->delivery, NULL);
    pthread_cond_init(&q->filled, NULL);
    pthread_cond_init(&q->freed, NULL);
    pthread_cond_init(&q->idle, NULL);
    q->started = q->slot && pthread_create(&q->thread, NULL, work, q) == 0;
    if (!q->started) {
        cop_live_queue_destroy(&q);
        return COP_ERR_NOMEM;
    }
    *out = q;
    return COP_OK;
}

void cop_live_queue_destroy(CopLiveQueue **out)
{
    if (!out || !*out)
        return;
    CopLiveQueue *q = *out;
    if (q->started) {
        cop_live_queue_flush(q);
        pthread_mutex_lock(&q->lock);
        q->quit = true;
        pthread_cond_signal(&q->filled);
        pthread_mutex_unlock(&q->lock);
        pthread_join(q->thread, NULL);
    }
    pthread_cond_destroy(&q->filled);
    pthread_cond_destroy(&q->freed);
    pthread_cond_destroy(&q->idle);
    pthread_mutex_destroy(&q->delivery);
    pthread_mutex_destroy(&q->lock);
    free(q->slot);
    free(q);
    *out = NULL;
}

static int put(CopLiveQueue *q, void *item, bool patient)
{
    const double now = cop_clock();
    void *gone = NULL;
    int dropped = 0;
    pthread_mutex_lock(&q->lock);
    const unsigned long round = q->round;
    q->stats.in++;
    while (q->n == q->depth && (patient || q->policy == COP_BLOCK) && q->round == round)
        pthread_cond_wait(&q->freed, &q->lock);
    if (q->round != round) {
        gone = item;
        q->stats.discarded++;
    } else if (q->n == q->depth) {
        const bool stale = q->slot[q->first].round != round; /* a flush is about to take it */
        gone = stale || q->policy == COP_DROP_OLDEST ? pop(q).item : item;
        q->stats.discarded += stale;
        q->stats.dropped += !stale;
        dropped = !stale;
    }
    if (gone != item) {
        q->slot[(q->first + q->n++) % q->depth] = (Slot){item, now, round};
        pthread_cond_signal(&q->filled);
    }
    pthread_mutex_unlock(&q->lock);
    if (gone)
        q->calls.drop(q->calls.ctx, gone);
    return dropped;
}

int cop_live_queue_push(CopLiveQueue *q, void *item)
{
    return put(q, item, false);
}

void cop_live_queue_push_last(CopLiveQueue *q, void *item)
{
    put(q, item, true);
}

/* An item of an earlier round that waits, as discarded; NULL if none does. */
static void *take_stale(CopLiveQueue *q)
{
    void *item = NULL;
    pthread_mutex_lock(&q->lock);
    if (q->n > 0 && q->slot[q->first].round != q->round) {
        item = pop(q).item;
        q->stats.discarded++;
    }
    if (q->n == 0 && !q->running)
        pthread_cond_broadcast(&q->idle);
    pthread_mutex_unlock(&q->lock);
    return item;
}

void cop_live_queue_flush(CopLiveQueue *q)
{
    /* A delivery in flight ends first; none of this round begins after it. */
    pthread_mutex_lock(&q->delivery);
    pthread_mutex_lock(&q->lock);
    q->round++;
    pthread_cond_broadcast(&q->freed);
    pthread_mutex_unlock(&q->lock);
    pthread_mutex_unlock(&q->delivery);
    void *item;
    while ((item = take_stale(q)) != NULL)
        q->calls.drop(q->calls.ctx, item);
}

void cop_live_queue_drain(CopLiveQueue *q)
{
    pthread_mutex_lock(&q->lock);
    while (q->n > 0 || q->running)
        pthread_cond_wait(&q->idle, &q->lock);
    pthread_mutex_unlock(&q->lock);
}

void cop_live_queue_deliver(CopLiveQueue *q, void (*fn)(void *ctx), void *ctx)
{
    pthread_mutex_lock(&q->delivery);
    pthread_mutex_lock(&q->lock);
    const bool current = q->in_hand == q->round;
    q->delivered |= current;
    pthread_mutex_unlock(&q->lock);
    if (current)
        fn(ctx);
    pthread_mutex_unlock(&q->delivery);
}

void cop_live_queue_set_policy(CopLiveQueue *q, CopBackpressure policy)
{
    pthread_mutex_lock(&q->lock);
    q->policy = policy;
    pthread_cond_broadcast(&q->freed);
    pthread_mutex_unlock(&q->lock);
}

static void percentiles(const CopRecent *recent, double out[3])
{
    static const double share[3] = {0.5, 0.95, 0.99};
    for (int i = 0; i < 3; i++)
        out[i] = cop_recent_percentile(recent, share[i]);
}

void cop_live_queue_stats(CopLiveQueue *q, CopLiveStats *stats)
{
    pthread_mutex_lock(&q->lock);
    *stats = q->stats;
    stats->waiting = q->n;
    stats->running = q->running;
    percentiles(&q->latency, stats->latency);
    percentiles(&q->seconds, stats->seconds);
    stats->rate = cop_recent_rate(&q->answered);
    pthread_mutex_unlock(&q->lock);
}

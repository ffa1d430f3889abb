/* Work beside a stream: a bounded queue, one thread that empties it, and what happens when the
 * stream is faster.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_LIVE_QUEUE_H
#define COP_LIVE_LIVE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "models/core/status.h"

/* What becomes of an item for which there is no room. */
typedef enum CopBackpressure {
    COP_DROP_OLDEST, /* the item that waited longest goes */
    COP_DROP_NEWEST, /* the new one goes */
    COP_BLOCK        /* the stream waits */
} CopBackpressure;
extern const char *const cop_backpressure_names[]; /* "drop-oldest", ..., NULL */

/* Both take `item`, on the queue's thread, drop() also on a caller's. run() may deliver only
 * inside cop_live_queue_deliver(). */
typedef struct CopLiveQueueCalls {
    void (*run)(void *ctx, void *item, double waited); /* seconds in the queue */
    void (*drop)(void *ctx, void *item);
    void *ctx;
} CopLiveQueueCalls;

/* At any time in = run + dropped + discarded + waiting + running. */
typedef struct CopLiveStats {
    int64_t in;        /* items pushed */
    int64_t run;       /* to their end */
    int64_t dropped;   /* for want of room */
    int64_t discarded; /* by a flush or a stop */
    int waiting;
    bool running;
    double latency[3]; /* p50, p95, p99 of the seconds from push to answer, last 256 items */
    double seconds[3]; /* the same of run() alone; NaN before the first answer, as above */
    double rate;       /* answers a second over the last 256 */
} CopLiveStats;

typedef struct CopLiveQueue CopLiveQueue;

/* Starts the thread. `depth` (at least 1) items may wait besides the one in hand. Returned in
 * *out. COP_ERR_ARG, COP_ERR_NOMEM. */
CopStatus cop_live_queue_create(CopLiveQueue **out, int depth, CopBackpressure policy,
                                const CopLiveQueueCalls *calls) COP_MUST_CHECK;

/* Discards what waits, lets run() end and joins the thread. Nobody may wait in a call. NULL-safe,
 * idempotent. */
void cop_live_queue_destroy(CopLiveQueue **queue);

/* Takes `item`, always. Returns how many items were dropped for it, itself included: 0 or 1.
 * Where it has to wait, a flush lets it go, discarded. For any thread. */
int cop_live_queue_push(CopLiveQueue *queue, void *item);

/* The same for what a stream ends with, where waiting holds nobody up: there is room for it in the
 * end, whatever the policy. */
void cop_live_queue_push_last(CopLiveQueue *queue, void *item);

/* Discards what waits and the answer of the item in hand, without waiting for it to end: after
 * the call nothing pushed before it is delivered. Not from inside a delivery. */
void cop_live_queue_flush(CopLiveQueue *queue);

/* Waits until all that was pushed is answered. Not from run(). */
void cop_live_queue_drain(CopLiveQueue *queue);

/* From run(): calls fn(ctx) unless the item in hand was flushed meanwhile. */
void cop_live_queue_deliver(CopLiveQueue *queue, void (*fn)(void *ctx), void *ctx);

void cop_live_queue_set_policy(CopLiveQueue *queue, CopBackpressure policy);

void cop_live_queue_stats(CopLiveQueue *queue, CopLiveStats *stats);

#endif

/* A pool of threads that sleeps when it has nothing to do for more than a moment (50 us).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORE_POOL_H
#define COP_CORE_POOL_H

#include "models/core/status.h"

typedef struct CopPool CopPool;

/* A pool that runs work on `threads` threads, the caller's included;
 * 0 means the number of online processors. Returned in *out. */
CopStatus cop_pool_create(CopPool **out, int threads) COP_MUST_CHECK;

/* Joins all threads. NULL-safe, idempotent. No call may be in flight. */
void cop_pool_destroy(CopPool **pool);

/* Number of workers, at least 1; 1 for a NULL pool. */
int cop_pool_threads(const CopPool *pool);

/* Calls fn(ctx, i, worker) once for each i in 0..n-1 and returns when all have
 * ended; `worker` is in 0..threads-1 and no two calls at one time share it.
 * Items are taken in order, but may end in any. A NULL pool runs them here.
 * Not reentrant: fn must not call it on the same pool; calls from several
 * threads on one pool wait for each other. */
void cop_parallel_for(CopPool *pool, int n, void (*fn)(void *ctx, int i, int worker), void *ctx);

#endif

/* Work that threads do ahead of its consumer: results come in order, and only a
 * bounded number of them is in memory.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORE_ORDERED_H
#define COP_CORE_ORDERED_H

#include <stdbool.h>

#include "models/core/status.h"

typedef struct CopOrdered CopOrdered;

/* Calls fn(ctx, ticket, slot, worker) once for each ticket 0..n-1 on `threads`
 * threads of its own (worker 0..threads-1). A ticket's results belong in slot
 * ticket % depth, which is not used again before it is released. Returned in *out. */
CopStatus cop_ordered_create(CopOrdered **out, long n, int threads, int depth,
                             void (*fn)(void *ctx, long ticket, int slot, int worker),
                             void *ctx) COP_MUST_CHECK;

/* Joins the threads; tickets not begun are dropped. NULL-safe, idempotent. */
void cop_ordered_destroy(CopOrdered **ordered);

/* Waits for the next ticket in order and returns its slot; false after the last. */
bool cop_ordered_next(CopOrdered *ordered, long *ticket, int *slot);

/* Gives the slot of the last cop_ordered_next() back. */
void cop_ordered_release(CopOrdered *ordered);

#endif

/* Streams in which frame i shows source frame m(i): frames held, dropped or in another order.
 * Planes are passed on by reference, so nothing is copied and any format goes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_INDEX_MAP_H
#define COP_CORRUPT_INDEX_MAP_H

#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/frame_queue.h"

/* Most frames of a window, and most that wait to come out. */
enum { COP_INDEX_WINDOW_MAX = 1024 };

/* What frame i hangs on: source frames low .. high, low <= high < i + COP_INDEX_WINDOW_MAX.
 * `count` and `share` are whatever the map's pick() needs of the options as they were when
 * the frame was pushed. */
typedef struct CopIndexWant {
    int64_t low, high;
    int count;
    double share;
    bool hidden; /* no frame ever shows this one, so it need not be held */
} CopIndexWant;

/* The rule of a map; both are pure functions of their arguments and of `corrupt`'s key,
 * clip and options. */
typedef struct CopIndexRule {
    /* For frame i by the present options. low never falls as i rises, options being equal. */
    CopIndexWant (*plan)(const CopCorrupt *corrupt, int64_t i);
    /* m(i), when want.low .. want.high (cut where the stream starts and ends, and never
     * empty) has been seen. NULL: m(i) is `high` itself. */
    int64_t (*pick)(const CopCorrupt *corrupt, const CopIndexWant *want, int64_t i);
} CopIndexRule;

/* First member of the state of a corruption that is an index map. Zeroed is empty; init()
 * sets `rule`. */
typedef struct CopIndexMap {
    const CopIndexRule *rule;
    CopFrameQueue waiting; /* frames that are not out yet, the oldest first */
    CopFrameQueue held;    /* frames that may be shown; hidden ones are missing */
    CopIndexWant *want;    /* of waiting frames, at their index modulo the length */
    int64_t newest;        /* of the stream */
    bool flushed;
} CopIndexMap;

/* The window of `length` frames at absolute multiples that frame i lies in; and for init() of
 * corruptions whose frames hang on all of their window: sets rule, latency, look-behind and
 * alignment. */
CopIndexWant cop_index_window(int64_t i, int length);
void cop_index_declare(CopCorrupt *corrupt, const CopIndexRule *rule, int length);

/* Callbacks of such corruptions' descriptors. What m(i) names shows the newest frame held
 * that is not after it; the first one where none is. */
CopStatus cop_index_map_push(CopCorrupt *corrupt, const CopFrame *frame);
CopStatus cop_index_map_pull(CopCorrupt *corrupt, CopFrame *out);
CopStatus cop_index_map_flush(CopCorrupt *corrupt);
void cop_index_map_close(CopCorrupt *corrupt);

/* Numbers 0 .. n-1 in a random order, all orders equally likely: those of the words at
 * frames first, first + step, ... sorted. So of fewer frames the same ones keep their
 * places among each other. `order` has room for n <= COP_INDEX_WINDOW_MAX. */
void cop_index_shuffle(const CopCorrupt *corrupt, int64_t first, int step, int n, int *order);

#endif

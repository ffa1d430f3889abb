/* What a stream shows as JSON, one object a line. Times are seconds of the stream (null where
 * frames have none), durations milliseconds; all keys are always there, in this order.
 *
 * prediction: v (1), kind, stream, window, first, last (source frames), start, end (times of
 *   these), padded, model, top [{class, label, score}], waited_ms, run_ms
 * robustness: v, kind, stream, window, first, last, start, end, padded, label (class, null:
 *   none), label_name, waited_ms, run_ms, answers [{model, corruption, severity, class,
 *   label, score, right (null without a label), agrees, drop}]; severity 0 is clean
 * summary: v, kind, stream, windows {in, run, dropped, discarded}, rate, latency_ms and run_ms
 *   {p50, p95, p99}, and of a grid models [{model, robust, live_robust, cells [{corruption,
 *   severity, windows, labelled, accuracy, agreement, flip_rate, drop, run_ms, live_accuracy,
 *   live_agreement, live_drop}]}], else an empty list
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_LIVE_JSON_H
#define COP_LIVE_LIVE_JSON_H

#include "pipeline/live/live_classifier.h"
#include "pipeline/live/live_grid.h"

/* All are one line without its end, g_malloc'ed and returned. `stream` names the source. */
char *cop_live_json_prediction(const char *stream, const CopLiveAnswer *answer, int top);
char *cop_live_json_robustness(const char *stream, const CopLiveGrid *grid,
                               const CopLiveGridAnswer *answer);

/* `grid` may be NULL. */
char *cop_live_json_summary(const char *stream, const CopLiveStats *stats, CopLiveGrid *grid);

#endif

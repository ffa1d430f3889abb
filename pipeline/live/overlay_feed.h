/* From answers about a stream to what viewers see of them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_OVERLAY_FEED_H
#define COP_LIVE_OVERLAY_FEED_H

#include "pipeline/live/live_classifier.h"
#include "pipeline/live/live_grid.h"
#include "pipeline/live/overlay.h"

/* The first `top` (1 .. 5) classes, below them latency, rate and windows lost (`stats`, NULL:
 * nothing). */
void cop_overlay_feed_prediction(CopOverlay *overlay, const CopLiveAnswer *answer, int top,
                                 const CopLiveStats *stats);

/* The answer's pictures and lane look_lane (without pictures lane 1), the models' answers to it,
 * right or wrong where the window has a label, and the running figures: a curve a model, of
 * the mean over corruptions at each severity. */
void cop_overlay_feed_robustness(CopOverlay *overlay, CopLiveGrid *grid,
                                 const CopLiveGridAnswer *answer);

#endif

/* What the parts of the overlay share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_OVERLAY_PRIVATE_H
#define COP_LIVE_OVERLAY_PRIVATE_H

#include "pipeline/live/overlay.h"

/* Robust scores of the last answers, for curves over time. */
typedef struct CopOverlayHistory {
    double score[COP_OVERLAY_MODELS][COP_OVERLAY_POINTS];
    int n;
} CopOverlayHistory;

void cop_overlay_paint_predictions(CopCanvas *canvas, const CopOverlayPredictions *content);
void cop_overlay_paint_robustness(CopCanvas *canvas, const CopOverlayRobustness *content,
                                  const CopOverlayHistory *history);

/* The card with the curves, x y w h in pixels. */
void cop_overlay_paint_curve(CopCanvas *canvas, const CopOverlayRobustness *content,
                             const CopOverlayHistory *history, double x, double y, double w,
                             double h);

#endif

/* How models do on a stream, clean and corrupted: running figures, safe to read from anywhere.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_LIVE_METRICS_H
#define COP_LIVE_LIVE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "models/core/status.h"

/* One answer of one model to one variant of a window. */
typedef struct CopLiveHit {
    int right;      /* 1 or 0; -1: the window has no label */
    int agrees;     /* 1 where the class is the same model's on the clean window, else 0 */
    double drop;    /* of confidence: clean score of the clean class less its score here */
    double seconds; /* its share of the forward pass */
} CopLiveHit;

/* Totals and, beside them, means that forget: each window weighs 2^(-1 / half life) of the next
 * one. NaN where nothing was counted. */
typedef struct CopLiveCell {
    int64_t windows, labelled, right, agreed;
    double accuracy;  /* right / labelled */
    double agreement; /* agreed / windows; 1 for clean */
    double flip_rate; /* 1 - agreement */
    double drop;      /* mean confidence drop */
    double seconds;   /* mean a window */
    double live_accuracy, live_agreement, live_drop, live_seconds;
} CopLiveCell;

/* Accuracy where there are labels, otherwise agreement. */
double cop_live_cell_score(const CopLiveCell *cell);
double cop_live_cell_live_score(const CopLiveCell *cell);
const char *cop_live_cell_measure(const CopLiveCell *cell); /* "accuracy" or "agreement" */

typedef struct CopLiveMetrics CopLiveMetrics;

/* Room for models x variants cells, variant 0 being clean; group[variants] (copied) says
 * which variants are severities of one corruption, -1 for clean. half_life: windows after
 * which a live mean has forgotten half, above 0. Returned in *out. */
CopStatus cop_live_metrics_create(CopLiveMetrics **out, int models, int variants, const int *group,
                                  double half_life) COP_MUST_CHECK;
void cop_live_metrics_destroy(CopLiveMetrics **metrics); /* NULL-safe, idempotent */

void cop_live_metrics_add(CopLiveMetrics *metrics, int model, int variant, const CopLiveHit *hit);

/* All of it at one moment into cell[models * variants], model by model. Any thread. */
void cop_live_metrics_snapshot(CopLiveMetrics *metrics, CopLiveCell *cell);

/* Mean over corruptions of the mean over their severities of the cells' scores (of the live
 * ones where `live`), of one model's cell[variants]; NaN while one is missing. */
double cop_live_metrics_robust(const CopLiveMetrics *metrics, const CopLiveCell *cell, bool live);

void cop_live_metrics_reset(CopLiveMetrics *metrics);

#endif

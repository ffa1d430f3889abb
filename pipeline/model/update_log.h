/* What metrics.jsonl of a run says of its masks: a point an update, in all and a layer.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MODEL_UPDATE_LOG_H
#define COP_MODEL_UPDATE_LOG_H

#include <glib.h>
#include <stdbool.h>

/* One layer, or all of them together, after one update. NaN where the log does not say. */
typedef struct CopUpdatePoint {
    double step, weights, nnz, dropped, grown, regrown, explored;
    double overlap_start, overlap_last; /* intersection over union with the mask at the start, and
                                           with that before the update */
    double drop_fraction;               /* planned; else dropped / active before, of layers that are
                                           not full */
    double open_weights, open_explored; /* of layers that are not full at every update */
} CopUpdatePoint;

typedef struct CopUpdateLayer {
    char *name;
    GArray *points; /* CopUpdatePoint, by step; one at least */
    bool full;      /* at every update */
} CopUpdateLayer;

typedef struct CopUpdateEpoch {
    double epoch, step, loss, train_top1, test_top1, density, explored, flops;
} CopUpdateEpoch;

typedef struct CopUpdateLog {
    GPtrArray *layers; /* CopUpdateLayer, in the net's order */
    GArray *all;       /* CopUpdatePoint, by step */
    GArray *epochs;    /* CopUpdateEpoch */
} CopUpdateLog;

/* Reads FOLDER/metrics.jsonl; NULL where there is none. Lines that are of something else are passed
 * over, and fields that they lack are worked out where the others allow it. Returned. */
CopUpdateLog *cop_update_log_read(const char *folder);
/* The same from text. */
CopUpdateLog *cop_update_log_parse(const char *text);
void cop_update_log_free(CopUpdateLog *log);

/* Share of active weights that are others than before the update: (grown - regrown) / nnz. */
double cop_update_mutated(const CopUpdatePoint *point);

#endif

/* What the parts of the live grid share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_LIVE_GRID_PRIVATE_H
#define COP_LIVE_LIVE_GRID_PRIVATE_H

#include <pthread.h>

#include "pipeline/live/label_track.h"
#include "pipeline/live/live_grid.h"
#include "pipeline/live/live_lanes.h"

typedef struct CopLiveGridModel {
    CopLiveModel *model;
    int input; /* which of the grid's inputs it takes */
} CopLiveGridModel;

struct CopLiveGrid {
    CopLiveGridOptions options;
    CopLiveGridCalls calls;
    CopConfig config; /* its block `corrupt` holds what variants borrow */
    CopVariants variants;
    CopPool *pool;
    CopLiveGridModel *model;
    CopGridInput input[COP_GRID_INPUTS];
    int n_inputs;
    CopLabelTrack *track;
    int *track_class; /* [spans] */
    CopLiveQueue *queue;
    CopLiveMetrics *metrics;
    pthread_mutex_t lock; /* of the next two */
    CopClipWindow *window;
    int label; /* of the whole stream; -1: none */
    /* The worker's. */
    CopLiveLanes *lanes;
    CopLiveSweep sweep;
    int *variant;      /* [lanes] */
    CopLiveLane *lane; /* [models * lanes] */
    float *p;          /* [classes] */
};

/* Makes everything but the queue, as the options say; what was made before a failure is the
 * caller's to destroy. */
CopStatus cop_live_grid_set_up(CopLiveGrid *grid, CopError *err) COP_MUST_CHECK;

/* Class of a label's text in *out, -1 for NULL or "". COP_ERR_CONFIG for one that is none. */
CopStatus cop_live_grid_class(const CopLiveGrid *grid, const char *label, int *out,
                              CopError *err) COP_MUST_CHECK;

#endif

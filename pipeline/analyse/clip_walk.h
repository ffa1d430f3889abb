/* The test clips of the runs, prepared as their models take them, one after the other.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ANALYSE_CLIP_WALK_H
#define COP_ANALYSE_CLIP_WALK_H

#include "models/core/pool.h"
#include "pipeline/analyse/analysis.h"
#include "pipeline/eval/grid_work.h"
#include "pipeline/model/model.h"

typedef struct CopClipWalk {
    const CopConfig *config; /* of the first run */
    CopDataset dataset;
    CopPool *pool;
    CopGridInput input; /* that all models share */
    CopModel **model;   /* [n_models] */
    int n_models;
    int *clip; /* [n_clips] items of the data set, spread evenly over the list */
    int n_clips, skipped;
} CopClipWalk;

/* Opens the data set and the models of the first n runs; at most `limit` clips, 0: all.
 * COP_ERR_DATA where the models take clips of different sizes, COP_ERR_MODEL where one has other
 * classes than the data set. cop_clip_walk_close() it, also after a failure. */
CopStatus cop_clip_walk_open(CopClipWalk *walk, const CopAnalysis *a, int n, int limit,
                             CopError *err) COP_MUST_CHECK;
void cop_clip_walk_close(CopClipWalk *walk);

/* A clip: `slot` as the grid has it; `place` is its index in walk->clip. One that cannot be read
 * comes with slot->error set. */
typedef CopStatus CopClipVisit(void *ctx, const CopGridSlot *slot, int place, CopError *err);

/* Visits the clips for which wanted[n_clips] holds (NULL: all), in every variant. Threads decode
 * and corrupt ahead. COP_ERR_INTERRUPTED after a signal, behind the clip in hand; COP_ERR_DATA
 * where more than data.max_skip cannot be read. */
CopStatus cop_clip_walk_run(CopClipWalk *walk, const CopVariants *variants, const bool *wanted,
                            const char *label, CopClipVisit *visit, void *ctx,
                            CopError *err) COP_MUST_CHECK;

#endif

/* One model's part of the grid: (clip, variant, view) lanes packed into batches,
 * their answers gathered over views and written, one transaction a batch.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_LANE_BATCH_H
#define COP_EVAL_LANE_BATCH_H

#include "pipeline/eval/aggregate.h"
#include "pipeline/eval/store.h"
#include "pipeline/model/model.h"

typedef struct CopLaneBatch CopLaneBatch;

/* `model`, `store` and `pool` are borrowed. Returned in *out. */
CopStatus cop_lane_batch_create(CopLaneBatch **out, CopModel *model, CopStore *store, CopPool *pool,
                                CopAggregate aggregate, int views, bool save_views,
                                CopError *err) COP_MUST_CHECK;
void cop_lane_batch_destroy(CopLaneBatch **batch);

/* Called with `ctx` in each batch's transaction before its answers are written; one that fails
 * undoes the batch. NULL, as at first: nothing is called. */
typedef CopStatus CopLaneWrites(void *ctx, CopError *err);
void cop_lane_batch_on_write(CopLaneBatch *batch, CopLaneWrites *writes, void *ctx);

/* Adds all views of one (clip, cell): lane first_lane + view * step of x. Runs the net
 * and writes whenever a batch is full. */
CopStatus cop_lane_batch_add(CopLaneBatch *batch, int64_t cell, int64_t clip, const CopTensor *x,
                             int first_lane, int step, CopError *err) COP_MUST_CHECK;

/* Runs what is left. */
CopStatus cop_lane_batch_flush(CopLaneBatch *batch, CopError *err) COP_MUST_CHECK;

/* Answers written so far (aggregated ones). */
long cop_lane_batch_written(const CopLaneBatch *batch);

/* The largest of p[classes] first, ties to the lower class. */
void cop_top_classes(const float *p, int classes, CopStorePrediction *out);

#endif

/* One training step after another: forward, loss, backward, optimiser, topology.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TRAIN_TRAINER_H
#define COP_TRAIN_TRAINER_H

#include "models/train/net.h"
#include "models/train/optimizer.h"

typedef struct CopTrainerOptions {
    CopSgd sgd;
    CopSchedule schedule;
    double label_smoothing;
    uint64_t seed;
} CopTrainerOptions;

/* What one step did. */
typedef struct CopTrainStats {
    double loss; /* mean over the batch, before the update */
    int correct; /* clips whose largest logit was right */
    double lr;
} CopTrainStats;

typedef struct CopTrainer {
    CopNet *net;       /* borrowed; planned for training */
    CopSparse *sparse; /* borrowed; NULL for none */
    CopPool *pool;     /* borrowed */
    CopTrainerOptions options;
    uint64_t step; /* optimiser steps done */
    double flops;  /* of all steps so far: 2 * multiply-adds of the three passes with the
                          masks of each step, dense weight gradients of growth steps included */
    void (*report)(void *ctx, const CopSparseEvent *event); /* topology updates; may be NULL */
    void *report_ctx;
} CopTrainer;

/* One step on the clips in the net's input (its n lanes), with labels[n] and the
 * identity clip[n] of each. COP_ERR_NUMERIC when the loss is not finite: training has
 * diverged, and the message names the step and the rate. */
CopStatus cop_trainer_step(CopTrainer *trainer, const int *labels, const uint32_t *clip,
                           CopTrainStats *stats, CopError *err) COP_MUST_CHECK;

#endif

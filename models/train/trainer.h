/* One batch after another: forward, loss, backward, and every so often optimiser and topology.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TRAIN_TRAINER_H
#define COP_TRAIN_TRAINER_H

#include "models/train/net.h"
#include "models/train/optimizer.h"

typedef struct CopTrainerOptions {
    CopOptimizer optimizer; /* COP_OPTIMIZER_ADAMW needs a net planned with moments */
    CopSgd sgd;
    CopAdamW adamw;
    CopSchedule schedule;
    double label_smoothing;
    double mixup;     /* alpha of its Beta distribution; 0: none */
    double clip_grad; /* largest norm of a step's gradient; 0: any */
    int accumulate;   /* batches a step; 0 is 1. More need a net planned for it */
    uint64_t seed;
} CopTrainerOptions;

/* What one batch did. */
typedef struct CopTrainStats {
    double loss; /* mean over the batch, before the update */
    int correct; /* clips whose largest logit was right (mixup: for the larger share) */
    double lr;   /* of the step that the batch belongs to */
} CopTrainStats;

typedef struct CopTrainer {
    CopNet *net;       /* borrowed; planned for training */
    CopSparse *sparse; /* borrowed; NULL for none */
    CopPool *pool;     /* borrowed */
    int *other;        /* [batch] room for the second labels of mixup (borrowed); else NULL */
    CopTrainerOptions options;
    uint64_t step;      /* optimiser steps done */
    int batches, clips; /* of the step that is under way; 0 between steps */
    double norm;        /* of the last step's gradient before clipping; 0 unless it is clipped */
    double flops;       /* of all steps so far: 2 * multiply-adds of the three passes with the
                           masks of each step; where growth asks for a dense weight gradient it
                           counts in place of the masked one (Evci et al., ICML 2020, appendix H),
                           though both are worked out */
    void (*report)(void *ctx, const CopSparseEvent *event); /* topology updates; may be NULL */
    void *report_ctx;
} CopTrainer;

/* One batch: the clips in the net's input (its n lanes), with labels[n] and the identity
 * clip[n] of each. Every options.accumulate batches the optimiser steps, on the mean
 * gradient of all their clips, and the topology changes when it is due (gradient growth
 * looks at that mean, too). Mixup blends the net's input in place; the number of the
 * batch addresses its share. COP_ERR_NUMERIC when the loss or a gradient that is to be clipped
 * is not finite: training has diverged, and the message names the step and the rate. */
CopStatus cop_trainer_step(CopTrainer *trainer, const int *labels, const uint32_t *clip,
                           CopTrainStats *stats, CopError *err) COP_MUST_CHECK;

/* Ends the step that is under way, if any, with fewer batches: due at the end of an epoch. */
CopStatus cop_trainer_finish_step(CopTrainer *trainer, CopError *err) COP_MUST_CHECK;

#endif

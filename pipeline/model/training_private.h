/* What the files of a training run share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MODEL_TRAINING_PRIVATE_H
#define COP_MODEL_TRAINING_PRIVATE_H

#include <glib.h>

#include "models/train/trainer.h"
#include "pipeline/data/loader.h"
#include "pipeline/model/training.h"
#include "pipeline/report/tensorboard.h"

enum { COP_TRAINING_AHEAD = 3 }; /* batches of clips in flight */

typedef struct CopTrainingEpoch {
    double loss, waited, seconds; /* loss: sum over clips */
    int correct, clips;
} CopTrainingEpoch;

typedef struct CopTrainingState {
    const CopConfig *config;
    const char *out;
    CopDataset train, test;
    CopNet *net;
    CopSparse *sparse;
    CopPool *pool;
    CopKernelTable kernels;
    CopTrainer trainer;
    CopVariants corruptions; /* to train on; none: empty */
    int epoch;               /* epochs done, with their validation */
    long batch;              /* batches done of the next one */
    CopTrainingEpoch so_far; /* of these */
    gint64 saved_at;         /* monotonic time of the last checkpoint, microseconds */
    bool untouched;          /* nothing was left to train */
    GString *metrics;        /* JSON lines so far */
    CopSparseEvent update;   /* sums over the layers of the one under way */
    CopEvents *events;       /* the same figures for TensorBoard; NULL before training starts */
    char *config_hash, *recipe_hash;
    GHashTable *skipped; /* relative path and reason of each clip that cannot be read */
    CopTrainingResult *result;
    CopError *err;
} CopTrainingState;

/* training_net.c: net, masks, weights to start from, trainer. */
CopStatus cop_training_make_net(CopTrainingState *run);
long cop_training_batches(const CopTrainingState *run); /* an epoch */
/* Says in one line what the run needs memory for. */
void cop_training_note_memory(const CopTrainingState *run, const char *label);

/* training_files.c: the folder of a run. */
char *cop_training_path(const CopTrainingState *run, const char *name); /* g_malloc'ed */
CopStatus cop_training_hash(CopTrainingState *run);                     /* fills both hashes */
/* Makes the folder and locks it. */
CopStatus cop_training_own_folder(const CopTrainingState *run, int *lock);
CopStatus cop_training_folder(const CopTrainingState *run); /* tidies it up and writes config.cfg */
CopStatus cop_training_take_up(CopTrainingState *run);      /* the checkpoint, if there is one */
CopStatus cop_training_checkpoint(CopTrainingState *run);

/* training_metrics.c: what is measured. */
CopStatus cop_training_write_metrics(const CopTrainingState *run);
CopStatus cop_training_note_epoch(CopTrainingState *run, const CopTrainingEpoch *epoch,
                                  double accuracy);
void cop_training_note_event(void *run, const CopSparseEvent *event);

/* training_files.c: the clips skipped so far, by name: JSON, g_malloc'ed and returned. */
char *cop_training_skips(const CopTrainingState *run);

/* Adds the clips that a loader skipped to the run's list; more of them than
 * data.max_skip allows is COP_ERR_DATA. */
CopStatus cop_training_note_skips(CopTrainingState *run, const CopLoader *loader,
                                  const CopDataset *dataset);

#endif

/* A training run: from a configuration to a folder with a model in it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MODEL_TRAINING_H
#define COP_MODEL_TRAINING_H

#include <stdbool.h>

#include "pipeline/config/config.h"

typedef struct CopTrainingResult {
    double test_accuracy; /* top-1 on the test split after the last epoch, 0..1 */
    double seconds;
    size_t parameters, nonzeros;
    size_t memory; /* bytes of the net's plan */
    int skipped;   /* clips that could not be read */
    bool complete; /* false when a signal stopped it */
} CopTrainingResult;

/* Trains as `config` says and writes into folder `out`: config.cfg, metrics.jsonl
 * (one JSON object an epoch or topology update), checkpoint.safetensors after every
 * train.checkpoint_every epochs and whenever checkpoint_minutes have gone by,
 * model.safetensors at the end, and figures for TensorBoard. With `resume` a checkpoint in
 * `out` is taken up; it must come from a configuration and a training list that move the
 * training in the same way, and then the run gives the bits that it would have given
 * uninterrupted. A signal (SIGINT, SIGTERM) ends the run after the current step with a
 * checkpoint and COP_ERR_INTERRUPTED; a folder in which another process trains is COP_AGAIN.
 * `label` heads the progress bar and the line on stderr that says what memory the run needs. */
CopStatus cop_training_run(const CopConfig *config, const char *out, bool resume, const char *label,
                           CopTrainingResult *result, CopError *err) COP_MUST_CHECK;

#endif

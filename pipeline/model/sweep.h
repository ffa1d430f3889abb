/* The runs of a sweep: methods, densities, seeds and dense controls.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MODEL_SWEEP_H
#define COP_MODEL_SWEEP_H

#include "pipeline/config/config.h"
#include "pipeline/model/training.h"

typedef struct CopSweepRun {
    char *name;  /* "rigl_0.5_s1", "dense_s1", "dense_flops_0.5_s1" */
    char *model; /* path of model.safetensors, in a folder of the run's name */
    char **sets; /* "block.key=value": what makes it of the sweep's configuration; ended by NULL */
} CopSweepRun;

typedef struct CopSweep {
    CopSweepRun *run;
    int n;
} CopSweep;

/* Lists the runs below folder `out`, seed by seed: methods in the configuration's order, each at
 * every density, and for every density the controls of sweep.controls, dense nets of another width
 * (matched_width.h), unless that is the net's own; for these the data set is looked at. Returned
 * in *sweep. */
CopStatus cop_sweep_create(CopSweep *sweep, const CopConfig *config, const char *out,
                           CopError *err) COP_MUST_CHECK;
void cop_sweep_free(CopSweep *sweep);

/* What a model of a sweep says in its name, "dense flops 0.5 s1": its place in cop_sweep_controls,
 * and the density of the nets that it is as large as; -1 where it is no control. */
int cop_sweep_control(const char *model_name, double *density);

typedef enum CopSweepState { COP_SWEEP_WAITING, COP_SWEEP_RUNNING, COP_SWEEP_DONE } CopSweepState;

/* What is on disk of a run, whoever works on it: epochs done, and top-1 on the test clips after
 * the last of them (negative before the first). WAITING is also what was begun and is at rest. */
CopSweepState cop_sweep_look(const CopSweepRun *run, int *epochs, double *top1);

/* Trains one run (cop_training_run(), with its result); what its folder holds already is taken
 * up, a finished one as it is. COP_AGAIN where another process works in its folder. */
CopStatus cop_sweep_train(const CopSweepRun *run, const CopConfig *config,
                          CopTrainingResult *result, CopError *err) COP_MUST_CHECK;

#endif

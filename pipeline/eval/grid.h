/* The evaluation grid: every clip, as it is and under every corruption and severity,
 * through every model. A clip is decoded once a view; threads decode, corrupt and
 * prepare ahead; (clip, variant) pairs of one model share the lanes of a batch.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_GRID_H
#define COP_EVAL_GRID_H

#include "pipeline/config/config.h"

typedef struct CopGridOptions {
    const CopConfig *config;   /* data, clip (but frames and stride), corrupt, eval, run */
    const char *const *models; /* paths */
    int n_models;
    const char *db;
    int limit;        /* clips at most, spread evenly over the list; 0: all */
    const char *only; /* "CORRUPTION" or "CORRUPTION:SEVERITY"; NULL: all */
    bool dry_run;     /* count only */
} CopGridOptions;

typedef struct CopGridResult {
    int clips, cells; /* of the grid */
    long missing;     /* predictions that were not there at the start */
    long predictions; /* made now */
    int skipped;      /* clips that could not be read */
    double seconds;
} CopGridResult;

/* Runs what is missing from the result file. A signal ends the run after the batch
 * in flight: COP_ERR_INTERRUPTED, and the next run goes on. Clips that cannot be read are
 * listed in the file; more of them than data.max_skip is COP_ERR_DATA at the end. */
CopStatus cop_grid_run(const CopGridOptions *options, const char *label, CopGridResult *result,
                       CopError *err) COP_MUST_CHECK;

#endif

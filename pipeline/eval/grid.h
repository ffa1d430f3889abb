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
    const char *db;      /* of a shard: of the whole grid, beside which the part file lies */
    const char *command; /* as it was typed, for the file's provenance; NULL: not known */
    int limit;           /* clips at most, spread evenly over the list; 0: all */
    const char *only;    /* "CORRUPTION" or "CORRUPTION:SEVERITY"; NULL: all */
    int shard, shards;   /* does clip k of the grid where k % shards = shard - 1, into a file of
                            its own (cop_grid_part()); shards 0: all clips */
    bool dry_run;        /* count only */
} CopGridOptions;

typedef struct CopGridResult {
    int clips, cells; /* of the grid */
    long missing;     /* predictions that were not there at the start */
    long predictions; /* made now */
    int skipped;      /* clips that could not be read */
    double seconds;
} CopGridResult;

/* Name of a shard's file: "R.db.2of4". g_malloc'ed. */
char *cop_grid_part(const char *db, int shard, int shards);

/* Runs what is missing from the result file. A signal ends the run after the batch
 * in flight: COP_ERR_INTERRUPTED, and the next run goes on. Clips that cannot be read are
 * listed in the file; more of them than data.max_skip is COP_ERR_DATA at the end, unless
 * this is a shard, which knows too few clips. */
CopStatus cop_grid_run(const CopGridOptions *options, const char *label, CopGridResult *result,
                       CopError *err) COP_MUST_CHECK;

#endif

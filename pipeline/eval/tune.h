/* Which kernels and blocking suit a machine: timing them on the convolutions of a net.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_TUNE_H
#define COP_EVAL_TUNE_H

#include "models/kernels/conv3d_table.h"
#include "models/train/net.h"

typedef struct CopTuneOptions {
    const CopNet *net;     /* borrowed; only its convolutions' shapes count */
    const double *density; /* [n], each above 0 and at most 1, ascending; their masks are random */
    int n;
    int batch, repeat; /* clips; rounds, 0: 5 */
    bool train;        /* times gradients, too */
} CopTuneOptions;

/* What was chosen for a density; seconds are sums over all convolutions, of medians. */
typedef struct CopTuneChoice {
    double density;
    CopBlocking blocking;
    double seconds, built_in;
} CopTuneChoice;

/* Times a dozen of blockings a density, in turns, on one thread, and takes for each density
 * the fastest over all convolutions. choice[n] says what was found, *table holds it: a row
 * reaches half way (geometrically) to the next density. COP_ERR_ARG for options out of
 * bounds, COP_ERR_NOMEM. */
CopStatus cop_tune(CopKernelTable *table, CopTuneChoice *choice, const CopTuneOptions *options,
                   CopError *err) COP_MUST_CHECK;

#endif

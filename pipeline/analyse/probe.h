/* Models on clips that were changed in floats, between preparation and net: what the curves and
 * maps of frequencies are made of. Answers are kept in a result file, and none is made twice.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ANALYSE_PROBE_H
#define COP_ANALYSE_PROBE_H

#include "pipeline/analyse/clip_walk.h"

/* One change: a cell of the result file. */
typedef struct CopProbe {
    char *name;   /* g_malloc'ed; "clean" for none */
    double level; /* its severity there */
    char *detail; /* g_malloc'ed, "" for none */
    int kind;     /* the caller's own */
    double x, y;  /* likewise */
} CopProbe;

/* Changes one clip: x and out are [3][t][h][w], as normalised; `clip` is its identity. Called on
 * several threads, `worker` counts them. */
typedef void CopProbeChange(void *ctx, const CopProbe *probe, const CopGridInput *input,
                            uint32_t clip, int worker, const float *x, float *out);

/* The probes of a figure, and what all runs of the analysis answer. */
typedef struct CopProbes {
    CopAnalysis *a;
    CopClipWalk walk; /* of all runs */
    CopProbe *item;
    int n;
    double *top1; /* [a->n_runs][n]; NaN without labels */
    int clips;    /* those of the walk that could be read */
} CopProbes;

/* Opens the walk, without probes yet; cop_probes_close() it, also after a failure. */
CopStatus cop_probes_open(CopProbes *probes, CopAnalysis *a, CopError *err) COP_MUST_CHECK;
void cop_probes_close(CopProbes *probes);

/* One more at the end: its name and detail are copied, level is set, the rest is zero. */
CopProbe *cop_probes_add(CopProbes *probes, const char *name, double level, const char *detail);

/* Runs what DIR/analyse.db lacks, and fills in top1 and clips. `label` heads the progress bar.
 * COP_ERR_INTERRUPTED keeps what is done. */
CopStatus cop_probes_answer(CopProbes *probes, const char *label, CopProbeChange *change, void *ctx,
                            CopError *err) COP_MUST_CHECK;
double cop_probes_top1(const CopProbes *probes, int run, int probe);

#endif

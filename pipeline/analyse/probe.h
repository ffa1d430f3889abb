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

typedef struct CopProbeJob {
    const CopAnalysis *a;
    const int *runs; /* [n_runs] */
    int n_runs;
    CopClipWalk *walk; /* of the same runs */
    const CopProbe *probes;
    int n_probes;
    const char *label; /* of the progress bar */
    CopProbeChange *change;
    void *ctx;
} CopProbeJob;

/* A list of them, and one more at its end: its name and detail are made here, level and the rest
 * are zero. */
typedef struct CopProbes {
    CopProbe *item;
    int n;
} CopProbes;
CopProbe *cop_probes_add(CopProbes *probes, const char *name, double level, const char *detail);
void cop_probes_free(CopProbes *probes);

/* Runs what DIR/analyse.db lacks; *made is the number of new answers. Then top-1 of each run and
 * probe over the walk's clips that could be read: top1[n_runs * n_probes], NaN without labels;
 * *clips is their number. COP_ERR_INTERRUPTED keeps what is done. */
CopStatus cop_probe_answer(const CopProbeJob *job, double *top1, int *clips, long *made,
                           CopError *err) COP_MUST_CHECK;

#endif

/* The probes of a figure: what they are.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/analyse/probe.h"

enum { CLIPS = 256 };

CopStatus cop_probes_open(CopProbes *probes, CopAnalysis *a, CopError *err)
{
    const int limit = a->options->limit;
    *probes = (CopProbes){.a = a};
    return cop_clip_walk_open(&probes->walk, a, a->n_runs, limit ? limit : CLIPS, err);
}

CopProbe *cop_probes_add(CopProbes *probes, const char *name, double level, const char *detail)
{
    probes->item = g_renew(CopProbe, probes->item, probes->n + 1);
    CopProbe *added = &probes->item[probes->n++];
    *added = (CopProbe){.name = g_strdup(name), .level = level, .detail = g_strdup(detail)};
    return added;
}

void cop_probes_close(CopProbes *probes)
{
    for (int i = 0; i < probes->n; i++) {
        g_free(probes->item[i].name);
        g_free(probes->item[i].detail);
    }
    g_free(probes->item);
    g_free(probes->top1);
    cop_clip_walk_close(&probes->walk);
    *probes = (CopProbes){0};
}

double cop_probes_top1(const CopProbes *probes, int run, int probe)
{
    return probes->top1[(ptrdiff_t)run * probes->n + probe];
}

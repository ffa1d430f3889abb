/* Lists of probes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/analyse/probe.h"

CopProbe *cop_probes_add(CopProbes *probes, const char *name, double level, const char *detail)
{
    probes->item = g_renew(CopProbe, probes->item, probes->n + 1);
    CopProbe *added = &probes->item[probes->n++];
    *added = (CopProbe){.name = g_strdup(name), .level = level, .detail = g_strdup(detail)};
    return added;
}

void cop_probes_free(CopProbes *probes)
{
    for (int i = 0; i < probes->n; i++) {
        g_free(probes->item[i].name);
        g_free(probes->item[i].detail);
    }
    g_free(probes->item);
    *probes = (CopProbes){0};
}

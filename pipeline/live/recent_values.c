/* The last values of a measurement that does not end: percentiles and a rate.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/recent_values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void cop_recent_add(CopRecent *recent, double value)
{
    recent->value[recent->next] = value;
    recent->next = (recent->next + 1) % COP_RECENT;
    recent->n += recent->n < COP_RECENT;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double cop_recent_percentile(const CopRecent *recent, double share)
{
    double sorted[COP_RECENT];
    if (recent->n == 0)
        return NAN;
    memcpy(sorted, recent->value, (size_t)recent->n * sizeof *sorted);
    qsort(sorted, (size_t)recent->n, sizeof *sorted, compare);
    const int rank = (int)ceil(share * recent->n);
    return sorted[rank < 1 ? 0 : rank > recent->n ? recent->n - 1 : rank - 1];
}

double cop_recent_rate(const CopRecent *recent)
{
    if (recent->n < 2)
        return 0;
    const int newest = (recent->next + COP_RECENT - 1) % COP_RECENT;
    const int oldest = recent->n < COP_RECENT ? 0 : recent->next;
    const double span = recent->value[newest] - recent->value[oldest];
    return span > 0 ? (recent->n - 1) / span : 0;
}

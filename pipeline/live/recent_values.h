/* The last values of a measurement that does not end: percentiles and a rate.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_RECENT_VALUES_H
#define COP_LIVE_RECENT_VALUES_H

enum { COP_RECENT = 256 };

/* A ring; zeroed is empty. */
typedef struct CopRecent {
    double value[COP_RECENT];
    int n, next; /* values there, and where the next one goes */
} CopRecent;

void cop_recent_add(CopRecent *recent, double value);

/* The smallest value that at least `share` (above 0, at most 1) of the last COP_RECENT values do
 * not exceed (nearest rank); NaN without values. */
double cop_recent_percentile(const CopRecent *recent, double share);

/* Of values that are times in seconds and rise: how many a second lie behind the first; 0 for
 * fewer than two. */
double cop_recent_rate(const CopRecent *recent);

#endif

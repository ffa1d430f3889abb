/* Schedules: which corruption runs when, and how strongly.
 *
 *     0:gaussian_noise:0; 10:gaussian_noise:5; 20:fog:3:step:weight=2; 30:none
 *
 * Entries, separated by semicolons, are TIME:CORRUPTION:SEVERITY[:linear|:step][:PARAMETERS].
 * TIME is in seconds of the stream and never falls; "none" needs no severity. Up to the next
 * entry of the same corruption and parameters the severity goes to that entry's along a line,
 * unless the entry says "step"; before any other entry it stays. Entries of one time make a
 * jump. Before the first entry nothing is done, after the last one its severity stays; a last
 * entry "TIME:repeat" starts over at each multiple of TIME instead.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_SEVERITY_SCHEDULE_H
#define COP_CORRUPT_SEVERITY_SCHEDULE_H

#include <stdbool.h>

#include "pipeline/corrupt/corrupt.h"

typedef struct CopScheduleEntry {
    double time;
    const CopCorruptDesc *desc; /* NULL: none */
    double severity;
    char *params; /* NULL where the entry has none */
    bool step;
} CopScheduleEntry;

typedef struct CopSchedule {
    CopScheduleEntry *entry; /* [n] */
    int n;
    double period; /* of "repeat"; 0: none */
} CopSchedule;

/* Reads `text` into a zeroed *out. COP_ERR_CONFIG with the entry, what is wrong with it and
 * what is allowed; *out is then empty. An empty text is an empty schedule. */
CopStatus cop_schedule_parse(CopSchedule *out, const char *text, CopError *err) COP_MUST_CHECK;
void cop_schedule_free(CopSchedule *schedule);

/* The entry that holds at `seconds` (NULL: none yet) and in *severity what it has become. */
const CopScheduleEntry *cop_schedule_at(const CopSchedule *schedule, double seconds,
                                        double *severity);

#endif

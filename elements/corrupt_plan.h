/* What videocorrupt is to do at a time of the stream: its settings, made into instances.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ELEMENTS_CORRUPT_PLAN_H
#define COP_ELEMENTS_CORRUPT_PLAN_H

#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/severity_schedule.h"

/* The element's words; cop_options_*() work on it. */
typedef struct CopCorruptSettings {
    int corruption; /* 0: none; else 1 + its place in the registry */
    double severity;
    uint64_t seed, clip_id;
    int temporal; /* CopTemporal */
    char *preset, *params, *schedule;
} CopCorruptSettings;

/* Option rows of the settings, made once. */
const CopOption *cop_corrupt_settings_rows(void);

/* What the corruption at `place` of the settings' list does. */
const char *cop_corrupt_settings_summary(int place);

/* A zeroed plan does nothing. */
typedef struct CopCorruptPlan {
    CopCorruptSettings settings, refused; /* refused: the last that were wrong, if any */
    CopSchedule schedule;
    CopCorrupt *corrupt; /* of the present corruption; NULL: none */
    char *params;        /* that it was made with */
    bool stale;          /* it was made from other settings */
} CopCorruptPlan;

/* What is due at one moment. */
typedef struct CopCorruptDue {
    const CopCorruptDesc *desc; /* NULL: none */
    double severity;
    const char *params; /* borrowed from the plan */
} CopCorruptDue;

/* Takes over `settings` (copied). Whatever is wrong with them (a schedule that does not parse, a
 * preset or parameter unknown, an encoder that is not there, a corruption that needs a whole
 * clip) is said here, and the plan stays as it was but for the severity, which is bounded by its
 * property; while a ramp runs over them, wrong settings are said to be so once. */
CopStatus cop_corrupt_plan_take(CopCorruptPlan *plan, const CopCorruptSettings *settings,
                                CopError *err) COP_MUST_CHECK;

/* What is due `seconds` into the stream; a negative time is one that nobody knows. */
CopCorruptDue cop_corrupt_plan_at(const CopCorruptPlan *plan, double seconds);

/* Whether plan->corrupt, as it is, does what is due but for its severity. */
bool cop_corrupt_plan_fits(const CopCorruptPlan *plan, const CopCorruptDue *due);

/* Makes plan->corrupt anew for what is due. */
CopStatus cop_corrupt_plan_make(CopCorruptPlan *plan, const CopCorruptDue *due,
                                CopError *err) COP_MUST_CHECK;

/* Drops the instance; settings and schedule stay. */
void cop_corrupt_plan_drop(CopCorruptPlan *plan);

/* Frees everything. */
void cop_corrupt_plan_clear(CopCorruptPlan *plan);

#endif

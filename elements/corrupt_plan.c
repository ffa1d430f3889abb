/* What videocorrupt is to do at a time of the stream.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elements/corrupt_plan.h"

#include <glib.h>
#include <stddef.h>
#include <string.h>

/* Filled from the registry before anybody sees it. */
static CopOption rows[] = {
    {"corruption", "what is done to the video; see coppice list corruptions", COP_TYPE_CHOICE,
     offsetof(CopCorruptSettings, corruption), "none", 0, 0, NULL, 0},
    {"severity",
     "how strongly, 0 to 5; at 0 buffers pass untouched, 1 to 5 are the rows of its table and "
     "fractions lie between them",
     COP_TYPE_DOUBLE, offsetof(CopCorruptSettings, severity), "3", 0, COP_SEVERITIES, NULL,
     COP_OPTION_CONTROLLABLE},
    {"seed", "seed of all that is drawn; equal seeds give equal bytes", COP_TYPE_U64,
     offsetof(CopCorruptSettings, seed), "0", 0, 0, NULL, 0},
    {"temporal", "how what is drawn runs from frame to frame; auto is the corruption's own way",
     COP_TYPE_CHOICE, offsetof(CopCorruptSettings, temporal), "auto", 0, 0, cop_temporal_names, 0},
    {"preset",
     "severity table, as imagenet-c-224; empty: coppice, which fits video of any size. A schedule "
     "takes it where a corruption has it",
     COP_TYPE_STRING, offsetof(CopCorruptSettings, preset), "", 0, 0, NULL, 0},
    {"params",
     "parameters in place of the table's, as \"sigma=0.1, gop=16\"; coppice list corruptions NAME "
     "names them with units and ranges",
     COP_TYPE_STRING, offsetof(CopCorruptSettings, params), "", 0, 0, NULL, 0},
    {"clip_id", "tells streams of one seed apart; a whole number, 0 to 4294967295", COP_TYPE_U64,
     offsetof(CopCorruptSettings, clip_id), "0", 0, UINT32_MAX, NULL, 0},
    {"schedule",
     "in place of corruption and severity: entries TIME:CORRUPTION:SEVERITY[:linear|:step]"
     "[:PARAMETERS], times in seconds of the stream, separated by semicolons, as "
     "\"0:fog:0;10:fog:5;20:rain:3\"; entries of one corruption are joined by lines; TIME:repeat "
     "at the end starts over",
     COP_TYPE_STRING, offsetof(CopCorruptSettings, schedule), "", 0, 0, NULL, 0},
    COP_OPTIONS_END,
};

const CopOption *cop_corrupt_settings_rows(void)
{
    static gsize once;
    if (g_once_init_enter(&once)) {
        guint n = 0;
        while (cop_corrupt_registry[n])
            n++;
        const char **names = g_new0(const char *, n + 2); /* kept */
        names[0] = "none";
        for (guint i = 0; i < n; i++)
            names[i + 1] = cop_corrupt_registry[i]->name;
        rows[0].choices = names;
        g_once_init_leave(&once, 1);
    }
    return rows;
}

const char *cop_corrupt_settings_summary(int place)
{
    return place ? cop_corrupt_registry[place - 1]->summary : "nothing: buffers pass untouched";
}

static const CopCorruptDesc *desc_of(const CopCorruptSettings *settings)
{
    return settings->corruption ? cop_corrupt_registry[settings->corruption - 1] : NULL;
}

static CopCorruptSpec spec_of(const CopCorruptSettings *settings, const CopCorruptDue *due)
{
    const bool scheduled = *settings->schedule != '\0';
    return (CopCorruptSpec){
        .name = due->desc->name,
        .severity = due->severity,
        .seed = settings->seed,
        .clip = (uint32_t)settings->clip_id,
        .temporal = (CopTemporal)settings->temporal,
        .preset = scheduled && !cop_corrupt_has_preset(due->desc, settings->preset)
                      ? NULL
                      : settings->preset,
        .params = due->params,
    };
}

/* Makes it once, at a severity that is not 0: only then an encoder is looked for. */
static CopStatus try_out(const CopCorruptSettings *settings, const CopCorruptDesc *desc,
                         const char *params, CopError *err)
{
    if (!desc)
        return COP_OK;
    if (desc->flags & COP_CORRUPT_WHOLE_CLIP)
        return cop_error_set(err, COP_ERR_UNSUPPORTED,
                             "%s needs the whole clip and cannot run in a stream: use \"coppice "
                             "corrupt\" on a file",
                             desc->name);
    const CopCorruptDue due = {desc, settings->severity > 0 ? settings->severity : 1, params};
    const CopCorruptSpec spec = spec_of(settings, &due);
    CopCorrupt *trial;
    COP_TRY(cop_corrupt_create(&trial, &spec, err));
    cop_corrupt_destroy(&trial);
    return COP_OK;
}

static CopStatus check(const CopCorruptSettings *settings, const CopSchedule *schedule,
                       CopError *err)
{
    if (!*settings->schedule)
        return try_out(settings, desc_of(settings), settings->params, err);
    for (int i = 0; i < schedule->n; i++) {
        const CopScheduleEntry *entry = &schedule->entry[i];
        COP_TRY(
            try_out(settings, entry->desc, entry->params ? entry->params : settings->params, err));
    }
    return COP_OK;
}

/* Equal but for the severity, which an instance takes as it is. */
static bool same_but_severity(const CopCorruptSettings *a, const CopCorruptSettings *b)
{
    return a->preset && a->corruption == b->corruption && a->seed == b->seed &&
           a->clip_id == b->clip_id && a->temporal == b->temporal &&
           strcmp(a->preset, b->preset) == 0 && strcmp(a->params, b->params) == 0 &&
           strcmp(a->schedule, b->schedule) == 0;
}

static void refuse(CopCorruptPlan *plan, const CopCorruptSettings *settings)
{
    cop_options_free(rows, &plan->refused);
    if (cop_options_copy(rows, &plan->refused, settings) != COP_OK)
        plan->refused = (CopCorruptSettings){0};
}

static CopStatus take(CopCorruptPlan *plan, const CopCorruptSettings *settings, CopError *err)
{
    CopSchedule schedule = {0};
    CopCorruptSettings copy = {0};
    COP_TRY(cop_schedule_parse(&schedule, settings->schedule, err));
    CopStatus status = check(settings, &schedule, err);
    if (status == COP_OK)
        status = cop_options_copy(rows, &copy, settings);
    if (status != COP_OK) {
        cop_schedule_free(&schedule);
        return cop_error_set(err, status, "out of memory");
    }
    cop_options_free(rows, &plan->settings);
    cop_options_free(rows, &plan->refused);
    cop_schedule_free(&plan->schedule);
    plan->settings = copy;
    plan->schedule = schedule;
    plan->stale = true;
    return COP_OK;
}

CopStatus cop_corrupt_plan_take(CopCorruptPlan *plan, const CopCorruptSettings *settings,
                                CopError *err)
{
    plan->settings.severity = settings->severity;
    if (same_but_severity(&plan->settings, settings) || same_but_severity(&plan->refused, settings))
        return COP_OK;
    const CopStatus status = take(plan, settings, err);
    if (status != COP_OK)
        refuse(plan, settings);
    return status;
}

CopCorruptDue cop_corrupt_plan_at(const CopCorruptPlan *plan, double seconds)
{
    const CopCorruptSettings *settings = &plan->settings;
    CopCorruptDue due = {.params = settings->params};
    if (!plan->schedule.n) {
        due.desc = desc_of(settings);
        due.severity = settings->severity;
        return due;
    }
    const CopScheduleEntry *entry = cop_schedule_at(&plan->schedule, seconds, &due.severity);
    if (entry) {
        due.desc = entry->desc;
        due.params = entry->params ? entry->params : settings->params;
    }
    return due;
}

bool cop_corrupt_plan_fits(const CopCorruptPlan *plan, const CopCorruptDue *due)
{
    if (!due->desc || !plan->corrupt)
        return !due->desc && !plan->corrupt;
    return !plan->stale && plan->corrupt->desc == due->desc &&
           strcmp(plan->params, due->params) == 0;
}

CopStatus cop_corrupt_plan_make(CopCorruptPlan *plan, const CopCorruptDue *due, CopError *err)
{
    cop_corrupt_plan_drop(plan);
    if (!due->desc)
        return COP_OK;
    const CopCorruptSpec spec = spec_of(&plan->settings, due);
    COP_TRY(cop_corrupt_create(&plan->corrupt, &spec, err));
    plan->params = g_strdup(due->params);
    return COP_OK;
}

void cop_corrupt_plan_drop(CopCorruptPlan *plan)
{
    cop_corrupt_destroy(&plan->corrupt);
    g_clear_pointer(&plan->params, g_free);
    plan->stale = false;
}

void cop_corrupt_plan_clear(CopCorruptPlan *plan)
{
    cop_corrupt_plan_drop(plan);
    cop_schedule_free(&plan->schedule);
    cop_options_free(rows, &plan->settings);
    cop_options_free(rows, &plan->refused);
    *plan = (CopCorruptPlan){0};
}

/* Schedules: which corruption runs when, and how strongly.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/severity_schedule.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The text up to the next colon, which is overwritten; NULL at the end. */
static char *next_word(char **rest)
{
    char *word = *rest;
    if (!word)
        return NULL;
    char *colon = strchr(word, ':');
    *rest = colon ? colon + 1 : NULL;
    if (colon)
        *colon = '\0';
    return g_strstrip(word);
}

static CopStatus parse_time(const CopSchedule *schedule, const char *word, double *time,
                            CopError *err)
{
    if (!word || !cop_parse_double(word, time) || !(*time >= 0) || isinf(*time))
        return cop_error_set(err, COP_ERR_CONFIG,
                             "schedule: entry %d: time \"%s\" must be seconds, 0 or more",
                             schedule->n + 1, word ? word : "");
    const double last = schedule->n ? schedule->entry[schedule->n - 1].time : 0;
    if (*time < last)
        return cop_error_set(err, COP_ERR_CONFIG,
                             "schedule: entry %d: time %s comes after %g: times must not fall",
                             schedule->n + 1, word, last);
    return COP_OK;
}

/* What follows the severity: linear or step, parameters, both in this order or nothing. */
static CopStatus parse_rest(CopScheduleEntry *entry, int number, char *rest, CopError *err)
{
    char *params = rest;
    if (rest) {
        const size_t n = strcspn(rest, ":");
        char *word = strndup(rest, n);
        if (!word)
            return COP_ERR_NOMEM;
        const char *mode = g_strstrip(word);
        entry->step = strcmp(mode, "step") == 0;
        const bool known = entry->step || strcmp(mode, "linear") == 0;
        if (!known && !strchr(mode, '=')) {
            cop_error_set(
                err, COP_ERR_CONFIG,
                "schedule: entry %d: \"%s\" must be linear, step or parameters, NAME=VALUE", number,
                mode);
            free(word);
            return COP_ERR_CONFIG;
        }
        if (known)
            params = rest[n] ? rest + n + 1 : NULL;
        free(word);
    }
    if (params && !(entry->params = strdup(g_strstrip(params))))
        return COP_ERR_NOMEM;
    return COP_OK;
}

/* A severity is missing only where there is nothing to have one. */
static CopStatus parse_severity(CopScheduleEntry *entry, int number, const char *word,
                                CopError *err)
{
    if (!entry->desc && !word)
        return COP_OK;
    if (word && cop_parse_double(word, &entry->severity) && entry->severity >= 0 &&
        entry->severity <= COP_SEVERITIES)
        return COP_OK;
    return cop_error_set(err, COP_ERR_CONFIG,
                         "schedule: entry %d: severity \"%s\" must be a number, 0 to %d", number,
                         word ? word : "", COP_SEVERITIES);
}

static CopStatus parse_entry(CopSchedule *schedule, char *text, bool *ended, CopError *err)
{
    const int number = schedule->n + 1;
    char *rest = text;
    double time;
    if (*ended)
        return cop_error_set(err, COP_ERR_CONFIG, "schedule: nothing may follow \"repeat\"");
    COP_TRY(parse_time(schedule, next_word(&rest), &time, err));
    const char *name = next_word(&rest);
    if (!name || !*name)
        return cop_error_set(err, COP_ERR_CONFIG,
                             "schedule: entry %d: expected TIME:CORRUPTION:SEVERITY", number);
    if (strcmp(name, "repeat") == 0) {
        if (rest || time <= 0)
            return cop_error_set(err, COP_ERR_CONFIG,
                                 "schedule: \"repeat\" takes a time above 0 and nothing else");
        schedule->period = time;
        *ended = true;
        return COP_OK;
    }
    CopScheduleEntry *entry = &schedule->entry[schedule->n++];
    entry->time = time;
    if (strcmp(name, "none") != 0) {
        CopError inner = {0};
        entry->desc = cop_corrupt_find(name, &inner);
        if (!entry->desc)
            return cop_error_set(err, COP_ERR_CONFIG, "schedule: entry %d: %s", number, inner.text);
    }
    COP_TRY(parse_severity(entry, number, next_word(&rest), err));
    return parse_rest(entry, number, rest, err);
}

static CopStatus parse(CopSchedule *schedule, char *text, CopError *err)
{
    int most = 1;
    for (const char *p = text; *p; p++)
        most += *p == ';';
    schedule->entry = calloc((size_t)most, sizeof *schedule->entry);
    if (!schedule->entry)
        return COP_ERR_NOMEM;
    bool ended = false;
    for (char *at = text, *next; at; at = next) {
        next = strchr(at, ';');
        if (next)
            *next++ = '\0';
        at = g_strstrip(at);
        if (*at)
            COP_TRY(parse_entry(schedule, at, &ended, err));
    }
    if (ended && !schedule->n)
        return cop_error_set(err, COP_ERR_CONFIG, "schedule: nothing comes before \"repeat\"");
    return COP_OK;
}

CopStatus cop_schedule_parse(CopSchedule *out, const char *text, CopError *err)
{
    *out = (CopSchedule){0};
    char *copy = strdup(text);
    const CopStatus status = copy ? parse(out, copy, err) : COP_ERR_NOMEM;
    free(copy);
    if (status != COP_OK)
        cop_schedule_free(out);
    return status == COP_OK ? COP_OK : cop_error_set(err, status, "schedule: out of memory");
}

void cop_schedule_free(CopSchedule *schedule)
{
    for (int i = 0; i < schedule->n; i++)
        free(schedule->entry[i].params);
    free(schedule->entry);
    *schedule = (CopSchedule){0};
}

static bool same_thing(const CopScheduleEntry *a, const CopScheduleEntry *b)
{
    const bool equal_params =
        a->params && b->params ? strcmp(a->params, b->params) == 0 : a->params == b->params;
    return a->desc == b->desc && equal_params;
}

const CopScheduleEntry *cop_schedule_at(const CopSchedule *schedule, double seconds,
                                        double *severity)
{
    if (schedule->period > 0)
        seconds = fmod(seconds, schedule->period);
    int i = schedule->n - 1;
    while (i >= 0 && schedule->entry[i].time > seconds)
        i--;
    *severity = 0;
    if (i < 0)
        return NULL;
    const CopScheduleEntry *entry = &schedule->entry[i], *next = entry + 1;
    *severity = entry->severity;
    if (i + 1 < schedule->n && !entry->step && same_thing(entry, next))
        *severity += (next->severity - entry->severity) * (seconds - entry->time) /
                     (next->time - entry->time);
    return entry;
}

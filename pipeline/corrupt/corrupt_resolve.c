/* From preset, severity and overrides to the options in a corruption's state.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt_resolve.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const CopSeverityTable *cop_corrupt_table(const CopCorruptDesc *desc, const char *preset,
                                          CopError *err)
{
    if (!preset || !*preset)
        return desc->tables;
    char names[256] = "";
    size_t used = 0;
    for (const CopSeverityTable *table = desc->tables; table->preset; table++) {
        if (cop_name_equal(table->preset, preset))
            return table;
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "",
                                     table->preset);
    }
    cop_error_set(err, COP_ERR_CONFIG, "%s has no preset \"%s\"; there are: %s", desc->name, preset,
                  names);
    return NULL;
}

double cop_corrupt_table_value(const CopSeverityTable *table, int column, double severity,
                               bool interpolate)
{
    int columns = 0;
    while (table->columns[columns])
        columns++;
    const int whole = (int)severity; /* row number; 0 stands for the identity */
    const double *row = &table->rows[column];
    if (!interpolate)
        return row[(whole > 1 ? whole - 1 : 0) * columns];
    const double lower = whole ? row[(whole - 1) * columns] : table->identity[column];
    if (whole == COP_SEVERITIES)
        return lower;
    return lower + (severity - whole) * (row[whole * columns] - lower);
}

static void set_number(const CopOption *row, void *state, double value)
{
    void *field = (char *)state + row->offset;
    switch (row->type) {
    case COP_TYPE_BOOL:
        *(bool *)field = value != 0;
        break;
    case COP_TYPE_INT:
    case COP_TYPE_CHOICE:
        *(int *)field = (int)floor(value + 0.5);
        break;
    case COP_TYPE_U64:
        *(uint64_t *)field = (uint64_t)floor(value + 0.5);
        break;
    case COP_TYPE_DOUBLE:
        *(double *)field = value;
        break;
    default: /* texts and lists have no column in a table of numbers */
        break;
    }
}

static char *trim(char *text)
{
    text += strspn(text, " \t\n");
    size_t n = strlen(text);
    while (n && strchr(" \t\n", text[n - 1]))
        text[--n] = '\0';
    return text;
}

/* Ends the item at `text` at its comma, brackets skipped, and returns the next one or NULL. */
static char *split(char *text)
{
    int depth = 0;
    for (char *p = text; *p; p++) {
        depth += (*p == '[' || *p == '(') - (*p == ']' || *p == ')');
        if (*p == ',' && depth <= 0) {
            *p = '\0';
            return p + 1;
        }
    }
    return NULL;
}

static CopStatus set_params(const CopCorruptDesc *desc, char *params, void *state, CopError *err)
{
    for (char *item = params, *next; item; item = next) {
        next = split(item);
        item = trim(item);
        if (!*item && !next && item != params)
            break; /* a comma at the end does no harm */
        char *equals = strchr(item, '=');
        if (!equals)
            return cop_error_set(err, COP_ERR_CONFIG,
                                 "%s: parameter \"%s\" is not of the form name=value", desc->name,
                                 item);
        *equals = '\0';
        CopError inner = {0};
        const CopStatus status =
            cop_options_set(desc->options, state, trim(item), trim(equals + 1), &inner);
        if (status != COP_OK)
            return cop_error_set(err, status, "%s: %s", desc->name, inner.text);
    }
    return COP_OK;
}

CopStatus cop_corrupt_resolve(const CopCorruptDesc *desc, const CopSeverityTable *table,
                              double severity, const char *params, void *state, CopError *err)
{
    cop_options_free(desc->options, state);
    COP_TRY(cop_options_defaults(desc->options, state, err));
    for (int i = 0; table->columns[i]; i++) {
        const CopOption *row = cop_option_find(desc->options, table->columns[i]);
        if (!row)
            return cop_error_set(err, COP_ERR_ARG, "%s: table %s has a column \"%s\", no option",
                                 desc->name, table->preset, table->columns[i]);
        set_number(
            row, state,
            cop_corrupt_table_value(table, i, severity, row->flags & COP_OPTION_INTERPOLATE));
    }
    if (!params || !params[strspn(params, " \t\n")])
        return COP_OK;
    char *copy = strdup(params);
    if (!copy)
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", desc->name);
    const CopStatus status = set_params(desc, copy, state, err);
    free(copy);
    return status;
}

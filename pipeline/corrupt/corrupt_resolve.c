/* From preset, severity and overrides to the options in a corruption's state.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt_resolve.h"

#include <math.h>
#include <stdio.h>

#include "models/core/option_list.h"

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
    CopError inner = {0};
    const CopStatus status = cop_options_parse(desc->options, state, params, &inner);
    return status == COP_OK ? COP_OK : cop_error_set(err, status, "%s: %s", desc->name, inner.text);
}

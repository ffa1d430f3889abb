/* From preset, severity and overrides to the options in a corruption's state.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt_resolve.h"

#include <math.h>
#include <stdio.h>

#include "models/core/option_list.h"

/* "NAME", the newest version, or "NAME@VERSION" */
static bool is_called(const CopSeverityTable *table, const char *preset)
{
    char full[64];
    snprintf(full, sizeof full, "%s@%d", table->preset, COP_PRESET_VERSION);
    return cop_name_equal(table->preset, preset) || cop_name_equal(full, preset);
}

const CopSeverityTable *cop_corrupt_table(const CopCorruptDesc *desc, const char *preset,
                                          CopError *err)
{
    if (!preset || !*preset)
        return desc->tables;
    char names[256] = "";
    size_t used = 0;
    for (const CopSeverityTable *table = desc->tables; table->preset; table++) {
        if (is_called(table, preset))
            return table;
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s@%d", used ? ", " : "",
                                     table->preset, COP_PRESET_VERSION);
    }
    cop_error_set(err, COP_ERR_CONFIG, "%s has no preset \"%s\"; there are: %s", desc->name, preset,
                  names);
    return NULL;
}

bool cop_corrupt_has_preset(const CopCorruptDesc *desc, const char *preset)
{
    CopError err = {0};
    return cop_corrupt_table(desc, preset, &err) != NULL;
}

/* A share `t` of the way from a to b. Reciprocals mix in what is inversely proportional:
 * half the way from no limit to 60 photons are 120. */
static double mixed(double a, double b, double t, bool reciprocal)
{
    if (!reciprocal)
        return a + t * (b - a);
    const double from = a != 0 ? 1 / a : 0, to = b != 0 ? 1 / b : 0,
                 inverse = mixed(from, to, t, false);
    return t == 0 ? a : inverse != 0 ? 1 / inverse : 0;
}

double cop_corrupt_table_value(const CopSeverityTable *table, int column, double severity,
                               unsigned flags)
{
    int columns = 0;
    while (table->columns[columns])
        columns++;
    const int whole = (int)severity; /* row number; 0 stands for the identity */
    const double *row = &table->rows[column];
    if (!(flags & COP_OPTION_INTERPOLATE))
        return row[(whole > 1 ? whole - 1 : 0) * columns];
    const double lower = whole ? row[(whole - 1) * columns] : table->identity[column];
    if (whole == COP_SEVERITIES)
        return lower;
    return mixed(lower, row[whole * columns], severity - whole, flags & COP_OPTION_RECIPROCAL);
}

bool cop_corrupt_table_scales(const CopCorruptDesc *desc, const CopSeverityTable *table)
{
    if (table != desc->tables)
        return false;
    for (int i = 0; table->columns[i]; i++) {
        const CopOption *row = cop_option_find(desc->options, table->columns[i]);
        if (row && row->flags & COP_OPTION_LENGTH)
            return true;
    }
    return false;
}

static double scaled(const CopOption *row, double value, double scale)
{
    if (!(row->flags & COP_OPTION_LENGTH))
        return value;
    double length = value * scale;
    if (row->type == COP_TYPE_INT && value >= 1 && length < 1)
        length = 1;
    if (row->min == 0 && row->max == 0)
        return length;
    return length < row->min ? row->min : length > row->max ? row->max : length;
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
                              double severity, double scale, const char *params, void *state,
                              CopError *err)
{
    cop_options_free(desc->options, state);
    COP_TRY(cop_options_defaults(desc->options, state, err));
    for (int i = 0; table->columns[i]; i++) {
        const CopOption *row = cop_option_find(desc->options, table->columns[i]);
        if (!row)
            return cop_error_set(err, COP_ERR_ARG, "%s: table %s has a column \"%s\", no option",
                                 desc->name, table->preset, table->columns[i]);
        const double value = cop_corrupt_table_value(table, i, severity, row->flags);
        set_number(row, state, scaled(row, value, scale));
    }
    CopError inner = {0};
    const CopStatus status = cop_options_parse(desc->options, state, params, &inner);
    return status == COP_OK ? COP_OK : cop_error_set(err, status, "%s: %s", desc->name, inner.text);
}

/* What `coppice list` says of corruptions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/cli_corruptions.h"

#include <glib.h>

#include "pipeline/json_text.h"
#include "pipeline/report/terminal.h"

/* How far it looks at a severity of its default table, in frames. */
typedef struct Reach {
    int latency, look_behind, align;
} Reach;

/* False where it cannot be made here: an encoder is missing. */
static bool find_reach(const CopCorruptDesc *desc, int severity, Reach *reach)
{
    CopCorrupt *corrupt;
    CopError err = {0};
    const CopCorruptSpec spec = {.name = desc->name, .severity = severity};
    if (cop_corrupt_create(&corrupt, &spec, &err) != COP_OK)
        return false;
    *reach = (Reach){corrupt->latency, corrupt->look_behind, corrupt->align};
    cop_corrupt_destroy(&corrupt);
    return true;
}

/* "0", "2 to 10", "group of 32", "whole clip": frames that a stream waits for. */
static char *latency_text(const CopCorruptDesc *desc)
{
    int least = 0, most = 0, align = 1;
    if (desc->flags & COP_CORRUPT_WHOLE_CLIP)
        return g_strdup("whole clip");
    for (int s = 1; s <= COP_SEVERITIES; s++) {
        Reach reach;
        if (!find_reach(desc, s, &reach))
            return g_strdup("not available");
        least = s == 1 ? reach.latency : MIN(least, reach.latency);
        most = MAX(most, reach.latency);
        align = MAX(align, reach.align);
    }
    if (align > 1)
        return g_strdup_printf("group of %d", align);
    return least < most ? g_strdup_printf("%d to %d", least, most) : g_strdup_printf("%d", most);
}

/* The modes it knows, its own first. */
static char *modes_text(const CopCorruptDesc *desc)
{
    if (!desc->temporal)
        return g_strdup("-");
    GString *text = g_string_new(cop_temporal_names[desc->temporal_default]);
    for (int i = COP_TEMPORAL_IID; cop_temporal_names[i]; i++)
        if (desc->temporal & 1u << i && i != (int)desc->temporal_default)
            g_string_append_printf(text, ", %s", cop_temporal_names[i]);
    return g_string_free(text, FALSE);
}

char *cop_corruptions_text(void)
{
    static const char *const heads[] = {"corruption",   "family", "latency", "over time",
                                        "what it does", "source", NULL};
    CopTable *table = cop_table_create();
    for (int i = 0; heads[i]; i++)
        cop_table_column(table, heads[i], false);
    for (int i = 0; cop_corrupt_registry[i]; i++) {
        const CopCorruptDesc *desc = cop_corrupt_registry[i];
        char *latency = latency_text(desc), *modes = modes_text(desc);
        cop_table_cell(table, "%s", desc->name);
        cop_table_cell(table, "%s", cop_family_names[desc->family]);
        cop_table_cell(table, "%s", latency);
        cop_table_cell(table, "%s", modes);
        cop_table_cell(table, "%s", desc->summary);
        cop_table_cell(table, "%s", desc->reference);
        g_free(latency);
        g_free(modes);
    }
    char *text = cop_table_text(table, COP_TABLE_TEXT);
    cop_table_destroy(&table);
    return text;
}

/* The values of its tables, severity by severity. */
static char *tables_text(const CopCorruptDesc *desc)
{
    CopTable *text = cop_table_create();
    static const char *const heads[] = {"preset", "parameter", "severity 1", "2", "3", "4", "5"};
    for (gsize i = 0; i < G_N_ELEMENTS(heads); i++)
        cop_table_column(text, heads[i], i > 1);
    for (const CopSeverityTable *table = desc->tables; table->preset; table++) {
        int columns = 0;
        while (table->columns[columns])
            columns++;
        for (int c = 0; c < columns; c++) {
            cop_table_cell(text, "%s", c ? "" : table->preset);
            cop_table_cell(text, "%s", table->columns[c]);
            for (int s = 0; s < COP_SEVERITIES; s++) {
                char number[32];
                cop_table_cell(text, "%s", cop_format_double(table->rows[s * columns + c], number));
            }
        }
    }
    char *out = cop_table_text(text, COP_TABLE_TEXT);
    cop_table_destroy(&text);
    return out;
}

static char *options_text(const CopCorruptDesc *desc)
{
    CopTable *text = cop_table_create();
    static const char *const heads[] = {"parameter", "allowed", "what it is"};
    for (gsize i = 0; i < G_N_ELEMENTS(heads); i++)
        cop_table_column(text, heads[i], false);
    for (const CopOption *row = desc->options; row->name; row++) {
        char allowed[256];
        cop_table_cell(text, "%s", row->name);
        cop_table_cell(text, "%s", cop_option_allowed(row, allowed, sizeof allowed));
        cop_table_cell(text, "%s%s", row->help,
                       row->flags & COP_OPTION_LENGTH ? " (pixels; scaled by " COP_PRESET_DEFAULT
                                                        " from a short side of 224)"
                                                      : "");
    }
    char *out = cop_table_text(text, COP_TABLE_TEXT);
    cop_table_destroy(&text);
    return out;
}

char *cop_corruption_text(const CopCorruptDesc *desc)
{
    char *latency = latency_text(desc), *modes = modes_text(desc);
    char *options = options_text(desc), *tables = tables_text(desc);
    char *text = g_strdup_printf("%s (%s): %s\nsource: %s\nlatency, frames: %s\nover time: "
                                 "%s\n\n%s\n%s",
                                 desc->name, cop_family_names[desc->family], desc->summary,
                                 desc->reference, latency, modes, options, tables);
    g_free(latency);
    g_free(modes);
    g_free(options);
    g_free(tables);
    return text;
}

static void begin_array(JsonBuilder *json, const char *name)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_array(json);
}

static void put_flag(JsonBuilder *json, const char *name, unsigned flag)
{
    json_builder_set_member_name(json, name);
    json_builder_add_boolean_value(json, flag != 0);
}

static void put_preset(JsonBuilder *json, const CopSeverityTable *table)
{
    int columns = 0;
    json_builder_begin_object(json);
    cop_json_put_text(json, "name", table->preset);
    cop_json_put_int(json, "version", COP_PRESET_VERSION);
    cop_json_put_text(json, "reference", table->reference);
    begin_array(json, "columns");
    for (; table->columns[columns]; columns++)
        json_builder_add_string_value(json, table->columns[columns]);
    json_builder_end_array(json);
    begin_array(json, "severities");
    for (int s = -1; s < COP_SEVERITIES; s++) {
        json_builder_begin_array(json);
        for (int c = 0; c < columns; c++)
            json_builder_add_double_value(json, s < 0 ? table->identity[c]
                                                      : table->rows[s * columns + c]);
        json_builder_end_array(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
}

void cop_corruption_json(JsonBuilder *json, const CopCorruptDesc *desc)
{
    begin_array(json, "presets");
    for (const CopSeverityTable *table = desc->tables; table->preset; table++)
        put_preset(json, table);
    json_builder_end_array(json);
    begin_array(json, "temporal");
    for (int i = COP_TEMPORAL_IID; cop_temporal_names[i]; i++)
        if (desc->temporal & 1u << i)
            json_builder_add_string_value(json, cop_temporal_names[i]);
    json_builder_end_array(json);
    if (desc->temporal)
        cop_json_put_text(json, "temporal_default", cop_temporal_names[desc->temporal_default]);
    put_flag(json, "random", desc->flags & COP_CORRUPT_RANDOM);
    put_flag(json, "whole_clip", desc->flags & COP_CORRUPT_WHOLE_CLIP);
    begin_array(json, "reach"); /* at severities 1 to 5; empty where it cannot be made here */
    for (int s = 1; s <= COP_SEVERITIES; s++) {
        Reach reach;
        if (!find_reach(desc, s, &reach))
            break;
        json_builder_begin_object(json);
        cop_json_put_int(json, "latency", reach.latency);
        cop_json_put_int(json, "look_behind", reach.look_behind);
        cop_json_put_int(json, "align", reach.align);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

/* Element messages as lines of JSON.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elements/coppice_live_json.h"

#include "pipeline/json_text.h"

static void put_structure(JsonBuilder *b, const GstStructure *structure, const char *name_key);

static void put_value(JsonBuilder *b, const GValue *value)
{
    if (G_VALUE_HOLDS_BOOLEAN(value)) {
        json_builder_add_boolean_value(b, g_value_get_boolean(value));
    } else if (G_VALUE_HOLDS_INT(value)) {
        json_builder_add_int_value(b, g_value_get_int(value));
    } else if (G_VALUE_HOLDS_UINT(value)) {
        json_builder_add_int_value(b, g_value_get_uint(value));
    } else if (G_VALUE_HOLDS_INT64(value)) {
        json_builder_add_int_value(b, g_value_get_int64(value));
    } else if (G_VALUE_HOLDS_UINT64(value)) { /* no time: all bits set */
        const guint64 n = g_value_get_uint64(value);
        if (n == GST_CLOCK_TIME_NONE)
            json_builder_add_null_value(b);
        else
            json_builder_add_int_value(b, (gint64)n);
    } else if (G_VALUE_HOLDS_DOUBLE(value)) {
        json_builder_add_double_value(b, g_value_get_double(value));
    } else if (G_VALUE_HOLDS_FLOAT(value)) {
        json_builder_add_double_value(b, (double)g_value_get_float(value));
    } else if (G_VALUE_HOLDS_STRING(value)) {
        json_builder_add_string_value(b, g_value_get_string(value));
    } else if (GST_VALUE_HOLDS_STRUCTURE(value)) {
        put_structure(b, gst_value_get_structure(value), NULL);
    } else if (GST_VALUE_HOLDS_ARRAY(value)) {
        json_builder_begin_array(b);
        for (guint i = 0; i < gst_value_array_get_size(value); i++)
            put_value(b, gst_value_array_get_value(value, i));
        json_builder_end_array(b);
    } else if (GST_VALUE_HOLDS_LIST(value)) {
        json_builder_begin_array(b);
        for (guint i = 0; i < gst_value_list_get_size(value); i++)
            put_value(b, gst_value_list_get_value(value, i));
        json_builder_end_array(b);
    } else {
        char *text = gst_value_serialize(value);
        json_builder_add_string_value(b, text ? text : "");
        g_free(text);
    }
}

static gboolean put_field(GQuark field, const GValue *value, gpointer builder)
{
    json_builder_set_member_name(builder, g_quark_to_string(field));
    put_value(builder, value);
    return TRUE;
}

static void put_structure(JsonBuilder *b, const GstStructure *structure, const char *name_key)
{
    json_builder_begin_object(b);
    if (name_key) {
        json_builder_set_member_name(b, name_key);
        json_builder_add_string_value(b, gst_structure_get_name(structure));
    }
    gst_structure_foreach(structure, put_field, b);
    json_builder_end_object(b);
}

char *cop_live_json(const GstStructure *structure)
{
    JsonBuilder *b = json_builder_new();
    put_structure(b, structure, "message");
    return cop_json_text(b, FALSE);
}

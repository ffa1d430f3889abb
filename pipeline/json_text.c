/* From a JSON builder to text. json-glib writes 17 digits of every number, 0.1 among
 * them; here it is the shortest text that reads back as the same one.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/json_text.h"

#include <math.h>
#include <string.h>

enum { ONE_LINE = -1 }; /* in place of an indentation */

/* Names of files need not be UTF-8, and a text that was cut may end inside a character. */
static void put_string(GString *out, const char *text)
{
    char *valid = g_utf8_make_valid(text, -1);
    JsonNode *node = json_node_init_string(json_node_alloc(), valid);
    char *quoted = json_to_string(node, FALSE);
    g_string_append(out, quoted);
    g_free(quoted);
    g_free(valid);
    json_node_unref(node);
}

static void put_double(GString *out, double value)
{
    char text[32];
    if (!isfinite(value)) {
        g_string_append(out, "null");
        return;
    }
    g_string_append(out, cop_format_double(value, text));
    if (!strpbrk(text, ".e")) /* it stays a number with a fraction to typed readers */
        g_string_append(out, ".0");
}

static void put_value(GString *out, JsonNode *value)
{
    if (json_node_get_value_type(value) == G_TYPE_STRING)
        put_string(out, json_node_get_string(value));
    else if (json_node_get_value_type(value) == G_TYPE_DOUBLE)
        put_double(out, json_node_get_double(value));
    else if (json_node_get_value_type(value) == G_TYPE_BOOLEAN)
        g_string_append(out, json_node_get_boolean(value) ? "true" : "false");
    else
        g_string_append_printf(out, "%" G_GINT64_FORMAT, json_node_get_int(value));
}

static void new_line(GString *out, int indent)
{
    if (indent != ONE_LINE)
        g_string_append_printf(out, "\n%*s", 2 * indent, "");
}

static void put_node(GString *out, JsonNode *node, int indent)
{
    const int inner = indent == ONE_LINE ? ONE_LINE : indent + 1;
    const JsonNodeType type = json_node_get_node_type(node);
    if (type == JSON_NODE_NULL) {
        g_string_append(out, "null");
    } else if (type == JSON_NODE_VALUE) {
        put_value(out, node);
    } else if (type == JSON_NODE_ARRAY) {
        JsonArray *array = json_node_get_array(node);
        const guint n = json_array_get_length(array);
        g_string_append_c(out, '[');
        for (guint i = 0; i < n; i++) {
            g_string_append(out, i ? "," : "");
            new_line(out, inner);
            put_node(out, json_array_get_element(array, i), inner);
        }
        if (n)
            new_line(out, indent);
        g_string_append_c(out, ']');
    } else {
        JsonObjectIter members;
        const char *name;
        JsonNode *member;
        bool first = true;
        json_object_iter_init_ordered(&members, json_node_get_object(node));
        g_string_append_c(out, '{');
        while (json_object_iter_next_ordered(&members, &name, &member)) {
            g_string_append(out, first ? "" : ",");
            new_line(out, inner);
            put_string(out, name);
            g_string_append(out, indent == ONE_LINE ? ":" : " : ");
            put_node(out, member, inner);
            first = false;
        }
        if (!first)
            new_line(out, indent);
        g_string_append_c(out, '}');
    }
}

char *cop_json_text(JsonBuilder *builder, gboolean pretty)
{
    JsonNode *node = json_builder_get_root(builder);
    GString *text = g_string_new(NULL);
    put_node(text, node, pretty ? 0 : ONE_LINE);
    json_node_unref(node);
    g_object_unref(builder);
    return g_string_free(text, FALSE);
}

void cop_json_put_text(JsonBuilder *builder, const char *key, const char *value)
{
    json_builder_set_member_name(builder, key);
    if (value)
        json_builder_add_string_value(builder, value);
    else
        json_builder_add_null_value(builder);
}

void cop_json_put_int(JsonBuilder *builder, const char *key, int64_t value)
{
    json_builder_set_member_name(builder, key);
    json_builder_add_int_value(builder, value);
}

void cop_json_put_double(JsonBuilder *builder, const char *key, double value)
{
    json_builder_set_member_name(builder, key);
    json_builder_add_double_value(builder, value);
}

char *cop_json_strings(const CopStrings *strings)
{
    JsonBuilder *b = json_builder_new();
    json_builder_begin_array(b);
    for (int i = 0; i < strings->n; i++)
        json_builder_add_string_value(b, strings->item[i]);
    json_builder_end_array(b);
    return cop_json_text(b, FALSE);
}

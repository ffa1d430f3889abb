/* From a JSON builder to text.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/json_text.h"

char *cop_json_text(JsonBuilder *builder, gboolean pretty)
{
    JsonNode *node = json_builder_get_root(builder);
    char *text = json_to_string(node, pretty);
    json_node_unref(node);
    g_object_unref(builder);
    return text;
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

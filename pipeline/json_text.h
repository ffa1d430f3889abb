/* From a JSON builder to text.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_JSON_TEXT_H
#define COP_JSON_TEXT_H

#include <json-glib/json-glib.h>

#include "models/core/option.h"

/* The text of what `builder` (taken) holds, g_malloc'ed and returned. Numbers are the shortest
 * text that reads back as the same one; what is not finite is null. */
char *cop_json_text(JsonBuilder *builder, gboolean pretty);

/* One member of the object that is being built; text may be NULL: null. */
void cop_json_put_text(JsonBuilder *builder, const char *key, const char *value);
void cop_json_put_int(JsonBuilder *builder, const char *key, int64_t value);
void cop_json_put_double(JsonBuilder *builder, const char *key, double value);

/* The strings (borrowed) as a JSON array, g_malloc'ed and returned. */
char *cop_json_strings(const CopStrings *strings);

#endif

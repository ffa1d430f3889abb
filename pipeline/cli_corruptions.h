/* What `coppice list` says of corruptions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CLI_CORRUPTIONS_H
#define COP_CLI_CORRUPTIONS_H

#include <json-glib/json-glib.h>

#include "pipeline/corrupt/corrupt.h"

/* A table, one row a corruption; g_malloc'ed and returned. */
char *cop_corruptions_text(void);

/* One of them in full: options and severity tables; g_malloc'ed and returned. */
char *cop_corruption_text(const CopCorruptDesc *desc);

/* Adds to the object that is open: presets with their severities, modes over time, and
 * how far it looks at each severity. */
void cop_corruption_json(JsonBuilder *json, const CopCorruptDesc *desc);

#endif

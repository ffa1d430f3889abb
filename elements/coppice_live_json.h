/* Element messages as lines of JSON.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ELEMENTS_COPPICE_LIVE_JSON_H
#define COP_ELEMENTS_COPPICE_LIVE_JSON_H

#include <gst/gst.h>

/* The structure as one JSON object on one line, its name as "message", its fields under their own
 * names: numbers, truths, texts, and lists and structures of these; NaN and infinities are null,
 * other types their text in GStreamer's spelling. g_malloc'ed and returned. */
char *cop_live_json(const GstStructure *structure);

#endif

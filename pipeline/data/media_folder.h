/* What lies in a folder of videos and pictures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_DATA_MEDIA_FOLDER_H
#define COP_DATA_MEDIA_FOLDER_H

#include <glib.h>
#include <stdbool.h>

#include "models/core/status.h"

/* Names in `path` in a fixed order (cop_compare_names()): folders, or files whose suffix
 * says video or picture. Hidden ones are left out. An array of g_malloc'ed names, returned
 * also after an error. */
CopStatus cop_media_list(const char *path, bool folders, GPtrArray **out,
                         CopError *err) COP_MUST_CHECK;

/* Appends to `out` the names, relative to `root`, of all such files below root/below
 * ("": of all). */
CopStatus cop_media_walk(const char *root, const char *below, GPtrArray *out,
                         CopError *err) COP_MUST_CHECK;

#endif

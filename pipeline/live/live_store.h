/* A live grid's answers in a result file, which `coppice compare` and `coppice report` read.
 * Each window is a clip called "STREAM@SECONDS" (of its first frame; "STREAM#FRAME" where
 * frames have no times). The setup is the stream's own: live answers and those of files
 * are never mixed. Where variants take turns no window has all of them, so the means over
 * corruptions are missing in a comparison, the cells are not.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_LIVE_STORE_H
#define COP_LIVE_LIVE_STORE_H

#include "pipeline/live/live_grid.h"

typedef struct CopLiveStore CopLiveStore;

/* Opens or makes the file `path` and writes models, setup and cells. `grid` is borrowed for the
 * store's life; `command` (NULL: not known) is kept with the run. Returned in *out. */
CopStatus cop_live_store_open(CopLiveStore **out, const char *path, const char *stream,
                              const CopLiveGrid *grid, const char *command,
                              CopError *err) COP_MUST_CHECK;
void cop_live_store_close(CopLiveStore **store); /* NULL-safe, idempotent */

/* One window in one transaction. A window that is there already, after a seek back for
 * example, stays as it was. From one thread at a time. */
CopStatus cop_live_store_add(CopLiveStore *store, const CopLiveGridAnswer *answer,
                             CopError *err) COP_MUST_CHECK;

/* A text of any kind under a key of the file's meta table; a second one replaces the first. */
CopStatus cop_live_store_note(CopLiveStore *store, const char *key, const char *value,
                              CopError *err) COP_MUST_CHECK;

/* Every option of the grid that can move an answer and is neither the model's nor the cell's, a
 * line each; g_malloc'ed and returned. */
char *cop_live_setup_text(const CopLiveGrid *grid);

#endif

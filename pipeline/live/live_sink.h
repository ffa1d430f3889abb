/* Where a live grid's answers go: lines of JSON or a result file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_LIVE_SINK_H
#define COP_LIVE_LIVE_SINK_H

#include "pipeline/live/live_grid.h"

typedef struct CopLiveSink CopLiveSink;

/* `location` ends in .db, .sqlite or .sqlite3: a result file (live_store.h), opened or made. Any
 * other name: lines of JSON (live_json.h), in a new file or behind what is there, each
 * written at once. `grid` is borrowed for the sink's life. Returned in *out. */
CopStatus cop_live_sink_open(CopLiveSink **out, const char *location, const char *stream,
                             CopLiveGrid *grid, const char *command, CopError *err) COP_MUST_CHECK;

/* COP_ERR_IO and what the result file says. From one thread at a time. */
CopStatus cop_live_sink_add(CopLiveSink *sink, const CopLiveGridAnswer *answer,
                            CopError *err) COP_MUST_CHECK;

/* Writes the summary, as a line or (the same text) as meta row "live.summary", and closes. The
 * sink is gone whatever comes back. NULL-safe. */
CopStatus cop_live_sink_close(CopLiveSink **sink, CopError *err) COP_MUST_CHECK;

/* Closes it without one. NULL-safe, idempotent. */
void cop_live_sink_abandon(CopLiveSink **sink);

#endif

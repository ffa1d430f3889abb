/* Where a live grid's answers go: lines of JSON or a result file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/live_sink.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/live/live_json.h"
#include "pipeline/live/live_store.h"

struct CopLiveSink {
    CopLiveGrid *grid;
    char *location, *stream;
    CopLiveStore *store; /* one of the two */
    FILE *lines;
};

static bool is_result_file(const char *location)
{
    return g_str_has_suffix(location, ".db") || g_str_has_suffix(location, ".sqlite") ||
           g_str_has_suffix(location, ".sqlite3");
}

void cop_live_sink_abandon(CopLiveSink **out)
{
    if (!out || !*out)
        return;
    CopLiveSink *sink = *out;
    cop_live_store_close(&sink->store);
    if (sink->lines)
        fclose(sink->lines);
    g_free(sink->location);
    g_free(sink->stream);
    g_free(sink);
    *out = NULL;
}

CopStatus cop_live_sink_open(CopLiveSink **out, const char *location, const char *stream,
                             CopLiveGrid *grid, const char *command, CopError *err)
{
    CopLiveSink *sink = g_new0(CopLiveSink, 1);
    sink->grid = grid;
    sink->location = g_strdup(location);
    sink->stream = g_strdup(stream);
    CopStatus status = COP_OK;
    if (is_result_file(location))
        status = cop_live_store_open(&sink->store, location, stream, grid, command, err);
    else if (!(sink->lines = fopen(location, "a")))
        status =
            cop_error_set(err, COP_ERR_IO, "%s: cannot be written: %s", location, strerror(errno));
    if (status != COP_OK)
        cop_live_sink_abandon(&sink);
    *out = sink;
    return status;
}

/* Readers follow the file while it grows. */
static CopStatus put_line(CopLiveSink *sink, char *line, CopError *err)
{
    const bool written = fprintf(sink->lines, "%s\n", line) > 0 && fflush(sink->lines) == 0;
    const CopStatus status = written ? COP_OK
                                     : cop_error_set(err, COP_ERR_IO, "%s: cannot be written: %s",
                                                     sink->location, strerror(errno));
    g_free(line);
    return status;
}

CopStatus cop_live_sink_add(CopLiveSink *sink, const CopLiveGridAnswer *answer, CopError *err)
{
    if (sink->store)
        return cop_live_store_add(sink->store, answer, err);
    return put_line(sink, cop_live_json_robustness(sink->stream, sink->grid, answer), err);
}

CopStatus cop_live_sink_close(CopLiveSink **out, CopError *err)
{
    if (!out || !*out)
        return COP_OK;
    CopLiveSink *sink = *out;
    CopLiveStats stats;
    cop_live_grid_stats(sink->grid, &stats, NULL);
    char *line = cop_live_json_summary(sink->stream, &stats, sink->grid);
    CopStatus status;
    if (sink->store) {
        status = cop_live_store_note(sink->store, "live.summary", line, err);
        g_free(line);
    } else {
        status = put_line(sink, line, err);
    }
    cop_live_sink_abandon(out);
    return status;
}

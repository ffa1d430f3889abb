/* What a stream shows when: a file of spans of time and labels.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_LABEL_TRACK_H
#define COP_LIVE_LABEL_TRACK_H

#include <stdint.h>

#include "models/core/status.h"

typedef struct CopLabelTrack CopLabelTrack;

/* Reads `path`: a row "start,end,label" a span (or with tabs), seconds of the stream from start
 * to before end, the label a class's name or number. Rows in any order; empty ones and those
 * that begin with # do not count, nor does a first row of words (a header). COP_ERR_DATA with
 * the line for rows of another form and for spans that overlap or do not rise. Returned in
 * *out. */
CopStatus cop_label_track_open(CopLabelTrack **out, const char *path, CopError *err) COP_MUST_CHECK;
void cop_label_track_close(CopLabelTrack **track); /* NULL-safe, idempotent */

int cop_label_track_spans(const CopLabelTrack *track);
const char *cop_label_track_label(const CopLabelTrack *track, int span); /* by time; borrowed */

/* The span that holds first .. last (microseconds, inclusive) as a whole; -1 where there is
 * none: a window that lies across a border shows two things and has no label. */
int cop_label_track_find(const CopLabelTrack *track, int64_t first, int64_t last);

#endif

/* What a stream shows when: a file of spans of time and labels.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/label_track.h"

#include <glib.h>
#include <string.h>

#include "models/core/option.h"
#include "pipeline/data/list_file.h"

typedef struct Span {
    int64_t start, end; /* microseconds */
    char *label;
    int line;
} Span;

struct CopLabelTrack {
    GArray *spans; /* of Span, by rising start */
};

static void clear_span(void *memory)
{
    g_free(((Span *)memory)->label);
}

/* Splits a row in place: the label may hold separators. */
static bool split(char *line, const char *separator, char *field[3])
{
    for (int i = 0; i < 2; i++) {
        field[i] = line;
        line = strpbrk(line, separator);
        if (!line)
            return false;
        *line++ = '\0';
        g_strstrip(field[i]);
    }
    field[2] = g_strstrip(line);
    return *field[2] != '\0';
}

static CopStatus read_row(CopLabelTrack *track, const CopListFile *list, int i, CopError *err)
{
    char *field[3];
    double start, end;
    char *row = g_strdup(list->line[i]);
    const bool three = split(row, strchr(row, '\t') ? "\t" : ",", field);
    const bool header = three && track->spans->len == 0 && !cop_parse_double(field[0], &start) &&
                        !cop_parse_double(field[1], &end);
    CopStatus status = COP_OK;
    if (three && cop_parse_double(field[0], &start) && cop_parse_double(field[1], &end) &&
        start >= 0 && end > start && end < 1e9) {
        const Span span = {(int64_t)(start * 1e6 + 0.5), (int64_t)(end * 1e6 + 0.5),
                           g_strdup(field[2]), i + 1};
        g_array_append_val(track->spans, span);
    } else if (!header) {
        status = cop_error_set(err, COP_ERR_DATA,
                               "%s:%d: got \"%s\"; must be START,END,LABEL in seconds, END above "
                               "START",
                               list->path, i + 1, list->line[i]);
    }
    g_free(row);
    return status;
}

static int by_start(const void *a, const void *b)
{
    const Span *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

static CopStatus read_rows(CopLabelTrack *track, const CopListFile *list, CopError *err)
{
    for (int i = 0; i < list->n; i++)
        if (*list->line[i] && *list->line[i] != '#')
            COP_TRY(read_row(track, list, i, err));
    if (track->spans->len == 0)
        return cop_error_set(err, COP_ERR_DATA, "%s: holds no span", list->path);
    g_array_sort(track->spans, by_start);
    for (guint i = 1; i < track->spans->len; i++) {
        const Span *a = &g_array_index(track->spans, Span, i - 1), *b = a + 1;
        if (b->start < a->end)
            return cop_error_set(err, COP_ERR_DATA, "%s:%d: overlaps the span of line %d",
                                 list->path, b->line, a->line);
    }
    return COP_OK;
}

CopStatus cop_label_track_open(CopLabelTrack **out, const char *path, CopError *err)
{
    CopListFile list;
    CopLabelTrack *track = g_new0(CopLabelTrack, 1);
    track->spans = g_array_new(FALSE, TRUE, sizeof(Span));
    g_array_set_clear_func(track->spans, clear_span);
    CopStatus status = cop_list_open(&list, "", path, err);
    if (status == COP_OK)
        status = read_rows(track, &list, err);
    cop_list_close(&list);
    if (status != COP_OK)
        cop_label_track_close(&track);
    *out = track;
    return status;
}

void cop_label_track_close(CopLabelTrack **out)
{
    if (!out || !*out)
        return;
    g_array_unref((*out)->spans);
    g_free(*out);
    *out = NULL;
}

int cop_label_track_spans(const CopLabelTrack *track)
{
    return (int)track->spans->len;
}

const char *cop_label_track_label(const CopLabelTrack *track, int span)
{
    return g_array_index(track->spans, Span, span).label;
}

int cop_label_track_find(const CopLabelTrack *track, int64_t first, int64_t last)
{
    guint low = 0, high = track->spans->len; /* the last span that starts at or before first */
    while (low < high) {
        const guint middle = (low + high) / 2;
        if (g_array_index(track->spans, Span, middle).start <= first)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || g_array_index(track->spans, Span, low - 1).end <= last)
        return -1;
    return (int)low - 1;
}

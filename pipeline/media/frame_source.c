/* Where the frames of a clip come from: a file that FFmpeg reads, numbered pictures in a
 * folder, or pictures of a file that holds many.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/frame_source.h"

#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "pipeline/media/convert.h"

enum { DIGITS_MAX = 9 };

/* A pattern taken apart: what stands before and behind the field, and how the number is padded. */
typedef struct Pattern {
    int before;
    const char *behind;
    int digits;
    bool zeros;
} Pattern;

static bool parse(const char *pattern, Pattern *out)
{
    const char *open = strchr(pattern, '{'), *close = open ? strchr(open, '}') : NULL;
    if (!close || strpbrk(close + 1, "{}") || strchr(pattern, '/'))
        return false;
    *out = (Pattern){.before = (int)(open - pattern), .behind = close + 1};
    const char *at = open + 1;
    if (*at == ':') {
        at++;
        out->zeros = *at == '0';
        for (; g_ascii_isdigit(*at) && out->digits <= DIGITS_MAX; at++)
            out->digits = 10 * out->digits + (*at - '0');
        at += *at == 'd';
    }
    return at == close && out->digits <= DIGITS_MAX;
}

bool cop_picture_pattern_valid(const char *pattern)
{
    Pattern parts;
    return parse(pattern, &parts);
}

static char *picture_path(const char *folder, const char *pattern, int number)
{
    Pattern parts;
    if (!parse(pattern, &parts))
        return NULL;
    char *name = g_strdup_printf(parts.zeros ? "%.*s%0*d%s" : "%.*s%*d%s", parts.before, pattern,
                                 parts.digits, number, parts.behind);
    char *path = g_build_filename(folder, name, NULL);
    g_free(name);
    return path;
}

bool cop_source_is_file(const CopFrameSource *source)
{
    return !source->set && !source->pattern;
}

char *cop_source_picture(const CopFrameSource *source, const char *path, int i)
{
    return picture_path(path, source->pattern, source->first + i);
}

CopStatus cop_source_length(const CopFrameSource *source, const char *path, CopVideoLength *out,
                            CopError *err)
{
    if (cop_source_is_file(source))
        return cop_video_length(path, out, err);
    *out = (CopVideoLength){.frames = source->frames};
    return COP_OK;
}

double cop_source_bits(const CopFrameSource *source, const char *path)
{
    return cop_source_is_file(source) ? cop_video_bits(path) : 0;
}

/* Brings a picture into the form of the clip's first one. */
static CopStatus match(const CopFrame *first, CopFrame *frame, const char *path, CopError *err)
{
    if (frame->width != first->width || frame->height != first->height)
        return cop_error_set(err, COP_ERR_DATA, "%s: is %dx%d, the clip's first picture %dx%d",
                             path, frame->width, frame->height, first->width, first->height);
    if (frame->format == first->format && frame->colour.matrix == first->colour.matrix &&
        frame->colour.range == first->colour.range)
        return COP_OK;
    CopFrame other;
    if (cop_frame_alloc(&other, first->format, first->width, first->height) != COP_OK)
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", path);
    other.colour = first->colour;
    cop_convert(&other, frame);
    cop_frame_unref(frame);
    *frame = other;
    return COP_OK;
}

/* Picture i of the source, counted from 0. */
static CopStatus read_one(const CopFrameSource *source, const char *path, int i, CopFrame *out,
                          const CopFrame *first, CopError *err)
{
    CopStatus status;
    if (source->set) {
        status = cop_picture_set_frame(source->set, source->first + i, out);
        if (status != COP_OK)
            cop_error_set(err, status, "%s: out of memory", path);
    } else {
        char *file = picture_path(path, source->pattern, source->first + i);
        int n = 0;
        status = file
                     ? cop_video_read(file, 0, 0, NULL, out, &n, err)
                     : cop_error_set(err, COP_ERR_ARG, "\"%s\" names no pictures", source->pattern);
        if (status == COP_OK)
            status = match(first ? first : out, out, file, err);
        g_free(file);
    }
    if (status != COP_OK) {
        cop_frame_unref(out);
        return status;
    }
    out->index = i;
    out->pts = INT64_MIN;
    return COP_OK;
}

CopStatus cop_source_read(const CopFrameSource *source, const char *path, int first, int last,
                          const bool *want, CopFrame *out, int *n, CopError *err)
{
    if (cop_source_is_file(source))
        return cop_video_read(path, first, last, want, out, n, err);
    *n = 0;
    if (first < 0 || last < first)
        return cop_error_set(err, COP_ERR_ARG, "%s: frames %d to %d", path, first, last);
    memset(out, 0, ((size_t)last - (size_t)first + 1) * sizeof *out);
    const CopFrame *model = NULL;
    for (int i = first; i <= last && i < source->frames; i++, ++*n) {
        if (want && !want[i - first])
            continue;
        const CopStatus status = read_one(source, path, i, &out[*n], model, err);
        if (status != COP_OK) {
            while (*n > 0)
                cop_frame_unref(&out[--*n]);
            return status;
        }
        model = model ? model : &out[*n];
    }
    return COP_OK;
}

/* One of the numbered pictures, which must have the size of those before it. */
static CopStatus scan_picture(const char *file, CopVideoFacts *facts, CopError *err)
{
    CopVideoFacts one;
    CopStatus status = cop_video_scan(file, &one, err);
    if (status != COP_OK) {
        facts->fault = one.fault;
    } else if (facts->frames > 0 && (one.width != facts->width || one.height != facts->height)) {
        facts->fault = COP_FAULT_UNDECODABLE;
        status = cop_error_set(err, COP_ERR_DATA, "%s: is %dx%d, the clip's first picture %dx%d",
                               file, one.width, one.height, facts->width, facts->height);
    } else {
        facts->width = one.width;
        facts->height = one.height;
        memcpy(facts->codec, one.codec, sizeof facts->codec);
        facts->errors += one.errors;
        facts->frames++;
    }
    cop_video_facts_free(&one);
    return status;
}

CopStatus cop_source_scan(const CopFrameSource *source, const char *path, CopVideoFacts *facts,
                          CopError *err)
{
    if (cop_source_is_file(source))
        return cop_video_scan(path, facts, err);
    *facts = (CopVideoFacts){0};
    if (source->set) {
        facts->frames = source->frames;
        facts->width = source->set->width;
        facts->height = source->set->height;
        return COP_OK;
    }
    for (int i = 0; i < source->frames; i++) {
        CopError own = {0};
        char *file = cop_source_picture(source, path, i);
        const CopStatus status =
            file ? scan_picture(file, facts, &own)
                 : cop_error_set(&own, COP_ERR_ARG, "\"%s\" names no pictures", source->pattern);
        g_free(file);
        if (status != COP_OK) {
            g_strlcpy(facts->reason, own.text, sizeof facts->reason);
            facts->frames = 0;
            return cop_error_set(err, status, "%s", own.text);
        }
    }
    return COP_OK;
}

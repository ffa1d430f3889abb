/* The engine around corruptions: severity, colour conversion, the stream.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/corrupt_resolve.h"
#include "pipeline/corrupt/frame_queue.h"
#include "pipeline/media/convert.h"

typedef struct Engine {
    const CopSeverityTable *table;
    bool scales; /* the table's lengths follow the picture's size */
    char *params;
    CopFrameQueue ready; /* frames that only wait to be pulled */
    CopFrame rgb;        /* scratch for pictures of other formats */
    CopFrame first;      /* shape of the stream's frames; no planes */
    int64_t next;        /* index that must come next */
    bool started, flushed;
} Engine;

static Engine *engine_of(const CopCorrupt *corrupt)
{
    return corrupt->engine;
}

static bool has_memory(const CopCorrupt *corrupt)
{
    return corrupt->desc->push != NULL;
}

/* Options from the present severity, and what hangs on them. */
static CopStatus set_up(CopCorrupt *corrupt, CopError *err)
{
    const Engine *engine = engine_of(corrupt);
    COP_TRY(cop_corrupt_resolve(corrupt->desc, engine->table, corrupt->severity, corrupt->scale,
                                engine->params, corrupt->state, err));
    corrupt->latency = corrupt->look_behind = 0;
    corrupt->align = 1;
    corrupt->wants_bits = false;
    if (corrupt->severity == 0 || !corrupt->desc->init)
        return COP_OK;
    return corrupt->desc->init(corrupt, err);
}

double cop_corrupt_length_scale(int width, int height)
{
    const double side = (width < height ? width : height) / 224.0;
    return side < 1 ? sqrt(side) : side;
}

/* As before, after another severity or scale could not be set up: it was possible once. */
static CopStatus put_back(CopCorrupt *corrupt, double severity, double scale, CopStatus failure)
{
    corrupt->severity = severity;
    corrupt->scale = scale;
    const CopStatus status = set_up(corrupt, NULL);
    return status == COP_OK ? failure : status;
}

/* Lets lengths follow the size of the pictures. */
static CopStatus fit(CopCorrupt *corrupt, const CopFrame *frame)
{
    if (!engine_of(corrupt)->scales)
        return COP_OK;
    const double scale = cop_corrupt_length_scale(frame->width, frame->height);
    if (scale == corrupt->scale)
        return COP_OK;
    const double old = corrupt->scale;
    corrupt->scale = scale;
    const CopStatus status = set_up(corrupt, NULL);
    return status == COP_OK ? COP_OK : put_back(corrupt, corrupt->severity, old, status);
}

static CopTemporal mode_of(const CopCorruptDesc *desc, CopTemporal asked)
{
    return desc->temporal & 1u << asked ? asked : desc->temporal_default;
}

static CopStatus check_severity(const char *name, double severity, CopError *err)
{
    if (severity >= 0 && severity <= COP_SEVERITIES) /* false for a NaN */
        return COP_OK;
    return cop_error_set(err, COP_ERR_CONFIG, "%s: severity %g is outside 0 to %d", name, severity,
                         COP_SEVERITIES);
}

static CopStatus allocate(CopCorrupt **out, const CopCorruptDesc *desc, const char *params)
{
    CopCorrupt *corrupt = *out = calloc(1, sizeof *corrupt);
    if (!corrupt)
        return COP_ERR_NOMEM;
    corrupt->desc = desc;
    corrupt->state = calloc(1, desc->state_size);
    Engine *engine = corrupt->engine = calloc(1, sizeof *engine);
    if (engine)
        engine->params = strdup(params ? params : "");
    return corrupt->state && engine && engine->params ? COP_OK : COP_ERR_NOMEM;
}

CopStatus cop_corrupt_create(CopCorrupt **out, const CopCorruptSpec *spec, CopError *err)
{
    *out = NULL;
    const CopCorruptDesc *desc = cop_corrupt_find(spec->name ? spec->name : "", err);
    if (!desc)
        return COP_ERR_CONFIG;
    const CopSeverityTable *table = cop_corrupt_table(desc, spec->preset, err);
    if (!table)
        return COP_ERR_CONFIG;
    COP_TRY(check_severity(desc->name, spec->severity, err));

    char purpose[96];
    snprintf(purpose, sizeof purpose, "corrupt:%s", desc->name);
    CopStatus status = allocate(out, desc, spec->params);
    if (status == COP_OK) {
        CopCorrupt *corrupt = *out;
        engine_of(corrupt)->table = table;
        corrupt->severity = spec->severity;
        corrupt->key = cop_rng_key(spec->seed, purpose);
        corrupt->clip = spec->clip;
        corrupt->temporal = mode_of(desc, spec->temporal);
        corrupt->scale = 1;
        engine_of(corrupt)->scales = cop_corrupt_table_scales(desc, table);
        status = set_up(corrupt, err);
    } else {
        cop_error_set(err, status, "%s: out of memory", desc->name);
    }
    if (status != COP_OK)
        cop_corrupt_destroy(out);
    return status;
}

void cop_corrupt_destroy(CopCorrupt **out)
{
    if (!out || !*out)
        return;
    CopCorrupt *corrupt = *out;
    Engine *engine = engine_of(corrupt);
    if (corrupt->state) {
        if (corrupt->desc->close)
            corrupt->desc->close(corrupt);
        cop_options_free(corrupt->desc->options, corrupt->state);
        free(corrupt->state);
    }
    if (engine) {
        cop_frame_queue_clear(&engine->ready);
        cop_frame_unref(&engine->rgb);
        free(engine->params);
        free(engine);
    }
    free(corrupt);
    *out = NULL;
}

/* Moves what a corruption with memory has finished into the queue. */
static CopStatus collect(CopCorrupt *corrupt)
{
    for (;;) {
        CopFrame frame = {0};
        const CopStatus status = corrupt->desc->pull(corrupt, &frame);
        if (status == COP_AGAIN || status == COP_EOF)
            return COP_OK;
        COP_TRY(status);
        COP_TRY(cop_frame_queue_push(&engine_of(corrupt)->ready, &frame));
    }
}

CopStatus cop_corrupt_set_severity(CopCorrupt *corrupt, double severity, CopError *err)
{
    COP_TRY(check_severity(corrupt->desc->name, severity, err));
    if (severity == corrupt->severity)
        return COP_OK;
    if (has_memory(corrupt) && severity == 0) {
        /* What is inside comes out as pushed; untouched frames then follow it,
         * and a later severity starts as at the head of a stream. */
        COP_TRY(corrupt->desc->flush(corrupt));
        COP_TRY(collect(corrupt));
        corrupt->desc->close(corrupt);
    }
    const double old = corrupt->severity;
    corrupt->severity = severity;
    const CopStatus status = set_up(corrupt, err);
    return status == COP_OK ? COP_OK : put_back(corrupt, old, corrupt->scale, status);
}

static CopStatus prepare_rgb(CopFrame *rgb, const CopFrame *frame)
{
    if (rgb->width != frame->width || rgb->height != frame->height) {
        cop_frame_unref(rgb);
        COP_TRY(cop_frame_alloc(rgb, COP_PIXEL_RGB, frame->width, frame->height));
    }
    rgb->index = frame->index;
    rgb->pts = frame->pts;
    return COP_OK;
}

CopStatus cop_corrupt_in_place(CopCorrupt *corrupt, CopFrame *frame)
{
    const CopCorruptDesc *desc = corrupt->desc;
    if (corrupt->severity == 0)
        return COP_OK;
    if (!desc->apply)
        return COP_ERR_UNSUPPORTED;
    COP_TRY(fit(corrupt, frame));
    if (!(desc->flags & COP_CORRUPT_RGB) || frame->format == COP_PIXEL_RGB)
        return desc->apply(corrupt, frame);
    CopFrame *rgb = &engine_of(corrupt)->rgb;
    COP_TRY(prepare_rgb(rgb, frame));
    cop_convert(rgb, frame);
    COP_TRY(desc->apply(corrupt, rgb));
    cop_convert(frame, rgb);
    return COP_OK;
}

/* A stream keeps one shape and, where frames look at each other, no gaps. */
static CopStatus check_order(const CopCorrupt *corrupt, const CopFrame *frame)
{
    Engine *engine = engine_of(corrupt);
    const CopFrame *first = &engine->first;
    if (engine->flushed)
        return COP_ERR_ARG;
    if (engine->started && has_memory(corrupt) &&
        (frame->index != engine->next || frame->format != first->format ||
         frame->width != first->width || frame->height != first->height))
        return COP_ERR_ARG;
    engine->first =
        (CopFrame){.format = frame->format, .width = frame->width, .height = frame->height};
    engine->next = frame->index + 1;
    engine->started = true;
    return COP_OK;
}

CopStatus cop_corrupt_push(CopCorrupt *corrupt, const CopFrame *frame)
{
    Engine *engine = engine_of(corrupt);
    COP_TRY(check_order(corrupt, frame));
    if (corrupt->severity > 0 && has_memory(corrupt)) {
        COP_TRY(fit(corrupt, frame));
        COP_TRY(corrupt->desc->push(corrupt, frame));
        return collect(corrupt);
    }
    CopFrame copy = {0};
    COP_TRY(cop_frame_ref(&copy, frame));
    if (corrupt->severity > 0) {
        CopStatus status = cop_frame_make_writable(&copy);
        if (status == COP_OK)
            status = cop_corrupt_in_place(corrupt, &copy);
        if (status != COP_OK) {
            cop_frame_unref(&copy);
            return status;
        }
    }
    return cop_frame_queue_push(&engine->ready, &copy);
}

CopStatus cop_corrupt_pull(CopCorrupt *corrupt, CopFrame *out)
{
    Engine *engine = engine_of(corrupt);
    if (cop_frame_queue_pop(&engine->ready, out))
        return COP_OK;
    return engine->flushed ? COP_EOF : COP_AGAIN;
}

CopStatus cop_corrupt_flush(CopCorrupt *corrupt)
{
    Engine *engine = engine_of(corrupt);
    if (engine->flushed)
        return COP_OK;
    engine->flushed = true;
    if (!has_memory(corrupt) || corrupt->severity == 0)
        return COP_OK;
    COP_TRY(corrupt->desc->flush(corrupt));
    return collect(corrupt);
}

CopStatus cop_corrupt_reset(CopCorrupt *corrupt, uint32_t clip)
{
    Engine *engine = engine_of(corrupt);
    cop_frame_queue_clear(&engine->ready);
    engine->started = engine->flushed = false;
    corrupt->clip = clip;
    corrupt->hits = 0;
    if (!has_memory(corrupt))
        return COP_OK;
    corrupt->desc->close(corrupt);
    return set_up(corrupt, NULL);
}

void cop_corrupt_set_source(CopCorrupt *corrupt, double bits_a_frame)
{
    corrupt->source_bits = bits_a_frame;
}

bool cop_corrupt_wants_source(const CopCorrupt *corrupt)
{
    return corrupt->wants_bits;
}

int64_t cop_corrupt_hits(const CopCorrupt *corrupt)
{
    return corrupt->hits;
}

void cop_corrupt_span(const CopCorrupt *corrupt, int first, int last, int total, int *from, int *to)
{
    int low = first - corrupt->look_behind, high = last + corrupt->latency;
    if (corrupt->severity == 0) {
        low = first;
        high = last;
    } else if (corrupt->desc->flags & COP_CORRUPT_WHOLE_CLIP) {
        low = 0;
        high = total - 1;
    } else if (corrupt->align > 1) {
        /* Nothing crosses a restart, and a stream may only begin at one. */
        const int end = last - last % corrupt->align + corrupt->align - 1;
        low = first - first % corrupt->align;
        high = high < end ? high : end;
    }
    *from = low > 0 ? low : 0;
    *to = high < total - 1 ? high : total - 1;
}

static CopStatus pull_into(CopCorrupt *corrupt, CopFrame *out, int n, int *done)
{
    for (;;) {
        CopFrame frame = {0};
        const CopStatus status = cop_corrupt_pull(corrupt, &frame);
        if (status == COP_AGAIN || status == COP_EOF)
            return COP_OK;
        COP_TRY(status);
        if (*done == n) {
            cop_frame_unref(&frame);
            return COP_ERR_DATA;
        }
        out[(*done)++] = frame;
    }
}

CopStatus cop_corrupt_frames(CopCorrupt *corrupt, const CopFrame *in, int n, CopFrame *out)
{
    int done = 0;
    CopStatus status = cop_corrupt_reset(corrupt, corrupt->clip);
    for (int i = 0; i < n && status == COP_OK; i++) {
        status = cop_corrupt_push(corrupt, &in[i]);
        if (status == COP_OK)
            status = pull_into(corrupt, out, n, &done);
    }
    if (status == COP_OK)
        status = cop_corrupt_flush(corrupt);
    if (status == COP_OK)
        status = pull_into(corrupt, out, n, &done);
    if (status == COP_OK && done < n)
        status = COP_ERR_DATA;
    if (status != COP_OK)
        while (done > 0)
            cop_frame_unref(&out[--done]);
    return status;
}

char *cop_corrupt_describe(const CopCorrupt *corrupt)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    bool failed = false;
    const char *separator = "";
    for (const CopOption *row = corrupt->desc->options; row->name; row++) {
        if (row->flags & COP_OPTION_NO_EFFECT)
            continue;
        char *value = cop_option_text(row, corrupt->state);
        failed |= !value;
        fprintf(stream, "%s%s=%s", separator, row->name, value ? value : "");
        separator = ", ";
        free(value);
    }
    if (engine_of(corrupt)->scales)
        fprintf(stream, "%slengths=scaled", separator);
    if (corrupt->desc->temporal)
        fprintf(stream, ", temporal=%s", cop_temporal_names[corrupt->temporal]);
    failed |= fclose(stream) != 0;
    if (failed) {
        free(text);
        text = NULL;
    }
    return text;
}

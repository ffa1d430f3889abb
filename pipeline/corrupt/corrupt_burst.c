/* Burst: for a run of frames in each period the video is black, overexposed, or spoilt by any
 * other corruption, and whole in between (Zeng et al., CVPR 2024: THUMOS14-C, whose bursts
 * take 1, 5 and 10 % of an action).
 *
 * Periods start at absolute multiples of their length and draw where their burst lies. The
 * severity steers how long it is; a longer one covers the shorter. The other corruption is an
 * instance of its own with a severity of its own: "corruption=fog, inner_severity=3,
 * inner_params=weight=2:decay=1.5". One with memory sees all frames, of which those in a burst
 * are shown.
 *
 * THUMOS14-C has one burst in the middle of an action; a stream knows of none, so its preset has
 * one in the middle of each period, 32 frames unless told. Besides black and overexposed
 * frames it has motion blur: "corruption=motion_blur, inner_preset=thumos14-c".
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/frame_queue.h"
#include "pipeline/media/convert.h"

enum { PERIOD_MAX = 1 << 20, START_MIDDLE = -2 };

typedef struct Burst {
    char *corruption, *inner_preset, *inner_params;
    double share, inner_severity;
    int period, length, start, levels;
    CopCorrupt *inner;   /* NULL for what is built in */
    CopFrameQueue ready; /* frames not yet out; without planes where the inner's are shown */
    bool flushed;
} Burst;

static const CopOption options[] = {
    {"corruption", "what bursts do: black, overexpose, or any other corruption's name",
     COP_TYPE_STRING, offsetof(Burst, corruption), "black", 0, 0, NULL, 0},
    {"inner_severity", "severity of that other corruption", COP_TYPE_DOUBLE,
     offsetof(Burst, inner_severity), "5", 0, COP_SEVERITIES, NULL, 0},
    {"inner_preset", "its table; empty: the first one", COP_TYPE_STRING,
     offsetof(Burst, inner_preset), "", 0, 0, NULL, 0},
    {"inner_params", "its parameters, with colons between: sigma=0.1:size=3", COP_TYPE_STRING,
     offsetof(Burst, inner_params), "", 0, 0, NULL, 0},
    {"share", "of each period that its burst takes, a frame at least; 0 is untouched",
     COP_TYPE_DOUBLE, offsetof(Burst, share), "0.1", 0, 1, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"length", "frames of a burst; 0: as share says", COP_TYPE_INT, offsetof(Burst, length), "0", 0,
     PERIOD_MAX, NULL, COP_OPTION_CONTROLLABLE},
    {"period", "frames from one burst's stretch to the next", COP_TYPE_INT, offsetof(Burst, period),
     "32", 1, PERIOD_MAX, NULL, COP_OPTION_CONTROLLABLE},
    {"start",
     "first frame of the burst in its period; -1: drawn, so that it ends inside; -2: so that it "
     "lies in the middle",
     COP_TYPE_INT, offsetof(Burst, start), "-1", START_MIDDLE, PERIOD_MAX, NULL,
     COP_OPTION_CONTROLLABLE},
    {"levels", "that overexpose adds", COP_TYPE_INT, offsetof(Burst, levels), "100", 0, 255, NULL,
     0},
    COP_OPTIONS_END,
};

static int length_of(const Burst *burst)
{
    int length = burst->length;
    if (!length && burst->share > 0) {
        length = (int)floor(burst->share * burst->period + 0.5);
        length = length > 0 ? length : 1;
    }
    return length < burst->period ? length : burst->period;
}

static bool is_hit(const CopCorrupt *corrupt, int64_t index)
{
    const Burst *burst = corrupt->state;
    const int length = length_of(burst), at = (int)(index % burst->period);
    int start = burst->start;
    if (start == START_MIDDLE) {
        start = (burst->period - length) / 2;
    } else if (start < 0) {
        const CopRngAddress period = {.frame = (uint32_t)(index / burst->period),
                                      .clip = corrupt->clip};
        const double u = cop_rng_uniform(corrupt->key, 0, period);
        start = (int)(u * (burst->period - length + 1));
    }
    return at >= start && at - start < length;
}

static bool is_black(const Burst *burst)
{
    return cop_name_equal(burst->corruption, "black");
}

static bool is_built_in(const Burst *burst)
{
    return is_black(burst) || cop_name_equal(burst->corruption, "overexpose");
}

static bool inner_has_memory(const Burst *burst)
{
    return burst->inner && burst->inner->desc->push;
}

static CopStatus make_inner(CopCorrupt *corrupt, CopError *err)
{
    Burst *burst = corrupt->state;
    const CopCorruptDesc *desc = cop_corrupt_find(burst->corruption, err);
    if (!desc)
        return COP_ERR_CONFIG;
    if (desc == corrupt->desc || desc->flags & COP_CORRUPT_WHOLE_CLIP)
        return cop_error_set(err, COP_ERR_CONFIG, "%s: \"%s\" cannot come in bursts: %s",
                             corrupt->desc->name, desc->name,
                             desc == corrupt->desc ? "it has its own" : "it needs the whole clip");
    char *params = strdup(burst->inner_params);
    if (!params)
        return cop_error_set(err, COP_ERR_NOMEM, "out of memory");
    for (char *at = params; *at; at++)
        *at = *at == ':' ? ',' : *at;
    const CopCorruptSpec spec = {
        .name = burst->corruption,
        .severity = burst->inner_severity,
        .seed = (uint64_t)corrupt->key.word[1] << 32 | corrupt->key.word[0],
        .clip = corrupt->clip,
        .preset = burst->inner_preset,
        .params = params,
    };
    const CopStatus status = cop_corrupt_create(&burst->inner, &spec, err);
    free(params);
    return status;
}

/* The inner instance stays through changes of severity: frames may be inside. */
static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    Burst *burst = corrupt->state;
    if (is_built_in(burst))
        return COP_OK;
    if (!burst->inner)
        COP_TRY(make_inner(corrupt, err));
    corrupt->latency = burst->inner->latency;
    corrupt->look_behind = burst->inner->look_behind;
    corrupt->align = burst->inner->align;
    corrupt->wants_bits = burst->inner->wants_bits;
    return COP_OK;
}

/* THUMOS14-C's own two, on the scale of RGB. `frame` is writable. */
static CopStatus spoil(const Burst *burst, const CopFrame *frame)
{
    CopFrame rgb;
    COP_TRY(cop_frame_alloc(&rgb, COP_PIXEL_RGB, frame->width, frame->height));
    const bool black = is_black(burst);
    if (!black)
        cop_convert(&rgb, frame);
    for (int y = 0; y < rgb.height; y++) {
        uint8_t *row = rgb.plane[0] + (ptrdiff_t)y * rgb.stride[0];
        for (int x = 0; x < 3 * rgb.width; x++) {
            const int level = black ? 0 : row[x] + burst->levels;
            row[x] = (uint8_t)(level < 255 ? level : 255);
        }
    }
    cop_convert(frame, &rgb);
    cop_frame_unref(&rgb);
    return COP_OK;
}

/* What comes out for `frame`; without planes where the inner's stream has it. */
static CopStatus make_entry(const CopCorrupt *corrupt, const CopFrame *frame, CopFrame *out)
{
    const Burst *burst = corrupt->state;
    const bool hit = is_hit(corrupt, frame->index);
    if (hit && inner_has_memory(burst))
        return COP_OK;
    if (hit && burst->inner) {
        COP_TRY(cop_corrupt_push(burst->inner, frame));
        return cop_corrupt_pull(burst->inner, out);
    }
    COP_TRY(cop_frame_ref(out, frame));
    if (!hit)
        return COP_OK;
    COP_TRY(cop_frame_make_writable(out));
    return spoil(burst, out);
}

static CopStatus push(CopCorrupt *corrupt, const CopFrame *frame)
{
    Burst *burst = corrupt->state;
    CopFrame entry = {0};
    if (burst->inner)
        cop_corrupt_set_source(burst->inner, corrupt->source_bits);
    CopStatus status = make_entry(corrupt, frame, &entry);
    if (status == COP_OK && inner_has_memory(burst))
        status = cop_corrupt_push(burst->inner, frame);
    if (status != COP_OK) {
        cop_frame_unref(&entry);
        return status;
    }
    return cop_frame_queue_push(&burst->ready, &entry);
}

static CopStatus pull(CopCorrupt *corrupt, CopFrame *out)
{
    Burst *burst = corrupt->state;
    if (!burst->ready.n)
        return burst->flushed ? COP_EOF : COP_AGAIN;
    CopFrame inner = {0}, entry;
    if (inner_has_memory(burst))
        COP_TRY(cop_corrupt_pull(burst->inner, &inner));
    cop_frame_queue_pop(&burst->ready, &entry);
    *out = entry.plane[0] ? entry : inner;
    if (entry.plane[0])
        cop_frame_unref(&inner);
    return COP_OK;
}

static CopStatus flush(CopCorrupt *corrupt)
{
    Burst *burst = corrupt->state;
    burst->flushed = true;
    return burst->inner ? cop_corrupt_flush(burst->inner) : COP_OK;
}

static void close(CopCorrupt *corrupt)
{
    Burst *burst = corrupt->state;
    cop_corrupt_destroy(&burst->inner);
    cop_frame_queue_clear(&burst->ready);
    burst->flushed = false;
}

static const char *const columns[] = {"share", NULL};
static const char *const columns_in_middle[] = {"share", "start", NULL};

/* The first three rows are THUMOS14-C's. */
static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "THUMOS14-C, Zeng et al., CVPR 2024, and two more", columns,
     (const double[]){0}, (const double[]){.01, .05, .1, .2, .4}},
    {"thumos14-c", "Zeng et al., CVPR 2024: three severities, of which the last stays",
     columns_in_middle, (const double[]){0, START_MIDDLE},
     (const double[]){.01, START_MIDDLE, .05, START_MIDDLE, .1, START_MIDDLE, .1, START_MIDDLE, .1,
                      START_MIDDLE}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_burst = {
    .name = "burst",
    .summary = "runs of frames that are black, overexposed or corrupted otherwise",
    .reference = "Zeng et al., CVPR 2024",
    .family = COP_FAMILY_TEMPORAL,
    .flags = COP_CORRUPT_RANDOM | COP_CORRUPT_PARTIAL,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Burst),
    .init = init,
    .push = push,
    .pull = pull,
    .flush = flush,
    .close = close,
};

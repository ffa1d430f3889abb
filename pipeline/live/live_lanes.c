/* One window of a stream in many lanes: as it is and under corruptions, ready for the nets.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/live_lanes.h"

#include <glib.h>
#include <limits.h>
#include <math.h>

struct CopLiveLanes {
    CopLiveLanesOptions options;
    CopGridInput input[COP_GRID_INPUTS];
    CopTensor x[COP_GRID_INPUTS]; /* [lanes] each */
    int *index[COP_GRID_INPUTS];  /* frames of the window that the input's clip shows */
    int lo, hi;                   /* of all of them */
    CopCorrupt **corrupt;         /* [variants], NULL for clean */
    CopArena *arena;
    int span, lead, trail;
    int looks; /* windows so far: whose turn it is to be looked at */
    int look;  /* lane; 0: none */
    CopFrame look_clean, look_corrupt;
};

/* One fill. */
typedef struct Fill {
    CopLiveLanes *lanes;
    const CopLiveWindow *window;
    const int *variant;
    CopFrame *source; /* [n_source], consecutive, borrowed */
    int n_source, lead;
    CopError *error; /* [n] */
} Fill;

/* --- life -------------------------------------------------------------------------- */

/* The shortest video whose line of frames holds the clip, see cop_sample_clip(). */
static int span_of(const CopGridInput *input, double rate)
{
    const CopSampleOptions *s = &input->sample;
    const int line = (s->frames - 1) * s->stride + 1;
    if (s->fps <= 0 || rate <= 0)
        return line;
    const double step = rate / s->fps;
    int span = (int)((line - 1) * step) + 1; /* enough where the step is whole */
    while (step != floor(step) && (int)(span * (s->fps / rate)) < line)
        span++;
    return span;
}

static CopStatus make_corruptions(CopLiveLanes *l, CopError *err)
{
    const CopVariants *variants = l->options.variants;
    l->corrupt = g_new0(CopCorrupt *, variants->n);
    for (int v = 0; v < variants->n; v++) {
        CopCorruptSpec spec = variants->item[v].spec;
        if (!variants->item[v].desc)
            continue;
        spec.clip = l->options.clip;
        COP_TRY(cop_corrupt_create(&l->corrupt[v], &spec, err));
        const CopCorrupt *c = l->corrupt[v];
        l->lead = MAX(l->lead, MAX(c->look_behind, c->align - 1));
        l->trail = MAX(l->trail, c->latency);
    }
    if (l->options.stage != COP_STAGE_NATIVE) /* the clip's own frames are all they see */
        l->lead = l->trail = 0;
    return COP_OK;
}

static CopStatus make_inputs(CopLiveLanes *l, CopError *err)
{
    CopStatus status = cop_arena_create(&l->arena, 0);
    for (int i = 0; i < l->options.n_inputs && status == COP_OK; i++) {
        const CopGridInput *input = &l->options.inputs[i];
        l->input[i] = *input;
        l->span = MAX(l->span, span_of(input, l->options.rate));
        l->index[i] = g_new(int, input->sample.frames);
        status = cop_tensor_create(&l->x[i], l->arena, l->options.lanes, 3, input->sample.frames,
                                   input->h, input->w, (CopHalo){0});
    }
    return status == COP_OK
               ? COP_OK
               : cop_error_set(err, status, "no memory for %d lanes", l->options.lanes);
}

CopStatus cop_live_lanes_create(CopLiveLanes **out, const CopLiveLanesOptions *options,
                                CopError *err)
{
    CopLiveLanes *l = g_new0(CopLiveLanes, 1);
    l->options = *options;
    CopStatus status = make_inputs(l, err);
    if (status == COP_OK)
        status = make_corruptions(l, err);
    if (status != COP_OK)
        cop_live_lanes_destroy(&l);
    else
        l->options.inputs = l->input;
    *out = l;
    return status;
}

static void drop_looks(CopLiveLanes *l)
{
    cop_frame_unref(&l->look_clean);
    cop_frame_unref(&l->look_corrupt);
    l->look = 0;
}

void cop_live_lanes_destroy(CopLiveLanes **out)
{
    if (!out || !*out)
        return;
    CopLiveLanes *l = *out;
    drop_looks(l);
    for (int v = 0; l->corrupt && v < l->options.variants->n; v++)
        cop_corrupt_destroy(&l->corrupt[v]);
    g_free(l->corrupt);
    for (int i = 0; i < COP_GRID_INPUTS; i++)
        g_free(l->index[i]);
    cop_arena_destroy(&l->arena);
    g_free(l);
    *out = NULL;
}

void cop_live_lanes_reach(const CopLiveLanes *l, int *span, int *lead, int *trail)
{
    *span = l->span;
    *lead = l->lead;
    *trail = l->trail;
}

/* --- one lane ----------------------------------------------------------------------- */

static CopFrame *look_of(CopLiveLanes *l, int lane)
{
    if (l->look == 0 || (lane != 0 && lane != l->look))
        return NULL;
    return lane == 0 ? &l->look_clean : &l->look_corrupt;
}

static CopStatus keep_look(CopLiveLanes *l, int lane, int input, const CopFrame *frame)
{
    CopFrame *look = look_of(l, lane);
    return input == 0 && look ? cop_frame_ref(look, frame) : COP_OK;
}

/* Places of the source frames that the corruption must see, inside what there is. */
static void find_span(const Fill *fill, const CopCorrupt *corrupt, int *from, int *to)
{
    const CopLiveLanes *l = fill->lanes;
    *from = fill->lead;
    *to = fill->lead + fill->window->frames - fill->window->padded - 1;
    if (corrupt->desc->flags & COP_CORRUPT_WHOLE_CLIP)
        return;
    const int64_t base = fill->source[0].index;
    int first, last; /* by index, which a camera needs two years to overflow */
    cop_corrupt_span(corrupt, (int)(base + fill->lead + l->lo), (int)(base + fill->lead + l->hi),
                     INT_MAX, &first, &last);
    *from = MAX(0, (int)(first - base));
    *to = MIN(fill->n_source - 1, (int)(last - base));
}

/* frame[0] is source frame `first`. */
static CopStatus prepare_native(const Fill *fill, int lane, const CopFrame *frame, int first)
{
    CopLiveLanes *l = fill->lanes;
    for (int i = 0; i < l->options.n_inputs; i++) {
        const CopGridInput *input = &l->input[i];
        const CopCropBox box = cop_prepare_centre(&input->prepare, frame->width, frame->height);
        for (int t = 0; t < input->sample.frames; t++) {
            const CopFrame *shown = &frame[fill->lead + l->index[i][t] - first];
            COP_TRY(cop_prepare_frame(&input->prepare, shown, box, &l->x[i], lane, t));
            if (t + 1 == input->sample.frames)
                COP_TRY(keep_look(l, lane, i, shown));
        }
    }
    return COP_OK;
}

static CopStatus do_native(const Fill *fill, int lane)
{
    CopCorrupt *corrupt = fill->lanes->corrupt[fill->variant[lane]];
    if (!corrupt)
        return prepare_native(fill, lane, fill->source, 0);
    int from, to;
    find_span(fill, corrupt, &from, &to);
    const int n = to - from + 1;
    CopFrame *out = g_new0(CopFrame, n);
    CopStatus status = cop_corrupt_frames(corrupt, fill->source + from, n, out);
    if (status == COP_OK)
        status = prepare_native(fill, lane, out, from);
    cop_frames_unref(out, n);
    g_free(out);
    return status;
}

/* As the grid's stage "input": one with memory sees the clip as consecutive frames. */
static CopStatus corrupt_pictures(CopCorrupt *corrupt, CopFrame *in, int n, CopFrame *out)
{
    const bool memory = corrupt->latency > 0 || corrupt->look_behind > 0 || corrupt->align > 1;
    for (int t = 0; t < n && memory; t++)
        in[t].index = t;
    if (memory)
        return cop_corrupt_frames(corrupt, in, n, out);
    for (int t = 0; t < n; t++)
        COP_TRY(cop_corrupt_frames(corrupt, &in[t], 1, &out[t]));
    return COP_OK;
}

static CopStatus do_input(const Fill *fill, int lane, int which)
{
    CopLiveLanes *l = fill->lanes;
    const CopGridInput *input = &l->input[which];
    const int frames = input->sample.frames;
    CopCorrupt *corrupt = l->corrupt[fill->variant[lane]];
    const CopCropBox box =
        cop_prepare_centre(&input->prepare, fill->source->width, fill->source->height);
    CopFrame *in = g_new0(CopFrame, frames), *out = g_new0(CopFrame, frames);
    CopStatus status = COP_OK;
    for (int t = 0; t < frames && status == COP_OK; t++)
        status = cop_prepare_picture(&input->prepare,
                                     &fill->source[fill->lead + l->index[which][t]], box, &in[t]);
    if (status == COP_OK && corrupt)
        status = corrupt_pictures(corrupt, in, frames, out);
    const CopFrame *seen = corrupt ? out : in;
    for (int t = 0; t < frames && status == COP_OK; t++)
        cop_prepare_normalise(&input->prepare, &seen[t], &l->x[which], lane, t);
    if (status == COP_OK)
        status = keep_look(l, lane, which, &seen[frames - 1]);
    cop_frames_unref(in, frames);
    cop_frames_unref(out, frames);
    g_free(in);
    g_free(out);
    return status;
}

static void do_lane(void *ctx, int lane, int worker)
{
    const Fill *fill = ctx;
    const CopLiveLanes *l = fill->lanes;
    (void)worker;
    CopStatus status = COP_OK;
    if (l->options.stage == COP_STAGE_NATIVE)
        status = do_native(fill, lane);
    else
        for (int i = 0; i < l->options.n_inputs && status == COP_OK; i++)
            status = do_input(fill, lane, i);
    if (status != COP_OK)
        cop_error_set(&fill->error[lane], status, "frames %lld to %lld: %s: %s",
                      (long long)fill->window->first, (long long)fill->window->last,
                      cop_variant_name(&l->options.variants->item[fill->variant[lane]]),
                      cop_status_name(status));
}

/* --- all lanes ---------------------------------------------------------------------- */

static CopStatus sample(CopLiveLanes *l, const CopLiveWindow *window, CopError *err)
{
    const int total = window->frames - window->padded;
    l->lo = total - 1;
    l->hi = 0;
    for (int i = 0; i < l->options.n_inputs; i++) {
        const CopSampleOptions *s = &l->input[i].sample;
        if (!cop_sample_clip(s, total, l->options.rate, 0, (CopRngKey){{0, 0}}, (CopRngAddress){0},
                             l->index[i]))
            return cop_sample_too_short(s, "the stream's end", total, err);
        for (int t = 0; t < s->frames; t++) {
            l->lo = MIN(l->lo, l->index[i][t]);
            l->hi = MAX(l->hi, l->index[i][t]);
        }
    }
    return COP_OK;
}

CopStatus cop_live_lanes_fill(CopLiveLanes *l, const CopLiveWindow *window, const int *variant,
                              int n, CopError *err)
{
    drop_looks(l);
    COP_TRY(sample(l, window, err));
    const int total = window->lead + window->frames - window->padded + window->trail;
    Fill fill = {.lanes = l,
                 .window = window,
                 .variant = variant,
                 .source = g_new(CopFrame, total),
                 .n_source = total,
                 .lead = window->lead,
                 .error = g_new0(CopError, n)};
    for (int i = 0; i < total; i++)
        fill.source[i] = window->picture[i]->frame;
    if (l->options.pictures && n > 1)
        l->look = 1 + l->looks++ % (n - 1);
    cop_parallel_for(l->options.pool, n, do_lane, &fill);
    CopStatus status = COP_OK;
    for (int i = 0; i < n && status == COP_OK; i++)
        if (fill.error[i].status != COP_OK)
            status = cop_error_set(err, fill.error[i].status, "%s", fill.error[i].text);
    g_free(fill.source);
    g_free(fill.error);
    return status;
}

const CopTensor *cop_live_lanes_input(const CopLiveLanes *l, int input)
{
    return &l->x[input];
}

int cop_live_lanes_look(const CopLiveLanes *l, const CopFrame **clean, const CopFrame **corrupt)
{
    *clean = &l->look_clean;
    *corrupt = &l->look_corrupt;
    return l->look;
}

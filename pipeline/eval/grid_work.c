/* The part of the grid that threads do ahead: decode, corrupt and prepare one clip.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/grid_work.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/media/png_write.h"

enum { PICTURE_SIDE = 160 };

struct CopGridWork {
    CopGridWorkOptions options;
    CopOrdered *ordered;
    CopArena *arena;
    CopGridSlot *slot;
    CopCorrupt **corrupt; /* [threads * variants], made when first needed */
};

/* One clip of a video, with all its crops, on its way. */
typedef struct View {
    CopGridWork *work;
    const CopDataItem *item;
    CopGridSlot *slot;
    CopCorrupt **corrupt; /* [variants], this thread's */
    const bool *need;     /* [variants], of this clip */
    int number, total;
    double rate;
    int *index[COP_GRID_INPUTS]; /* source frames of each input's clip */
    int lo, hi;                  /* of all of them */
    int from, to;                /* frames read */
    CopFrame *frame;             /* [to - from + 1] */
    CopError *err;
} View;

static int lanes(const CopGridWork *work)
{
    return work->options.variants->n * work->options.clips_each * work->options.crops;
}

static int lane_of(const View *view, int crop, int variant)
{
    const CopGridWorkOptions *o = &view->work->options;
    return (view->number * o->crops + crop) * o->variants->n + variant;
}

static CopStatus failed(const View *view, CopStatus status, const char *doing)
{
    return status == COP_OK ? COP_OK
                            : cop_error_set(view->err, status, "%s: %s: %s", view->item->path,
                                            doing, cop_status_name(status));
}

static CopStatus sample(View *view)
{
    const CopGridWorkOptions *o = &view->work->options;
    view->lo = view->total - 1;
    view->hi = 0;
    for (int i = 0; i < o->n_inputs; i++) {
        const CopSampleOptions *s = &o->inputs[i].sample;
        view->index[i] = malloc((size_t)s->frames * sizeof **view->index);
        if (!view->index[i])
            return failed(view, COP_ERR_NOMEM, "sampling");
        if (!cop_sample_clip(s, view->total, view->rate, view->number, (CopRngKey){{0, 0}},
                             (CopRngAddress){0}, view->index[i]))
            return cop_sample_too_short(s, view->item->path, view->total, view->err);
        for (int t = 0; t < s->frames; t++) {
            view->lo = view->index[i][t] < view->lo ? view->index[i][t] : view->lo;
            view->hi = view->index[i][t] > view->hi ? view->index[i][t] : view->hi;
        }
    }
    return COP_OK;
}

/* Makes this thread's instances and finds the frames that all of them want. */
static CopStatus plan_span(View *view)
{
    const CopGridWorkOptions *o = &view->work->options;
    view->from = view->lo;
    view->to = view->hi;
    for (int v = 0; v < o->variants->n; v++) {
        const CopVariant *variant = &o->variants->item[v];
        if (!view->need[v] || !variant->desc)
            continue;
        if (!view->corrupt[v])
            COP_TRY(cop_corrupt_create(&view->corrupt[v], &variant->spec, view->err));
        if (o->stage != COP_STAGE_NATIVE)
            continue;
        if (cop_corrupt_wants_source(view->corrupt[v])) {
            const double bits = cop_source_bits(&view->item->source, view->item->path);
            cop_corrupt_set_source(view->corrupt[v], bits);
            view->slot->no_bits |= bits == 0;
        }
        int from, to;
        cop_corrupt_span(view->corrupt[v], view->lo, view->hi, view->total, &from, &to);
        view->from = from < view->from ? from : view->from;
        view->to = to > view->to ? to : view->to;
    }
    return COP_OK;
}

static CopStatus read_frames(View *view)
{
    const int want = view->to - view->from + 1;
    int got = 0;
    view->frame = calloc((size_t)want, sizeof *view->frame);
    if (!view->frame)
        return failed(view, COP_ERR_NOMEM, "decoding");
    COP_TRY(cop_source_read(&view->item->source, view->item->path, view->from, view->to, NULL,
                            view->frame, &got, view->err));
    if (got < want)
        return cop_error_set(view->err, COP_ERR_DATA, "%s: ends at frame %d, not %d",
                             view->item->path, view->from + got, view->total);
    return COP_OK;
}

static CopStatus keep_picture(const View *view, int variant, const CopFrame *frame)
{
    const int side = frame->width < frame->height ? frame->width : frame->height;
    const CopPrepare look = {.resize_h = side < PICTURE_SIDE ? side : PICTURE_SIDE};
    CopFrame picture = {0};
    CopGridPicture *out = &view->slot->picture[variant];
    COP_TRY(cop_prepare_picture(&look, frame, (CopCropBox){0}, &picture));
    const CopStatus status = cop_png_encode(&picture, &out->png, &out->size);
    cop_frame_unref(&picture);
    return status;
}

static bool wants_picture(const View *view)
{
    const CopGridWorkOptions *o = &view->work->options;
    return view->number == 0 && o->picture_clip >= 0 &&
           &o->dataset->item[o->picture_clip] == view->item;
}

/* What the corruption did to the frames that the first input's clip shows. */
static void measure_native(const View *view, int variant, const CopFrame *frame, int first)
{
    for (int t = 0; t < view->work->options.inputs[0].sample.frames; t++) {
        const int index = view->index[0][t];
        cop_fidelity_add(&view->slot->fidelity[variant], &view->frame[index - view->from],
                         &frame[index - first]);
    }
}

/* Writes the crops of each input into their lanes; frame[0] is source frame `first`. */
static CopStatus prepare_native(const View *view, int variant, const CopFrame *frame, int first)
{
    const CopGridWorkOptions *o = &view->work->options;
    for (int at = 0; at < o->n_inputs * o->crops; at++) {
        const int i = at / o->crops, crop = at % o->crops;
        const CopGridInput *input = &o->inputs[i];
        const CopCropBox box =
            cop_prepare_view(&input->prepare, frame[0].width, frame[0].height, crop, o->crops);
        for (int t = 0; t < input->sample.frames; t++)
            COP_TRY(cop_prepare_frame(&input->prepare, &frame[view->index[i][t] - first], box,
                                      &view->slot->x[i], lane_of(view, crop, variant), t));
    }
    if (!wants_picture(view))
        return COP_OK;
    return keep_picture(view, variant,
                        &frame[view->index[0][o->inputs[0].sample.frames / 2] - first]);
}

static void unref_all(CopFrame *frame, int n)
{
    cop_frames_unref(frame, n);
    free(frame);
}

static CopStatus do_native(const View *view, int variant)
{
    CopCorrupt *corrupt = view->corrupt[variant];
    if (!view->work->options.variants->item[variant].desc)
        return prepare_native(view, variant, view->frame + (view->lo - view->from), view->lo);
    int from, to;
    cop_corrupt_span(corrupt, view->lo, view->hi, view->total, &from, &to);
    const int n = to - from + 1;
    CopFrame *out = calloc((size_t)n, sizeof *out);
    if (!out)
        return COP_ERR_NOMEM;
    CopStatus status = cop_corrupt_reset(corrupt, view->item->id);
    if (status == COP_OK)
        status = cop_corrupt_frames(corrupt, view->frame + (from - view->from), n, out);
    if (status == COP_OK)
        status = prepare_native(view, variant, out, from);
    if (status == COP_OK)
        measure_native(view, variant, out, from);
    unref_all(out, n);
    return status;
}

/* Stage "input": the sampled, resized and cropped pictures are the stream. One with
 * memory sees them as consecutive; others keep the address of the source frame. */
static CopStatus do_input(const View *view, int variant, int which, int crop)
{
    const CopGridWorkOptions *o = &view->work->options;
    const CopGridInput *input = &o->inputs[which];
    const int frames = input->sample.frames, lane = lane_of(view, crop, variant);
    CopCorrupt *corrupt = view->corrupt[variant];
    const bool memory =
        corrupt && (corrupt->latency > 0 || corrupt->look_behind > 0 || corrupt->align > 1);
    const CopCropBox box = cop_prepare_view(&input->prepare, view->frame[0].width,
                                            view->frame[0].height, crop, o->crops);
    CopFrame *in = calloc((size_t)frames, sizeof *in), *out = calloc((size_t)frames, sizeof *out);
    CopStatus status = in && out ? COP_OK : COP_ERR_NOMEM;
    for (int t = 0; t < frames && status == COP_OK; t++) {
        const CopFrame *source = &view->frame[view->index[which][t] - view->from];
        status = cop_prepare_picture(&input->prepare, source, box, &in[t]);
        in[t].index = memory ? t : source->index;
    }
    if (status == COP_OK && corrupt && memory) {
        status = cop_corrupt_reset(corrupt, view->item->id);
        if (status == COP_OK)
            status = cop_corrupt_frames(corrupt, in, frames, out);
    }
    for (int t = 0; t < frames && status == COP_OK && !memory; t++) {
        if (!corrupt) {
            status = cop_frame_ref(&out[t], &in[t]);
            continue;
        }
        status = cop_corrupt_reset(corrupt, view->item->id);
        if (status == COP_OK)
            status = cop_corrupt_frames(corrupt, &in[t], 1, &out[t]);
    }
    for (int t = 0; t < frames && status == COP_OK && corrupt && which == 0; t++)
        cop_fidelity_add(&view->slot->fidelity[variant], &in[t], &out[t]);
    for (int t = 0; t < frames && status == COP_OK; t++)
        cop_prepare_normalise(&input->prepare, &out[t], &view->slot->x[which], lane, t);
    if (status == COP_OK && which == 0 && crop == o->crops / 2 && wants_picture(view))
        status = keep_picture(view, variant, &out[frames / 2]);
    if (in)
        unref_all(in, frames);
    if (out)
        unref_all(out, frames);
    return status;
}

static CopStatus do_variants(const View *view)
{
    const CopGridWorkOptions *o = &view->work->options;
    for (int i = 0; i < o->n_inputs; i++)
        COP_TRY(cop_prepare_check(&o->inputs[i].prepare, view->item->path, view->frame[0].width,
                                  view->frame[0].height, o->inputs[i].h, o->inputs[i].w,
                                  view->err));
    for (int v = 0; v < o->variants->n; v++) {
        if (!view->need[v])
            continue;
        if (o->stage == COP_STAGE_NATIVE)
            COP_TRY(failed(view, do_native(view, v), cop_variant_name(&o->variants->item[v])));
        else
            for (int at = 0; at < o->n_inputs * o->crops; at++)
                COP_TRY(failed(view, do_input(view, v, at / o->crops, at % o->crops),
                               cop_variant_name(&o->variants->item[v])));
    }
    return COP_OK;
}

static CopStatus do_view(View *view)
{
    CopStatus status = sample(view);
    if (status == COP_OK)
        status = plan_span(view);
    if (status == COP_OK)
        status = read_frames(view);
    if (status == COP_OK)
        status = do_variants(view);
    if (view->frame)
        unref_all(view->frame, view->to - view->from + 1);
    for (int i = 0; i < view->work->options.n_inputs; i++)
        free(view->index[i]);
    return status;
}

static void drop_pictures(const CopGridWork *work, CopGridSlot *slot)
{
    for (int v = 0; slot->picture && v < work->options.variants->n; v++) {
        free(slot->picture[v].png);
        slot->picture[v] = (CopGridPicture){0};
    }
}

static void do_clip(void *ctx, long ticket, int slot_index, int worker)
{
    CopGridWork *work = ctx;
    const CopGridWorkOptions *o = &work->options;
    CopGridSlot *slot = &work->slot[slot_index];
    slot->error = (CopError){0};
    slot->no_bits = false;
    drop_pictures(work, slot);
    memset(slot->fidelity, 0, (size_t)o->variants->n * sizeof *slot->fidelity);
    const CopDataItem *item = &o->dataset->item[o->clips[ticket]];
    CopVideoLength length = {0};
    CopStatus status = cop_source_length(&item->source, item->path, &length, &slot->error);
    for (int number = 0; number < o->clips_each && status == COP_OK; number++) {
        View view = {.work = work,
                     .item = item,
                     .slot = slot,
                     .corrupt = work->corrupt + (size_t)worker * (size_t)o->variants->n,
                     .need = o->need + (size_t)ticket * (size_t)o->variants->n,
                     .number = number,
                     .total = length.frames,
                     .rate = length.rate,
                     .err = &slot->error};
        status = do_view(&view);
    }
    if (status != COP_OK)
        cop_error_set(&slot->error, status, "%s: %s", item->path, cop_status_name(status));
}

/* Nothing is touched yet, so what is too much is refused before it hurts the machine. */
static CopStatus refuse_size(const CopGridWork *work, CopError *err)
{
    const CopGridWorkOptions *o = &work->options;
    double floats = 0;
    for (int i = 0; i < o->n_inputs; i++) {
        const CopGridInput *input = &o->inputs[i];
        floats += 3.0 * input->sample.frames * input->h * input->w;
    }
    floats *= (double)o->depth * o->variants->n * o->clips_each * o->crops;
    return cop_error_set(
        err, COP_ERR_NOMEM,
        "prepared clips need about %.2f GiB, more than the %.2f GiB that may be used: %d videos at "
        "once (from run.threads), each of %d variants (corrupt.corruptions x corrupt.severities, "
        "or eval --only) x %d clips (clip.clips) x %d crops (clip.crops); lower one of these",
        floats * sizeof(float) / 0x1p30, (double)cop_arena_limit(work->arena) / 0x1p30, o->depth,
        o->variants->n, o->clips_each, o->crops);
}

static CopStatus allocate(CopGridWork *work)
{
    const CopGridWorkOptions *o = &work->options;
    const size_t variants = (size_t)o->variants->n;
    work->slot = cop_arena_alloc(work->arena, (size_t)o->depth, sizeof *work->slot);
    work->corrupt =
        cop_arena_alloc(work->arena, (size_t)o->threads * variants, sizeof(CopCorrupt *));
    if (!work->slot || !work->corrupt)
        return COP_ERR_NOMEM;
    for (int s = 0; s < o->depth; s++) {
        CopGridSlot *slot = &work->slot[s];
        slot->picture = cop_arena_alloc(work->arena, variants, sizeof *slot->picture);
        slot->fidelity = cop_arena_alloc(work->arena, variants, sizeof *slot->fidelity);
        if (!slot->picture || !slot->fidelity)
            return COP_ERR_NOMEM;
        for (int i = 0; i < o->n_inputs; i++)
            COP_TRY(cop_tensor_create(&slot->x[i], work->arena, lanes(work), 3,
                                      o->inputs[i].sample.frames, o->inputs[i].h, o->inputs[i].w,
                                      (CopHalo){0}));
    }
    return COP_OK;
}

static CopStatus set_up(CopGridWork *work, CopError *err)
{
    const CopGridWorkOptions *o = &work->options;
    CopStatus status = cop_arena_create(&work->arena, o->memory);
    if (status != COP_OK)
        return cop_error_set(err, status, "no memory can be reserved for the grid's clips");
    status = allocate(work);
    if (status != COP_OK)
        return refuse_size(work, err);
    status = cop_ordered_create(&work->ordered, o->n_clips, o->threads, o->depth, do_clip, work);
    if (status != COP_OK)
        cop_error_set(err, status, "the grid's threads cannot be started");
    return status;
}

CopStatus cop_grid_work_create(CopGridWork **out, const CopGridWorkOptions *options, CopError *err)
{
    *out = NULL;
    CopGridWork *work = calloc(1, sizeof *work);
    if (!work)
        return cop_error_set(err, COP_ERR_NOMEM, "out of memory");
    work->options = *options;
    const CopStatus status = set_up(work, err);
    if (status == COP_OK)
        *out = work;
    else
        cop_grid_work_destroy(&work);
    return status;
}

void cop_grid_work_destroy(CopGridWork **out)
{
    if (!out || !*out)
        return;
    CopGridWork *work = *out;
    cop_ordered_destroy(&work->ordered);
    const int corrupts = work->options.threads * work->options.variants->n;
    for (int i = 0; work->corrupt && i < corrupts; i++)
        cop_corrupt_destroy(&work->corrupt[i]);
    for (int s = 0; work->slot && s < work->options.depth; s++)
        drop_pictures(work, &work->slot[s]);
    cop_arena_destroy(&work->arena);
    free(work);
    *out = NULL;
}

CopGridSlot *cop_grid_work_next(CopGridWork *work, int *index)
{
    long ticket;
    int slot;
    if (!cop_ordered_next(work->ordered, &ticket, &slot))
        return NULL;
    *index = (int)ticket;
    return &work->slot[slot];
}

void cop_grid_work_release(CopGridWork *work)
{
    cop_ordered_release(work->ordered);
}

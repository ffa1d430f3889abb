/* Training clips in batches: decoded by threads behind a bounded queue.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/data/loader.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/ordered.h"

typedef struct Slot {
    CopTensor x;
    CopError *error; /* [batch] */
} Slot;

struct CopLoader {
    CopLoaderOptions options;
    CopArena *arena;
    CopOrdered *ordered;
    int *order;
    Slot *slot;
    CopCorrupt **corrupt; /* [threads][corruptions->n], made when first used; NULL: none */
    int *label;
    uint32_t *clip;
    CopSkip *skips;
    int n_skips;
};

void cop_epoch_order(uint64_t seed, uint32_t epoch, bool shuffle, int n, int *order)
{
    const CopRngKey key = cop_rng_key(seed, "shuffle");
    for (int i = 0; i < n; i++)
        order[i] = i;
    for (int i = n - 1; shuffle && i > 0; i--) {
        const int k =
            (int)cop_rng_below(key, (uint32_t)i, (CopRngAddress){.frame = epoch}, (uint32_t)i + 1);
        const int swap = order[i];
        order[i] = order[k];
        order[k] = swap;
    }
}

static int crops_of(const CopLoaderOptions *o)
{
    return o->crops > 1 ? o->crops : 1;
}

/* One crop and flip for all frames of a clip. */
static CopCropBox choose_box(const CopLoaderOptions *o, const CopDataItem *item, int width,
                             int height)
{
    const int crops = crops_of(o);
    CopCropBox box = cop_prepare_view(&o->prepare, width, height, o->view % crops, crops);
    const CopRngKey key = cop_rng_key(o->seed, "augment");
    const CopRngAddress at = {.frame = o->epoch, .clip = item->id};
    if (o->crop == COP_CROP_RANDOM) {
        CopPrepare whole = o->prepare;
        whole.crop = 0;
        int all_h, all_w, h, w;
        cop_prepare_size(&whole, width, height, &all_h, &all_w);
        cop_prepare_size(&o->prepare, width, height, &h, &w);
        const int64_t border = 2 * (int64_t)o->pad;
        const int64_t down = all_h + border - h, right = all_w + border - w;
        box.pad = o->pad;
        if (down > 0)
            box.top = (int)cop_rng_below(key, 0, at, (uint32_t)down + 1) - o->pad;
        if (right > 0)
            box.left = (int)cop_rng_below(key, 1, at, (uint32_t)right + 1) - o->pad;
    }
    box.flip = cop_rng_uniform(key, 2, at) < o->hflip;
    return box;
}

static int least(const int *value, int n)
{
    int result = value[0];
    for (int i = 1; i < n; i++)
        result = value[i] < result ? value[i] : result;
    return result;
}

static int most(const int *value, int n)
{
    int result = value[0];
    for (int i = 1; i < n; i++)
        result = value[i] > result ? value[i] : result;
    return result;
}

static CopStatus prepare_frames(const CopLoaderOptions *o, const CopDataItem *item,
                                const CopFrame *frame, int got, const int *index, int first,
                                const CopTensor *x, int lane, CopError *err)
{
    if (got <= most(index, o->sample.frames) - first)
        return cop_error_set(err, COP_ERR_DATA, "%s: has fewer frames than were counted",
                             item->path);
    const CopFrame *some = &frame[index[0] - first]; /* any will do */
    COP_TRY(cop_prepare_check(&o->prepare, item->path, some->width, some->height, x->h, x->w, err));
    const CopCropBox box = choose_box(o, item, some->width, some->height);
    for (int t = 0; t < o->sample.frames; t++) {
        const CopStatus status =
            cop_prepare_frame(&o->prepare, &frame[index[t] - first], box, x, lane, t);
        if (status != COP_OK)
            return cop_error_set(err, status, "%s: a frame cannot be prepared: %s", item->path,
                                 cop_status_name(status));
    }
    return COP_OK;
}

/* The corruption of a clip in this epoch, as this thread's instance; NULL for none. */
static CopStatus choose_corruption(const CopLoaderOptions *o, const CopDataItem *item,
                                   CopCorrupt **instances, CopCorrupt **out, CopError *err)
{
    const CopRngKey key = cop_rng_key(o->seed, "augment corruption");
    const CopRngAddress at = {.frame = o->epoch, .clip = item->id};
    *out = NULL;
    if (!instances || cop_rng_uniform(key, 0, at) >= o->corrupt_probability)
        return COP_OK;
    const CopVariants *variants = o->corruptions;
    const int clean = variants->item[0].desc ? 0 : 1;
    const int v = clean + (int)cop_rng_below(key, 1, at, (uint32_t)(variants->n - clean));
    if (!instances[v])
        COP_TRY(cop_corrupt_create(&instances[v], &variants->item[v].spec, err));
    *out = instances[v];
    if (cop_corrupt_wants_source(*out))
        cop_corrupt_set_source(*out, cop_source_bits(&item->source, item->path));
    /* Another clip identity an epoch: the noise is never the same. */
    const uint64_t address = (uint64_t)o->epoch << 32 | item->id;
    return cop_corrupt_reset(*out, (uint32_t)cop_mix64(address));
}

static void unref_all(CopFrame *frame, int n)
{
    cop_frames_unref(frame, n);
    free(frame);
}

/* Reads source frames first..last as they come out of `corrupt`, which looks at all of them;
 * without one (NULL) those that `want` has. Frames before the file's end: *n of them. */
static CopStatus read_frames(const CopDataItem *item, CopCorrupt *corrupt, const bool *want,
                             int total, int first, int last, CopFrame **out, int *n, CopError *err)
{
    int from = first, to = last;
    if (corrupt)
        cop_corrupt_span(corrupt, first, last, total, &from, &to);
    const size_t room = (size_t)(to - from) + 1;
    CopFrame *frame = calloc(room, sizeof *frame);
    *n = 0;
    *out = NULL;
    if (!frame)
        return cop_error_set(err, COP_ERR_NOMEM, "out of memory");
    CopStatus status =
        cop_source_read(&item->source, item->path, from, to, corrupt ? NULL : want, frame, n, err);
    if (status == COP_OK && corrupt && *n > first - from) {
        CopFrame *spoilt = calloc(room, sizeof *spoilt);
        status = spoilt ? cop_corrupt_frames(corrupt, frame, *n, spoilt) : COP_ERR_NOMEM;
        if (status != COP_OK)
            cop_error_set(err, status, "%s: %s: %s", item->path, corrupt->desc->name,
                          cop_status_name(status));
        unref_all(frame, *n);
        frame = spoilt;
    }
    if (status != COP_OK) {
        unref_all(frame, *n);
        return status;
    }
    /* What only the corruption looked at goes. */
    const int before = first - from < *n ? first - from : *n;
    cop_frames_unref(frame, before);
    *n -= before;
    memmove(frame, frame + before, (size_t)*n * sizeof *frame);
    *out = frame;
    return COP_OK;
}

static CopStatus load_clip(const CopLoaderOptions *o, const CopDataItem *item,
                           CopCorrupt **instances, const CopTensor *x, int lane, CopError *err)
{
    CopVideoLength length;
    COP_TRY(cop_source_length(&item->source, item->path, &length, err));
    int *index = malloc((size_t)o->sample.frames * sizeof *index);
    if (!index)
        return cop_error_set(err, COP_ERR_NOMEM, "out of memory");
    if (!cop_sample_clip(&o->sample, length.frames, length.rate, o->view / crops_of(o),
                         cop_rng_key(o->seed, "sample"),
                         (CopRngAddress){.frame = o->epoch, .clip = item->id}, index)) {
        free(index);
        return cop_sample_too_short(&o->sample, item->path, length.frames, err);
    }
    const int first = least(index, o->sample.frames), last = most(index, o->sample.frames);
    bool *want = calloc((size_t)(last - first) + 1, sizeof *want);
    CopFrame *frame = NULL;
    CopCorrupt *corrupt = NULL;
    int got = 0;
    CopStatus status = want ? choose_corruption(o, item, instances, &corrupt, err)
                            : cop_error_set(err, COP_ERR_NOMEM, "out of memory");
    for (int t = 0; want && t < o->sample.frames; t++)
        want[index[t] - first] = true;
    if (status == COP_OK)
        status = read_frames(item, corrupt, want, length.frames, first, last, &frame, &got, err);
    if (status == COP_OK)
        status = prepare_frames(o, item, frame, got, index, first, x, lane, err);
    unref_all(frame, got);
    free(want);
    free(index);
    return status;
}

CopStatus cop_load_clip(const CopLoaderOptions *o, const CopDataItem *item, const CopTensor *x,
                        int lane, CopError *err)
{
    return load_clip(o, item, NULL, x, lane, err);
}

static int lanes_of(const CopLoader *loader, long batch)
{
    const long rest = loader->options.dataset->n - batch * loader->options.batch;
    return rest < loader->options.batch ? (int)rest : loader->options.batch;
}

static int item_at(const CopLoader *loader, long batch, int lane)
{
    return loader->order[batch * loader->options.batch + lane];
}

/* A thread fills a whole batch: neighbouring lanes share cache lines. */
static void fill(void *ctx, long batch, int slot_index, int worker)
{
    CopLoader *loader = ctx;
    Slot *slot = &loader->slot[slot_index];
    CopCorrupt **instances =
        loader->corrupt ? loader->corrupt + worker * loader->options.corruptions->n : NULL;
    batch += loader->options.first;
    for (int lane = 0; lane < lanes_of(loader, batch); lane++) {
        CopError *error = &slot->error[lane];
        *error = (CopError){0};
        const CopDataItem *item = &loader->options.dataset->item[item_at(loader, batch, lane)];
        const CopStatus status =
            load_clip(&loader->options, item, instances, &slot->x, lane, error);
        cop_error_set(error, status, "%s", cop_status_name(status));
    }
}

static CopStatus allocate(CopLoader *loader, const CopTensor *like)
{
    const CopLoaderOptions *o = &loader->options;
    const size_t batch = (size_t)o->batch;
    COP_TRY(cop_arena_create(&loader->arena, 0));
    loader->order = malloc((size_t)o->dataset->n * sizeof *loader->order);
    loader->slot = calloc((size_t)o->depth, sizeof *loader->slot);
    loader->label = calloc(batch, sizeof *loader->label);
    loader->clip = calloc(batch, sizeof *loader->clip);
    if (!loader->order || !loader->slot || !loader->label || !loader->clip)
        return COP_ERR_NOMEM;
    if (o->corruptions && o->corrupt_probability > 0) {
        loader->corrupt =
            calloc((size_t)o->threads * (size_t)o->corruptions->n, sizeof(CopCorrupt *));
        if (!loader->corrupt)
            return COP_ERR_NOMEM;
    }
    for (int i = 0; i < o->depth; i++) {
        Slot *slot = &loader->slot[i];
        COP_TRY(cop_tensor_create(&slot->x, loader->arena, o->batch, like->c, like->t, like->h,
                                  like->w, like->halo));
        slot->error = cop_arena_alloc(loader->arena, batch, sizeof *slot->error);
        if (!slot->error)
            return COP_ERR_NOMEM;
    }
    return COP_OK;
}

long cop_loader_batches(int n, int batch, bool drop_last)
{
    return n / batch + (!drop_last && n % batch > 0);
}

CopStatus cop_loader_create(CopLoader **out, const CopLoaderOptions *options, const CopTensor *like,
                            CopError *err)
{
    *out = NULL;
    if (options->batch < 1 || options->threads < 1 || options->depth < 1 || options->dataset->n < 1)
        return cop_error_set(err, COP_ERR_ARG,
                             "a loader needs clips, threads and room for a batch");
    CopLoader *loader = calloc(1, sizeof *loader);
    if (!loader)
        return cop_error_set(err, COP_ERR_NOMEM, "out of memory");
    loader->options = *options;
    CopStatus status = allocate(loader, like);
    if (status == COP_OK) {
        cop_epoch_order(options->seed, options->epoch, options->shuffle, options->dataset->n,
                        loader->order);
        const long batches =
            cop_loader_batches(options->dataset->n, options->batch, options->drop_last);
        const long left = batches > options->first ? batches - options->first : 0;
        status = cop_ordered_create(&loader->ordered, left, options->threads, options->depth, fill,
                                    loader);
    }
    if (status != COP_OK) {
        cop_loader_destroy(&loader);
        return cop_error_set(err, status, "the loader cannot be set up: out of memory or threads");
    }
    *out = loader;
    return COP_OK;
}

void cop_loader_destroy(CopLoader **out)
{
    if (!out || !*out)
        return;
    CopLoader *loader = *out;
    cop_ordered_destroy(&loader->ordered);
    cop_arena_destroy(&loader->arena);
    for (int i = 0; loader->corrupt && i < loader->options.threads * loader->options.corruptions->n;
         i++)
        cop_corrupt_destroy(&loader->corrupt[i]);
    free(loader->corrupt);
    free(loader->order);
    free(loader->slot);
    free(loader->label);
    free(loader->clip);
    free(loader->skips);
    free(loader);
    *out = NULL;
}

static CopStatus note_skip(CopLoader *loader, int item, const char *reason)
{
    CopSkip *skips = realloc(loader->skips, ((size_t)loader->n_skips + 1) * sizeof *skips);
    if (!skips)
        return COP_ERR_NOMEM;
    loader->skips = skips;
    CopSkip *skip = &skips[loader->n_skips++];
    skip->item = item;
    snprintf(skip->reason, sizeof skip->reason, "%.255s", reason);
    return COP_OK;
}

/* Closes the gaps that broken clips left: later lanes move up, in order. */
static CopStatus compact(CopLoader *loader, const Slot *slot, long batch, int *n, CopError *err)
{
    *n = 0;
    for (int lane = 0; lane < lanes_of(loader, batch); lane++) {
        const int item = item_at(loader, batch, lane);
        const CopError *error = &slot->error[lane];
        if (error->status != COP_OK && !cop_clip_is_broken(error->status))
            return cop_error_set(err, error->status, "%s", error->text);
        if (error->status != COP_OK) {
            COP_TRY(note_skip(loader, item, error->text));
            continue;
        }
        if (*n != lane)
            cop_tensor_copy_lane(&slot->x, *n, &slot->x, lane);
        loader->label[*n] = loader->options.dataset->item[item].label;
        loader->clip[*n] = loader->options.dataset->item[item].id;
        ++*n;
    }
    return COP_OK;
}

CopStatus cop_loader_next(CopLoader *loader, CopTensor *x, CopBatch *batch, CopError *err)
{
    *batch = (CopBatch){.label = loader->label, .clip = loader->clip};
    const gint64 start = g_get_monotonic_time();
    while (batch->n == 0) {
        long index;
        int slot;
        if (!cop_ordered_next(loader->ordered, &index, &slot))
            return COP_EOF;
        batch->waited = (double)(g_get_monotonic_time() - start) * 1e-6;
        batch->index = index + loader->options.first;
        const CopStatus status = compact(loader, &loader->slot[slot], batch->index, &batch->n, err);
        if (status == COP_OK && batch->n > 0) {
            cop_tensor_set_n(x, batch->n);
            cop_tensor_copy(x, &loader->slot[slot].x);
        }
        cop_ordered_release(loader->ordered);
        COP_TRY(status);
    }
    return COP_OK;
}

int cop_loader_skips(const CopLoader *loader, const CopSkip **skips)
{
    *skips = loader->skips;
    return loader->n_skips;
}

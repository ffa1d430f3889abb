/* Clips out of a stream of frames that has no end: a window that slides.
 *
 * Every window that has begun and is not complete is a draft: a list of pictures that grows.
 * A frame is kept only where some draft shows it, or might have to.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/clip_window.h"

#include <glib.h>
#include <math.h>
#include <string.h>

enum { MOST = 4096, TOLERANCE_US = 500 };

/* A window on its way. */
typedef struct Draft {
    CopLiveWindow *window;
    int64_t start; /* position of its first frame in the stream */
    int taken;     /* frames of the clip so far */
} Draft;

struct CopClipWindow {
    CopClipWindowOptions options;
    CopPrepare prepare;
    GQueue drafts;  /* oldest first */
    GQueue ready;   /* complete windows */
    GQueue history; /* pictures before the next frame: `lead` of them, with fps one */
    CopClipWindowCounts counts;
    /* Of the present run of frames without a gap. */
    CopFrame shape; /* of the last frame; no planes */
    int64_t at;     /* frames in it so far */
    int64_t due;    /* time at which the next window begins */
    int64_t step;   /* time between the last two frames */
    int64_t shown;  /* position behind the last frame that a window made shows */
};

/* --- pictures and windows --------------------------------------------------------- */

static void clear_picture(void *memory)
{
    CopClipPicture *picture = memory;
    cop_frame_unref(&picture->frame);
    g_free(picture->prepared);
}

static CopClipPicture *picture_ref(CopClipPicture *picture)
{
    return g_atomic_rc_box_acquire(picture);
}

static void picture_unref(void *picture)
{
    g_atomic_rc_box_release_full(picture, clear_picture);
}

static void clear_window(void *memory)
{
    CopLiveWindow *window = memory;
    for (int i = 0; i < window->lead + window->frames + window->trail; i++)
        if (window->picture[i])
            picture_unref(window->picture[i]);
    g_free(window->picture);
}

CopLiveWindow *cop_live_window_ref(CopLiveWindow *window)
{
    return g_atomic_rc_box_acquire(window);
}

void cop_live_window_unref(CopLiveWindow **window)
{
    if (!window || !*window)
        return;
    g_atomic_rc_box_release_full(*window, clear_window);
    *window = NULL;
}

/* The frame as one of our own; prepared later, when it is known to be shown. */
static CopStatus make_picture(const CopFrame *frame, CopClipPicture **out)
{
    CopClipPicture *picture = g_atomic_rc_box_alloc0(sizeof *picture);
    const CopStatus status = cop_frame_ref(&picture->frame, frame);
    *out = picture;
    if (status != COP_OK) {
        picture_unref(picture);
        *out = NULL;
    }
    return status;
}

static CopStatus prepare(const CopClipWindow *w, const CopFrame *frame, float **out)
{
    int height, width;
    cop_prepare_size(&w->prepare, frame->width, frame->height, &height, &width);
    *out = g_new(float, 3 * (gsize)height * (gsize)width);
    const CopStatus status = cop_prepare_values(
        &w->prepare, frame, cop_prepare_centre(&w->prepare, frame->width, frame->height), *out);
    if (status != COP_OK)
        g_clear_pointer(out, g_free);
    return status;
}

/* Leaves of a picture what nets look at. */
static CopStatus reduce(const CopClipWindow *w, CopClipPicture *picture)
{
    if (!w->options.prepare || picture->prepared)
        return COP_OK;
    COP_TRY(prepare(w, &picture->frame, &picture->prepared));
    CopFrame bare = picture->frame;
    memset(bare.plane, 0, sizeof bare.plane);
    bare.buffer = NULL;
    cop_frame_unref(&picture->frame);
    picture->frame = bare;
    return COP_OK;
}

/* --- life ------------------------------------------------------------------------- */

static bool within(int value, int least)
{
    return value >= least && value <= MOST;
}

static CopStatus check(const CopClipWindowOptions *o, CopError *err)
{
    if (!within(o->frames, 1) || !within(o->stride, 1) || !within(o->hop, 0) ||
        !within(o->lead, 0) || !within(o->trail, 0))
        return cop_error_set(err, COP_ERR_ARG,
                             "a window of %d frames, stride %d, hop %d: each must be 1 to %d",
                             o->frames, o->stride, o->hop, MOST);
    if (!(o->fps >= 0) || o->fps > 1000 || o->hop_us < 0)
        return cop_error_set(err, COP_ERR_ARG, "a window's fps must be 0 to 1000, not %g", o->fps);
    if ((o->lead || o->trail) && (o->stride > 1 || o->fps > 0))
        return cop_error_set(err, COP_ERR_ARG, "frames around a clip need every source frame");
    return COP_OK;
}

CopStatus cop_clip_window_create(CopClipWindow **out, const CopClipWindowOptions *options,
                                 CopError *err)
{
    *out = NULL;
    CopClipWindowOptions o = *options;
    o.stride = o.stride ? o.stride : 1;
    COP_TRY(check(&o, err));
    CopClipWindow *w = g_new0(CopClipWindow, 1);
    w->options = o;
    if (o.prepare) {
        w->prepare = *o.prepare;
        w->options.prepare = &w->prepare;
    }
    const int span = cop_clip_window_span(w);
    if (!o.hop && !o.hop_us && o.fps > 0)
        w->options.hop_us = (int64_t)(1e6 * o.frames * o.stride / o.fps + 0.5);
    else if (!o.hop && !o.hop_us)
        w->options.hop = span;
    *out = w;
    return COP_OK;
}

static void clear_history(CopClipWindow *w)
{
    g_queue_clear_full(&w->history, picture_unref);
}

static void free_draft(void *memory)
{
    Draft *draft = memory;
    cop_live_window_unref(&draft->window);
    g_free(draft);
}

static void free_window(void *memory)
{
    CopLiveWindow *window = memory;
    cop_live_window_unref(&window);
}

void cop_clip_window_destroy(CopClipWindow **out)
{
    if (!out || !*out)
        return;
    CopClipWindow *w = *out;
    g_queue_clear_full(&w->drafts, free_draft);
    g_queue_clear_full(&w->ready, free_window);
    clear_history(w);
    g_free(w);
    *out = NULL;
}

int cop_clip_window_span(const CopClipWindow *w)
{
    return w->options.fps > 0 ? 0 : (w->options.frames - 1) * w->options.stride + 1;
}

/* --- drafts ----------------------------------------------------------------------- */

static bool by_time(const CopClipWindow *w)
{
    return w->options.fps > 0 || w->options.hop == 0;
}

static Draft *begin(CopClipWindow *w, const CopFrame *frame)
{
    const CopClipWindowOptions *o = &w->options;
    Draft *draft = g_new0(Draft, 1);
    CopLiveWindow *window = g_atomic_rc_box_alloc0(sizeof *window);
    window->picture = g_new0(CopClipPicture *, o->lead + o->frames + o->trail);
    window->pts = frame->pts;
    window->first = frame->index;
    window->frames = o->frames;
    if (o->lead) /* with fps the history serves another end */
        for (GList *i = w->history.head; i; i = i->next)
            window->picture[window->lead++] = picture_ref(i->data);
    draft->window = window;
    draft->start = w->at;
    g_queue_push_tail(&w->drafts, draft);
    return draft;
}

static bool starts_here(const CopClipWindow *w, const CopFrame *frame)
{
    if (w->options.hop)
        return w->at % w->options.hop == 0;
    return w->at == 0 || frame->pts >= w->due - TOLERANCE_US;
}

/* A window that would have begun between two frames begins at the second, once. */
static void plan_next(CopClipWindow *w, const CopFrame *frame)
{
    if (w->options.hop)
        return;
    w->due = w->at == 0 ? frame->pts : w->due;
    while (w->due - TOLERANCE_US <= frame->pts)
        w->due += w->options.hop_us;
}

/* Time of the draft's next frame, in microseconds from its first. */
static double next_time(const CopClipWindow *w, const Draft *draft)
{
    return 1e6 * draft->taken * w->options.stride / w->options.fps;
}

static CopStatus take(const CopClipWindow *w, Draft *draft, CopClipPicture *picture)
{
    CopLiveWindow *window = draft->window;
    COP_TRY(reduce(w, picture));
    window->picture[window->lead + draft->taken++] = picture_ref(picture);
    window->last = picture->frame.index;
    window->end_pts = picture->frame.pts;
    return COP_OK;
}

static bool is_whole(const CopClipWindow *w, const Draft *draft)
{
    return draft->taken == w->options.frames && draft->window->trail == w->options.trail;
}

/* True where the frame belongs to the draft by its place. */
static bool fits(const CopClipWindow *w, const Draft *draft)
{
    const int64_t offset = w->at - draft->start;
    return draft->taken == w->options.frames || offset == (int64_t)draft->taken * w->options.stride;
}

static CopStatus offer_by_place(const CopClipWindow *w, Draft *draft, CopClipPicture *picture)
{
    CopLiveWindow *window = draft->window;
    if (!fits(w, draft))
        return COP_OK;
    if (draft->taken < w->options.frames)
        return take(w, draft, picture);
    window->picture[window->lead + window->frames + window->trail++] = picture_ref(picture);
    return COP_OK;
}

/* Frame j is the last one at or before its time, so the frame before this one is it where
 * this one is later. */
static CopStatus offer_by_time(CopClipWindow *w, Draft *draft, CopClipPicture *picture)
{
    CopClipPicture *before = g_queue_peek_tail(&w->history);
    while (draft->taken < w->options.frames) {
        const double wanted = (double)draft->window->pts + next_time(w, draft);
        const double pts = (double)picture->frame.pts;
        if (fabs(pts - wanted) <= TOLERANCE_US || (draft->taken == 0 && w->at == draft->start))
            COP_TRY(take(w, draft, picture));
        else if (pts > wanted && before)
            COP_TRY(take(w, draft, before));
        else
            break;
    }
    return COP_OK;
}

static void finish(CopClipWindow *w)
{
    Draft *draft = g_queue_pop_head(&w->drafts);
    draft->window->number = w->counts.windows++;
    w->shown = MAX(w->shown, w->at - (w->shape.index - draft->window->last));
    g_queue_push_tail(&w->ready, g_steal_pointer(&draft->window));
    free_draft(draft);
}

/* --- the stream ------------------------------------------------------------------- */

void cop_clip_window_break(CopClipWindow *w)
{
    w->counts.broken += g_queue_get_length(&w->drafts);
    g_queue_clear_full(&w->drafts, free_draft);
    clear_history(w);
    w->at = w->step = w->shown = 0;
}

static bool goes_on(const CopClipWindow *w, const CopFrame *frame)
{
    const CopFrame *last = &w->shape;
    return frame->index == last->index + 1 && frame->format == last->format &&
           frame->width == last->width && frame->height == last->height &&
           (!by_time(w) || frame->pts > last->pts);
}

/* With fps a draft may ask for the frame when the next one is there. */
static bool is_wanted(const CopClipWindow *w)
{
    bool wanted = w->options.lead > 0;
    for (GList *i = w->drafts.head; i && !wanted; i = i->next)
        wanted = w->options.fps > 0 || fits(w, i->data);
    return wanted;
}

static CopStatus offer(CopClipWindow *w, const CopFrame *frame)
{
    CopClipPicture *picture;
    COP_TRY(make_picture(frame, &picture));
    CopStatus status = COP_OK;
    for (GList *i = w->drafts.head; i && status == COP_OK; i = i->next)
        status = w->options.fps > 0 ? offer_by_time(w, i->data, picture)
                                    : offer_by_place(w, i->data, picture);
    const guint keep = w->options.fps > 0 ? 1 : (guint)w->options.lead;
    if (keep)
        g_queue_push_tail(&w->history, picture_ref(picture));
    while (g_queue_get_length(&w->history) > keep)
        picture_unref(g_queue_pop_head(&w->history));
    picture_unref(picture);
    return status;
}

CopStatus cop_clip_window_push(CopClipWindow *w, const CopFrame *frame, CopError *err)
{
    if (by_time(w) && frame->pts == INT64_MIN)
        return cop_error_set(err, COP_ERR_DATA,
                             "frame %lld has no time, and windows are counted in time",
                             (long long)frame->index);
    if (w->at > 0 && !goes_on(w, frame))
        cop_clip_window_break(w);
    w->counts.frames++;
    w->step = w->at > 0 ? frame->pts - w->shape.pts : 0;
    w->shape = (CopFrame){.format = frame->format,
                          .width = frame->width,
                          .height = frame->height,
                          .index = frame->index,
                          .pts = frame->pts};
    if (starts_here(w, frame)) {
        begin(w, frame);
        plan_next(w, frame);
    }
    const CopStatus status = is_wanted(w) ? offer(w, frame) : COP_OK;
    w->at++;
    while (!g_queue_is_empty(&w->drafts) && is_whole(w, g_queue_peek_head(&w->drafts)))
        finish(w);
    return status == COP_OK ? COP_OK
                            : cop_error_set(err, status, "frame %lld cannot be prepared: %s",
                                            (long long)frame->index, cop_status_name(status));
}

CopLiveWindow *cop_clip_window_pull(CopClipWindow *w)
{
    return g_queue_pop_head(&w->ready);
}

/* --- the end ---------------------------------------------------------------------- */

/* The last frame is shown for as long as the one before it was. */
static void take_last(CopClipWindow *w, Draft *draft)
{
    CopClipPicture *last = g_queue_peek_tail(&w->history);
    while (w->options.fps > 0 && last && draft->taken < w->options.frames &&
           (double)draft->window->pts + next_time(w, draft) < (double)(w->shape.pts + w->step))
        if (take(w, draft, last) != COP_OK)
            return;
}

static void pad(const CopClipWindow *w, const Draft *draft)
{
    CopLiveWindow *window = draft->window;
    CopClipPicture **clip = window->picture + window->lead;
    const bool again = w->options.policy == COP_EDGE_LOOP || w->options.policy == COP_EDGE_WRAP;
    for (int i = draft->taken; i < window->frames; i++) {
        clip[i] = picture_ref(clip[again ? i % draft->taken : draft->taken - 1]);
        window->padded++;
    }
}

void cop_clip_window_end(CopClipWindow *w)
{
    const bool pads = w->options.pad && w->options.policy != COP_EDGE_ERROR;
    for (Draft *draft; (draft = g_queue_peek_head(&w->drafts)) != NULL;) {
        take_last(w, draft);
        const bool whole = draft->taken == w->options.frames;
        if (!whole && (!pads || draft->taken == 0 || w->shown >= w->at))
            break;
        if (!whole) {
            pad(w, draft);
            w->counts.padded++;
        }
        finish(w);
        if (!whole)
            w->shown = w->at;
    }
    cop_clip_window_break(w);
}

static void count(void *picture, void *seen)
{
    g_hash_table_add(seen, picture);
}

void cop_clip_window_counts(const CopClipWindow *w, CopClipWindowCounts *counts)
{
    *counts = w->counts;
    GHashTable *seen = g_hash_table_new(NULL, NULL);
    for (GList *i = w->drafts.head; i; i = i->next) {
        const Draft *draft = i->data;
        const CopLiveWindow *window = draft->window;
        for (int k = 0; k < window->lead + draft->taken + window->trail; k++)
            count(window->picture[k], seen);
    }
    for (GList *i = w->history.head; i; i = i->next)
        count(i->data, seen);
    counts->kept = (int)g_hash_table_size(seen);
    g_hash_table_unref(seen);
}

/* What viewers of a stream see of its models: cards drawn over frames of any format.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/overlay.h"

#include <glib.h>
#include <pthread.h>
#include <string.h>

#include "pipeline/live/overlay_blend.h"
#include "pipeline/live/overlay_private.h"

enum { WIDTH_LEAST = 160, HEIGHT_LEAST = 120 };

/* What is shown, or about to be. */
typedef struct Side {
    CopCanvas *canvas;
    CopBlend *blend;
} Side;

struct CopOverlay {
    Side side[2];
    int front;
    CopFrame like;             /* frames as they came last; no planes */
    CopOverlayHistory history; /* painting alone */
    pthread_mutex_t painting;  /* one at a time, at the back; taken before `lock` */
    pthread_mutex_t lock;      /* of front and like */
};

CopStatus cop_overlay_create(CopOverlay **out, int width, int height)
{
    CopOverlay *o = g_new0(CopOverlay, 1);
    CopStatus status = COP_OK;
    pthread_mutex_init(&o->painting, NULL);
    pthread_mutex_init(&o->lock, NULL);
    for (int i = 0; i < 2 && status == COP_OK; i++) {
        status = cop_canvas_create(&o->side[i].canvas, width, height);
        if (status == COP_OK)
            status = cop_blend_create(&o->side[i].blend);
    }
    if (status != COP_OK)
        cop_overlay_destroy(&o);
    *out = o;
    return status;
}

void cop_overlay_destroy(CopOverlay **out)
{
    if (!out || !*out)
        return;
    CopOverlay *o = *out;
    for (int i = 0; i < 2; i++) {
        cop_blend_destroy(&o->side[i].blend);
        cop_canvas_destroy(&o->side[i].canvas);
    }
    pthread_mutex_destroy(&o->painting);
    pthread_mutex_destroy(&o->lock);
    g_free(o);
    *out = NULL;
}

int cop_overlay_width(const CopOverlay *o)
{
    return cop_canvas_width(o->side[0].canvas);
}

int cop_overlay_height(const CopOverlay *o)
{
    return cop_canvas_height(o->side[0].canvas);
}

/* The side at the back, empty; NULL where nothing could be read on it. `painting` is held, so that
 * nobody else moves the front. */
static CopCanvas *begin(CopOverlay *o)
{
    CopCanvas *canvas = o->side[!o->front].canvas;
    cop_canvas_clear(canvas);
    const bool readable =
        cop_canvas_width(canvas) >= WIDTH_LEAST && cop_canvas_height(canvas) >= HEIGHT_LEAST;
    return readable ? canvas : NULL;
}

/* Brings the back to the front, in the format of the last frame already. */
static void end(CopOverlay *o)
{
    const Side *back = &o->side[!o->front];
    pthread_mutex_lock(&o->lock);
    const CopFrame like = o->like;
    pthread_mutex_unlock(&o->lock);
    cop_blend_forget(back->blend);
    /* What fails here is tried again, and reported, where a frame comes. */
    if (like.format != COP_PIXEL_NONE && cop_blend_load(back->blend, back->canvas, &like) != COP_OK)
        cop_blend_forget(back->blend);
    pthread_mutex_lock(&o->lock);
    o->front = !o->front;
    pthread_mutex_unlock(&o->lock);
}

void cop_overlay_show_predictions(CopOverlay *o, const CopOverlayPredictions *content)
{
    pthread_mutex_lock(&o->painting);
    CopCanvas *canvas = begin(o);
    if (canvas)
        cop_overlay_paint_predictions(canvas, content);
    end(o);
    pthread_mutex_unlock(&o->painting);
}

static void remember(CopOverlayHistory *history, const CopOverlayRobustness *content)
{
    if (history->n == COP_OVERLAY_POINTS) {
        for (int m = 0; m < COP_OVERLAY_MODELS; m++)
            memmove(history->score[m], history->score[m] + 1,
                    (COP_OVERLAY_POINTS - 1) * sizeof history->score[m][0]);
        history->n--;
    }
    for (int m = 0; m < COP_OVERLAY_MODELS && m < content->n_models; m++)
        history->score[m][history->n] = content->model[m].robust;
    history->n++;
}

void cop_overlay_show_robustness(CopOverlay *o, const CopOverlayRobustness *content)
{
    pthread_mutex_lock(&o->painting);
    remember(&o->history, content);
    CopCanvas *canvas = begin(o);
    if (canvas)
        cop_overlay_paint_robustness(canvas, content, &o->history);
    end(o);
    pthread_mutex_unlock(&o->painting);
}

void cop_overlay_clear(CopOverlay *o)
{
    pthread_mutex_lock(&o->painting);
    begin(o);
    o->history.n = 0;
    end(o);
    pthread_mutex_unlock(&o->painting);
}

CopStatus cop_overlay_draw(CopOverlay *o, const CopFrame *frame)
{
    CopStatus status = COP_OK;
    pthread_mutex_lock(&o->lock);
    const Side *front = &o->side[o->front];
    o->like = (CopFrame){.format = frame->format,
                         .width = frame->width,
                         .height = frame->height,
                         .colour = frame->colour};
    if (!cop_blend_fits(front->blend, frame))
        status = cop_blend_load(front->blend, front->canvas, frame);
    if (status == COP_OK)
        cop_blend_apply(front->blend, frame);
    pthread_mutex_unlock(&o->lock);
    return status;
}

CopCanvas *cop_overlay_canvas(CopOverlay *o)
{
    return o->side[o->front].canvas;
}

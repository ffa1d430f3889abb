/* A grid that never ends: each window of a stream, as it is and corrupted, through every model.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_LIVE_GRID_H
#define COP_LIVE_LIVE_GRID_H

#include "pipeline/eval/store.h"
#include "pipeline/live/clip_window.h"
#include "pipeline/live/live_metrics.h"
#include "pipeline/live/live_model.h"
#include "pipeline/live/live_queue.h"
#include "pipeline/live/live_variants.h"

/* What one model says of one lane of a window. */
typedef struct CopLiveLane {
    int n_top, top[COP_TOP];
    float score[COP_TOP];
    CopLiveHit hit;
} CopLiveLane;

/* One window's answers. All of it is borrowed for the call that hands it over. */
typedef struct CopLiveGridAnswer {
    const CopLiveWindow *window;
    int label;               /* class; -1: none */
    int n_lanes;             /* variants that this window had */
    const int *variant;      /* [n_lanes], the first one clean */
    const CopLiveLane *lane; /* [models * n_lanes], model by model */
    double waited;           /* seconds in the queue */
    double seconds;          /* of it all: corrupting, preparing, all models */
    /* The last frame of the clip as it came and as one corruption left it, where pictures were
     * asked for: lane look_lane, in turn. At stage input what the first model saw, cropped. */
    int look_lane;
    const CopFrame *look_clean, *look_corrupt;
} CopLiveGridAnswer;

/* On the worker's thread, one call at a time, in the order of the windows. */
typedef struct CopLiveGridCalls {
    void (*answered)(void *ctx, const CopLiveGridAnswer *answer);
    void (*failed)(void *ctx, const CopError *err); /* a window without an answer; may be NULL */
    void *ctx;
} CopLiveGridCalls;

/* Zeros: stage native, sixteen lanes, all processors, two windows may wait, the oldest goes,
 * windows touch, no labels, a half life of 20 windows. Texts are borrowed for the call. */
typedef struct CopLiveGridOptions {
    const char *const *models; /* paths; equal classes */
    int n_models;
    const char *labels;            /* file with a line a class, NULL: the first model's names */
    const char *corruptions;       /* see cop_live_variants_create() */
    const char *severities;        /* of those that name none, "1, 3, 5"; NULL or "": 1 to 5 */
    const char *preset, *temporal; /* as in the configuration's block `corrupt`; may be NULL */
    const char *const *params;     /* "fog:mix=0.4", ended by NULL; may be NULL */
    uint64_t seed;
    uint32_t clip; /* clip-id of the stream: of all that is drawn */
    CopStage stage;
    int lanes; /* a window at most, the clean one included; 0: 16. More variants take turns. */
    int threads, depth;
    CopBackpressure policy;
    int hop; /* see CopClipWindowOptions */
    int64_t hop_us;
    bool pad;          /* fill a partial window at the end as the models' clip.policy says */
    double rate;       /* frames a second of the stream, for models with clip.fps; 0: unknown */
    const char *label; /* class that the stream shows throughout; NULL or "": none */
    const char *track; /* file of labels over time (label_track.h), in place of it */
    double half_life;  /* of live figures, in windows */
    bool pictures;     /* hand over what corruptions look like */
} CopLiveGridOptions;

typedef struct CopLiveGrid CopLiveGrid;

/* Opens models, corruptions and labels and starts the thread. A window spans the longest clip
 * among the models and is to each model what a video of that length is to `coppice eval` with
 * one centre clip; corruptions see the stream's frame indices, and what they look back or ahead
 * for is kept around it, so that their bytes are those of the whole file. (Those that need a
 * whole clip take the window for it.) At stage input they see the prepared pictures, as in
 * eval, which is faster by far. Returned in *out. */
CopStatus cop_live_grid_create(CopLiveGrid **out, const CopLiveGridOptions *options,
                               const CopLiveGridCalls *calls, CopError *err) COP_MUST_CHECK;
void cop_live_grid_destroy(CopLiveGrid **grid); /* discards what waits; NULL-safe, idempotent */

/* As their namesakes of live_classifier.h. */
CopStatus cop_live_grid_push(CopLiveGrid *grid, const CopFrame *frame, int *dropped,
                             CopError *err) COP_MUST_CHECK;
void cop_live_grid_break(CopLiveGrid *grid);
void cop_live_grid_flush(CopLiveGrid *grid);
void cop_live_grid_end(CopLiveGrid *grid);
void cop_live_grid_drain(CopLiveGrid *grid);
void cop_live_grid_set_policy(CopLiveGrid *grid, CopBackpressure policy);
void cop_live_grid_stats(CopLiveGrid *grid, CopLiveStats *stats, CopClipWindowCounts *counts);

/* What it runs, fixed for its life. */
int cop_live_grid_models(const CopLiveGrid *grid);
const CopLiveModel *cop_live_grid_model(const CopLiveGrid *grid, int model);
const CopVariants *cop_live_grid_variants(const CopLiveGrid *grid);
const CopConfig *cop_live_grid_config(const CopLiveGrid *grid); /* its block `corrupt` counts */
const CopLiveGridOptions *cop_live_grid_options(const CopLiveGrid *grid); /* numbers only */
CopLiveMetrics *cop_live_grid_metrics(CopLiveGrid *grid);

/* A label for windows from now on, of a stream without a track; NULL or "": none.
 * COP_ERR_CONFIG for one that is no class. */
CopStatus cop_live_grid_set_label(CopLiveGrid *grid, const char *label,
                                  CopError *err) COP_MUST_CHECK;

#endif

/* One window of a stream in many lanes: as it is and under corruptions, ready for the nets.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_LIVE_LANES_H
#define COP_LIVE_LIVE_LANES_H

#include "models/core/pool.h"
#include "pipeline/eval/grid_work.h"
#include "pipeline/live/clip_window.h"

typedef struct CopLiveLanesOptions {
    const CopVariants *variants; /* clean first; borrowed for the lanes' life */
    const CopGridInput *inputs;  /* clips and preparations; copied */
    int n_inputs;                /* 1 .. COP_GRID_INPUTS */
    CopStage stage;
    uint32_t clip; /* clip-id */
    double rate;   /* frames a second, for inputs that count in fps; 0: unknown */
    int lanes;     /* variants at a time, at most */
    CopPool *pool; /* borrowed */
    bool pictures; /* keep what one lane looks like */
} CopLiveLanesOptions;

typedef struct CopLiveLanes CopLiveLanes;

/* Makes every corruption once, so that a missing encoder shows here. Returned in *out. */
CopStatus cop_live_lanes_create(CopLiveLanes **out, const CopLiveLanesOptions *options,
                                CopError *err) COP_MUST_CHECK;
void cop_live_lanes_destroy(CopLiveLanes **lanes); /* NULL-safe, idempotent */

/* The window that it needs: consecutive frames of the clip, and those around it. */
void cop_live_lanes_reach(const CopLiveLanes *lanes, int *span, int *lead, int *trail);

/* Fills lane i of every input with variant[i] of the window, n <= lanes of them, side by side on
 * the pool. An input's clip is the one centre clip of a video that shows the window alone,
 * without the frames that pad it. COP_ERR_DATA where the window is too short for an input with
 * policy error, else a corruption's own. */
CopStatus cop_live_lanes_fill(CopLiveLanes *lanes, const CopLiveWindow *window, const int *variant,
                              int n, CopError *err) COP_MUST_CHECK;

/* Input i as filled last, and its clip's last frame in lane 0 and in lane `look` (0: none);
 * borrowed until the next fill. */
const CopTensor *cop_live_lanes_input(const CopLiveLanes *lanes, int input);
int cop_live_lanes_look(const CopLiveLanes *lanes, const CopFrame **clean,
                        const CopFrame **corrupt);

#endif

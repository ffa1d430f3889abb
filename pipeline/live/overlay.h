/* What viewers of a stream see of its models: cards drawn over frames of any format.
 *
 * Drawing happens where content changes, a few times a second and on the caller's thread; each
 * frame then only blends what was drawn, at the cost of the pixels that cards cover. Frames are
 * not held up while the next content is drawn: that goes on behind what they show.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LIVE_OVERLAY_H
#define COP_LIVE_OVERLAY_H

#include "pipeline/live/overlay_canvas.h"

enum { COP_OVERLAY_TOP = 5, COP_OVERLAY_MODELS = 4, COP_OVERLAY_POINTS = 120 };

/* Texts are borrowed for the call that takes them. */
typedef struct CopOverlayLabel {
    const char *label;
    double score; /* 0 .. 1 */
} CopOverlayLabel;

/* The card of one model: its likeliest classes as bars. */
typedef struct CopOverlayPredictions {
    const char *model; /* name, above the bars */
    const char *note;  /* small, below them ("18 ms, 7.5 clips/s"); NULL: none */
    int n;             /* 1 .. COP_OVERLAY_TOP */
    CopOverlayLabel top[COP_OVERLAY_TOP];
} CopOverlayPredictions;

typedef enum CopVerdict {
    COP_VERDICT_RIGHT,  /* the window's label */
    COP_VERDICT_WRONG,  /* another one */
    COP_VERDICT_AGREES, /* no label is known: what the model says of the clean clip */
    COP_VERDICT_DIFFERS
} CopVerdict;

/* One model in the split view. */
typedef struct CopOverlayModel {
    const char *name;
    CopOverlayLabel clean, corrupt;
    CopVerdict clean_verdict, corrupt_verdict;
    double robust;          /* running robust score, NaN: not known */
    const double *severity; /* [points] of the curve, rising; 0 is clean */
    const double *score;    /* [points], 0 .. 1; NaN: not known */
    int points;             /* at most COP_OVERLAY_POINTS; below 3 the curve is robust over time */
} CopOverlayModel;

/* Clean at the left, corrupted at the right, models and their curve below. */
typedef struct CopOverlayRobustness {
    const CopFrame *clean;   /* as models saw it; NULL: the frame itself shows through */
    const CopFrame *corrupt; /* NULL: none yet. One of the frame's shape is laid in its place */
    const char *corruption;  /* "fog", of the picture and the models' answers */
    double severity;
    const char *measure; /* of score and robust: "accuracy" or "agreement" */
    const char *note;    /* small ("label: walking"); NULL: none */
    int n_models;        /* the first COP_OVERLAY_MODELS are shown */
    CopOverlayModel model[COP_OVERLAY_MODELS];
} CopOverlayRobustness;

typedef struct CopOverlay CopOverlay;

/* For frames of width x height, 16 .. 16384 a side; below 160 x 120 cards are too small to be
 * read and nothing is drawn. Returned in *out. Content and frames may come from different
 * threads. */
CopStatus cop_overlay_create(CopOverlay **out, int width, int height) COP_MUST_CHECK;
void cop_overlay_destroy(CopOverlay **overlay); /* NULL-safe, idempotent */

int cop_overlay_width(const CopOverlay *overlay);
int cop_overlay_height(const CopOverlay *overlay);

/* What frames show from now on; each takes the other's place. */
void cop_overlay_show_predictions(CopOverlay *overlay, const CopOverlayPredictions *content);
void cop_overlay_show_robustness(CopOverlay *overlay, const CopOverlayRobustness *content);
void cop_overlay_clear(CopOverlay *overlay);

/* Draws it into a frame of the overlay's size, any format, borrowed or not; COP_ERR_SHAPE for
 * another size. Nothing outside the cards and pictures changes. */
CopStatus cop_overlay_draw(CopOverlay *overlay, const CopFrame *frame) COP_MUST_CHECK;

/* What is drawn, for tests and for compositors. Borrowed until the next content. */
CopCanvas *cop_overlay_canvas(CopOverlay *overlay);

#endif

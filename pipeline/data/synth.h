/* Labelled videos that are drawn, not filmed: a textured sprite over a drifting
 * background. Only the sprite's motion tells the class. In any single frame, place,
 * angle, size, texture and background are distributed alike for all classes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_DATA_SYNTH_H
#define COP_DATA_SYNTH_H

#include <stdbool.h>

#include "models/core/rng.h"
#include "pipeline/media/frame.h"

typedef enum CopMotion {
    COP_MOTION_LEFT,
    COP_MOTION_RIGHT,
    COP_MOTION_UP,
    COP_MOTION_DOWN,
    COP_MOTION_CLOCKWISE,
    COP_MOTION_COUNTERCLOCKWISE,
    COP_MOTION_ZOOM_IN,
    COP_MOTION_ZOOM_OUT,
    COP_MOTION_SHAKE,  /* left and right */
    COP_MOTION_ORBIT,  /* on a circle, either way round, without turning */
    COP_MOTION_BOUNCE, /* up and down */
    COP_MOTION_ROCK,   /* turning to and fro */
    COP_MOTION_COUNT
} CopMotion;
extern const char *const cop_motion_names[]; /* "MoveLeft", ..., NULL */

/* Which clip: everything in it follows from these numbers. Clips of a group share
 * background and light; groups are the same in every class. */
typedef struct CopSynthClip {
    CopRngKey key; /* cop_rng_key(seed, "synth") */
    CopMotion motion;
    uint32_t group, number;
} CopSynthClip;

/* Lengths in widths of the picture, which wraps around at its edges; y down,
 * angles in radians, clockwise. */
typedef struct CopSynthPose {
    double x, y; /* centre, 0..1 */
    double angle;
    double radius;
} CopSynthPose;

/* A clip with its random choices made, ready to draw. */
typedef struct CopSynthScene CopSynthScene;

CopStatus cop_synth_open(CopSynthScene **out, const CopSynthClip *clip) COP_MUST_CHECK;
void cop_synth_close(CopSynthScene **scene);

/* Where the sprite is in frame t. */
CopSynthPose cop_synth_pose(const CopSynthClip *clip, int t);

/* Draws frame t into `frame` (RGB, square). With `bare`, the sprite alone on black,
 * without background, shadow, light or noise. */
void cop_synth_draw(const CopSynthScene *scene, int t, bool bare, const CopFrame *frame);

typedef struct CopSynthOptions {
    int classes; /* 2..COP_MOTION_COUNT: the first ones */
    int clips;   /* a class, 2..9999 */
    int size;    /* pixels, even, 16..1024 */
    int frames;  /* 2..1024 */
    uint64_t seed;
    int threads; /* 0: all processors */
} CopSynthOptions;

typedef struct CopSynthSummary {
    int train, test, groups, test_groups;
} CopSynthSummary;

/* Writes UCF101's layout below `folder`: videos/Class/v_Class_gGG_cCC.mp4 (H.264,
 * 25 frames a second) and annotations/{classInd,trainlist01,testlist01}.txt. No group
 * is in both lists. The same options give the same bytes. `step` (may be NULL) is
 * called after each clip, from any thread. COP_ERR_ARG for options out of range and
 * for a folder that holds a data set already. */
CopStatus cop_synth_write(const char *folder, const CopSynthOptions *options,
                          CopSynthSummary *summary, void (*step)(void *ctx, int done), void *ctx,
                          CopError *err) COP_MUST_CHECK;

#endif

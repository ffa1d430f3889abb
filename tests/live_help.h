/* A video, models and frames for the tests of live parts.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_LIVE_HELP_H
#define COP_TESTS_LIVE_HELP_H

#include "pipeline/media/frame.h"
#include "tests/grid_help.h"

/* Fixture: the data set and models of grid_help.h, and one video of it. */
void live_set_up(void);
void live_tear_down(void);

const char *live_video(void);          /* its path */
const char *live_video_relative(void); /* the same below the data set's root */
uint32_t live_video_id(void);          /* its clip-id in the data set */
int live_video_label(void);
const char *live_model(char which);    /* path of model a, b or c */
const CopFrame *live_frame(int index); /* frame 0 .. GRID_FRAMES - 1 of the video */

/* Probabilities that coppice predict gives the video's middle clip, in p[GRID_CLASSES]; `batch`: in
 * a lane of a batch, not as tiles. */
void live_predict(char which, bool batch, float *p);

#endif

/* Streaks of rain: where they are in a frame, and how a picture looks through them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_RAIN_FALL_H
#define COP_CORRUPT_RAIN_FALL_H

#include "pipeline/media/frame.h"

/* Opacity of rain [height][width], 0..255. */
typedef struct CopRainMask {
    uint8_t *level;
    int width, height;
} CopRainMask;

/* A streak from (x, y) down by `length` rows while x moves by `slant` columns. */
typedef struct CopRainStreak {
    double x, y, length, slant, width;
    int level;
} CopRainStreak;

/* The originals' line of 1 pixel from (x, y) to (x - 1, y + length): the upper length / 2
 * pixels stand in column x, the others in x - 1; x = 0 paints (0, y) alone, x < 0 nothing. */
void cop_rain_line(CopRainMask *mask, int x, int y, int length, int level);

/* A smooth streak at parts of a pixel, fading towards its ends; where streaks cross
 * the stronger counts. */
void cop_rain_streak(CopRainMask *mask, const CopRainStreak *streak);

/* Memory of cop_rain_blend(): bytes [height][3 width] each. */
typedef struct CopRainScratch {
    uint8_t *lit, *soft;
} CopRainScratch;

/* Draws the mask m over an RGB frame I of its size: J = I + floor(m (1 - I / 255)(1 - mean(I)
 * / 255)), K the 3x3 mean of J, I' = K m / 255 + I (1 - m / 255); then every channel becomes
 * trunc(mean + darken (I' - mean)) (Yi et al., NeurIPS 2021). */
void cop_rain_blend(CopFrame *frame, const CopRainMask *mask, double darken,
                    const CopRainScratch *scratch);

#endif

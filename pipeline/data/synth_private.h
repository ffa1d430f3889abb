/* Random numbers of drawn clips.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_DATA_SYNTH_PRIVATE_H
#define COP_DATA_SYNTH_PRIVATE_H

#include "pipeline/data/synth.h"

/* The draw word of an address. */
typedef enum CopSynthDraw {
    COP_SYNTH_MOTION,
    COP_SYNTH_SPRITE,
    COP_SYNTH_TEXTURE,
    COP_SYNTH_SCENE,
    COP_SYNTH_BACKGROUND,
    COP_SYNTH_CAMERA,
    COP_SYNTH_NOISE
} CopSynthDraw;

/* Sprites' radii run from RADIUS to RADIUS * RATIO, in widths. */
#define COP_SYNTH_RADIUS 0.14
#define COP_SYNTH_RATIO  2.4

CopRngAddress cop_synth_address(const CopSynthClip *clip, CopSynthDraw draw, int t);

/* Uniform on [low, high). */
double cop_synth_between(CopRngKey key, uint32_t position, CopRngAddress at, double low,
                         double high);

#endif

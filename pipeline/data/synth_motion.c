/* How sprites move. Each motion adds a function of time to a start that is
 * uniform: place on the torus, angle on the circle, logarithm of size on a
 * range that zooming runs through as a sawtooth. A uniform value plus any shift,
 * wrapped around, is uniform again, so no single frame tells the motion.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "pipeline/data/synth.h"
#include "pipeline/data/synth_private.h"

static const double turn = 6.283185307179586;

const char *const cop_motion_names[] = {
    [COP_MOTION_LEFT] = "MoveLeft",
    [COP_MOTION_RIGHT] = "MoveRight",
    [COP_MOTION_UP] = "MoveUp",
    [COP_MOTION_DOWN] = "MoveDown",
    [COP_MOTION_CLOCKWISE] = "RotateClockwise",
    [COP_MOTION_COUNTERCLOCKWISE] = "RotateCounterclockwise",
    [COP_MOTION_ZOOM_IN] = "ZoomIn",
    [COP_MOTION_ZOOM_OUT] = "ZoomOut",
    [COP_MOTION_SHAKE] = "Shake",
    [COP_MOTION_ORBIT] = "Orbit",
    [COP_MOTION_BOUNCE] = "Bounce",
    [COP_MOTION_ROCK] = "Rock",
    [COP_MOTION_COUNT] = NULL,
};

CopRngAddress cop_synth_address(const CopSynthClip *clip, CopSynthDraw draw, int t)
{
    /* Clips of different classes draw apart, or sprites would come in sets of one a class. */
    return (CopRngAddress){draw, (uint32_t)t, (uint32_t)clip->motion << 16 | clip->number};
}

double cop_synth_between(CopRngKey key, uint32_t position, CopRngAddress at, double low,
                         double high)
{
    return low + (high - low) * cop_rng_uniform(key, position, at);
}

/* Back and forth: amplitude * sin(phase + t * 2 pi / period). */
static double swing(double amplitude, double period, double phase, int t)
{
    return amplitude * sin(phase + turn * t / period);
}

CopSynthPose cop_synth_pose(const CopSynthClip *clip, int t)
{
    const CopRngAddress at = cop_synth_address(clip, COP_SYNTH_MOTION, 0);
    const CopRngKey key = clip->key;
    double x = cop_rng_uniform(key, 0, at), y = cop_rng_uniform(key, 1, at);
    double angle = turn * cop_rng_uniform(key, 2, at), zoom = cop_rng_uniform(key, 3, at);

    /* What every sprite does a little of. */
    const double drift = cop_synth_between(key, 4, at, 0, 0.004);
    const double course = turn * cop_rng_uniform(key, 5, at);
    x += t * drift * cos(course);
    y += t * drift * sin(course);
    angle += t * cop_synth_between(key, 6, at, -0.012, 0.012);

    const double speed = cop_synth_between(key, 8, at, 0.025, 0.045);
    const double spin = cop_synth_between(key, 9, at, turn / 45, turn / 28);
    const double growth = cop_synth_between(key, 10, at, 0.04, 0.06) / log(COP_SYNTH_RATIO);
    const double reach = cop_synth_between(key, 11, at, 0.10, 0.16);
    const double period = cop_synth_between(key, 12, at, 11, 17);
    const double phase = turn * cop_rng_uniform(key, 13, at);
    const double way = cop_rng_u32(key, 14, at) & 1 ? 1 : -1;
    switch (clip->motion) {
    case COP_MOTION_LEFT:
        x -= t * speed;
        break;
    case COP_MOTION_RIGHT:
        x += t * speed;
        break;
    case COP_MOTION_UP:
        y -= t * speed;
        break;
    case COP_MOTION_DOWN:
        y += t * speed;
        break;
    case COP_MOTION_CLOCKWISE:
        angle += t * spin;
        break;
    case COP_MOTION_COUNTERCLOCKWISE:
        angle -= t * spin;
        break;
    case COP_MOTION_ZOOM_IN:
        zoom += t * growth;
        break;
    case COP_MOTION_ZOOM_OUT:
        zoom -= t * growth;
        break;
    case COP_MOTION_SHAKE:
        x += swing(reach, period, phase, t);
        break;
    case COP_MOTION_BOUNCE:
        y += swing(reach, period, phase, t);
        break;
    case COP_MOTION_ORBIT:
        x += swing(reach, way * period, phase, t);
        y += swing(reach, way * period, phase + turn / 4, t);
        break;
    case COP_MOTION_ROCK:
        angle += swing(4 * reach, period, phase, t);
        break;
    case COP_MOTION_COUNT:
        break;
    }
    return (CopSynthPose){
        .x = x - floor(x),
        .y = y - floor(y),
        .angle = angle,
        .radius = COP_SYNTH_RADIUS * pow(COP_SYNTH_RATIO, zoom - floor(zoom)),
    };
}

/* Saturation and value of RGB pictures changed, hue kept.
 *
 * Where the exact result is a whole level, rounding errors choose between two levels
 * once it is truncated; so each operation is the one that scikit-image makes, in its
 * order. Choices are products with 0 and 1, exact too, and loops are short: gcc makes
 * vector code of these, and branches of chained conditions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/hsv.h"

#include <stddef.h>

#include "pipeline/corrupt/tiers.h"

enum { CHUNK = 256 };

typedef struct Planes {
    double r[CHUNK], g[CHUNK], b[CHUNK];
    double largest[CHUNK], delta[CHUNK], difference[CHUNK], sixths[CHUNK];
    double saturation[CHUNK], value[CHUNK];
} Planes;

static void unpack(Planes *plane, const double unit[256], const uint8_t *rgb, int n)
{
    for (int i = 0; i < n; i++) {
        plane->r[i] = unit[rgb[3 * i]];
        plane->g[i] = unit[rgb[3 * i + 1]];
        plane->b[i] = unit[rgb[3 * i + 2]];
    }
}

static inline double lesser(double a, double b)
{
    return a < b ? a : b;
}

static inline double greater(double a, double b)
{
    return a > b ? a : b;
}

COP_TIERS static void clip(double x[CHUNK])
{
    for (int i = 0; i < CHUNK; i++)
        x[i] = lesser(greater(x[i], 0), 1);
}

/* The numerator of the hue within its third of the circle, and where that begins. */
COP_TIERS static void pick_third(Planes *plane)
{
    for (int i = 0; i < CHUNK; i++) {
        plane->largest[i] = greater(greater(plane->r[i], plane->g[i]), plane->b[i]);
        plane->delta[i] = plane->largest[i] - lesser(lesser(plane->r[i], plane->g[i]), plane->b[i]);
    }
    /* Of equal channels the last counts. */
    for (int i = 0; i < CHUNK; i++) {
        const double last = plane->b[i] == plane->largest[i] ? 1 : 0;
        const double second = (plane->g[i] == plane->largest[i] ? 1 : 0) * (1 - last);
        const double first = (1 - last) * (1 - second);
        plane->difference[i] = first * (plane->g[i] - plane->b[i]) +
                               second * (plane->b[i] - plane->r[i]) +
                               last * (plane->r[i] - plane->g[i]);
        plane->sixths[i] = 2 * second + 4 * last;
    }
}

/* With `around` the hue in 0 .. 6, a channel is V (1 - c S), where c climbs from 0 to 1
 * or falls back within one sixth; these are the textbook's p, q, t and v, rounded alike
 * since the differences are exact. */
COP_TIERS static void change_planes(const CopHsvChange *change, Planes *plane)
{
    pick_third(plane);
    double *red = plane->r, *green = plane->g, *blue = plane->b;
    for (int i = 0; i < CHUNK; i++) {
        const double colourful = plane->delta[i] > 0 ? 1 : 0, lit = plane->largest[i] > 0 ? 1 : 0;
        /* Greys have a hue of 0 and black a saturation of 0, whatever the divisor. */
        double hue = (plane->sixths[i] * colourful +
                      plane->difference[i] / (plane->delta[i] + (1 - colourful))) /
                     6;
        hue += hue < 0 ? 1 : 0;
        const double around = hue * 6;
        red[i] = lesser(around - 1, 5 - around);
        green[i] = greater(1 - around, around - 3);
        blue[i] = greater(3 - around, around - 5);
        plane->saturation[i] =
            plane->delta[i] / (plane->largest[i] + (1 - lit)) * change->gain + change->offset;
        plane->value[i] = plane->largest[i] + change->lift;
    }
    clip(red);
    clip(green);
    clip(blue);
    clip(plane->saturation);
    clip(plane->value);
    for (int i = 0; i < CHUNK; i++) {
        red[i] = plane->value[i] * (1 - red[i] * plane->saturation[i]);
        green[i] = plane->value[i] * (1 - green[i] * plane->saturation[i]);
        blue[i] = plane->value[i] * (1 - blue[i] * plane->saturation[i]);
    }
}

COP_TIERS static void pack(const Planes *plane, uint8_t *rgb, int n)
{
    for (int i = 0; i < n; i++) {
        rgb[3 * i] = (uint8_t)(int)(plane->r[i] * 255);
        rgb[3 * i + 1] = (uint8_t)(int)(plane->g[i] * 255);
        rgb[3 * i + 2] = (uint8_t)(int)(plane->b[i] * 255);
    }
}

void cop_hsv_change(const CopFrame *frame, const CopHsvChange *change)
{
    double unit[256];
    for (int level = 0; level < 256; level++)
        unit[level] = level / 255.0;
    Planes plane = {.r = {0}};
    for (int y = 0; y < frame->height; y++) {
        uint8_t *rgb = frame->plane[0] + (ptrdiff_t)y * frame->stride[0];
        for (int done = 0, n; done < frame->width; done += n) {
            n = frame->width - done < CHUNK ? frame->width - done : CHUNK;
            unpack(&plane, unit, rgb + 3 * done, n);
            change_planes(change, &plane);
            pack(&plane, rgb + 3 * done, n);
        }
    }
}

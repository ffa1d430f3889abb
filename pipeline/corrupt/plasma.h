/* Clouds by midpoint displacement on a square that wraps around.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_PLASMA_H
#define COP_CORRUPT_PLASMA_H

#include <stdint.h>

#include "models/core/rng.h"
#include "models/core/status.h"

/* Sides of a map: powers of two. */
enum { COP_PLASMA_SIDE_MAX = 4096 };

/* Where a map's n * n - 1 random numbers come from: writes numbers first .. first + n - 1
 * into out, each uniform on -wibble .. wibble. */
typedef void (*CopPlasmaDraw)(const void *ctx, uint32_t first, int n, double wibble, double *out);

/* Fills map [side][side] with diamond-square noise of range 0..1 (all 0.5 where the map
 * is flat). Each level halves the step and divides `wibble`, at first 100, by `decay`; a
 * point is the mean of its four neighbours plus wibble times its number, so amplitudes
 * fall by decay^2 an octave. Numbers are used level by level: the centres of squares,
 * then points on even rows, then points on odd rows, each row by row (Fournier, Fussell
 * and Carpenter, CACM 25, 1982, as used by Hendrycks and Dietterich, ICLR 2019). */
void cop_plasma(double *map, int side, double decay, CopPlasmaDraw draw, const void *ctx);

/* A source of addressed numbers: position i of an address is number i. */
typedef struct CopPlasmaWords {
    CopRngKey key;
    CopRngAddress at;
} CopPlasmaWords;
void cop_plasma_words(const void *words, uint32_t first, int n, double wibble, double *out);

/* The least side from 32 on that covers `length`, or the largest, 4096. */
int cop_plasma_side(int length);

#endif

/* What tests of weather share: flat frames seen through it, correlations, samples.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_WEATHER_HELP_H
#define COP_TESTS_WEATHER_HELP_H

#include "pipeline/corrupt/corrupt.h"

/* An RGB frame of one level. */
CopFrame weather_flat(int width, int height, int level, int64_t index);

/* An instance of seed 7, or a failed test with the error's text. */
CopCorrupt *weather_make(const char *name, double severity, CopTemporal temporal,
                         const char *preset, const char *params);

/* A flat frame seen through the corruption. */
CopFrame weather_seen(CopCorrupt *corrupt, int width, int height, int level, int64_t index);

/* Green. */
double weather_at(const CopFrame *frame, int x, int y);

/* Correlation of a with b moved by (dx, dy): a(x, y) beside b(x + dx, y + dy). */
double weather_correlation(const CopFrame *a, const CopFrame *b, int dx, int dy);

/* Where within `reach` around (x, y) that correlation is largest. */
void weather_peak(const CopFrame *a, const CopFrame *b, int x, int y, int reach, int *px, int *py);

/* Independent numbers, whose mean must lie within 4 standard errors of what is known to
 * half a unit. */
typedef struct Sample {
    double n, sum, squares;
} Sample;
void sample_add(Sample *sample, double x);
void sample_check(const Sample *sample, double want, double unit, const char *what);

#endif

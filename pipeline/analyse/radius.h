/* Radius-accuracy curves: what is computed, for the table and the picture.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ANALYSE_RADIUS_H
#define COP_ANALYSE_RADIUS_H

#include "pipeline/analyse/probe.h"
#include "pipeline/analyse/spectral_filter.h"

enum { COP_BANDS = 3 };
extern const char *const cop_band_names[]; /* "spatial", "temporal", "3d" */

/* One band and pass: its probes lie together, by rising radius. */
typedef struct CopCurve {
    CopBand band;
    bool high;
    int first, n; /* probes */
} CopCurve;

typedef struct CopRadius {
    CopProbes probes;
    CopCurve curve[2 * COP_BANDS];
    int n_curves;
    CopSpectral **spectral; /* [threads] */
} CopRadius;

/* radius_draw.c */
CopStatus cop_radius_draw(const CopRadius *radius, CopPlot **plot, CopError *err) COP_MUST_CHECK;

/* Top-1 of a run at point i of a curve, as a share of its clean top-1 where `relative`. */
double cop_radius_at(const CopRadius *radius, int run, const CopCurve *curve, int i, bool relative);

#endif

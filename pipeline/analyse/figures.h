/* The figures, one a file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ANALYSE_FIGURES_H
#define COP_ANALYSE_FIGURES_H

#include "pipeline/analyse/analysis.h"

CopStatus cop_figure_gain(CopAnalysis *a, CopError *err) COP_MUST_CHECK;
CopStatus cop_figure_accuracy(CopAnalysis *a, CopError *err) COP_MUST_CHECK;
CopStatus cop_figure_energy(CopAnalysis *a, CopError *err) COP_MUST_CHECK;
CopStatus cop_figure_radius(CopAnalysis *a, CopError *err) COP_MUST_CHECK;
CopStatus cop_figure_fourier(CopAnalysis *a, CopError *err) COP_MUST_CHECK;
CopStatus cop_figure_topology(CopAnalysis *a, CopError *err) COP_MUST_CHECK;
CopStatus cop_figure_training(CopAnalysis *a, CopError *err) COP_MUST_CHECK;

#endif

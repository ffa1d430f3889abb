/* The topology figure: the layer of each run, shared by its tables and pictures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ANALYSE_LAYER_TOPOLOGY_H
#define COP_ANALYSE_LAYER_TOPOLOGY_H

#include "pipeline/analyse/layer_weights.h"

typedef struct CopTopologyRun {
    int run; /* index in the analysis */
    CopLayerWeights weights;
    double density;
    int *count;                          /* [out][in]: non-zeros of each kernel */
    int *input, *output;                 /* degrees, sorted: the largest first */
    int *input_channel, *output_channel; /* whose they are */
} CopTopologyRun;

typedef struct CopTopologyFigure {
    const CopAnalysis *a;
    char *layer;
    CopTopologyRun *item; /* [n], as the runs */
    int n;
} CopTopologyFigure;

/* topology_draw.c: pictures; NULL on failure. */
CopPlot *cop_topology_draw_maps(const CopTopologyFigure *figure, CopError *err);
CopPlot *cop_topology_draw_degrees(const CopTopologyFigure *figure, CopError *err);
/* topology_norms.c: a histogram a series of kernels' and filters' norms, as table and picture. */
CopTidy *cop_topology_norms(const CopTopologyFigure *figure);
CopPlot *cop_topology_draw_norms(const CopTopologyFigure *figure, CopError *err);

/* L2 norms of kernels, norm[out * in], or with `filters` of filters, norm[out]. */
void cop_layer_norms(const CopLayerWeights *weights, bool filters, double *norm);

#endif

/* What the files of the element "robustness" share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ELEMENTS_ROBUSTNESS_PRIVATE_H
#define COP_ELEMENTS_ROBUSTNESS_PRIVATE_H

#include "elements/live_filter.h"
#include "pipeline/live/live_grid.h"
#include "pipeline/live/live_sink.h"

typedef struct CopRobustnessSettings {
    CopStrings models, params;
    char *labels, *corruptions, *severities, *label, *label_track, *preset, *location, *stream;
    int stage, temporal, lanes, hop, threads;
    uint64_t seed, clip_id;
    double half_life;
    bool pad;
} CopRobustnessSettings;

extern const CopOption cop_robustness_rows[];
enum { COP_ROBUSTNESS_LABEL = 5 }; /* number of the property */

#define COP_TYPE_ROBUSTNESS (cop_robustness_get_type())
G_DECLARE_FINAL_TYPE(GstRobustness, cop_robustness, COP, ROBUSTNESS, GstLiveFilter)

struct _GstRobustness {
    GstLiveFilter parent;
    CopRobustnessSettings settings; /* under the object lock */
    CopLiveGrid *core;
    CopLiveSink *sink; /* NULL: none, or it could not be written */
};

/* Makes core and sink for streams of `rate` frames a second. */
CopStatus cop_robustness_open(GstRobustness *self, double rate, CopError *err) COP_MUST_CHECK;

#endif

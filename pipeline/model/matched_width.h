/* Dense nets as large as sparse ones.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MODEL_MATCHED_WIDTH_H
#define COP_MODEL_MATCHED_WIDTH_H

#include "pipeline/config/config.h"

typedef enum CopMatch {
    COP_MATCH_PARAMETERS, /* parameters that are not masked away */
    COP_MATCH_FLOPS       /* multiply-adds of a clip forward */
} CopMatch;

/* The option "width" with which the dense net of config->model, for `classes` classes, comes
 * closest to as much as the net of that option's present value has at `density` of config->sparse
 * (what a control must have, so that fewer weights are told from weights that are sparse); that
 * value itself where nothing is closer. COP_ERR_CONFIG where the architecture has no
 * such option. */
CopStatus cop_matched_width(const CopConfig *config, int classes, double density, CopMatch match,
                            int *width, CopError *err) COP_MUST_CHECK;

/* The net's value of that option. */
CopStatus cop_model_width(const CopConfig *config, int *width, CopError *err) COP_MUST_CHECK;

#endif

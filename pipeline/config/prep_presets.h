/* Preparations that models of others were trained with, by name (prep.preset).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CONFIG_PREP_PRESETS_H
#define COP_CONFIG_PREP_PRESETS_H

#include "pipeline/config/config.h"

extern const char *const cop_prep_preset_names[]; /* "none", ..., NULL */

/* Sets the other rows of the prep block (`rows`) to those of prep->preset; "none": nothing. */
CopStatus cop_prep_preset_apply(const CopOption *rows, CopPrepOptions *prep,
                                CopError *err) COP_MUST_CHECK;

#endif

/* Several options in one text: "width=16, blocks=1, 1, 1".
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORE_OPTION_LIST_H
#define COP_CORE_OPTION_LIST_H

#include "models/core/option.h"

/* Sets each "name=value" of `text` (NULL or "": none). Assignments are separated by
 * commas or semicolons; a comma that no "name=" follows belongs to a list value.
 * COP_ERR_CONFIG names what is wrong and what is allowed. */
CopStatus cop_options_parse(const CopOption *rows, void *object, const char *text,
                            CopError *err) COP_MUST_CHECK;

#endif

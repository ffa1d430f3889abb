/* Lists of texts as one types them: "a, b", "[a, b]" or "(a, b)".
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORE_LIST_H
#define COP_CORE_LIST_H

#include <stdbool.h>
#include <stdio.h>

#include "models/core/option.h"

/* The items of `text`, blanks around them dropped, returned in *list (which is
 * left empty on failure). An item in double quotes may hold commas and blanks
 * and be empty; \ in it takes the next character as it is. "" and "[]" are the
 * empty list. COP_ERR_CONFIG when the text is no list, COP_ERR_NOMEM. */
CopStatus cop_list_split(const char *text, CopStrings *list) COP_MUST_CHECK;

/* Writes the list so that cop_list_split() reads it back. */
void cop_list_write(const CopStrings *list, FILE *out);

/* A copy in *to, to be freed whatever comes back: false when memory is out. */
bool cop_list_copy(CopStrings *to, const CopStrings *from);

/* Frees the items and empties the list. */
void cop_list_free(CopStrings *list);

#endif

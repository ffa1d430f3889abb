/* Several options in one text: "width=16, blocks=1, 1, 1".
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/option_list.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* True when "name =" starts at `text`, blanks allowed. */
static bool starts_assignment(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    if (!isalpha((unsigned char)*text) && *text != '_')
        return false;
    while (isalnum((unsigned char)*text) || *text == '_' || *text == '-' || *text == '.')
        text++;
    while (isspace((unsigned char)*text))
        text++;
    return *text == '=';
}

/* End of the assignment that starts at `text`. */
static const char *assignment_end(const char *text)
{
    while (*text && *text != ';' && !(*text == ',' && starts_assignment(text + 1)))
        text++;
    return text;
}

/* `from`..`to` without the blanks around it, malloc'ed. */
static char *trimmed(const char *from, const char *to)
{
    while (from < to && isspace((unsigned char)*from))
        from++;
    while (to > from && isspace((unsigned char)to[-1]))
        to--;
    return strndup(from, (size_t)(to - from));
}

static CopStatus assign(const CopOption *rows, void *object, const char *from, const char *to,
                        CopError *err)
{
    const char *equals = memchr(from, '=', (size_t)(to - from));
    if (!equals) {
        char *text = trimmed(from, to);
        const CopStatus status = cop_error_set(
            err, COP_ERR_CONFIG, "\"%s\" is not of the form name=value", text ? text : "");
        free(text);
        return status;
    }
    char *name = trimmed(from, equals), *value = trimmed(equals + 1, to);
    const CopStatus status = name && value ? cop_options_set(rows, object, name, value, err)
                                           : cop_error_set(err, COP_ERR_NOMEM, "out of memory");
    free(name);
    free(value);
    return status;
}

CopStatus cop_options_parse(const CopOption *rows, void *object, const char *text, CopError *err)
{
    while (text && *text) {
        const char *end = assignment_end(text);
        const char *word = text + strspn(text, " \t\n");
        if (word < end)
            COP_TRY(assign(rows, object, word, end, err));
        text = *end ? end + 1 : end;
    }
    return COP_OK;
}

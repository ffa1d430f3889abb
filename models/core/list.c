/* Lists of texts as one types them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/list.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && is_blank(*p))
        p++;
    return p;
}

/* Both readers copy one item from p..end into `out` and return where they
 * stopped: at a comma or the end. NULL when the item is malformed. */
static const char *read_quoted(const char *p, const char *end, char *out)
{
    for (p++; p < end && *p != '"'; p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
        *out++ = *p;
    }
    *out = '\0';
    if (p == end)
        return NULL;
    p = skip_blanks(p + 1, end);
    return p == end || *p == ',' ? p : NULL;
}

static const char *read_bare(const char *p, const char *end, char *out)
{
    char *const begin = out;
    while (p < end && *p != ',')
        *out++ = *p++;
    while (out > begin && is_blank(out[-1]))
        out--;
    *out = '\0';
    return out > begin ? p : NULL;
}

static CopStatus read_items(const char *p, const char *end, CopStrings *list)
{
    for (;;) {
        p = skip_blanks(p, end);
        char *item = malloc((size_t)(end - p) + 1);
        if (!item)
            return COP_ERR_NOMEM;
        list->item[list->n++] = item;
        p = p < end && *p == '"' ? read_quoted(p, end, item) : read_bare(p, end, item);
        if (!p)
            return COP_ERR_CONFIG;
        if (p == end)
            return COP_OK;
        p++; /* the comma */
    }
}

CopStatus cop_list_split(const char *text, CopStrings *list)
{
    *list = (CopStrings){0};
    const char *end = text + strlen(text), *p = skip_blanks(text, end);
    while (end > p && is_blank(end[-1]))
        end--;
    if (p < end && (*p == '[' || *p == '(')) {
        if (end - p < 2 || end[-1] != (*p == '[' ? ']' : ')'))
            return COP_ERR_CONFIG;
        end--;
        p = skip_blanks(p + 1, end);
    }
    if (p == end)
        return COP_OK;
    size_t most = 1;
    for (const char *comma = p; comma < end; comma++)
        most += *comma == ',';
    if (most > INT_MAX)
        return COP_ERR_CONFIG;
    list->item = calloc(most, sizeof *list->item);
    if (!list->item)
        return COP_ERR_NOMEM;
    const CopStatus status = read_items(p, end, list);
    if (status != COP_OK)
        cop_list_free(list);
    return status;
}

static void write_item(const char *item, FILE *out)
{
    const size_t n = strlen(item);
    const bool bare =
        n > 0 && !strpbrk(item, ",\"\\[]()") && !is_blank(item[0]) && !is_blank(item[n - 1]);
    if (!bare)
        fputc('"', out);
    for (; *item; item++) {
        if (*item == '"' || *item == '\\')
            fputc('\\', out);
        fputc(*item, out);
    }
    if (!bare)
        fputc('"', out);
}

void cop_list_write(const CopStrings *list, FILE *out)
{
    for (int i = 0; i < list->n; i++) {
        if (i > 0)
            fputs(", ", out);
        write_item(list->item[i], out);
    }
}

bool cop_list_copy(CopStrings *to, const CopStrings *from)
{
    *to = (CopStrings){0};
    if (from->n == 0)
        return true;
    to->item = calloc((size_t)from->n, sizeof *to->item);
    for (; to->item && to->n < from->n; to->n++) {
        to->item[to->n] = strdup(from->item[to->n]);
        if (!to->item[to->n])
            break;
    }
    return to->n == from->n;
}

void cop_list_free(CopStrings *list)
{
    for (int i = 0; i < list->n; i++)
        free(list->item[i]);
    free(list->item);
    *list = (CopStrings){0};
}

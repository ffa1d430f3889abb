/* Text files that are tables: a header line names the columns.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/data/table_file.h"

#include <glib.h>
#include <string.h>

/* One field from *at on, which is moved behind it; NULL where quotes do not end or are
 * followed by anything but a separator. */
static char *take_field(const char **at, char separator)
{
    const char *from = *at;
    if (separator != ',' || *from != '"') {
        const char *end = strchr(from, separator);
        *at = end ? end : from + strlen(from);
        return g_strstrip(g_strndup(from, (gsize)(*at - from)));
    }
    GString *text = g_string_new(NULL);
    for (from++; *from && (from[0] != '"' || from[1] == '"'); from++) {
        from += *from == '"';
        g_string_append_c(text, *from);
    }
    *at = *from ? from + 1 : from;
    const bool ended = *from && (**at == separator || !**at);
    return g_string_free(text, !ended);
}

/* All fields of a line, ended by NULL; NULL where quotes are broken. */
static char **split(const char *line, char separator)
{
    GPtrArray *fields = g_ptr_array_new_with_free_func(g_free);
    for (const char *at = line;; at++) {
        char *field = take_field(&at, separator);
        if (!field) {
            g_ptr_array_unref(fields);
            return NULL;
        }
        g_ptr_array_add(fields, field);
        if (!*at)
            break;
    }
    g_ptr_array_add(fields, NULL);
    return (char **)g_ptr_array_free(fields, FALSE);
}

static CopStatus bad_quotes(const CopTableFile *table, int i, CopError *err)
{
    return cop_error_set(err, COP_ERR_DATA, "%s:%d: a quote that does not end", table->list.path,
                         i + 1);
}

CopStatus cop_table_file_open(CopTableFile *table, const char *folder, const char *name,
                              char separator, CopError *err)
{
    *table = (CopTableFile){.separator = separator};
    COP_TRY(cop_list_open(&table->list, folder, name, err));
    int i = 0;
    while (i < table->list.n && !table->list.line[i][0])
        i++;
    if (i == table->list.n)
        return cop_error_set(err, COP_ERR_DATA, "%s: has no header line", table->list.path);
    table->column = split(table->list.line[i], separator);
    if (!table->column)
        return bad_quotes(table, i, err);
    table->n = (int)g_strv_length(table->column);
    table->list.line[i][0] = '\0';
    return COP_OK;
}

void cop_table_file_close(CopTableFile *table)
{
    g_strfreev(table->column);
    g_strfreev(table->field);
    cop_list_close(&table->list);
    *table = (CopTableFile){0};
}

int cop_table_file_column(const CopTableFile *table, const char *name)
{
    for (int i = 0; i < table->n; i++)
        if (strcmp(table->column[i], name) == 0)
            return i;
    return -1;
}

CopStatus cop_table_file_row(CopTableFile *table, int i, CopError *err)
{
    if (!table->list.line[i][0])
        return COP_EOF;
    g_strfreev(table->field);
    table->field = split(table->list.line[i], table->separator);
    if (!table->field)
        return bad_quotes(table, i, err);
    const int n = (int)g_strv_length(table->field);
    if (n > table->n)
        return cop_error_set(err, COP_ERR_DATA, "%s:%d: %d fields under %d columns",
                             table->list.path, i + 1, n, table->n);
    table->field = g_renew(char *, table->field, (gsize)table->n + 1);
    for (int k = n; k < table->n; k++)
        table->field[k] = g_strdup("");
    table->field[table->n] = NULL;
    return COP_OK;
}

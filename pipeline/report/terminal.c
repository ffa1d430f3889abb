/* Tables for people: aligned text, CSV and LaTeX from one set of cells.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/report/terminal.h"

#include <glib.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

struct CopTable {
    GPtrArray *heads, *cells; /* char * */
    GArray *numbers;          /* gboolean, one a column */
};

CopTable *cop_table_create(void)
{
    CopTable *table = g_new0(CopTable, 1);
    table->heads = g_ptr_array_new_with_free_func(g_free);
    table->cells = g_ptr_array_new_with_free_func(g_free);
    table->numbers = g_array_new(FALSE, FALSE, sizeof(gboolean));
    return table;
}

void cop_table_destroy(CopTable **table)
{
    if (!table || !*table)
        return;
    g_ptr_array_unref((*table)->heads);
    g_ptr_array_unref((*table)->cells);
    g_array_unref((*table)->numbers);
    g_free(*table);
    *table = NULL;
}

void cop_table_column(CopTable *table, const char *head, bool number)
{
    const gboolean value = number;
    g_ptr_array_add(table->heads, g_utf8_make_valid(head, -1));
    g_array_append_val(table->numbers, value);
}

void cop_table_cell(CopTable *table, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = g_strdup_vprintf(fmt, args);
    va_end(args);
    g_ptr_array_add(table->cells, g_utf8_make_valid(text, -1));
    g_free(text);
}

/* Row -1 is the header; a cell that was never filled is empty. */
static const char *at(const CopTable *table, int row, guint column)
{
    if (row < 0)
        return g_ptr_array_index(table->heads, column);
    const guint i = (guint)row * table->heads->len + column;
    return i < table->cells->len ? g_ptr_array_index(table->cells, i) : "";
}

static int rows(const CopTable *table)
{
    const guint columns = table->heads->len;
    return columns ? (int)((table->cells->len + columns - 1) / columns) : 0;
}

/* Columns that a text takes on a terminal. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text += g_utf8_skip[(guchar)*text]) {
        const gunichar c = g_utf8_get_char(text);
        width += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
    }
    return width;
}

void cop_text_plain(GString *out, const char *text)
{
    char *valid = g_utf8_make_valid(text, -1);
    for (const char *p = valid; *p; p += g_utf8_skip[(guchar)*p]) {
        const gunichar c = g_utf8_get_char(p);
        g_string_append_unichar(out, g_unichar_iscntrl(c) ? '?' : c);
    }
    g_free(valid);
}

static void pad(GString *out, int n)
{
    for (int i = 0; i < n; i++)
        g_string_append_c(out, ' ');
}

static void put_text(const CopTable *table, GString *out)
{
    const guint columns = table->heads->len;
    int *width = g_new0(int, columns);
    for (guint column = 0; column < columns; column++)
        for (int row = -1; row < rows(table); row++)
            width[column] = MAX(width[column], width_of(at(table, row, column)));
    for (int row = -1; row < rows(table); row++) {
        for (guint column = 0; column < columns; column++) {
            const char *text = at(table, row, column);
            const int space = width[column] - width_of(text);
            const bool right = g_array_index(table->numbers, gboolean, column);
            pad(out, (column ? 2 : 0) + (right ? space : 0));
            cop_text_plain(out, text);
            if (!right && column + 1 < columns)
                pad(out, space);
        }
        g_string_append_c(out, '\n');
        for (guint column = 0; row < 0 && column < columns; column++) {
            pad(out, column ? 2 : 0);
            for (int i = 0; i < width[column]; i++)
                g_string_append_c(out, '-');
        }
        if (row < 0)
            g_string_append_c(out, '\n');
    }
    g_free(width);
}

void cop_csv_text(GString *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        g_string_append(out, text);
        return;
    }
    g_string_append_c(out, '"');
    for (; *text; text++)
        g_string_append_printf(out, *text == '"' ? "\"%c" : "%c", *text);
    g_string_append_c(out, '"');
}

static void put_csv(const CopTable *table, GString *out)
{
    for (int row = -1; row < rows(table); row++) {
        for (guint column = 0; column < table->heads->len; column++) {
            if (column)
                g_string_append_c(out, ',');
            cop_csv_text(out, at(table, row, column));
        }
        g_string_append(out, "\n");
    }
}

static void put_escaped(GString *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("&%$#_{}", *text))
            g_string_append_printf(out, "\\%c", *text);
        else if (*text == '\\')
            g_string_append(out, "\\textbackslash{}");
        else if (*text == '~' || *text == '^')
            g_string_append_printf(out, "\\%c{}", *text);
        else if (*text == '<' || *text == '>')
            g_string_append_printf(out, "$%c$", *text);
        else
            g_string_append_c(out, *text == '\n' ? ' ' : *text);
    }
}

static void put_latex(const CopTable *table, GString *out)
{
    g_string_append(out, "% \\usepackage{booktabs}\n\\begin{tabular}{");
    for (guint column = 0; column < table->heads->len; column++)
        g_string_append_c(out, g_array_index(table->numbers, gboolean, column) ? 'r' : 'l');
    g_string_append(out, "}\n\\toprule\n");
    for (int row = -1; row < rows(table); row++) {
        for (guint column = 0; column < table->heads->len; column++) {
            if (column)
                g_string_append(out, " & ");
            put_escaped(out, at(table, row, column));
        }
        g_string_append(out, row < 0 ? " \\\\\n\\midrule\n" : " \\\\\n");
    }
    g_string_append(out, "\\bottomrule\n\\end{tabular}\n");
}

char *cop_table_text(const CopTable *table, CopTableStyle style)
{
    static void (*const put[])(const CopTable *, GString *) = {
        [COP_TABLE_TEXT] = put_text, [COP_TABLE_CSV] = put_csv, [COP_TABLE_LATEX] = put_latex};
    GString *out = g_string_new(NULL);
    put[style](table, out);
    return g_string_free(out, FALSE);
}

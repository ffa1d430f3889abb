/* Tidy tables: one row an observation, written as CSV and as JSON.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/analyse/tidy.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "models/core/file.h"
#include "pipeline/json_text.h"
#include "pipeline/report/terminal.h"

struct CopTidy {
    const char *const *columns;
    int n, at; /* columns, and cells of the row that is being filled */
    int64_t rows;
    GString *csv, *json; /* the rows */
    GHashTable *quoted;  /* texts as JSON: they come again and again */
};

CopTidy *cop_tidy_create(const char *const *columns)
{
    CopTidy *tidy = g_new0(CopTidy, 1);
    tidy->columns = columns;
    while (columns[tidy->n])
        tidy->n++;
    tidy->csv = g_string_new(NULL);
    tidy->json = g_string_new(NULL);
    tidy->quoted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return tidy;
}

void cop_tidy_destroy(CopTidy **tidy)
{
    if (!tidy || !*tidy)
        return;
    g_string_free((*tidy)->csv, TRUE);
    g_string_free((*tidy)->json, TRUE);
    g_hash_table_destroy((*tidy)->quoted);
    g_free(*tidy);
    *tidy = NULL;
}

/* Both rows get their separators, and the texts that the cell has in them. */
static void put_cell(CopTidy *tidy, const char *csv, const char *json)
{
    g_string_append(tidy->json, tidy->at ? "," : tidy->rows ? ",\n[" : "[");
    g_string_append(tidy->csv, tidy->at ? "," : "");
    g_string_append(tidy->csv, csv);
    g_string_append(tidy->json, json);
    if (++tidy->at == tidy->n) {
        g_string_append(tidy->csv, "\r\n");
        g_string_append_c(tidy->json, ']');
        tidy->at = 0;
        tidy->rows++;
    }
}

static const char *quote(CopTidy *tidy, const char *text)
{
    char *found = g_hash_table_lookup(tidy->quoted, text);
    if (!found) {
        char *item = g_strdup(text), *list;
        list = cop_json_strings(&(const CopStrings){.item = &item, .n = 1});
        found = g_strndup(list + 1, strlen(list) - 2);
        g_free(list);
        g_hash_table_insert(tidy->quoted, item, found);
    }
    return found;
}

void cop_tidy_text(CopTidy *tidy, const char *text)
{
    if (!text) {
        put_cell(tidy, "", "null");
        return;
    }
    GString *cell = g_string_new(NULL);
    cop_csv_text(cell, text);
    put_cell(tidy, cell->str, quote(tidy, text));
    g_string_free(cell, TRUE);
}

void cop_tidy_number(CopTidy *tidy, double value)
{
    char text[32] = "";
    if (isfinite(value))
        cop_format_double(value, text);
    put_cell(tidy, text, *text ? text : "null");
}

void cop_tidy_count(CopTidy *tidy, int64_t value)
{
    char text[32];
    g_snprintf(text, sizeof text, "%" G_GINT64_FORMAT, value);
    put_cell(tidy, text, text);
}

int64_t cop_tidy_rows(const CopTidy *tidy)
{
    return tidy->rows;
}

static CopStatus write_text(const char *folder, const char *name, const char *suffix, GString *text,
                            CopError *err)
{
    char *file = g_strconcat(name, suffix, NULL), *path = g_build_filename(folder, file, NULL);
    const CopStatus status = cop_file_write(path, text->str, text->len, err);
    g_free(file);
    g_free(path);
    g_string_free(text, TRUE);
    return status;
}

CopStatus cop_tidy_write(const CopTidy *tidy, const char *folder, const char *name, CopError *err)
{
    GString *csv = g_string_new(NULL), *json = g_string_new(NULL);
    g_string_append_printf(json, "{\"table\":\"%s\",\n\"columns\":[", name);
    for (int i = 0; i < tidy->n; i++) {
        g_string_append_printf(csv, "%s%s", i ? "," : "", tidy->columns[i]);
        g_string_append_printf(json, "%s\"%s\"", i ? "," : "", tidy->columns[i]);
    }
    g_string_append(csv, "\r\n");
    g_string_append(json, "],\n\"rows\":[\n");
    g_string_append_len(csv, tidy->csv->str, (gssize)tidy->csv->len);
    g_string_append_len(json, tidy->json->str, (gssize)tidy->json->len);
    g_string_append(json, "\n]}\n");
    const CopStatus status = write_text(folder, name, ".csv", csv, err);
    if (status != COP_OK) {
        g_string_free(json, TRUE);
        return status;
    }
    return write_text(folder, name, ".json", json, err);
}

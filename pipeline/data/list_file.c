/* Text files that list clips, a line each.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/data/list_file.h"

#include <glib.h>
#include <string.h>

void cop_list_close(CopListFile *list)
{
    if (list->seen)
        g_hash_table_unref(list->seen);
    g_strfreev(list->line);
    g_free(list->text);
    g_free(list->path);
    *list = (CopListFile){0};
}

CopStatus cop_list_open(CopListFile *list, const char *folder, const char *name, CopError *err)
{
    GError *error = NULL;
    gsize size;
    *list = (CopListFile){.path = g_build_filename(folder, name, NULL)};
    if (!g_file_get_contents(list->path, &list->text, &size, &error)) {
        const CopStatus status = cop_error_set(err, COP_ERR_DATA, "%s", error->message);
        g_error_free(error);
        return status;
    }
    if (strlen(list->text) != size)
        return cop_error_set(err, COP_ERR_DATA, "%s: not plain text, there are zero bytes in it",
                             list->path);
    const char *text = list->text;
    if (g_str_has_prefix(text, "\xEF\xBB\xBF"))
        text += 3;
    list->line = g_strsplit(text, "\n", -1);
    for (; list->line[list->n]; list->n++) {
        char *line = g_strchomp(list->line[list->n]);
        const size_t blanks = strspn(line, " "); /* a tab may stand behind an empty column */
        memmove(line, line + blanks, strlen(line + blanks) + 1);
    }
    return COP_OK;
}

const char *cop_list_find(const char *folder, const char *const *names)
{
    for (int i = 0; names[i]; i++) {
        char *path = g_build_filename(folder, names[i], NULL);
        const bool there = g_file_test(path, G_FILE_TEST_IS_REGULAR);
        g_free(path);
        if (there)
            return names[i];
    }
    return names[0];
}

CopStatus cop_list_once(CopListFile *list, int line, const char *name, CopError *err)
{
    if (!list->seen)
        list->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const void *before = g_hash_table_lookup(list->seen, name);
    if (before)
        return cop_error_set(err, COP_ERR_DATA, "%s:%d: %s stands on line %d too", list->path, line,
                             name, GPOINTER_TO_INT(before));
    g_hash_table_insert(list->seen, g_strdup(name), GINT_TO_POINTER(line));
    return COP_OK;
}

char *cop_list_cut(char *line, const char *separators)
{
    char *last = NULL;
    for (char *at = line; (at = strpbrk(at, separators)); at++)
        last = at;
    if (!last)
        return NULL;
    *last = '\0';
    g_strchomp(line);
    return g_strchug(last + 1);
}

bool cop_list_is_relative(const char *path)
{
    if (path[0] == '/')
        return false;
    char **part = g_strsplit(path, "/", -1);
    bool safe = part[0] != NULL;
    for (int i = 0; part[i]; i++)
        safe = safe && part[i][0] && strcmp(part[i], "..") != 0 && strcmp(part[i], ".") != 0;
    g_strfreev(part);
    return safe;
}

const char *cop_list_below(const char *root, const char *path)
{
    const size_t length = strlen(root);
    if (path[0] == '/' && strncmp(path, root, length) == 0)
        path += length + (length && root[length - 1] != '/' && path[length] == '/');
    else if (strncmp(path, "./", 2) == 0)
        path += 2;
    return cop_list_is_relative(path) ? path : NULL;
}

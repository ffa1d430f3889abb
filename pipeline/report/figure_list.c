/* What `coppice analyse` leaves in a folder: its list in memory and as figures.json.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/report/figure_list.h"

#include <string.h>

#include "models/core/file.h"
#include "pipeline/json_text.h"

static const char list_name[] = "figures.json";

/* --- in memory --------------------------------------------------------------------------- */

static char *copy(const char *text)
{
    return g_strdup(text ? text : "");
}

static void free_picture(gpointer data)
{
    CopFigurePicture *picture = data;
    g_free(picture->name);
    g_free(picture->what);
    g_free(picture->png);
    g_free(picture);
}

static void free_table(gpointer data)
{
    CopFigureTable *table = data;
    g_free(table->name);
    g_free(table->what);
    g_free(table);
}

static void free_entry(gpointer data)
{
    CopFigureEntry *entry = data;
    g_free(entry->name);
    g_free(entry->title);
    g_free(entry->caption);
    g_ptr_array_unref(entry->pictures);
    g_ptr_array_unref(entry->tables);
    g_free(entry);
}

static void free_run(gpointer data)
{
    CopFigureRun *run = data;
    g_free(run->series);
    g_free(run->model);
    g_free(run->sha256);
    g_free(run->folder);
    g_free(run);
}

CopFigureList *cop_figure_list_create(const char *folder)
{
    CopFigureList *list = g_new0(CopFigureList, 1);
    list->folder = g_strdup(folder);
    list->entries = g_ptr_array_new_with_free_func(free_entry);
    list->runs = g_ptr_array_new_with_free_func(free_run);
    list->notes = g_ptr_array_new_with_free_func(g_free);
    list->broken = g_ptr_array_new_with_free_func(g_free);
    return list;
}

void cop_figure_list_free(CopFigureList *list)
{
    if (!list)
        return;
    g_free(list->folder);
    g_free(list->version);
    g_free(list->command);
    g_free(list->baseline);
    g_free(list->results);
    g_free(list->setup);
    g_ptr_array_unref(list->entries);
    g_ptr_array_unref(list->runs);
    g_ptr_array_unref(list->notes);
    g_ptr_array_unref(list->broken);
    g_free(list);
}

char *cop_figure_setup(const char *setup_text)
{
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, setup_text, -1);
}

void cop_figure_list_add(CopFigureList *list, const char *name, const char *title,
                         const char *caption)
{
    CopFigureEntry *entry = g_new0(CopFigureEntry, 1);
    entry->name = g_strdup(name);
    entry->title = copy(title);
    entry->caption = copy(caption);
    entry->pictures = g_ptr_array_new_with_free_func(free_picture);
    entry->tables = g_ptr_array_new_with_free_func(free_table);
    g_ptr_array_add(list->entries, entry);
}

static CopFigureEntry *last_of(const CopFigureList *list)
{
    return g_ptr_array_index(list->entries, list->entries->len - 1);
}

/* Signature, and the first chunk, which is the size. */
static bool read_size(CopFigurePicture *picture)
{
    static const char head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    enum { HEAD = sizeof head - 1 };
    guint32 side[2];
    if (picture->size < HEAD + sizeof side || memcmp(picture->png, head, HEAD) != 0)
        return false;
    memcpy(side, picture->png + HEAD, sizeof side);
    const guint32 width = GUINT32_FROM_BE(side[0]), height = GUINT32_FROM_BE(side[1]);
    picture->width = (int)(width / 2);
    picture->height = (int)(height / 2);
    return width > 0 && height > 0 && width <= G_MAXINT32 && height <= G_MAXINT32;
}

CopStatus cop_figure_list_add_picture(CopFigureList *list, const char *name, const char *what,
                                      CopError *err)
{
    CopFigurePicture *picture = g_new0(CopFigurePicture, 1);
    char *file = g_strconcat(name, ".png", NULL),
         *path = g_build_filename(list->folder, file, NULL);
    GError *why = NULL;
    CopStatus status = COP_OK;
    picture->name = g_strdup(name);
    picture->what = copy(what);
    g_ptr_array_add(last_of(list)->pictures, picture);
    if (!g_file_get_contents(path, &picture->png, &picture->size, &why))
        status = cop_error_set(err, COP_ERR_DATA, "%s", why->message);
    else if (!read_size(picture))
        status = cop_error_set(err, COP_ERR_DATA, "%s: is no PNG picture", path);
    g_clear_error(&why);
    g_free(file);
    g_free(path);
    return status;
}

void cop_figure_list_add_table(CopFigureList *list, const char *name, const char *what,
                               int64_t rows)
{
    CopFigureTable *table = g_new0(CopFigureTable, 1);
    table->name = g_strdup(name);
    table->what = copy(what);
    table->rows = rows;
    g_ptr_array_add(last_of(list)->tables, table);
}

void cop_figure_list_add_run(CopFigureList *list, const char *series, uint64_t seed,
                             const char *model, const char *sha256, const char *folder)
{
    CopFigureRun *run = g_new0(CopFigureRun, 1);
    run->series = copy(series);
    run->seed = seed;
    run->model = copy(model);
    run->sha256 = copy(sha256);
    run->folder = copy(folder);
    g_ptr_array_add(list->runs, run);
}

/* --- writing ------------------------------------------------------------------------------- */

static void begin_array(JsonBuilder *b, const char *key)
{
    json_builder_set_member_name(b, key);
    json_builder_begin_array(b);
}

static void put_entry(JsonBuilder *b, const CopFigureEntry *entry)
{
    json_builder_begin_object(b);
    cop_json_put_text(b, "name", entry->name);
    cop_json_put_text(b, "title", entry->title);
    cop_json_put_text(b, "caption", entry->caption);
    begin_array(b, "pictures");
    for (guint i = 0; i < entry->pictures->len; i++) {
        const CopFigurePicture *picture = g_ptr_array_index(entry->pictures, i);
        json_builder_begin_object(b);
        cop_json_put_text(b, "name", picture->name);
        cop_json_put_text(b, "what", picture->what);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    begin_array(b, "tables");
    for (guint i = 0; i < entry->tables->len; i++) {
        const CopFigureTable *table = g_ptr_array_index(entry->tables, i);
        json_builder_begin_object(b);
        cop_json_put_text(b, "name", table->name);
        cop_json_put_text(b, "what", table->what);
        cop_json_put_int(b, "rows", table->rows);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    json_builder_end_object(b);
}

static void put_lines(JsonBuilder *b, const char *key, const GPtrArray *lines)
{
    begin_array(b, key);
    for (guint i = 0; i < lines->len; i++)
        json_builder_add_string_value(b, g_ptr_array_index(lines, i));
    json_builder_end_array(b);
}

CopStatus cop_figure_list_write(const CopFigureList *list, CopError *err)
{
    JsonBuilder *b = json_builder_new();
    json_builder_begin_object(b);
    cop_json_put_text(b, "version", list->version);
    cop_json_put_text(b, "command", list->command);
    cop_json_put_text(b, "baseline", list->baseline);
    cop_json_put_text(b, "results", list->results);
    cop_json_put_text(b, "setup", list->setup);
    cop_json_put_int(b, "series", list->series);
    begin_array(b, "figures");
    for (guint i = 0; i < list->entries->len; i++)
        put_entry(b, g_ptr_array_index(list->entries, i));
    json_builder_end_array(b);
    begin_array(b, "runs");
    for (guint i = 0; i < list->runs->len; i++) {
        const CopFigureRun *run = g_ptr_array_index(list->runs, i);
        json_builder_begin_object(b);
        cop_json_put_text(b, "series", run->series);
        cop_json_put_int(b, "seed", (int64_t)run->seed);
        cop_json_put_text(b, "model", run->model);
        cop_json_put_text(b, "sha256", run->sha256);
        cop_json_put_text(b, "folder", run->folder);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    put_lines(b, "notes", list->notes);
    put_lines(b, "broken", list->broken);
    json_builder_end_object(b);
    char *text = cop_json_text(b, TRUE), *path = g_build_filename(list->folder, list_name, NULL);
    const CopStatus status = cop_file_write(path, text, strlen(text), err);
    g_free(path);
    g_free(text);
    return status;
}

/* --- reading: whatever is not of the kind that is written counts as missing ---------------- */

static const char *text_of(JsonNode *node)
{
    return node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
}

static const char *get_text(JsonObject *object, const char *key)
{
    return text_of(json_object_get_member(object, key));
}

static int64_t get_int(JsonObject *object, const char *key)
{
    JsonNode *node = json_object_get_member(object, key);
    return node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_int(node) : 0;
}

/* Member `i` of an array of objects; NULL behind the last one. */
static JsonObject *get_object(JsonObject *object, const char *key, guint i)
{
    JsonNode *node = json_object_get_member(object, key);
    if (!node || !JSON_NODE_HOLDS_ARRAY(node) ||
        i >= json_array_get_length(json_node_get_array(node)))
        return NULL;
    JsonNode *element = json_array_get_element(json_node_get_array(node), i);
    return JSON_NODE_HOLDS_OBJECT(element) ? json_node_get_object(element) : NULL;
}

static void get_lines(JsonObject *object, const char *key, GPtrArray *lines)
{
    JsonNode *node = json_object_get_member(object, key);
    JsonArray *array = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    for (guint i = 0; array && i < json_array_get_length(array); i++)
        g_ptr_array_add(lines, copy(text_of(json_array_get_element(array, i))));
}

/* Names become paths: no other folder's files get into a page. */
static const char *get_name(JsonObject *object, const char *path, CopError *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    const char *name = get_text(object, "name");
    if (name && name[0] && strspn(name, allowed) == strlen(name))
        return name;
    cop_error_set(err, COP_ERR_DATA, "%s: '%s' is not the name of a figure, picture or table", path,
                  name ? name : "");
    return NULL;
}

static CopStatus read_entry(CopFigureList *list, JsonObject *object, const char *path,
                            CopError *err)
{
    const char *name = get_name(object, path, err);
    if (!name)
        return err->status;
    cop_figure_list_add(list, name, get_text(object, "title"), get_text(object, "caption"));
    JsonObject *part;
    for (guint i = 0; (part = get_object(object, "pictures", i)); i++) {
        name = get_name(part, path, err);
        if (!name)
            return err->status;
        COP_TRY(cop_figure_list_add_picture(list, name, get_text(part, "what"), err));
    }
    for (guint i = 0; (part = get_object(object, "tables", i)); i++) {
        name = get_name(part, path, err);
        if (!name)
            return err->status;
        cop_figure_list_add_table(list, name, get_text(part, "what"), get_int(part, "rows"));
    }
    return COP_OK;
}

static CopStatus read_all(CopFigureList *list, JsonNode *root, const char *path, CopError *err)
{
    JsonObject *part,
        *object = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
    if (!object || !get_object(object, "runs", 0))
        return cop_error_set(err, COP_ERR_DATA, "%s: is not a list of figures", path);
    list->version = g_strdup(get_text(object, "version"));
    list->command = g_strdup(get_text(object, "command"));
    list->baseline = g_strdup(get_text(object, "baseline"));
    list->results = g_strdup(get_text(object, "results"));
    list->setup = g_strdup(get_text(object, "setup"));
    list->series = get_int(object, "series");
    for (guint i = 0; (part = get_object(object, "figures", i)); i++)
        COP_TRY(read_entry(list, part, path, err));
    for (guint i = 0; (part = get_object(object, "runs", i)); i++)
        cop_figure_list_add_run(list, get_text(part, "series"), (uint64_t)get_int(part, "seed"),
                                get_text(part, "model"), get_text(part, "sha256"),
                                get_text(part, "folder"));
    get_lines(object, "notes", list->notes);
    get_lines(object, "broken", list->broken);
    return COP_OK;
}

CopStatus cop_figure_list_read(CopFigureList **out, const char *folder, CopError *err)
{
    char *path = g_build_filename(folder, list_name, NULL), *text = NULL;
    JsonParser *parser = json_parser_new_immutable();
    CopFigureList *list = cop_figure_list_create(folder);
    CopStatus status;
    *out = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        status = cop_error_set(err, COP_ERR_DATA,
                               "%s: cannot be read; `coppice analyse RUNS... -o %s` makes it", path,
                               folder);
    else
        status = read_all(list,
                          json_parser_load_from_data(parser, text, -1, NULL)
                              ? json_parser_get_root(parser)
                              : NULL,
                          path, err);
    if (status == COP_OK)
        *out = list;
    else
        cop_figure_list_free(list);
    g_object_unref(parser);
    g_free(text);
    g_free(path);
    return status;
}

CopStatus cop_figure_list_beside(CopFigureList **out, const char *db, CopError *err)
{
    char *beside = g_path_get_dirname(db), *folder = g_build_filename(beside, "analyse", NULL);
    char *path = g_build_filename(folder, list_name, NULL);
    *out = NULL;
    const CopStatus status =
        g_file_test(path, G_FILE_TEST_EXISTS) ? cop_figure_list_read(out, folder, err) : COP_OK;
    g_free(path);
    g_free(folder);
    g_free(beside);
    return status;
}

/* Something-Something v2: labels.json maps templates to numbers; train.json, validation.json
 * and test.json list clips {id, template, ...}, the last one without a template. The files'
 * names may begin with "something-something-v2-". A clip is ID.webm.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "pipeline/data/dataset.h"
#include "pipeline/data/list_file.h"

typedef struct Json {
    JsonParser *parser;
    JsonNode *root;
    char *path;
} Json;

static void close_json(Json *json)
{
    g_clear_object(&json->parser);
    g_free(json->path);
    *json = (Json){0};
}

/* Opens the list called `name`, in either spelling, or as `set` has it; it must hold `type`. */
static CopStatus open_json(Json *json, const CopDataOptions *options, const char *set,
                           const char *name, JsonNodeType type, CopError *err)
{
    char *plain = g_strdup_printf("%s.json", name);
    char *old = g_strdup_printf("something-something-v2-%s.json", name);
    const char *const names[] = {plain, old, NULL};
    *json = (Json){.parser = json_parser_new_immutable()};
    json->path = g_build_filename(options->annotation,
                                  set[0] ? set : cop_list_find(options->annotation, names), NULL);
    g_free(plain);
    g_free(old);
    GError *error = NULL;
    if (!json_parser_load_from_file(json->parser, json->path, &error)) {
        const CopStatus status =
            cop_error_set(err, COP_ERR_DATA, "%s: %s", json->path, error->message);
        g_error_free(error);
        return status;
    }
    json->root = json_parser_get_root(json->parser);
    if (!json->root || json_node_get_node_type(json->root) != type)
        return cop_error_set(err, COP_ERR_DATA, "%s: not a JSON %s", json->path,
                             type == JSON_NODE_ARRAY ? "list" : "object");
    return COP_OK;
}

/* A member that is text, or a number as text; NULL where there is none. g_free() it. */
static char *text_of(JsonNode *node)
{
    if (!node || !JSON_NODE_HOLDS_VALUE(node))
        return NULL;
    if (json_node_get_value_type(node) == G_TYPE_INT64)
        return g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
    return json_node_dup_string(node); /* NULL for what is not text */
}

static CopStatus read_classes(const CopDataOptions *options, CopDataset *out, CopError *err)
{
    Json json;
    CopStatus status = open_json(&json, options, "", "labels", JSON_NODE_OBJECT, err);
    if (status != COP_OK) {
        close_json(&json);
        return status;
    }
    JsonObject *object = json_node_get_object(json.root);
    const int n = (int)json_object_get_size(object);
    const char **names = g_new0(const char *, (gsize)n + 1);
    if (n == 0)
        status = cop_error_set(err, COP_ERR_DATA, "%s: names no classes", json.path);
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;
    json_object_iter_init(&iter, object);
    while (status == COP_OK && json_object_iter_next(&iter, &name, &node)) {
        char *text = text_of(node);
        int id;
        if (!text || !cop_parse_int(text, &id) || id < 0 || id >= n)
            status = cop_error_set(err, COP_ERR_DATA,
                                   "%s: \"%s\" has number %s; numbers must be 0 to %d, each once",
                                   json.path, name, text ? text : "none", n - 1);
        else if (names[id])
            status = cop_error_set(err, COP_ERR_DATA, "%s: \"%s\" and \"%s\" both have number %d",
                                   json.path, names[id], name, id);
        else
            names[id] = name;
        g_free(text);
    }
    if (status == COP_OK)
        status = cop_dataset_name_classes(out, names, n);
    g_free(names);
    close_json(&json);
    return status;
}

/* Templates name their slots "[something]"; labels do so without brackets. */
static void strip_brackets(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != '[' && *from != ']')
            *to++ = *from;
    *to = '\0';
}

static CopStatus find_label(GHashTable *classes, const Json *json, int i, char *template,
                            bool labelled, int *label, CopError *err)
{
    void *place;
    *label = -1;
    if (!template && !labelled)
        return COP_OK;
    if (!template)
        return cop_error_set(err, COP_ERR_DATA, "%s: entry %d has no template", json->path, i + 1);
    strip_brackets(template);
    if (!g_hash_table_lookup_extended(classes, template, NULL, &place))
        return cop_error_set(err, COP_ERR_DATA,
                             "%s: entry %d: template \"%s\" is not in the file of labels",
                             json->path, i + 1, template);
    *label = GPOINTER_TO_INT(place);
    return COP_OK;
}

static CopStatus add_entry(const CopDataOptions *options, GHashTable *classes, const Json *json,
                           int i, bool labelled, CopDataset *out, CopError *err)
{
    JsonNode *node = json_array_get_element(json_node_get_array(json->root), (guint)i);
    JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    char *id = object ? text_of(json_object_get_member(object, "id")) : NULL;
    char *template = object ? text_of(json_object_get_member(object, "template")) : NULL;
    int label = -1;
    CopStatus status;
    if (!id || !*id || strchr(id, '/') || id[0] == '.')
        status = cop_error_set(err, COP_ERR_DATA, "%s: entry %d has no id that names a file",
                               json->path, i + 1);
    else
        status = find_label(classes, json, i, template, labelled, &label, err);
    if (status == COP_OK) {
        char *relative = g_strconcat(id, ".webm", NULL);
        status = cop_dataset_add(out, options->root, relative, label);
        g_free(relative);
    }
    g_free(id);
    g_free(template);
    return status;
}

static CopStatus check_once(const Json *json, const CopDataset *set, CopError *err)
{
    GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
    CopStatus status = COP_OK;
    for (int i = 0; i < set->n && status == COP_OK; i++) {
        const void *before = g_hash_table_lookup(seen, set->item[i].relative);
        if (before)
            status =
                cop_error_set(err, COP_ERR_DATA, "%s: entries %d and %d are both %s", json->path,
                              GPOINTER_TO_INT(before), i + 1, set->item[i].relative);
        g_hash_table_insert(seen, set->item[i].relative, GINT_TO_POINTER(i + 1));
    }
    g_hash_table_unref(seen);
    return status;
}

static CopStatus load(const CopDataOptions *options, CopSplit split, CopDataset *out, CopError *err)
{
    COP_TRY(cop_data_needs_annotation(options, err));
    COP_TRY(read_classes(options, out, err));
    const bool train = split == COP_SPLIT_TRAIN;
    const bool labelled = train || options->test_split == COP_TEST_IS_VAL;
    const char *name = train ? "train" : labelled ? "validation" : "test";
    Json json;
    CopStatus status = open_json(&json, options, train ? options->train_list : options->test_list,
                                 name, JSON_NODE_ARRAY, err);
    GHashTable *classes = g_hash_table_new(g_str_hash, g_str_equal);
    for (int k = 0; k < out->classes.n; k++)
        g_hash_table_insert(classes, out->classes.item[k], GINT_TO_POINTER(k));
    const int n = status == COP_OK ? (int)json_array_get_length(json_node_get_array(json.root)) : 0;
    for (int i = 0; i < n && status == COP_OK; i++)
        status = add_entry(options, classes, &json, i, labelled, out, err);
    if (status == COP_OK)
        status = check_once(&json, out, err);
    g_hash_table_unref(classes);
    close_json(&json);
    return status;
}

const CopDataDesc cop_data_ssv2 = {
    .name = "ssv2",
    .summary = "Something-Something v2: labels, train, validation and test.json",
    .reference = "Goyal et al.: The \"something something\" video database, ICCV 2017",
    .load = load,
};

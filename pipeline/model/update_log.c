/* What metrics.jsonl of a run says of its masks: a point an update, in all and a layer.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/model/update_log.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

static double number(JsonObject *line, const char *key)
{
    JsonNode *node = json_object_get_member(line, key);
    if (!node || !JSON_NODE_HOLDS_VALUE(node))
        return NAN;
    const GType type = json_node_get_value_type(node);
    return type == G_TYPE_INT64    ? (double)json_node_get_int(node)
           : type == G_TYPE_DOUBLE ? json_node_get_double(node)
                                   : NAN;
}

static void free_layer(gpointer pointer)
{
    CopUpdateLayer *layer = pointer;
    g_array_unref(layer->points);
    g_free(layer->name);
    g_free(layer);
}

static CopUpdateLayer *layer_of(const CopUpdateLog *log, const char *name)
{
    for (guint i = 0; i < log->layers->len; i++) {
        CopUpdateLayer *layer = g_ptr_array_index(log->layers, i);
        if (strcmp(layer->name, name) == 0)
            return layer;
    }
    CopUpdateLayer *layer = g_new0(CopUpdateLayer, 1);
    layer->name = g_strdup(name);
    layer->points = g_array_new(FALSE, FALSE, sizeof(CopUpdatePoint));
    layer->full = true;
    g_ptr_array_add(log->layers, layer);
    return layer;
}

static double before(const CopUpdatePoint *p)
{
    return p->nnz + p->dropped - p->grown;
}

/* Of what was active before, all but what was dropped for good is still. */
static double last_overlap(const CopUpdatePoint *p)
{
    const double both = before(p) - p->dropped + p->regrown;
    const double either = before(p) + p->nnz - both;
    return either > 0 ? both / either : NAN;
}

static CopUpdatePoint read_point(JsonObject *line)
{
    CopUpdatePoint p = {
        .step = number(line, "step"),
        .weights = number(line, "weights"),
        .nnz = number(line, "nnz"),
        .dropped = number(line, "dropped"),
        .grown = number(line, "grown"),
        .regrown = number(line, "regrown"),
        .explored = number(line, "explored"),
        .overlap_start = number(line, "overlap_start"),
        .overlap_last = number(line, "overlap_last"),
        .drop_fraction = number(line, "drop_fraction"),
        .open_weights = NAN,
        .open_explored = NAN,
    };
    if (isnan(p.overlap_last))
        p.overlap_last = last_overlap(&p);
    if (isnan(p.drop_fraction) && p.nnz < p.weights && before(&p) > 0)
        p.drop_fraction = p.dropped / before(&p);
    return p;
}

/* The point of all layers at a step; a new one where there is none. */
static CopUpdatePoint *all_at(CopUpdateLog *log, double step)
{
    if (log->all->len) {
        CopUpdatePoint *last = &g_array_index(log->all, CopUpdatePoint, log->all->len - 1);
        if (last->step == step)
            return last;
    }
    const CopUpdatePoint fresh = {.step = step,
                                  .overlap_start = NAN,
                                  .overlap_last = NAN,
                                  .drop_fraction = NAN,
                                  .open_weights = 0,
                                  .open_explored = 0};
    g_array_append_val(log->all, fresh);
    return &g_array_index(log->all, CopUpdatePoint, log->all->len - 1);
}

static void take_line(CopUpdateLog *log, JsonObject *line)
{
    JsonNode *name = json_object_get_member(line, "layer");
    const double step = number(line, "step");
    if (!isfinite(step))
        return;
    if (name && JSON_NODE_HOLDS_VALUE(name) && json_node_get_value_type(name) == G_TYPE_STRING) {
        const CopUpdatePoint p = read_point(line);
        if (isnan(p.nnz) || isnan(p.weights))
            return;
        CopUpdateLayer *layer = layer_of(log, json_node_get_string(name));
        layer->full &= p.nnz >= p.weights;
        g_array_append_val(layer->points, p);
    } else if (json_object_has_member(line, "update")) { /* the line of a whole update */
        const CopUpdatePoint p = read_point(line);
        CopUpdatePoint *all = all_at(log, step);
        all->overlap_start = p.overlap_start;
        all->drop_fraction = number(line, "drop_fraction");
    } else if (json_object_has_member(line, "epoch")) {
        const CopUpdateEpoch epoch = {number(line, "epoch"),     number(line, "step"),
                                      number(line, "loss"),      number(line, "train_top1"),
                                      number(line, "test_top1"), number(line, "density"),
                                      number(line, "explored"),  number(line, "flops")};
        g_array_append_val(log->epochs, epoch);
    }
}

/* Sums of the layers, once it is known which of them are full throughout. */
static void add_up(CopUpdateLog *log)
{
    GArray *planned = log->all; /* overlap_start and drop_fraction of whole updates, if any */
    log->all = g_array_new(FALSE, FALSE, sizeof(CopUpdatePoint));
    const CopUpdateLayer *first = log->layers->len ? g_ptr_array_index(log->layers, 0) : NULL;
    for (guint u = 0; first && u < first->points->len; u++) {
        CopUpdatePoint *all = all_at(log, g_array_index(first->points, CopUpdatePoint, u).step);
        double active = 0, dropped = 0;
        for (guint i = 0; i < log->layers->len; i++) {
            const CopUpdateLayer *layer = g_ptr_array_index(log->layers, i);
            if (u >= layer->points->len)
                continue;
            const CopUpdatePoint *p = &g_array_index(layer->points, CopUpdatePoint, u);
            all->weights += p->weights;
            all->nnz += p->nnz;
            all->dropped += p->dropped;
            all->grown += p->grown;
            all->regrown += p->regrown;
            all->explored += p->explored;
            if (layer->full)
                continue;
            all->open_weights += p->weights;
            all->open_explored += p->explored;
            active += before(p);
            dropped += p->dropped;
        }
        all->overlap_last = last_overlap(all);
        all->drop_fraction = active > 0 ? dropped / active : NAN;
        for (guint k = 0; k < planned->len; k++) {
            const CopUpdatePoint *p = &g_array_index(planned, CopUpdatePoint, k);
            if (p->step != all->step)
                continue;
            all->overlap_start = p->overlap_start;
            if (isfinite(p->drop_fraction))
                all->drop_fraction = p->drop_fraction;
        }
    }
    g_array_unref(planned);
}

CopUpdateLog *cop_update_log_parse(const char *text)
{
    CopUpdateLog *log = g_new0(CopUpdateLog, 1);
    log->layers = g_ptr_array_new_with_free_func(free_layer);
    log->all = g_array_new(FALSE, FALSE, sizeof(CopUpdatePoint));
    log->epochs = g_array_new(FALSE, FALSE, sizeof(CopUpdateEpoch));
    JsonParser *parser = json_parser_new();
    char **lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        JsonNode *top = json_parser_load_from_data(parser, *line, -1, NULL)
                            ? json_parser_get_root(parser)
                            : NULL;
        if (top && JSON_NODE_HOLDS_OBJECT(top))
            take_line(log, json_node_get_object(top));
    }
    g_strfreev(lines);
    g_object_unref(parser);
    add_up(log);
    return log;
}

CopUpdateLog *cop_update_log_read(const char *folder)
{
    char *path = g_build_filename(folder, "metrics.jsonl", NULL), *text = NULL;
    CopUpdateLog *log = NULL;
    if (g_file_get_contents(path, &text, NULL, NULL))
        log = cop_update_log_parse(text);
    g_free(text);
    g_free(path);
    return log;
}

void cop_update_log_free(CopUpdateLog *log)
{
    if (!log)
        return;
    g_ptr_array_unref(log->layers);
    g_array_unref(log->all);
    g_array_unref(log->epochs);
    g_free(log);
}

double cop_update_mutated(const CopUpdatePoint *point)
{
    return point->nnz > 0 ? (point->grown - point->regrown) / point->nnz : NAN;
}

/* UCF101's lists: classInd.txt ("1 ApplyEyeMakeup"), trainlist0N.txt ("Class/clip.avi 1")
 * and testlist0N.txt ("Class/clip.avi"). The folder names the class; the clip's
 * own name does not: v_HandStandPushups_g01_c01.avi lies in HandstandPushups.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/data/dataset.h"
#include "pipeline/data/list_file.h"

enum { ORDER_CLASSIND, ORDER_BYTE };

typedef struct Class {
    char *name;
    int id, line, label; /* id counts from 1, label from 0 */
} Class;

static int by_id(const void *a, const void *b)
{
    const Class *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Class *)a)->name, ((const Class *)b)->name);
}

static void free_class(void *item)
{
    g_free(((Class *)item)->name);
}

static CopStatus parse_classes(const CopListFile *list, GArray *classes, CopError *err)
{
    for (int i = 0; i < list->n; i++) {
        char *line = list->line[i];
        if (!*line)
            continue;
        char *name = line + strcspn(line, " \t");
        if (*name)
            *name++ = '\0';
        Class class = {.name = g_strdup(g_strchug(name)), .line = i + 1};
        const bool parsed = *name && cop_parse_int(line, &class.id);
        g_array_append_val(classes, class); /* owns the name from here on */
        if (!parsed)
            return cop_error_set(err, COP_ERR_DATA, "%s:%d: not of the form \"1 ClassName\"",
                                 list->path, i + 1);
    }
    if (classes->len == 0)
        return cop_error_set(err, COP_ERR_DATA, "%s: names no classes", list->path);
    return COP_OK;
}

/* Sorts classes into label order after checking that ids run from 1 without a
 * gap and that no name comes twice. */
static CopStatus number_classes(const char *path, GArray *classes, int order, CopError *err)
{
    Class *item = (Class *)(void *)classes->data;
    qsort(item, classes->len, sizeof *item, by_name);
    for (guint i = 1; i < classes->len; i++)
        if (strcmp(item[i].name, item[i - 1].name) == 0)
            return cop_error_set(err, COP_ERR_DATA, "%s:%d: class %s stands on line %d too", path,
                                 MAX(item[i].line, item[i - 1].line), item[i].name,
                                 MIN(item[i].line, item[i - 1].line));
    for (guint i = 0; i < classes->len; i++)
        item[i].label = (int)i;
    qsort(item, classes->len, sizeof *item, by_id);
    for (guint i = 0; i < classes->len; i++) {
        if (item[i].id != (int)i + 1)
            return cop_error_set(err, COP_ERR_DATA,
                                 "%s:%d: id %d of class %s; ids must be 1 to %u, each once", path,
                                 item[i].line, item[i].id, item[i].name, classes->len);
        if (order == ORDER_CLASSIND)
            item[i].label = (int)i;
    }
    return COP_OK;
}

static CopStatus read_classes(const CopDataOptions *options, GArray *classes, CopError *err)
{
    CopListFile list;
    CopStatus status = cop_list_open(&list, options->annotation, "classInd.txt", err);
    if (status == COP_OK)
        status = parse_classes(&list, classes, err);
    if (status == COP_OK)
        status = number_classes(list.path, classes, options->label_order, err);
    cop_list_close(&list);
    return status;
}

static const Class *find_class(const GArray *classes, const char *name, size_t length)
{
    for (guint i = 0; i < classes->len; i++) {
        const Class *class = &g_array_index(classes, Class, i);
        if (strncmp(class->name, name, length) == 0 && class->name[length] == '\0')
            return class;
    }
    return NULL;
}

/* Cuts the label off a line and returns it, or NULL: names may hold blanks, so only
 * a number after the last one counts. */
static char *cut_label(char *line)
{
    char *blank = strrchr(line, ' ');
    char *tab = strrchr(line, '\t');
    char *last = blank > tab ? blank : tab;
    int value;
    if (!last || !cop_parse_int(last + 1, &value))
        return NULL;
    *last = '\0';
    g_strchomp(line);
    return last + 1;
}

static CopStatus add_line(CopListFile *list, int number, const CopDataOptions *options,
                          const GArray *classes, bool labelled, CopDataset *out, CopError *err)
{
    char *line = list->line[number - 1];
    const char *label = cut_label(line);
    const char *slash = strchr(line, '/');
    if (!slash || !cop_list_is_relative(line))
        return cop_error_set(err, COP_ERR_DATA, "%s:%d: not of the form \"Class/clip.avi%s\"",
                             list->path, number, labelled ? " 1" : "");
    const Class *class = find_class(classes, line, (size_t)(slash - line));
    if (!class)
        return cop_error_set(err, COP_ERR_DATA, "%s:%d: class %.*s is not in classInd.txt",
                             list->path, number, (int)(slash - line), line);
    if (labelled && !label)
        return cop_error_set(err, COP_ERR_DATA, "%s:%d: a training clip without a label",
                             list->path, number);
    int id;
    if (label && cop_parse_int(label, &id) && id != class->id) {
        const bool outside = id < 1 || id > (int)classes->len;
        return cop_error_set(err, COP_ERR_DATA,
                             outside ? "%s:%d: label %d, but labels run from 1 to %u and %s is %d"
                                     : "%s:%d: label %d of 1 to %u, but %s is %d in classInd.txt",
                             list->path, number, id, classes->len, class->name, class->id);
    }
    COP_TRY(cop_list_once(list, number, line, err));
    return cop_dataset_add(out, options->root, line, class->label);
}

static CopStatus read_list(const CopDataOptions *options, CopSplit split, const GArray *classes,
                           CopDataset *out, CopError *err)
{
    char name[32];
    g_snprintf(name, sizeof name, "%slist%02d.txt", split == COP_SPLIT_TRAIN ? "train" : "test",
               options->fold);
    CopListFile list;
    CopStatus status = cop_list_open(&list, options->annotation, name, err);
    for (int i = 0; i < list.n && status == COP_OK; i++)
        if (list.line[i][0])
            status = add_line(&list, i + 1, options, classes, split == COP_SPLIT_TRAIN, out, err);
    cop_list_close(&list);
    return status;
}

static CopStatus name_classes(const GArray *classes, CopDataset *out)
{
    const char **names = g_new(const char *, classes->len);
    for (guint i = 0; i < classes->len; i++) {
        const Class *class = &g_array_index(classes, Class, i);
        names[class->label] = class->name;
    }
    const CopStatus status = cop_dataset_name_classes(out, names, (int)classes->len);
    g_free(names);
    return status;
}

static CopStatus load(const CopDataOptions *options, CopSplit split, CopDataset *out, CopError *err)
{
    COP_TRY(cop_data_needs_annotation(options, err));
    GArray *classes = g_array_new(FALSE, FALSE, sizeof(Class));
    g_array_set_clear_func(classes, free_class);
    CopStatus status = read_classes(options, classes, err);
    if (status == COP_OK)
        status = name_classes(classes, out);
    if (status == COP_OK)
        status = read_list(options, split, classes, out, err);
    g_array_unref(classes);
    return status;
}

const CopDataDesc cop_data_ucf101 = {
    .name = "ucf101",
    .summary = "the lists of UCF101: classInd, trainlist0N, testlist0N",
    .reference = "Soomro, Zamir, Shah: UCF101, CRCV-TR-12-01 (2012)",
    .load = load,
};

/* Lists of clips with labels, as numbers or names: what formats of that kind share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/data/labelled_list.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES_MAX = 1 << 20 };

CopStatus cop_entries_add(CopListEntries *entries, const CopDataOptions *options, CopListFile *list,
                          int i, const char *path, const char *label, int frames, CopError *err)
{
    const int n = entries->n, line = i + 1;
    const char *below = cop_list_below(options->root, path);
    if (!below)
        return cop_error_set(err, COP_ERR_DATA, "%s:%d: \"%s\" does not lie below %s (data.root)",
                             list->path, line, path, options->root);
    COP_TRY(cop_list_once(list, line, below, err));
    if ((n & (n - 1)) == 0) /* full exactly at powers of two */
        entries->item = g_renew(CopListEntry, entries->item, n ? 2 * (gsize)n : 1);
    entries->item[entries->n++] = (CopListEntry){g_strdup(below), g_strdup(label), line, frames};
    return COP_OK;
}

CopStatus cop_entries_read(const CopDataOptions *options, const char *name, CopListLine *line,
                           CopListEntries *out, CopError *err)
{
    CopListFile list;
    CopStatus status = cop_list_open(&list, options->annotation, name, err);
    for (int i = 0; i < list.n && status == COP_OK; i++)
        if (list.line[i][0])
            status = line(options, &list, i, out, err);
    out->path = g_strdup(list.path);
    cop_list_close(&list);
    return status;
}

static void clear(CopListEntries *entries)
{
    for (int i = 0; i < entries->n; i++) {
        g_free(entries->item[i].relative);
        g_free(entries->item[i].label);
    }
    g_free(entries->item);
    g_free(entries->path);
    *entries = (CopListEntries){0};
}

/* --- classes ---------------------------------------------------------------------- */

/* Numbers of a training list run from the base to the largest, which line `at` holds. */
static CopStatus check_gaps(const CopListEntries *train, const bool *seen, int base, int most,
                            int at, CopError *err)
{
    int gap = base, gaps = 0;
    for (int k = most; k >= base; k--)
        if (!seen[k]) {
            gap = k;
            gaps++;
        }
    if (gaps == 0)
        return COP_OK;
    if (base == 0 && gaps == 1 && gap == 0)
        return cop_error_set(err, COP_ERR_DATA,
                             "%s:%d: label %d: labels are 1 to %d here, and 0 never comes: the "
                             "list looks 1-based; data.label_base = 1 reads it so",
                             train->path, at, most, most);
    return cop_error_set(err, COP_ERR_DATA,
                         "%s:%d: label %d, but no line has label %d; labels must run from %d "
                         "(data.label_base) without a gap, or data.classes name all classes",
                         train->path, at, most, gap, base);
}

static CopStatus classes_by_number(const CopDataOptions *options, const CopListEntries *train,
                                   CopDataset *out, CopError *err)
{
    const int base = options->label_base;
    bool *seen = g_new0(bool, CLASSES_MAX + 1);
    int most = base, at = 0;
    CopStatus status = COP_OK;
    for (int i = 0; i < train->n && status == COP_OK; i++) {
        const CopListEntry *entry = &train->item[i];
        int label;
        if (!cop_parse_int(entry->label, &label) || label < base || label >= CLASSES_MAX)
            status = cop_error_set(err, COP_ERR_DATA,
                                   "%s:%d: label %s; labels are whole numbers from %d on "
                                   "(data.label_base)",
                                   train->path, entry->line, entry->label, base);
        else if (label >= most) {
            most = label;
            at = entry->line;
        }
        if (status == COP_OK)
            seen[label] = true;
    }
    if (status == COP_OK)
        status = check_gaps(train, seen, base, most, at, err);
    g_free(seen);
    COP_TRY(status);
    return cop_dataset_number_classes(out, base, most - base + 1);
}

static CopStatus classes_by_name(const CopListEntries *train, CopDataset *out)
{
    const char **names = g_new(const char *, (gsize)train->n + 1);
    int n = 0;
    for (int i = 0; i < train->n; i++)
        names[i] = train->item[i].label;
    qsort(names, (size_t)train->n, sizeof *names, cop_compare_names);
    for (int i = 0; i < train->n; i++)
        if (n == 0 || strcmp(names[n - 1], names[i]) != 0)
            names[n++] = names[i];
    const CopStatus status = cop_dataset_name_classes(out, names, n);
    g_free(names);
    return status;
}

static CopStatus find_classes(const CopDataOptions *options, const CopListEntries *train,
                              CopDataset *out, CopError *err)
{
    bool numbers = true;
    for (int i = 0; i < train->n; i++) {
        const CopListEntry *entry = &train->item[i];
        int label;
        if (!entry->label[0])
            return cop_error_set(err, COP_ERR_DATA, "%s:%d: a training clip without a label",
                                 train->path, entry->line);
        numbers = numbers && cop_parse_int(entry->label, &label);
    }
    if (options->classes[0])
        return cop_dataset_read_classes(out, options->classes, err);
    if (train->n == 0)
        return cop_error_set(err, COP_ERR_DATA, "%s: lists no clips", train->path);
    return numbers ? classes_by_number(options, train, out, err) : classes_by_name(train, out);
}

/* --- labels ----------------------------------------------------------------------- */

/* Class names to their places. */
static GHashTable *index_classes(const CopStrings *classes)
{
    GHashTable *index = g_hash_table_new(g_str_hash, g_str_equal);
    for (int k = 0; k < classes->n; k++)
        g_hash_table_insert(index, classes->item[k], GINT_TO_POINTER(k));
    return index;
}

static CopStatus find_label(const CopDataOptions *options, const CopStrings *classes,
                            GHashTable *index, const CopListEntries *list,
                            const CopListEntry *entry, int *label, CopError *err)
{
    const int base = options->label_base, n = classes->n;
    void *place;
    *label = -1;
    if (!entry->label[0])
        return COP_OK;
    if (g_hash_table_lookup_extended(index, entry->label, NULL, &place)) {
        *label = GPOINTER_TO_INT(place);
        return COP_OK;
    }
    int number;
    if (!cop_parse_int(entry->label, &number))
        return cop_error_set(err, COP_ERR_DATA, "%s:%d: there is no class \"%s\" %s%s", list->path,
                             entry->line, entry->label,
                             options->classes[0] ? "in " : "among the training clips",
                             options->classes);
    if (number < base || number - base >= n)
        return cop_error_set(
            err, COP_ERR_DATA, "%s:%d: label %d, but labels of %d classes are %d to %d%s",
            list->path, entry->line, number, n, base, base + n - 1,
            base == 0 && number == n ? "; if the list is 1-based, set data.label_base = 1" : "");
    *label = number - base;
    return COP_OK;
}

static CopStatus add_entries(const CopDataOptions *options, const CopListEntries *list,
                             CopDataset *out, CopError *err)
{
    GHashTable *index = index_classes(&out->classes);
    CopStatus status = COP_OK;
    for (int i = 0; i < list->n && status == COP_OK; i++) {
        const CopListEntry *entry = &list->item[i];
        int label;
        status = find_label(options, &out->classes, index, list, entry, &label, err);
        if (status == COP_OK)
            status = cop_dataset_add(out, options->root, entry->relative, label);
        if (status == COP_OK && entry->frames)
            out->item[out->n - 1].source = (CopFrameSource){
                .pattern = out->pattern, .first = options->frame_start, .frames = entry->frames};
    }
    g_hash_table_unref(index);
    return status;
}

static const char *either(const char *set, const char *otherwise)
{
    return set[0] ? set : otherwise;
}

CopStatus cop_labelled_load(const CopDataOptions *options, CopSplit split, const char *train,
                            const char *test, CopListRead *read, CopDataset *out, CopError *err)
{
    COP_TRY(cop_data_needs_annotation(options, err));
    CopListEntries list = {0};
    CopStatus status = read(options, either(options->train_list, train), &list, err);
    if (status == COP_OK)
        status = find_classes(options, &list, out, err);
    if (status == COP_OK && split == COP_SPLIT_TEST) {
        clear(&list);
        status = read(options, either(options->test_list, test), &list, err);
    }
    if (status == COP_OK)
        status = add_entries(options, &list, out, err);
    clear(&list);
    return status;
}
